using System.Globalization;
using Microsoft.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Remote.Worker;
using PredictiveOrchestration.Simulation.Noisy;

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
        return orchestrator.Backends.Current.Find(device.Id) is NoisySimulator simulated
            ? Answer.JsonAsync(context, 200, Calibration(simulated), WorkerJson.Default.WireCalibration)
            : device.Capabilities.IsExact ? Answer.JsonAsync(context, 200, new WireCalibration { Device = device.Id, AsOf = time.GetUtcNow(), OneQubitError = 0, TwoQubitError = 0, ReadoutError = 0 }, WorkerJson.Default.WireCalibration)
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

    private WireCalibration Calibration(NoisySimulator device)
    {
        var c = device.Calibration;
        static Dictionary<string, double>? ByQubit(IReadOnlyDictionary<int, double> errors) =>
            errors.Count == 0 ? null : errors.OrderBy(e => e.Key).ToDictionary(e => e.Key.ToString(CultureInfo.InvariantCulture), e => e.Value);
        return new WireCalibration
        {
            Device = device.Descriptor.Id,
            AsOf = c.MeasuredAt ?? time.GetUtcNow(),
            NumQubits = c.NumQubits > 0 ? c.NumQubits : null,
            OneQubitError = c.OneQubitError ?? 0,
            TwoQubitError = c.TwoQubitError ?? 0,
            ReadoutError = c.ReadoutError ?? 0,
            ReadoutErrorOfOne = c.ReadoutErrorOfOne,
            T1 = c.T1,
            T2 = c.T2,
            OneQubitSeconds = c.OneQubitTime,
            TwoQubitSeconds = c.TwoQubitTime,
            ReadoutSeconds = c.ReadoutTime,
            VirtualZ = c.VirtualZ ? null : false,
            Couplings = device.Transpiles && c.Couplings.Count > 0 ? [.. c.Couplings.Select(p => new[] { p.First, p.Second })] : null,
            BasisGates = device.Transpiles && c.BasisGates.Count > 0 ? [.. c.BasisGates.Order(StringComparer.Ordinal)] : null,
            OneQubitErrors = ByQubit(c.OneQubitErrors),
            ReadoutErrors = ByQubit(c.ReadoutErrors),
            ReadoutErrorsOfOne = ByQubit(c.ReadoutErrorsOfOne),
            TwoQubitErrors = c.TwoQubitErrors.Count == 0 ? null : c.TwoQubitErrors.OrderBy(e => e.Key).ToDictionary(e => string.Create(CultureInfo.InvariantCulture, $"{e.Key.First}-{e.Key.Second}"), e => e.Value),
        };
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
