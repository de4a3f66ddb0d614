using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// What measured fidelities add to the estimated success probability: the logarithm of -ln(measured) / -ln(estimated), its mean and variance. The estimate multiplies what gates, readout and idling
/// leave, in logarithms; it is wrong by a factor in them, since errors cancel or do nothing, or crosstalk is not in the data. Immutable.
/// </summary>
/// <param name="Mean">The mean logarithm of the factor.</param>
/// <param name="Variance">Its variance over runs.</param>
/// <param name="Count">Measured fidelities.</param>
internal readonly record struct FidelityModel(double Mean, double Variance, int Count)
{
    // Before anything was measured: right within a factor of two, in two cases of three, as if three measurements said so.
    private const double PriorVariance = 0.48;
    private const int PriorWeight = 3, Enough = 8, Window = 100;

    /// <summary>Where no calibration data is known, and measured fidelities are all there is.</summary>
    private static readonly ErrorRates Typical = new() { OneQubit = 3e-4, TwoQubit = 5e-3, Readout = 1e-2 };

    private double Sigma => Math.Sqrt(((PriorWeight * PriorVariance) + (Count * Variance)) / (PriorWeight + Count));

    /// <summary>The same of a circuit on a backend: from the circuit as it runs there, where that is known.</summary>
    public static double LogLoss(BackendDescriptor backend, CircuitProfile profile) =>
        profile.On(backend.Id)?.SuccessProbability is { } success ? -Math.Log(Math.Clamp(success, 1e-300, 1)) : LogLoss(backend.Errors, profile, profile.On(backend.Id));

    /// <summary>-ln of the estimated success probability (MQT Bench, ESP): Σ -ln(1 - error) over gates and measured bits, and the idle time of all qubits over the coherence time.</summary>
    public static double LogLoss(ErrorRates? known, CircuitProfile profile, DeviceCounts? counts = null)
    {
        var rates = known ?? Typical;
        double gates = profile.GateCount, two = 0.4 * gates, one = 0.6 * gates, measured = profile.NumQubits;
        if (profile.Features is { } f)
        {
            // A gate on three or more qubits as a Toffoli gate: six two-qubit and nine one-qubit gates.
            two = f.TwoQubitGateCount + (6.0 * f.MultiQubitGateCount);
            one = f.OneQubitGateCount + (9.0 * f.MultiQubitGateCount);
            measured = f.MeasurementCount;
        }

        if (counts is not null)
        {
            (one, two, measured) = (counts.OneQubitGates, counts.TwoQubitGates, counts.Measurements);
        }

        static double Loss(double rate) => -Math.Log(1 - Math.Clamp(rate, 0, 0.999999));
        var busy = (2 * two * rates.TwoQubitGateSeconds) + (one * rates.OneQubitGateSeconds);
        var idle = Math.Max(0, ((double)profile.NumQubits * profile.CircuitDepth * rates.TwoQubitGateSeconds) - busy);
        return (one * Loss(rates.OneQubit)) + (two * Loss(rates.TwoQubit)) + (measured * Loss(rates.Readout)) + (rates.CoherenceSeconds > 0 ? idle / rates.CoherenceSeconds : 0);
    }

    /// <summary>The fidelity of a run, with a 90 % interval.</summary>
    public Estimate Predict(BackendDescriptor backend, CircuitProfile profile)
    {
        if (backend.Errors is null && profile.On(backend.Id)?.SuccessProbability is null && Count < Enough)
        {
            return backend.Capabilities.IsExact ? Estimate.Exactly(1) : new Estimate(0.8, 0.3, 1);
        }

        var loss = LogLoss(backend, profile) * Math.Exp(Mean);
        var spread = Math.Exp(1.645 * Sigma);
        return new Estimate(Math.Exp(-loss), Math.Exp(-loss * spread), Math.Exp(-loss / spread));
    }

    /// <summary>The model after a measured fidelity; one that says nothing, or is no number, leaves it as it is.</summary>
    /// <param name="measured">The fidelity, 0 to 1.</param>
    /// <param name="logLoss">What <see cref="LogLoss(BackendDescriptor, CircuitProfile)"/> gave.</param>
    public FidelityModel With(double measured, double logLoss)
    {
        if (!(measured is >= 0 and <= 1 && logLoss > 1e-9))
        {
            return this;
        }

        var factor = Math.Clamp(Math.Log(-Math.Log(Math.Clamp(measured, 1e-6, 1 - 1e-6)) / logLoss), -3, 3);
        var count = Math.Min(Count + 1, Window);
        var (step, rate) = (factor - Mean, 1.0 / count);
        return new FidelityModel(Mean + (rate * step), (1 - rate) * (Variance + (rate * step * step)), count);
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(Mean);
        writer.Write(Variance);
        writer.Write(Count);
    }

    public static FidelityModel Read(BinaryReader reader)
    {
        var model = new FidelityModel(reader.ReadFinite(), reader.ReadFinite(), reader.ReadInt32());
        BinaryParts.Require(model is { Variance: >= 0, Count: >= 0 });
        return model;
    }
}
