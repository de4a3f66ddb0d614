using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.AspNetCore.Dashboard;

/// <summary>
/// From runs to pages. A run only puts its event in line, and where the line is full goes on without; a loop of its own turns events into messages, keeps the latest, and hands them to the
/// connections, of which one that does not read is dropped. Thread-safe.
/// </summary>
internal sealed partial class DashboardFeed : IDisposable
{
    private readonly PredictiveOrchestrator _orchestrator;
    private readonly IMachineOverview? _machines;
    private readonly TimeProvider _time;
    private readonly DashboardLimits _limits;
    private readonly string _epoch;
    private readonly ILogger _logger;
    private readonly Channel<OrchestrationEvent> _events;
    private readonly IDisposable _subscription;
    private readonly Lock _lock = new();
    private readonly Queue<(WireDecision Wire, DecisionMade Made)> _decisions = new();
    private readonly Queue<WireRun> _runs = new();
    private readonly Queue<WireJob> _jobs = new();
    private readonly QualitySeries _quality;
    private readonly MessageHistory _history;
    private readonly List<DashboardClient> _clients = [];
    private long _leftOut;
    private long _numbers;
    private long _ticks;
    private bool _stopped;

    public DashboardFeed(PredictiveOrchestrator orchestrator, TimeProvider time, DashboardLimits limits, string epoch, ILogger logger, IMachineOverview? machines = null)
    {
        (_orchestrator, _time, _limits, _epoch, _logger, _machines) = (orchestrator, time, limits, epoch, logger, machines);
        _events = Channel.CreateBounded<OrchestrationEvent>(new BoundedChannelOptions(limits.PendingEvents) { SingleReader = true });
        _quality = new QualitySeries(limits.QualityInterval);
        _history = new MessageHistory(epoch, limits.KeptBytes);
        _subscription = orchestrator.Subscribe(e =>
        {
            if (!_events.Writer.TryWrite(e))
            {
                Interlocked.Increment(ref _leftOut);
            }
        });
    }

    /// <summary>The number of open connections.</summary>
    public int Clients
    {
        get
        {
            lock (_lock)
            {
                return _clients.Count;
            }
        }
    }

    /// <summary>Sends until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_limits.Interval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    Advance();
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    // A router of the host's finds the words for its reasons only now, and may fail.
                    NotShown(exception);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    /// <summary>Opens a connection: what it has missed, or everything there is; null if there are too many.</summary>
    /// <param name="lastId">The last message that the client has, or null.</param>
    public DashboardClient? Connect(string? lastId)
    {
        var state = State();
        lock (_lock)
        {
            if (_stopped || _clients.Count >= _limits.Clients)
            {
                return null;
            }

            var missed = _history.Since(lastId);
            var first = missed is null ? [MessageHistory.Frame("snapshot", Write(Snapshot(state)), _history.LastId)] : missed.Append(MessageHistory.Frame("state", Write(state), null)).ToList();
            var client = new DashboardClient(Math.Max(_limits.PendingMessages, first.Count), Leave);
            foreach (var message in first)
            {
                client.TrySend(message);
            }

            _clients.Add(client);
            return client;
        }
    }

    /// <summary>Explains a decision; null if it is no longer kept.</summary>
    public string? Explain(long id)
    {
        DecisionMade? made;
        lock (_lock)
        {
            made = _decisions.FirstOrDefault(d => d.Wire.Id == id).Made;
        }

        return made?.Decision.Explain();
    }

    /// <summary>One step: sends what has happened since the last one.</summary>
    internal void Advance()
    {
        var events = new List<OrchestrationEvent>();
        while (events.Count < _limits.PendingEvents && _events.Reader.TryRead(out var happened))
        {
            events.Add(happened);
        }

        _ticks++;
        var state = _ticks % _limits.StateEvery == 0 && Clients > 0 ? MessageHistory.Frame("state", Write(State()), null) : default;
        lock (_lock)
        {
            if (Take(events) is { } message)
            {
                Send(_history.Add("events", Write(message)));
            }

            if (!state.IsEmpty)
            {
                Send(state);
            }

            if (_ticks % _limits.HeartbeatEvery == 0)
            {
                Send(": alive\n\n"u8.ToArray());
            }
        }
    }

    /// <summary>Ends the connections and listens no more.</summary>
    public void Dispose()
    {
        _subscription.Dispose();
        lock (_lock)
        {
            _stopped = true;
            _clients.ForEach(c => c.Complete());
            _clients.Clear();
        }
    }

    private WireState State() => WireMapping.State(_orchestrator, _machines?.GetMachines(), _time.GetUtcNow(), Clients);

    private WireSnapshot Snapshot(WireState state) => new(_epoch, [.. _decisions.Select(d => d.Wire)], [.. _runs], [.. _jobs], _quality.All(), state);

    // Writes events down; null if there is nothing to tell.
    private WireEvents? Take(List<OrchestrationEvent> events)
    {
        var decisions = new List<WireDecision>();
        var runs = new List<WireRun>();
        var jobs = new List<WireJob>();
        var made = events.OfType<DecisionMade>().ToList();
        var finished = events.OfType<JobFinished>().ToList();
        foreach (var record in finished.SelectMany(f => f.Records))
        {
            _quality.Add(record);
        }

        // Of too many the latest are shown.
        foreach (var decision in made.TakeLast(_limits.PerMessage))
        {
            var wire = WireMapping.Of(decision, ++_numbers);
            decisions.Add(wire);
            Keep(_decisions, (wire, decision), _limits.KeptDecisions);
        }

        foreach (var (record, job) in finished.SelectMany(f => f.Records.Select(r => (r, f.JobId))).TakeLast(_limits.PerMessage))
        {
            var wire = WireMapping.Of(record, job, ++_numbers);
            runs.Add(wire);
            Keep(_runs, wire, _limits.KeptRuns);
        }

        foreach (var wire in finished.TakeLast(_limits.PerMessage).Select(WireMapping.Of).OfType<WireJob>().TakeLast(_limits.KeptJobs))
        {
            jobs.Add(wire);
            Keep(_jobs, wire, _limits.KeptJobs);
        }

        var leftOut = Interlocked.Exchange(ref _leftOut, 0) + Math.Max(0, made.Count - decisions.Count) + Math.Max(0, finished.Sum(f => f.Records.Count) - runs.Count);
        var quality = _quality.Advance(_time.GetUtcNow());
        return decisions.Count + runs.Count + quality.Count > 0 || leftOut > 0 ? new WireEvents(decisions, runs, jobs, quality, leftOut) : null;
    }

    private void Send(ReadOnlyMemory<byte> message) => _clients.RemoveAll(c => !c.TrySend(message));

    private void Leave(DashboardClient client)
    {
        lock (_lock)
        {
            _clients.Remove(client);
        }
    }

    private static void Keep<T>(Queue<T> queue, T item, int most)
    {
        queue.Enqueue(item);
        if (queue.Count > most)
        {
            queue.Dequeue();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The dashboard could not show what happened")]
    private partial void NotShown(Exception exception);

    private static byte[] Write(WireEvents message) => JsonSerializer.SerializeToUtf8Bytes(message, WireJson.Default.WireEvents);

    private static byte[] Write(WireState message) => JsonSerializer.SerializeToUtf8Bytes(message, WireJson.Default.WireState);

    private static byte[] Write(WireSnapshot message) => JsonSerializer.SerializeToUtf8Bytes(message, WireJson.Default.WireSnapshot);
}
