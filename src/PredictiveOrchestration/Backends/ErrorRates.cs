namespace PredictiveOrchestration.Backends;

/// <summary>How noisy a device is in the mean, from its calibration data: what the fidelity of a result is predicted from.</summary>
public sealed record ErrorRates
{
    /// <summary>Gets the probability that a one-qubit gate fails, 0 to 1.</summary>
    public double OneQubit { get; init; }

    /// <summary>Gets the probability that a two-qubit gate fails, 0 to 1.</summary>
    public double TwoQubit { get; init; }

    /// <summary>Gets the probability that a measured bit is wrong, 0 to 1.</summary>
    public double Readout { get; init; }

    /// <summary>Gets the shorter of the times T1 and T2 in seconds; infinite (default) where idling does no harm.</summary>
    public double CoherenceSeconds { get; init; } = double.PositiveInfinity;

    /// <summary>Gets the duration of a one-qubit gate in seconds.</summary>
    public double OneQubitGateSeconds { get; init; }

    /// <summary>Gets the duration of a two-qubit gate in seconds; a layer of the circuit takes as long.</summary>
    public double TwoQubitGateSeconds { get; init; }
}
