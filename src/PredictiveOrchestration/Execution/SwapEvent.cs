namespace PredictiveOrchestration.Execution;

/// <summary>A change of backend during a job.</summary>
/// <param name="OperationIndex">The operation before which the new backend takes over; 0 for a restart.</param>
/// <param name="From">The backend left.</param>
/// <param name="To">The backend that goes on.</param>
/// <param name="Trigger">What set it off.</param>
/// <param name="Reason">The reason in words.</param>
public sealed record SwapEvent(int OperationIndex, string From, string To, SwapTrigger Trigger, string Reason)
{
    /// <summary>Gets how much sooner the job was predicted to end than without the swap; null for a restart.</summary>
    public TimeSpan? PredictedGain { get; init; }

    /// <summary>Gets how much sooner it ended than staying was predicted to; null for a restart, or if the job did not end.</summary>
    public TimeSpan? ActualGain { get; init; }

    /// <summary>Gets the bytes handed over; 0 for a restart.</summary>
    public long BytesMoved { get; init; }

    /// <summary>Gets the time that the hand-over took.</summary>
    public TimeSpan Duration { get; init; }
}

/// <summary>What sets off a change of backend.</summary>
public enum SwapTrigger
{
    /// <summary>The backend failed.</summary>
    Fault,

    /// <summary>The backend took far longer than predicted.</summary>
    TimeOverrun,

    /// <summary>Memory ran out, or was about to.</summary>
    MemoryThreshold,

    /// <summary>The amplitudes that are not zero have become many or few.</summary>
    SparsityChange,

    /// <summary>Bonds have grown beyond what a matrix product state is good for.</summary>
    Entanglement,

    /// <summary>Another backend is better from here on, as planned.</summary>
    OptimizationOpportunity,

    /// <summary>The caller asked for it.</summary>
    Manual,
}

/// <summary>Lets a caller ask for a swap while a job runs. Give a new one to each request. Thread-safe.</summary>
public sealed class SwapControl
{
    private string? _wanted;

    /// <summary>Asks the run to go on elsewhere from its next checkpoint. A backend that cannot take the state is ignored; the latest request counts.</summary>
    /// <param name="backendId">The id of the backend that shall go on.</param>
    public void RequestSwap(string backendId)
    {
        ArgumentException.ThrowIfNullOrEmpty(backendId);
        Volatile.Write(ref _wanted, backendId);
    }

    internal string? Take() => Interlocked.Exchange(ref _wanted, null);
}
