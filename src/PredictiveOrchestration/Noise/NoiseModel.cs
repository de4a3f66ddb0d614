using PredictiveOrchestration.Backends;
using System.Globalization;

namespace PredictiveOrchestration.Noise;

/// <summary>
/// How a simulated device errs: depolarising errors after gates, wrong readout, relaxation during gates and while qubits wait. Ideal by default. Probabilities are
/// those of an error, times in seconds. After a gate its qubits relax for its length, then the depolarising error strikes; gates on more than two qubits err as
/// 6 (k - 2) two-qubit gates, on pairs of their qubits in turn.
/// </summary>
public sealed record NoiseModel
{
    /// <summary>Gets the name.</summary>
    public string Name { get; init; } = "noise";

    /// <summary>Gets the probability that one of X, Y and Z, each as likely, strikes after a one-qubit gate.</summary>
    public double OneQubitError { get; init; }

    /// <summary>Gets the probability that one of the 15 products of two Paulis other than the identity, each as likely, strikes after a two-qubit gate.</summary>
    public double TwoQubitError { get; init; }

    /// <summary>Gets the probability that a measured bit is reported wrong, whichever it is; with <see cref="ReadoutErrorOfOne"/>, that a 0 is.</summary>
    public double ReadoutError { get; init; }

    /// <summary>Gets the probability that a measured 1 is reported as 0, where it differs from <see cref="ReadoutError"/>; null (default) if it does not.</summary>
    public double? ReadoutErrorOfOne { get; init; }

    /// <summary>Gets the relaxation time T1 in seconds; infinite (default) for none.</summary>
    public double T1Seconds { get; init; } = double.PositiveInfinity;

    /// <summary>Gets the dephasing time T2 in seconds, at most twice T1 in effect; infinite (default) for no more than T1 brings.</summary>
    public double T2Seconds { get; init; } = double.PositiveInfinity;

    /// <summary>Gets the length of a one-qubit gate in seconds.</summary>
    public double OneQubitSeconds { get; init; }

    /// <summary>Gets the length of a two-qubit gate in seconds.</summary>
    public double TwoQubitSeconds { get; init; }

    /// <summary>Gets the length of a measurement or reset in seconds; its own relaxation is part of the readout error.</summary>
    public double ReadoutSeconds { get; init; }

    /// <summary>Gets a value indicating whether rotations about Z take no time and do not err; default true.</summary>
    public bool VirtualZ { get; init; } = true;

    /// <summary>Gets <see cref="OneQubitError"/> of single qubits, by qubit.</summary>
    public IReadOnlyDictionary<int, double> OneQubitErrors { get; init; } = new Dictionary<int, double>();

    /// <summary>Gets <see cref="TwoQubitError"/> of single pairs, the lower qubit first.</summary>
    public IReadOnlyDictionary<(int First, int Second), double> TwoQubitErrors { get; init; } = new Dictionary<(int, int), double>();

    /// <summary>Gets <see cref="ReadoutError"/> of single qubits, by qubit.</summary>
    public IReadOnlyDictionary<int, double> ReadoutErrors { get; init; } = new Dictionary<int, double>();

    /// <summary>Gets <see cref="ReadoutErrorOfOne"/> of single qubits, by qubit; a qubit that is in <see cref="ReadoutErrors"/> alone is reported wrong as often either way.</summary>
    public IReadOnlyDictionary<int, double> ReadoutErrorsOfOne { get; init; } = new Dictionary<int, double>();

    internal Relaxation Relaxation => new(T1Seconds, T2Seconds);

    /// <summary>
    /// The model of a calibrated device. A gate's error there is its average infidelity r with relaxation in it; the depolarising error here is what relaxation
    /// alone does not explain, so that the gate as simulated has the infidelity r again (or that of relaxation, if it is greater).
    /// </summary>
    /// <param name="calibration">The calibration.</param>
    /// <exception cref="FormatException">A number of it is impossible.</exception>
    public static NoiseModel FromCalibration(DeviceCalibration calibration)
    {
        ArgumentNullException.ThrowIfNull(calibration);
        calibration.Check();
        var relaxation = new Relaxation(calibration.T1 ?? double.PositiveInfinity, calibration.T2 ?? double.PositiveInfinity);
        var (one, two) = (relaxation.EntanglementFidelity(calibration.OneQubitTime ?? 0), Math.Pow(relaxation.EntanglementFidelity(calibration.TwoQubitTime ?? 0), 2));
        double One(double error) => Depolarising(error, one, 2);
        double Two(double error) => Depolarising(error, two, 4);
        return new NoiseModel
        {
            Name = calibration.Device,
            OneQubitError = One(calibration.OneQubitError ?? 0),
            TwoQubitError = Two(calibration.TwoQubitError ?? 0),
            ReadoutError = OfZero(calibration.ReadoutError ?? 0, calibration.ReadoutErrorOfOne),
            ReadoutErrorOfOne = calibration.ReadoutErrorOfOne,
            T1Seconds = relaxation.T1,
            T2Seconds = relaxation.T2,
            OneQubitSeconds = calibration.OneQubitTime ?? 0,
            TwoQubitSeconds = calibration.TwoQubitTime ?? 0,
            ReadoutSeconds = calibration.ReadoutTime ?? 0,
            VirtualZ = calibration.VirtualZ,
            OneQubitErrors = calibration.OneQubitErrors.ToDictionary(e => e.Key, e => One(e.Value)),
            TwoQubitErrors = calibration.TwoQubitErrors.ToDictionary(e => e.Key, e => Two(e.Value)),
            ReadoutErrors = calibration.ReadoutErrors.ToDictionary(e => e.Key, e => OfZero(e.Value, calibration.ReadoutErrorsOfOne.TryGetValue(e.Key, out var one) ? one : null)),
            ReadoutErrorsOfOne = calibration.ReadoutErrorsOfOne,
        };
    }

