using System.Text.Json.Serialization;

namespace PredictiveOrchestration.Prediction;

/// <summary>How what was measured and learned is written as JSON: generated code, so that it works trimmed and in file-based programs.</summary>
[JsonSerializable(typeof(CalibrationFile))]
[JsonSerializable(typeof(TrainingRow))]
[JsonSerializable(typeof(List<TrainingRow>))]
internal sealed partial class TrainingRowJson : JsonSerializerContext;

/// <summary>The content of the calibration file.</summary>
internal sealed record CalibrationFile(int Version, string Fingerprint, string Checksum, List<TrainingRow>? Rows);
