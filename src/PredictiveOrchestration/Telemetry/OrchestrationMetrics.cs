using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace PredictiveOrchestration.Telemetry;

/// <summary>
/// Publishes what happens through <see cref="System.Diagnostics.Metrics"/> and <see cref="System.Diagnostics.ActivitySource"/>, where OpenTelemetry and others pick it
/// up. Costs next to nothing while nobody listens. Times are in seconds, tags few and of few values.
/// </summary>
internal sealed class OrchestrationMetrics : IDisposable
{
    /// <summary>The source of activities: one for a run, one below it for each attempt.</summary>
    public static readonly ActivitySource Activities = new(TelemetryNames.Source);

    private readonly Meter _meter;
    private readonly Counter<long> _decisions;
    private readonly Histogram<double> _decisionDuration;
    private readonly Counter<long> _executions;
    private readonly Histogram<double> _executionDuration;
    private readonly Histogram<double> _queueDuration;
    private readonly Histogram<double> _runDuration;
    private readonly Histogram<double> _sampleDuration;
    private readonly Histogram<double> _cpuTime;
    private readonly Histogram<long> _peakMemory;
    private readonly Histogram<long> _nonZeros;
    private readonly Histogram<double> _fidelity;
    private readonly Histogram<double> _entanglement;
    private readonly Counter<double> _cost;
    private readonly Histogram<double> _predictionError;
    private readonly Histogram<double> _memoryPredictionError;
    private readonly Histogram<double> _costPredictionError;
    private readonly Histogram<double> _fidelityPredictionError;
    private readonly Counter<long> _swaps;

    /// <summary>Creates the instruments.</summary>
    /// <param name="factory">The host's factory, or null.</param>
    /// <param name="state">What the gauges show: running jobs, waiting jobs, load 0 to 1, dropped records.</param>
    public OrchestrationMetrics(IMeterFactory? factory, Func<(int Running, int Waiting, double Load, long Dropped)> state)
    {
        _meter = factory?.Create(new MeterOptions(TelemetryNames.Source)) ?? new Meter(TelemetryNames.Source);
        _decisions = _meter.CreateCounter<long>(TelemetryNames.Decisions, "{decision}", "Routing decisions, recommendations included.");
        _decisionDuration = _meter.CreateHistogram<double>(TelemetryNames.DecisionDuration, "s", "Time to profile, predict and choose.");
        _executions = _meter.CreateCounter<long>(TelemetryNames.Executions, "{attempt}", "Attempts to run a circuit on a backend.");
        _executionDuration = _meter.CreateHistogram<double>(TelemetryNames.ExecutionDuration, "s", "Service time: preparing, running and sampling.");
        _queueDuration = _meter.CreateHistogram<double>(TelemetryNames.QueueDuration, "s", "Wait before a run.");
        _runDuration = _meter.CreateHistogram<double>(TelemetryNames.RunDuration, "s", "The part of the service time spent evolving the state.");
        _sampleDuration = _meter.CreateHistogram<double>(TelemetryNames.SampleDuration, "s", "The part of the service time spent sampling.");
        _cpuTime = _meter.CreateHistogram<double>(TelemetryNames.CpuTime, "s", "Processor time of a local run, user and kernel, on all cores.");
        _peakMemory = _meter.CreateHistogram<long>(TelemetryNames.PeakMemory, "By", "Peak memory of a run.");
        _nonZeros = _meter.CreateHistogram<long>(TelemetryNames.NonZeros, "{amplitude}", "Peak number of stored amplitudes.");
        _fidelity = _meter.CreateHistogram<double>(TelemetryNames.Fidelity, "1", "Fidelity predicted or reported, 0 to 1.");
        _entanglement = _meter.CreateHistogram<double>(TelemetryNames.Entanglement, "1", "Entanglement complexity of the circuit, 0 to 1.");
        _cost = _meter.CreateCounter<double>(TelemetryNames.Cost, "{money}", "Money spent, in the currency of its tag.");
        _predictionError = _meter.CreateHistogram<double>(TelemetryNames.PredictionError, "1", "max(predicted / actual, actual / predicted) of the service time.");
        _memoryPredictionError = _meter.CreateHistogram<double>(TelemetryNames.MemoryPredictionError, "1", "max(predicted / actual, actual / predicted) of the peak memory.");
        _costPredictionError = _meter.CreateHistogram<double>(TelemetryNames.CostPredictionError, "1", "max(predicted / actual, actual / predicted) of the cost.");
        _fidelityPredictionError = _meter.CreateHistogram<double>(TelemetryNames.FidelityPredictionError, "1", "|predicted - measured| of the fidelity.");
        _swaps = _meter.CreateCounter<long>(TelemetryNames.Swaps, "{swap}", "Changes of backend during a job.");
        _meter.CreateObservableGauge(TelemetryNames.Running, () => state().Running, "{job}", "Jobs under way.");
        _meter.CreateObservableGauge(TelemetryNames.QueueLength, () => state().Waiting, "{job}", "Local jobs that wait.");
        _meter.CreateObservableGauge(TelemetryNames.Load, () => state().Load, "1", "Share of local cores in use.");
        _meter.CreateObservableCounter(TelemetryNames.RecordsDropped, () => state().Dropped, "{record}", "Records that learning or the telemetry store lost because its queue was full, or the database could not be written.");
    }

