using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Costs;

/// <summary>What one run used, in the units that backends charge for.</summary>
public sealed record BillableUsage
{
    /// <summary>Gets the number of shots.</summary>
    public decimal Shots { get; init; }

    /// <summary>Gets the number of one-qubit gates of a shot.</summary>
    public decimal OneQubitGates { get; init; }

    /// <summary>Gets the number of two-qubit gates of a shot; a gate on N > 2 qubits counts as 6 (N - 2), as gate-priced devices bill it.</summary>
    public decimal TwoQubitGates { get; init; }

    /// <summary>Gets the number of measurements and resets of a shot.</summary>
    public decimal Measurements { get; init; }

    /// <summary>Gets the number of qubits that a shot prepares.</summary>
    public decimal Preparations { get; init; }

    /// <summary>Gets the service time in seconds.</summary>
    public decimal Duration { get; init; }

    /// <summary>Gets the number of cores, to turn time into core time.</summary>
    public decimal Cores { get; init; }

    /// <summary>Gets the number of GPUs.</summary>
    public decimal Gpus { get; init; }

    /// <summary>Gets the peak memory in bytes.</summary>
    public decimal PeakBytes { get; init; }

    /// <summary>Gets the core time in seconds.</summary>
    public decimal CpuSeconds => Duration * Cores;

    /// <summary>Gets the GPU time in seconds.</summary>
    public decimal GpuSeconds => Duration * Gpus;

    /// <summary>Gets the memory held over the time, in 10^9 bytes times seconds.</summary>
    public decimal GigabyteSeconds => Duration * (PeakBytes / 1_000_000_000m);

    /// <summary>Counts the gates of a circuit, and the qubits that anything is done to.</summary>
    public static BillableUsage Of(Circuit circuit, int shots)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        long one = 0, two = 0, measurements = 0;
        var isUsed = new bool[circuit.NumQubits];
        foreach (ref readonly var op in circuit.Operations)
        {
            foreach (var qubit in op.Kind == OperationKind.Barrier ? [] : circuit.QubitsOf(op))
            {
                isUsed[qubit] = true;
            }

            switch (op.Kind)
            {
                case OperationKind.Measure or OperationKind.Reset:
                    measurements++;
                    break;
                case OperationKind.Gate or OperationKind.Unitary:
                    var qubits = circuit.QubitsOf(op).Length;
                    one += qubits == 1 ? 1 : 0;
                    two += qubits switch { < 2 => 0, 2 => 1, _ => 6 * (qubits - 2) };
                    break;
            }
        }

        return new BillableUsage { Shots = shots, OneQubitGates = one, TwoQubitGates = two, Measurements = measurements, Preparations = isUsed.Count(u => u) };
    }

    /// <summary>Takes the counts of a profile; gates on three qubits or more count as six two-qubit gates each, for their width is not in it, and all qubits as used.</summary>
    public static BillableUsage Of(CircuitProfile profile, int shots)
    {
        ArgumentNullException.ThrowIfNull(profile);
        var usage = new BillableUsage { Shots = shots, Preparations = profile.NumQubits };
        return profile.Features is { } f
            ? usage with { OneQubitGates = f.OneQubitGateCount, TwoQubitGates = f.TwoQubitGateCount + 6m * f.MultiQubitGateCount, Measurements = f.MeasurementCount + f.ResetCount }
            : usage with { OneQubitGates = profile.GateCount - profile.GateCount / 2, TwoQubitGates = profile.GateCount / 2, Measurements = profile.NumQubits };
    }

    /// <summary>Takes the counts of a circuit as it runs on a device, where it was compiled for it.</summary>
    internal static BillableUsage Of(CircuitProfile profile, DeviceCounts? device, int shots) =>
        device is null ? Of(profile, shots) : Of(profile, shots) with { OneQubitGates = device.OneQubitGates, TwoQubitGates = device.TwoQubitGates, Measurements = device.Measurements };

    /// <summary>The same run with another length and memory.</summary>
    internal BillableUsage Lasting(decimal seconds, decimal peakBytes) => this with { Duration = seconds, PeakBytes = peakBytes };
}
