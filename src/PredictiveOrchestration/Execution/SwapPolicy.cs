namespace PredictiveOrchestration.Execution;

/// <summary>When a run may change its backend in the middle of a circuit.</summary>
public sealed record SwapPolicy
{
    /// <summary>Gets a value indicating whether runs may be handed from backend to backend; default true. Restarts after a fault are not affected.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// Gets the predicted time below which a run is not looked at; default 2 ms: planning would take a share of it that it cannot save. Half of it where the beginning of the circuit
    /// promises to save much.
    /// </summary>
    public TimeSpan ShortestRun { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Gets the share of the remaining time that a swap must save by prediction, 0 to 1; default 0.15. Swapping back needs the same again, which is the hysteresis.</summary>
    public double MinGain { get; init; } = 0.15;

    /// <summary>Gets the least predicted saving of a swap; default 0.3 ms.</summary>
    public TimeSpan MinSaving { get; init; } = TimeSpan.FromMilliseconds(0.3);

    /// <summary>Gets the share of the predicted time that a cheap backend may spend between two looks at its state, 0 to 1; default 0.02. By so much a presolve can fail.</summary>
    public double PresolveShare { get; init; } = 0.02;

    /// <summary>Gets the share of the memory limit above which a backend is left, 0 to 1; default 0.8.</summary>
    public double MemoryShare { get; init; } = 0.8;

    /// <summary>Gets how many times slower than predicted a backend may be before it is called an overrun; default 4.</summary>
    public double Overrun { get; init; } = 4;

    /// <summary>Gets the most swaps of one run; default 8.</summary>
    public int MaxSwaps { get; init; } = 8;

    /// <summary>Gets the size in bytes up to which the state last handed over is kept, so that a fault need not restart; default 64 MiB.</summary>
    public long MaxKeptBytes { get; init; } = 64L << 20;

    /// <summary>Gets the wrong values in words, or null.</summary>
    internal string? Failure() =>
        !(MinGain is >= 0 and < 1) ? $"MinGain is {MinGain}"
        : !(PresolveShare is >= 0 and <= 1) ? $"PresolveShare is {PresolveShare}"
        : !(MemoryShare is > 0 and <= 1) ? $"MemoryShare is {MemoryShare}"
        : !(Overrun > 1) ? $"Overrun is {Overrun}"
        : MaxSwaps < 0 || MaxKeptBytes < 0 || ShortestRun < TimeSpan.Zero || MinSaving < TimeSpan.Zero ? "a negative value" : null;
}
