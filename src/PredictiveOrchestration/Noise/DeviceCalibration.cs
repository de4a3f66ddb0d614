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

    /// <summary>Gets the one-qubit gate error of single qubits, by qubit.</summary>
    public IReadOnlyDictionary<int, double> OneQubitErrors { get; init; } = new Dictionary<int, double>();

    /// <summary>Gets the two-qubit gate error of single pairs, the lower qubit first.</summary>
    public IReadOnlyDictionary<(int First, int Second), double> TwoQubitErrors { get; init; } = new Dictionary<(int, int), double>();

    /// <summary>Gets the readout error of single qubits, by qubit.</summary>
    public IReadOnlyDictionary<int, double> ReadoutErrors { get; init; } = new Dictionary<int, double>();
}
