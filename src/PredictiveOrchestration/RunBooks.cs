using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Integration.Analytics;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>A job as others are told of it.</summary>
/// <param name="Run">The job.</param>
/// <param name="Operations">The operations of its circuit.</param>
internal readonly record struct JobIdentity(Guid Run, int Operations);

/// <summary>
/// What decisions and runs leave behind: the journal, metrics, the store, alerts, what they cost, what learning and health get to know, and what subscribers are told. Nothing of it ever fails a
/// run. Thread-safe.
/// </summary>
internal sealed partial class RunBooks
{
    private readonly Money _money;
    private readonly LearnedModels _models;
    private readonly BackendHealthTracker _health;
    private readonly BackendLoadTracker _loads;
    private readonly OrchestrationMetrics _metrics;
    private readonly TelemetryStore? _store;
    private readonly IReadOnlyList<IAnalyticsSink> _sinks;
    private readonly Subscribers<OrchestrationEvent> _subscribers;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public RunBooks(
        RunJournal journal, PerformanceMonitor monitor, OrchestrationMetrics metrics, Money money, LearnedModels models, BackendHealthTracker health, BackendLoadTracker loads, TelemetryStore? store,
        IReadOnlyList<IAnalyticsSink> sinks, TimeProvider time, ILogger logger)
    {
        (Journal, Monitor, _metrics, _money, _models, _health, _loads, _store, _sinks, _time, _logger) = (journal, monitor, metrics, money, models, health, loads, store, sinks, time, logger);
        _subscribers = new Subscribers<OrchestrationEvent>((exception, happened) => SubscriberFailed(exception, happened.GetType().Name));
    }

    public RunJournal Journal { get; }

    public PerformanceMonitor Monitor { get; }

    public IDisposable Subscribe(Action<OrchestrationEvent> receiver) => _subscribers.Add(receiver);

    /// <summary>Takes down a decision.</summary>
    /// <param name="decision">The decision.</param>
    /// <param name="took">The time that it took.</param>
    /// <param name="profile">The circuit.</param>
    /// <param name="request">The request.</param>
    /// <param name="job">The key of the job it is for; null for a recommendation.</param>
    public void Decided(RoutingDecision decision, TimeSpan took, CircuitProfile profile, OrchestrationRequest request, string? job)
    {
        Journal.Decided(decision, took);
        _metrics.Decided(decision.Strategy, decision.Chosen.Candidate.Backend.Id, took);
        if (_subscribers.Any)
        {
            _subscribers.Tell(new DecisionMade { At = _time.GetUtcNow(), JobId = job, Decision = decision, Profile = profile, Duration = took, Shots = request.Shots, Tag = request.Tag });
        }
    }

    /// <summary>Writes a record for every attempt of a finished job, and returns what they cost together.</summary>
    /// <param name="report">What was tried.</param>
    /// <param name="decision">The decision.</param>
    /// <param name="profile">The circuit.</param>
    /// <param name="request">The request.</param>
    /// <param name="job">The job.</param>
    /// <param name="state">How full budget, memory and queue are.</param>
    public async Task<decimal> RecordAsync(ExecutionReport report, RoutingDecision decision, CircuitProfile profile, OrchestrationRequest request, JobIdentity job, Func<MonitoredState> state)
    {
        var total = 0m;
        List<ExecutionRecord>? records = _subscribers.Any ? [] : null;
        var alternatives = decision.Made.Select(r => new CostAlternative(r.Candidate.Backend.Id, r.Candidate.TotalSeconds, r.Candidate.Cost.Median)).ToList();
        var place = new JobPlace(job.Run, 0, 0);
        for (var i = 0; i < report.Attempts.Count; i++)
        {
            var attempt = report.Attempts[i];
            place = place with { Attempt = i, Swaps = place.Swaps + (i > 0 && attempt.BackendId != report.Attempts[i - 1].BackendId ? 1 : 0) };
            var record = AttemptRecords.Of(attempt, decision, profile, attempt.Ranked.Candidate.Shape, _money.Prices, request.Tag, _time.GetUtcNow(), place);
            total += record.Cost;
            records?.Add(record);
            Journal.Recorded(record);
            Show(record);
            _metrics.Recorded(record);
            _store?.TryWrite(record);
            Monitor.Observe(record, state());
            await _money.BookAsync(record, attempt.Ranked.Candidate.Cost.Upper, alternatives, attempt.SpendKey).ConfigureAwait(false);
            Observed(attempt, record);
            if (AttemptRecords.HeldAgainstBackend(attempt) is { } succeeded)
            {
                _health.Report(record.BackendId, succeeded);
            }

            _models.Learn(record);
        }

        foreach (var swap in report.Swaps)
        {
            _metrics.Swapped(swap.Trigger.ToString());
        }

        ActivityDescription.AddAttempts(report.Attempts, _time.GetUtcNow());
        Journal.Finished(report.Last.Result is not null, report.Swaps.Count);
        if (records is not null)
        {
            _subscribers.Tell(new JobFinished
            {
                At = _time.GetUtcNow(), JobId = job.Run.ToString(), Decision = decision, Records = records, Swaps = report.Swaps, Operations = job.Operations,
                Error = report.Last.Result is null ? report.Last.Error?.Message ?? "no result" : null,
            });
        }

        return total;
    }

    // The live load and the drift of a backend, from a finished run.
    private void Observed(ExecutionAttempt attempt, ExecutionRecord record)
    {
        if (record.Outcome != ExecutionOutcome.Completed)
        {
            return;
        }

        var prediction = attempt.Ranked.Candidate.Prediction;
        var remoteWait = attempt.Result?.Timings.Queue.TotalSeconds ?? 0;
        _loads.Of(record.BackendId).Observe(
            (record.ServiceTime.TotalSeconds + remoteWait) / LogNormal.Pessimistic(prediction),
            Math.Log(record.ServiceTime.TotalSeconds / prediction.Seconds.Median) / prediction.LogSecondsSigma);
    }

    private void Show(ExecutionRecord record)
    {
        for (var i = 0; i < _sinks.Count; i++)
        {
            try
            {
                _sinks[i].Record(record);
            }
            catch (Exception exception)
            {
                SinkFailed(exception, _sinks[i].GetType().Name);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A subscriber to events failed on {Event}")]
    private partial void SubscriberFailed(Exception exception, string @event);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The analytics sink {Sink} failed")]
    private partial void SinkFailed(Exception exception, string sink);
}