    public void Decided(string strategy, string backend, TimeSpan took)
    {
        if (_decisions.Enabled)
        {
            _decisions.Add(1, new(TelemetryNames.StrategyTag, strategy), new(TelemetryNames.BackendTag, backend));
        }

        if (_decisionDuration.Enabled)
        {
            _decisionDuration.Record(took.TotalSeconds, new KeyValuePair<string, object?>(TelemetryNames.StrategyTag, strategy));
        }
    }

    public void Recorded(ExecutionRecord record)
    {
        var backend = new KeyValuePair<string, object?>(TelemetryNames.BackendTag, record.BackendId);
        if (_executions.Enabled)
        {
            _executions.Add(1, backend, new(TelemetryNames.StrategyTag, record.Strategy), new(TelemetryNames.OutcomeTag, Outcome(record.Outcome)));
        }

        if (_queueDuration.Enabled)
        {
            _queueDuration.Record(record.QueueTime.TotalSeconds, backend);
        }

        if (_cost.Enabled && record.Cost > 0)
        {
            _cost.Add((double)record.Cost, backend, new(TelemetryNames.CurrencyTag, record.Currency));
        }

        if (_executionDuration.Enabled)
        {
            _executionDuration.Record(record.ServiceTime.TotalSeconds, backend, new(TelemetryNames.OutcomeTag, Outcome(record.Outcome)));
        }

        if (record.Outcome == ExecutionOutcome.Completed)
        {
            Completed(record, backend);
        }
    }

    private void Completed(ExecutionRecord record, KeyValuePair<string, object?> backend)
    {
        if (_runDuration.Enabled)
        {
            _runDuration.Record(record.RunTime.TotalSeconds, backend);
        }

        if (_sampleDuration.Enabled)
        {
            _sampleDuration.Record(record.SampleTime.TotalSeconds, backend);
        }

        if (_cpuTime.Enabled && record.CpuTime is { } cpu)
        {
            _cpuTime.Record(cpu.TotalSeconds, backend);
        }

        if (_peakMemory.Enabled && record.PeakMemoryBytes > 0)
        {
            _peakMemory.Record(record.PeakMemoryBytes, backend);
        }

        if (_nonZeros.Enabled && record.PeakNonZeros is { } amplitudes)
        {
            _nonZeros.Record(amplitudes, backend);
        }

        if (_fidelity.Enabled)
        {
            _fidelity.Record(record.Fidelity, backend);
        }

        if (_entanglement.Enabled)
        {
            _entanglement.Record(record.Profile.EntanglementComplexity, backend);
        }

        if (_predictionError.Enabled && record.PredictedSeconds > 0 && record.ServiceTime > TimeSpan.Zero)
        {
            _predictionError.Record(record.PredictionError, backend);
        }

        if (_memoryPredictionError.Enabled && record.MemoryPredictionError is { } memory)
        {
            _memoryPredictionError.Record(memory, backend);
        }

        if (_costPredictionError.Enabled && record.CostPredictionError is { } cost)
        {
            _costPredictionError.Record(cost, backend);
        }

        if (_fidelityPredictionError.Enabled && record.FidelityPredictionError is { } fidelity)
        {
            _fidelityPredictionError.Record(fidelity, backend);
        }
    }

    public void Swapped(string trigger) => _swaps.Add(1, new KeyValuePair<string, object?>(TelemetryNames.TriggerTag, trigger));

    /// <summary>An outcome as a tag value, such as <c>timed_out</c>.</summary>
    public static string Outcome(ExecutionOutcome outcome) => outcome switch
    {
        ExecutionOutcome.Completed => "completed",
        ExecutionOutcome.Failed => "failed",
        ExecutionOutcome.TimedOut => "timed_out",
        ExecutionOutcome.OutOfMemory => "out_of_memory",
        ExecutionOutcome.Cancelled => "cancelled",
        ExecutionOutcome.Swapped => "swapped",
        _ => "refused",
    };

    public void Dispose() => _meter.Dispose();
}
