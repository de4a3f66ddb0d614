using System.Text.Json;
using System.Text.Json.Serialization;

namespace PredictiveOrchestration.Remote.Worker;

/// <summary>How the worker's protocol is read and written: generated code, camel case, unknown fields ignored, bounded depth.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = WorkerProtocol.MaxJsonDepth,
    NumberHandling = JsonNumberHandling.Strict, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(WireSubmission))]
[JsonSerializable(typeof(WireJob))]
[JsonSerializable(typeof(WireJobPage))]
[JsonSerializable(typeof(WireResult))]
[JsonSerializable(typeof(WireDevice))]
[JsonSerializable(typeof(WireDeviceList))]
[JsonSerializable(typeof(WireQueue))]
[JsonSerializable(typeof(WireCalibration))]
[JsonSerializable(typeof(WireEstimate))]
[JsonSerializable(typeof(WireProblem))]
internal sealed partial class WorkerJson : JsonSerializerContext;
