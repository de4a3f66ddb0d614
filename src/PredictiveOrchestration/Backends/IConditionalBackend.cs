namespace PredictiveOrchestration.Backends;

/// <summary>A backend that depends on something that may be missing: a device or its driver, or a service that has hours or does not answer.</summary>
public interface IConditionalBackend : IQuantumBackend
{
    /// <summary>Gets why the backend cannot be used, or null if it can. May look for what is missing, once; never throws.</summary>
    string? UnavailableReason { get; }
}