    /// <summary>What a device with this noise would be calibrated as: errors as average infidelities, relaxation in them.</summary>
    internal DeviceCalibration ToCalibration()
    {
        var (one, two) = (Relaxation.EntanglementFidelity(OneQubitSeconds), Math.Pow(Relaxation.EntanglementFidelity(TwoQubitSeconds), 2));
        double One(double error) => Infidelity(error, one, 2);
        double Two(double error) => Infidelity(error, two, 4);
        return new DeviceCalibration
        {
            Device = Name,
            NumQubits = 0,
            OneQubitError = One(OneQubitError),
            TwoQubitError = Two(TwoQubitError),
            ReadoutError = (ReadoutError + (ReadoutErrorOfOne ?? ReadoutError)) / 2,
            ReadoutErrorOfOne = ReadoutErrorOfOne,
            T1 = double.IsFinite(T1Seconds) ? T1Seconds : null,
            T2 = double.IsFinite(Math.Min(T2Seconds, 2 * T1Seconds)) ? Math.Min(T2Seconds, 2 * T1Seconds) : null,
            OneQubitTime = OneQubitSeconds,
            TwoQubitTime = TwoQubitSeconds,
            ReadoutTime = ReadoutSeconds,
            VirtualZ = VirtualZ,
            OneQubitErrors = OneQubitErrors.ToDictionary(e => e.Key, e => One(e.Value)),
            TwoQubitErrors = TwoQubitErrors.ToDictionary(e => e.Key, e => Two(e.Value)),
            ReadoutErrors = ReadoutErrors.Keys.Concat(ReadoutErrorsOfOne.Keys).Distinct().ToDictionary(q => q, q => ReadoutFlipsOf(q) is var flips ? (flips.ZeroAsOne + flips.OneAsZero) / 2 : 0),
            ReadoutErrorsOfOne = ReadoutErrorsOfOne,
        };
    }

    /// <summary>Throws if a value is impossible.</summary>
    /// <exception cref="ArgumentException">The message names each wrong value and what is accepted.</exception>
    internal void Check()
    {
        var failures = new List<string>();
        void Require(bool valid, string name, double value, string accepted)
        {
            if (!valid)
            {
                failures.Add(string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; accepted: {accepted}"));
            }
        }

        foreach (var (name, value) in new[] { (nameof(OneQubitError), OneQubitError), (nameof(TwoQubitError), TwoQubitError), (nameof(ReadoutError), ReadoutError), (nameof(ReadoutErrorOfOne), ReadoutErrorOfOne ?? 0) }
            .Concat(OneQubitErrors.Values.Select(e => (nameof(OneQubitErrors), e))).Concat(TwoQubitErrors.Values.Select(e => (nameof(TwoQubitErrors), e))).Concat(ReadoutErrors.Values.Select(e => (nameof(ReadoutErrors), e))).Concat(ReadoutErrorsOfOne.Values.Select(e => (nameof(ReadoutErrorsOfOne), e))))
        {
            Require(value is >= 0 and <= 1, name, value, "0 to 1");
        }

        Require(T1Seconds > 0, nameof(T1Seconds), T1Seconds, "more than 0");
        Require(T2Seconds > 0, nameof(T2Seconds), T2Seconds, "more than 0");
        foreach (var (name, value) in new[] { (nameof(OneQubitSeconds), OneQubitSeconds), (nameof(TwoQubitSeconds), TwoQubitSeconds), (nameof(ReadoutSeconds), ReadoutSeconds) })
        {
            Require(value is >= 0 and < 1e6, name, value, "0 or more");
        }

        if (failures.Count > 0)
        {
            throw new ArgumentException($"The noise model '{Name}' is wrong: {string.Join("; ", failures)}.");
        }
    }

    internal double OneQubitErrorOf(int qubit) => OneQubitErrors.TryGetValue(qubit, out var error) ? error : OneQubitError;

    internal double TwoQubitErrorOf(int a, int b) => TwoQubitErrors.TryGetValue((Math.Min(a, b), Math.Max(a, b)), out var error) ? error : TwoQubitError;

    internal ReadoutFlips ReadoutFlipsOf(int qubit)
    {
        var hasOwn = ReadoutErrors.TryGetValue(qubit, out var own);
        var zero = hasOwn ? own : ReadoutError;
        return new ReadoutFlips(zero, ReadoutErrorsOfOne.TryGetValue(qubit, out var one) ? one : hasOwn ? own : ReadoutErrorOfOne ?? zero);
    }

    // A calibration gives the mean of both, and one of them.
    private static double OfZero(double mean, double? one) => one is { } o ? Math.Clamp((2 * mean) - o, 0, 1) : mean;

    // A Pauli channel of error p before or after a channel of entanglement fidelity F gives (1 - p) F + p (1 - F) / (d² - 1); infidelity r is an entanglement
    // fidelity of 1 - r (d + 1) / d (Nielsen, Phys. Lett. A 303, 249, 2002).
    private static double Depolarising(double infidelity, double relaxed, int d)
    {
        var wanted = 1 - (infidelity * (d + 1) / d);
        return Math.Clamp((relaxed - wanted) / (relaxed - ((1 - relaxed) / ((d * d) - 1))), 0, 1);
    }

    private static double Infidelity(double depolarising, double relaxed, int d) =>
        (1 - ((1 - depolarising) * relaxed) - (depolarising * (1 - relaxed) / ((d * d) - 1))) * d / (d + 1);
}
