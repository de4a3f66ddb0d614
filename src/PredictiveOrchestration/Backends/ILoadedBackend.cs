namespace PredictiveOrchestration.Backends;

/// <summary>A backend elsewhere that says, live, what a job would wait there.</summary>
public interface ILoadedBackend : IQuantumBackend
{
    /// <summary>Gets what a job that came now would wait before its run; null if that is not known. Never blocks, never throws.</summary>
    TimeSpan? ExpectedWait { get; }
}
