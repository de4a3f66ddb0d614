using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Noise;

/// <summary>
/// What a device's owner measured on it: errors as probabilities (average infidelities of gates, as randomised benchmarking gives them), times in seconds; null
/// where nothing was said. One value for each qubit or pair where known, and medians for the rest.
/// </summary>
public sealed record DeviceCalibration
{
    internal const int MaxQubits = 10_000;

    /// <summary>Gets the device.</summary>
    public required string Device { get; init; }

    /// <summary>Gets when it was measured, or null.</summary>
    public DateTimeOffset? MeasuredAt { get; init; }

    /// <summary>Gets the number of qubits; 0 if not known.</summary>
    public required int NumQubits { get; init; }

    /// <summary>Gets the pairs on which two-qubit gates act directly; empty if every pair.</summary>
    public IReadOnlyList<(int First, int Second)> Couplings { get; init; } = [];

    /// <summary>Gets the names of the device's gates; empty if not known.</summary>
    public IReadOnlySet<string> BasisGates { get; init; } = new HashSet<string>();

    /// <summary>Gets the median error of a one-qubit gate.</summary>
    public double? OneQubitError { get; init; }

    /// <summary>Gets the median error of a two-qubit gate.</summary>
    public double? TwoQubitError { get; init; }

    /// <summary>Gets the median error of reading a qubit (for devices that state it with preparation: of both).</summary>
    public double? ReadoutError { get; init; }

    /// <summary>Gets the median probability that a 1 is read as 0, where it is known apart from that of the opposite; <see cref="ReadoutError"/> is the mean of both.</summary>
    public double? ReadoutErrorOfOne { get; init; }

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

    /// <summary>Gets <see cref="ReadoutErrorOfOne"/> of single qubits, by qubit; each of them is in <see cref="ReadoutErrors"/> too.</summary>
    public IReadOnlyDictionary<int, double> ReadoutErrorsOfOne { get; init; } = new Dictionary<int, double>();

