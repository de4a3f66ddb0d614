namespace PredictiveOrchestration.Backends;

/// <summary>Describes a backend to everyone who does not run it.</summary>
public sealed record BackendDescriptor
{
    /// <summary>Gets the unique name used in options, results and telemetry, such as <c>local-dense</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Gets the family.</summary>
    public required BackendType Type { get; init; }

    /// <summary>Gets the name shown to people.</summary>
    public required string DisplayName { get; init; }

    /// <summary>Gets what the backend can do.</summary>
    public required BackendCapabilities Capabilities { get; init; }

    /// <summary>
    /// Gets the name of the cost basis that predicts this backend's time and memory: <c>dense</c>, <c>sparse</c>, <c>mps</c>,
    /// <c>stabilizer</c>, <c>gpu</c>, <c>noisy</c>, or <c>generic</c> (default), which is fitted from what is observed.
    /// </summary>
    public string CostModel { get; init; } = "generic";

    /// <summary>Gets a value indicating whether the backend runs in this process and so uses this machine's memory and cores.</summary>
    public bool IsLocal { get; init; }

    /// <summary>
    /// Gets a value indicating whether the memory of a run is predicted although it runs on another machine: a simulator there of a known kind, whose
    /// <see cref="BackendCapabilities.MaxMemoryBytes"/> is what that machine has for it.
    /// </summary>
    public bool BoundsMemory { get; init; }

    /// <summary>Gets the number of threads that one run uses at most; 1 by default.</summary>
    public int MaxThreads { get; init; } = 1;

    /// <summary>Gets how noisy the device is, from its calibration data; null (default) where that is not known or nothing is noisy.</summary>
    public ErrorRates? Errors { get; init; }
}
