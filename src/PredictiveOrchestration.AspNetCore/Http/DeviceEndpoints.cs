using Microsoft.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.Http;

/// <summary>Backends and the queue by our own protocol.</summary>
internal sealed class DeviceEndpoints(PredictiveOrchestrator orchestrator, JobDesk desk, TimeProvider time)
{
    public Task ListAsync(HttpContext context, Caller caller) =>
        Answer.JsonAsync(context, 200, new WireDeviceList([.. orchestrator.GetAvailableBackends().Select(Show)]), WorkerJson.Default.WireDeviceList);

    public Task GetAsync(HttpContext context, Caller caller) => Answer.JsonAsync(context, 200, Show(Find(context)), WorkerJson.Default.WireDevice);

    /// <summary>What is known of a device's errors; an ideal simulator has none.</summary>
    public Task CalibrationAsync(HttpContext context, Caller caller)
    {
        var device = Find(context).Descriptor;
        return device.Capabilities.IsExact
            ? Answer.JsonAsync(context, 200, new WireCalibration { Device = device.Id, AsOf = time.GetUtcNow(), OneQubitError = 0, TwoQubitError = 0, ReadoutError = 0 }, WorkerJson.Default.WireCalibration)
            : throw ProblemException.NotFound($"calibration of device '{device.Id}'");
    }

    /// <summary>The queue, which all devices share.</summary>
    public Task QueueAsync(HttpContext context, Caller caller)
    {
        if (context.Request.RouteValues.ContainsKey("id"))
        {
            Find(context);
        }

        return Answer.JsonAsync(context, 200, new WireQueue(desk.Queue.Count, desk.Running, desk.Wait(null).TotalMilliseconds, time.GetUtcNow()), WorkerJson.Default.WireQueue);
    }

    private BackendStatus Find(HttpContext context)
    {
        var id = (string)context.Request.RouteValues["id"]!;
        return orchestrator.GetAvailableBackends().FirstOrDefault(b => b.Descriptor.Id == id) ?? throw ProblemException.NotFound("device of that id");
    }

    private static WireDevice Show(BackendStatus status)
    {
        var (backend, can) = (status.Descriptor, status.Descriptor.Capabilities);
        return new WireDevice
        {
            Id = backend.Id,
            Name = backend.DisplayName,
            Kind = backend.Type == BackendType.HardwareBackend ? "hardware" : "simulator",
            Available = status.IsAvailable,
            Reason = status.IsAvailable ? null : status.Reason,
            MaxQubits = can.MaxQubits,
            MaxShots = can.MaxShots,
            MaxMemoryBytes = can.MaxMemoryBytes,
            MidCircuitMeasurement = can.MidCircuitMeasurement,
            ClassicalControl = can.ClassicalControl,
            ExactProbabilities = can.ExactProbabilities,
            ExpectationValues = can.ExpectationValues,
            IsExact = can.IsExact,
            CliffordOnly = can.CliffordOnly,
            Gates = can.Gates is null ? null : [.. can.Gates.Order(StringComparer.Ordinal)],
        };
    }
}