    /// <summary>
    /// Reads a calibration: an IonQ characterization (version 0.3 or 0.4), the properties of an IBM backend, or the document that a worker serves at
    /// <c>/v1/devices/{id}/calibration</c> (docs/noise.md).
    /// </summary>
    /// <param name="json">The JSON text.</param>
    /// <exception cref="FormatException">It has none of these shapes, or a number is impossible; the message says which.</exception>
    public static DeviceCalibration Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return CalibrationJson.Read(json);
    }

    /// <summary>
    /// The probability that a circuit in the device's own gates runs without any error: the product of 1 - error over its gates and measurements, and over the
    /// times that its qubits idle between them where T1 or T2 are known; errors that are not known count as none. A lower estimate of the fidelity of its
    /// distribution, for errors may cancel or do nothing.
    /// </summary>
    /// <param name="circuit">The circuit on the device's qubits; gates on more than two qubits count as the six two-qubit gates of a Toffoli gate for each qubit beyond two.</param>
    public double SuccessProbability(Circuit circuit)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        return Math.Exp(-LogLoss(circuit, null));
    }

    /// <summary>Minus the logarithm of <see cref="SuccessProbability"/>.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="physical">The device's qubit for each one of the circuit; null for equal numbers.</param>
    internal double LogLoss(Circuit circuit, int[]? physical)
    {
        int At(int qubit) => physical is null ? qubit : physical[qubit];
        var schedule = new Schedule(circuit, OneQubitTime ?? 0, TwoQubitTime ?? 0, ReadoutTime ?? 0, VirtualZ);
        var relaxation = new Relaxation(T1 ?? double.PositiveInfinity, T2 ?? double.PositiveInfinity);
        var log = 0.0;
        for (var i = 0; i < circuit.Operations.Length; i++)
        {
            ref readonly var op = ref circuit.Operations[i];
            var qubits = circuit.QubitsOf(op);
            foreach (var (_, idle) in schedule.Place(i))
            {
                log += Math.Log(1 - relaxation.AverageInfidelity(idle));
            }

            switch (op.Kind)
            {
                case OperationKind.Measure:
                    log += Math.Log(1 - ReadoutErrorOf(At(qubits[0])));
                    break;
                case OperationKind.Gate or OperationKind.Unitary when qubits.Length == 1:
                    // Rotations about Z are done by the clock on devices that have them; a device that does not says so by its error.
                    log += schedule.IsVirtual(op) ? 0 : Math.Log(1 - OneQubitErrorOf(At(qubits[0])));
                    break;
                case OperationKind.Gate or OperationKind.Unitary when qubits.Length >= 2:
                    log += Schedule.TwoQubitGates(qubits.Length) * Math.Log(1 - TwoQubitErrorOf(At(qubits[0]), At(qubits[1])));
                    break;
            }
        }

        return -log;
    }

    internal double OneQubitErrorOf(int qubit) => Error(OneQubitErrors, qubit, OneQubitError);

    internal double TwoQubitErrorOf(int a, int b) => Error(TwoQubitErrors, (Math.Min(a, b), Math.Max(a, b)), TwoQubitError);

    internal double ReadoutErrorOf(int qubit) => Error(ReadoutErrors, qubit, ReadoutError);

    /// <summary>The means from which fidelity is predicted where only a profile is known.</summary>
    internal ErrorRates ToErrorRates() => new()
    {
        OneQubit = OneQubitError ?? 0,
        TwoQubit = TwoQubitError ?? 0,
        Readout = ReadoutError ?? 0,
        CoherenceSeconds = Math.Min(T1 ?? double.PositiveInfinity, T2 ?? double.PositiveInfinity),
        OneQubitGateSeconds = OneQubitTime ?? 0,
        TwoQubitGateSeconds = TwoQubitTime ?? 0,
    };

    /// <exception cref="FormatException">A number is impossible.</exception>
    internal void Check()
    {
        static void Require(bool valid, string name, object? value, string accepted)
        {
            if (!valid)
            {
                throw new FormatException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"The calibration's {name} is {value}; accepted are {accepted}."));
            }
        }

        foreach (var (name, value) in (ReadOnlySpan<(string, double?)>)[("one-qubit error", OneQubitError), ("two-qubit error", TwoQubitError), ("readout error", ReadoutError), ("readout error of one", ReadoutErrorOfOne)])
        {
            Require(value is null or (>= 0 and <= 1), name, value, "probabilities, 0 to 1");
        }

        foreach (var value in OneQubitErrors.Values.Concat(TwoQubitErrors.Values).Concat(ReadoutErrors.Values).Concat(ReadoutErrorsOfOne.Values))
        {
            Require(value is >= 0 and <= 1, "error of a single qubit or pair", value, "probabilities, 0 to 1");
        }

        foreach (var (name, value) in (ReadOnlySpan<(string, double?)>)[("T1", T1), ("T2", T2)])
        {
            Require(value is null or > 0, name, value, "seconds above 0");
        }

        foreach (var (name, value) in (ReadOnlySpan<(string, double?)>)[("one-qubit time", OneQubitTime), ("two-qubit time", TwoQubitTime), ("readout time", ReadoutTime)])
        {
            Require(value is null or (>= 0 and < 1e6), name, value, "seconds of 0 or more");
        }

        Require(NumQubits is >= 0 and <= MaxQubits, "number of qubits", NumQubits, $"0 (not known) to {MaxQubits}");
        foreach (var (a, b) in Couplings)
        {
            Require(a != b && Math.Min(a, b) >= 0 && Math.Max(a, b) < NumQubits, "coupling", (a, b), $"two different qubits of 0 to {NumQubits - 1}");
        }
    }

    private static double Error<T>(IReadOnlyDictionary<T, double> single, T place, double? median) => Math.Clamp(single.TryGetValue(place, out var error) ? error : median ?? 0, 0, 1);
}
