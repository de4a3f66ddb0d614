namespace PredictiveOrchestration.Telemetry;

/// <summary>The names of all instruments, activities and tags: an interface to the outside, written down in docs/telemetry.md and not changed lightly.</summary>
internal static class TelemetryNames
{
    /// <summary>The meter and the activity source.</summary>
    public const string Source = "PredictiveOrchestration";

    public const string Decisions = "orchestration.decisions";
    public const string DecisionDuration = "orchestration.decision.duration";
    public const string Executions = "orchestration.executions";
    public const string ExecutionDuration = "orchestration.execution.duration";
    public const string QueueDuration = "orchestration.execution.queue.duration";
    public const string RunDuration = "orchestration.execution.run.duration";
    public const string SampleDuration = "orchestration.execution.sample.duration";
    public const string PeakMemory = "orchestration.execution.memory.peak";
    public const string CpuTime = "orchestration.execution.cpu.time";
    public const string NonZeros = "orchestration.execution.nonzeros";
    public const string Fidelity = "orchestration.execution.fidelity";
    public const string Entanglement = "orchestration.circuit.entanglement";
    public const string Cost = "orchestration.cost";
    public const string PredictionError = "orchestration.prediction.error";
    public const string MemoryPredictionError = "orchestration.prediction.memory.error";
    public const string CostPredictionError = "orchestration.prediction.cost.error";
    public const string FidelityPredictionError = "orchestration.prediction.fidelity.error";
    public const string Swaps = "orchestration.swaps";
    public const string RecordsDropped = "orchestration.records.dropped";
    public const string Running = "orchestration.running";
    public const string QueueLength = "orchestration.queue.length";
    public const string Load = "orchestration.load";

    public const string ExecuteActivity = "orchestration.execute";
    public const string AttemptActivity = "orchestration.attempt";

    public const string BackendTag = "backend";
    public const string StrategyTag = "strategy";
    public const string OutcomeTag = "outcome";
    public const string TriggerTag = "trigger";
    public const string CurrencyTag = "currency";
    public const string QubitsTag = "qubits";
    public const string GatesTag = "gates";
    public const string ShotsTag = "shots";
    public const string ConfidenceTag = "confidence";
    public const string PredictedSecondsTag = "predicted.seconds";
}
