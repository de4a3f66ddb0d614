using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.Integration.Analytics;

/// <summary>Receives the record of every run, as it ends. Implementations are thread-safe and return at once: the caller of the run waits for them.</summary>
public interface IAnalyticsSink
{
    /// <summary>Takes a record.</summary>
    void Record(ExecutionRecord record);
}
