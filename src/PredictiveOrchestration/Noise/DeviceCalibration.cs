namespace PredictiveOrchestration.Noise;

/// <summary>
/// What a device's owner measured on it: errors as probabilities, times in seconds; null where nothing was said. One value for each qubit or pair where
/// known, and medians for the rest.
/// </summary>
public sealed record DeviceCalibration
{
    /// <summary>Gets the device.</summary>
    public required string Device { get; init; }

    /// <summary>Gets when it was measured, or null.</summary>
    public DateTimeOffset? MeasuredAt { get; init; }

    /// <summary>Gets the number of qubits.</summary>
    public required int NumQubits { get; init; }

    /// <summary>Gets the pairs on which two-qubit gates act directly; empty if every pair.</summary>
    public IReadOnlyList<(int First, int Second)> Couplings { get; init; } = [];

    /// <summary>Gets the median error of a one-qubit gate.</summary>
    public double? OneQubitError { get; init; }

    /// <summary>Gets the median error of a two-qubit gate.</summary>
    public double? TwoQubitError { get; init; }

    /// <summary>Gets the median error of reading a qubit (for devices that state it with preparation: of both).</summary>
    public double? ReadoutError { get; init; }

    /// <summary>Gets the relaxation time T1 in seconds.</summary>
    public double? T1 { get; init; }

    /// <summary>Gets the dephasing time T2 in seconds.</summary>
    public double? T2 { get; init; }

    /// <summary>Gets the length of a one-qubit gate in seconds.</summary>
    public double? OneQubitTime { get; init; }

    /// <summary>Gets the length of a two-qubit gate in seconds.</summary>
    public double? TwoQubitTime { get; init; }

    /// <summary>Gets the length of a measurement in seconds.</summary>
    public double? ReadoutTime { get; init; }

    /// <summary>Gets a value indicating whether rotations about Z are done by the clock, without error; default true.</summary>
    public bool VirtualZ { get; init; } = true;

    /// <summary>Gets the one-qubit gate error of single qubits, by qubit.</summary>
    public IReadOnlyDictionary<int, double> OneQubitErrors { get; init; } = new Dictionary<int, double>();

    /// <summary>Gets the two-qubit gate error of single pairs, the lower qubit first.</summary>
    public IReadOnlyDictionary<(int First, int Second), double> TwoQubitErrors { get; init; } = new Dictionary<(int, int), double>();

    /// <summary>Gets the readout error of single qubits, by qubit.</summary>
    public IReadOnlyDictionary<int, double> ReadoutErrors { get; init; } = new Dictionary<int, double>();

    /// <summary>
    /// The probability that a circuit in the device's own gates runs without any error: the product of 1 - error over its gates and measurements; errors that
    /// are not known count as none. A lower estimate of the fidelity of its distribution, for errors may cancel or do nothing.
    /// </summary>
    /// <param name="circuit">The circuit on the device's qubits; gates on more than two qubits count as the six two-qubit gates of a Toffoli gate for each qubit beyond two.</param>
    public double SuccessProbability(Circuits.Circuit circuit)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        var log = 0.0;
        foreach (ref readonly var op in circuit.Operations)
        {
            var qubits = circuit.QubitsOf(op);
            switch (op.Kind)
            {
                case Circuits.OperationKind.Measure:
                    log += Math.Log(1 - Error(ReadoutErrors, qubits[0], ReadoutError));
                    break;
                case Circuits.OperationKind.Gate or Circuits.OperationKind.Unitary when qubits.Length == 1:
                    // Rotations about Z are done by the clock on devices that have them; a device that does not says so by its error.
                    log += op.Kind == Circuits.OperationKind.Gate && circuit.GateOf(op) == Circuits.GateCatalog.RZ && VirtualZ ? 0 : Math.Log(1 - Error(OneQubitErrors, qubits[0], OneQubitError));
                    break;
                case Circuits.OperationKind.Gate or Circuits.OperationKind.Unitary when qubits.Length >= 2:
                    log += (qubits.Length == 2 ? 1 : 6 * (qubits.Length - 2)) * Math.Log(1 - Error(TwoQubitErrors, (Math.Min(qubits[0], qubits[1]), Math.Max(qubits[0], qubits[1])), TwoQubitError));
                    break;
            }
        }

        return Math.Exp(log);
    }

    private static double Error<T>(IReadOnlyDictionary<T, double> single, T place, double? median) => Math.Clamp(single.TryGetValue(place, out var error) ? error : median ?? 0, 0, 1);
}
