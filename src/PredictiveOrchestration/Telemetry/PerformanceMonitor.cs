using System.Globalization;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Telemetry;

/// <summary>The state of an orchestrator that alerts depend on, besides its records.</summary>
/// <param name="BudgetUse">The share of the budget spent or reserved, or null without one.</param>
/// <param name="AvailableBytes">The memory that runs may take.</param>
/// <param name="QueueUse">The share of the queue that is taken.</param>
internal readonly record struct MonitoredState(double? BudgetUse, long AvailableBytes, double QueueUse);

/// <summary>
/// Watches records as they come and says when something needs attention: a degraded backend, predictions that drift, a budget nearly spent,
/// memory nearly full, a long queue. Each alert is raised once and cleared once, with a margin between the two. Thread-safe.
/// </summary>
public sealed partial class PerformanceMonitor
{
    private const int MinimumSamples = 4;
    private readonly Lock _lock = new();
    private readonly PerformanceMonitorOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<string, Window> _windows = new(StringComparer.Ordinal);
    private readonly Dictionary<(AlertKind Kind, string Subject), PerformanceAlert> _active = [];
    private readonly Subscribers<PerformanceAlert> _subscribers;

    internal PerformanceMonitor(PerformanceMonitorOptions options, TimeProvider time, ILogger logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _subscribers = new Subscribers<PerformanceAlert>((exception, alert) => SubscriberFailed(exception, alert.Kind));
    }

    /// <summary>Gets the alerts that are raised now, oldest first.</summary>
    public IReadOnlyList<PerformanceAlert> ActiveAlerts
    {
        get
        {
            lock (_lock)
            {
                return [.. _active.Values.OrderBy(a => a.At)];
            }
        }
    }

    /// <summary>Calls <paramref name="receiver"/> for every alert raised or cleared from now on, on the thread of the run that caused it; what it throws is logged and goes no further.</summary>
    /// <returns>Disposing it ends the calls.</returns>
    public IDisposable Subscribe(Action<PerformanceAlert> receiver) => _subscribers.Add(receiver);

    /// <summary>Takes in a record.</summary>
    internal void Observe(ExecutionRecord record, MonitoredState state)
    {
        List<PerformanceAlert>? changes = null;
        lock (_lock)
        {
            if (!_windows.TryGetValue(record.BackendId, out var window))
            {
                _windows.Add(record.BackendId, window = new Window(_options.Window));
            }

            window.Add(record);
            if (window.Outcomes.Count >= MinimumSamples)
            {
                Judge(ref changes, AlertKind.BackendDegraded, record.BackendId, window.FailureRate, _options.FailureRate, "{0:P0} of the latest runs on '{1}' failed");
            }

            if (window.Errors.Count >= MinimumSamples)
            {
                Judge(ref changes, AlertKind.PredictionDrift, record.BackendId, window.MedianError, _options.PredictionError, "the latest runs on '{1}' took a factor of {0:G3} more or less than predicted (median)");
            }

            if (state.BudgetUse is { } budget)
            {
                Judge(ref changes, AlertKind.Budget, string.Empty, budget, _options.BudgetUse, "{0:P0} of the budget is spent or reserved");
            }

            if (record.PeakMemoryBytes > 0 && state.AvailableBytes > 0)
            {
                Judge(ref changes, AlertKind.Memory, record.BackendId, (double)record.PeakMemoryBytes / state.AvailableBytes, _options.MemoryUse, "a run on '{1}' took {0:P0} of the memory that runs may take");
            }

            Judge(ref changes, AlertKind.Queue, string.Empty, state.QueueUse, _options.QueueUse, "{0:P0} of the queue is taken");
        }

        foreach (var alert in changes ?? [])
        {
            Tell(alert);
        }
    }

    private void Judge(ref List<PerformanceAlert>? changes, AlertKind kind, string subject, double value, AlertThreshold threshold, string format)
    {
        var isActive = _active.Count > 0 && _active.ContainsKey((kind, subject));
        if (isActive ? value >= threshold.Clear : !(value >= threshold.Raise))
        {
            return;
        }

        var text = string.Format(CultureInfo.InvariantCulture, format, value, subject);
        var alert = new PerformanceAlert(kind, subject, !isActive, value, isActive ? threshold.Clear : threshold.Raise, _time.GetUtcNow(), text);
        if (isActive)
        {
            _active.Remove((kind, subject));
        }
        else
        {
            _active.Add((kind, subject), alert);
        }

        (changes ??= []).Add(alert);
    }

    private void Tell(PerformanceAlert alert)
    {
        if (alert.IsRaised)
        {
            Raised(alert.Kind, alert.Text);
        }
        else
        {
            Cleared(alert.Kind, alert.Text);
        }

        _subscribers.Tell(alert);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Alert {Kind}: {Text}")]
    private partial void Raised(AlertKind kind, string text);

    [LoggerMessage(Level = LogLevel.Information, Message = "Alert {Kind} is over: {Text}")]
    private partial void Cleared(AlertKind kind, string text);

    [LoggerMessage(Level = LogLevel.Error, Message = "A subscriber to alerts failed on {Kind}")]
    private partial void SubscriberFailed(Exception exception, AlertKind kind);

    /// <summary>The latest runs of one backend.</summary>
    private sealed class Window(int size)
    {
        public OutcomeWindow Outcomes { get; } = new(size);

        public Queue<double> Errors { get; } = new();

        public double FailureRate => (double)Outcomes.Failures / Outcomes.Count;

        public double MedianError
        {
            get
            {
                var sorted = Errors.ToArray();
                Array.Sort(sorted);
                return sorted[sorted.Length / 2];
            }
        }

        public void Add(ExecutionRecord record)
        {
            if (record.Outcome is ExecutionOutcome.Completed or ExecutionOutcome.Failed or ExecutionOutcome.OutOfMemory)
            {
                Outcomes.Add(record.Outcome == ExecutionOutcome.Completed);
            }

            if (record.Outcome == ExecutionOutcome.Completed && record.ServiceTime > TimeSpan.Zero && record.PredictedSeconds > 0)
            {
                Errors.Enqueue(record.PredictionError);
                if (Errors.Count > size)
                {
                    Errors.Dequeue();
                }
            }
        }
    }
}
