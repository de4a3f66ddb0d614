using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Noise;

namespace PredictiveOrchestration.Transpilation;

/// <summary>What circuits become on devices, for predictions.</summary>
internal static class DeviceCompiler
{
    /// <summary>Longer circuits take longer to transpile than a decision may.</summary>
    public const int LongestCircuit = 5_000;

    /// <summary>Counts what a circuit becomes on a device; null if it does not fit or is long.</summary>
    public static DeviceCounts? TryCount(Circuit circuit, DeviceModel device, DeviceCalibration? calibration, CancellationToken cancellationToken)
    {
        if (circuit.Operations.Length > LongestCircuit || circuit.NumQubits > device.NumQubits)
        {
            return null;
        }

        try
        {
            var transpiled = Transpiler.Transpile(circuit, device, 0, cancellationToken);
            return Count(transpiled.Circuit, calibration) with { Swaps = transpiled.SwapCount };
        }
        catch (TranspilationException)
        {
            return null;
        }
    }

    /// <summary>Counts what a circuit takes as it is.</summary>
    public static DeviceCounts Count(Circuit circuit, DeviceCalibration? calibration)
    {
        long one = 0, two = 0, measured = 0;
        var schedule = new Schedule(circuit, 0, 0, 0, calibration?.VirtualZ ?? true);
        foreach (ref readonly var op in circuit.Operations)
        {
            var isGate = op.Kind is OperationKind.Gate or OperationKind.Unitary;
            one += isGate && op.QubitCount == 1 && !schedule.IsVirtual(op) ? 1 : 0;
            two += isGate ? Schedule.TwoQubitGates(op.QubitCount) : 0;
            measured += op.Kind is OperationKind.Measure or OperationKind.Reset ? 1 : 0;
        }

        return new DeviceCounts(one, two, measured, 0, calibration?.SuccessProbability(circuit));
    }

    /// <summary>The circuit itself, or with all qubits measured at the end if it measures nothing; null if it has classical operations and measures nothing.</summary>
    public static Circuit? Measured(Circuit circuit)
    {
        foreach (ref readonly var op in circuit.Operations)
        {
            if (op.Kind == OperationKind.Measure)
            {
                return circuit;
            }
        }

        return circuit.MeasuredAtEnd();
    }

    /// <summary>The circuit without the qubits that nothing acts on, and the number of each one left.</summary>
    public static (Circuit Circuit, int[] Physical) Compact(Circuit circuit)
    {
        var used = new bool[circuit.NumQubits];
        foreach (ref readonly var op in circuit.Operations)
        {
            if (op.Kind != OperationKind.Barrier)
            {
                foreach (var q in circuit.QubitsOf(op))
                {
                    used[q] = true;
                }
            }
        }

        var physical = Enumerable.Range(0, used.Length).Where(q => used[q]).ToArray();
        return (circuit.Restrict(physical), physical);
    }
}
