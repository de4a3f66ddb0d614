using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Orleans.Placement;
using PredictiveOrchestration.Orleans.Wire;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Orleans.Silos;

/// <summary>
/// The runs of one silo: a bounded line, served fairly by tenants' weights, and a number of workers on the silo's own orchestrator, whose admission keeps them within memory and cores.
/// </summary>
internal sealed partial class SiloWork : IAsyncDisposable
{
    private readonly OrleansWorkerOptions _options;
    private readonly PredictiveOrchestrator _orchestrator;
    private readonly KnownPrograms _programs;
    private readonly TimeProvider _time;
    private readonly ILogger<SiloWork> _logger;
    private readonly FairQueue<SiloRun> _queue;
    private readonly ConcurrentDictionary<SiloRun, long> _running = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _idle = new(0, 1);
    private Task[] _workers = [];
    private volatile bool _draining;
    private long _ended;

    public SiloWork(IOptions<OrleansWorkerOptions> options, PredictiveOrchestrator orchestrator, KnownPrograms programs, TimeProvider time, ILogger<SiloWork> logger)
    {
        (_options, _orchestrator, _programs, _time, _logger) = (options.Value, orchestrator, programs, time, logger);
        _queue = new FairQueue<SiloRun>(_options.MaxQueueLength, tenant => _options.TenantWeights.TryGetValue(tenant, out var weight) ? weight : 1);
    }

    public string SiloName { get; set; } = string.Empty;

    public int Waiting => _queue.Count;

    public int Running => _running.Count;

    public long Ended => Interlocked.Read(ref _ended);

    public bool IsDraining => _draining;

    /// <summary>The predicted seconds of what waits and of what is left of what runs. What has taken longer than predicted is taken to need as long again as it is late.</summary>
    public double BacklogSeconds =>
        _queue.Seconds + _running.Sum(r => Math.Abs(r.Key.ExpectedSeconds - _time.GetElapsedTime(r.Value).TotalSeconds));

    public IReadOnlyDictionary<string, double> TenantSeconds => _queue.SecondsByOwner();

    public void Start() => _workers = [.. Enumerable.Range(0, _options.Concurrency).Select(_ => Task.Run(WorkAsync))];

    /// <summary>Puts a run in line; null if there is no room.</summary>
    public SiloRun? TryAdd(RunOrder order)
    {
        if (_draining || _queue.Refusal(order.Tenant, 1, int.MaxValue) is not null)
        {
            return null;
        }

        var run = new SiloRun(order, _time.GetTimestamp());
        _queue.Add(run);
        return run;
    }

    /// <summary>When there may be room again.</summary>
    public TimeSpan RetryAfter => TimeSpan.FromSeconds(Math.Clamp(BacklogSeconds / _options.Concurrency / 2, 0.1, 30));

    public void Cancel(SiloRun run)
    {
        run.Cancellation.Cancel();
        _queue.Remove(run);
        run.End(new RunReport { Phase = RunPhase.Cancelled, Silo = SiloName });
    }

    /// <summary>Sends runs that wait here to a silo that has nothing to do, the latest first, as long as they would end sooner there.</summary>
    /// <returns>How many go.</returns>
    public int Give(SiloReport here, SiloReport idle, double margin)
    {
        var (given, secondsHere, secondsThere) = (0, 0.0, 0.0);
        var gone = _queue.TakeLatest(run =>
        {
            if (run.Order.Needs.Length == 0)
            {
                return false;
            }

            // As if it came last, to what is left here and to what goes there.
            var (mine, theirs) = (new Place(here, -secondsHere - run.ExpectedSeconds, -given - 1), new Place(idle, secondsThere, given));
            if (PlacementChooser.Gain(mine, theirs, run.Order.Needs, margin) is not { } there)
            {
                return null;
            }

            (given, secondsHere, secondsThere) = (given + 1, secondsHere + run.ExpectedSeconds, secondsThere + there.RunSeconds);
            return true;
        });
        foreach (var run in gone)
        {
            run.End(RunReport.Returned with { MovesTo = idle.Address, Silo = SiloName });
        }

        return gone.Count;
    }

    /// <summary>Waits until there is nothing to do for a place.</summary>
    public Task WhenIdleAsync(CancellationToken cancellationToken) => _idle.WaitAsync(cancellationToken);

    /// <summary>Whether a place has nothing to do.</summary>
    public bool IsIdle => !_draining && Waiting == 0 && Running < _options.Concurrency;

    /// <summary>Takes no more, and gives what waits and runs back to who asked.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_draining)
        {
            return;
        }

        _draining = true;
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_workers).ConfigureAwait(false);
        while (_queue.Count > 0)
        {
            (await _queue.TakeAsync(CancellationToken.None).ConfigureAwait(false)).End(RunReport.Returned);
        }

        _stop.Dispose();
    }

    private async Task WorkAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            SiloRun run;
            SayIfIdle();
            try
            {
                run = await _queue.TakeAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            var start = _time.GetTimestamp();
            _running[run] = start;
            RunReport report;
            try
            {
                run.Begin();
                report = await RunAsync(run, _time.GetElapsedTime(run.AddedAt, start)).ConfigureAwait(false);
            }
            finally
            {
                _running.TryRemove(run, out _);
                _queue.Settle(run, _time.GetElapsedTime(start).TotalSeconds);
                Interlocked.Increment(ref _ended);
            }

            run.End(report);
        }
    }

    private void SayIfIdle()
    {
        if (_queue.Count == 0 && _idle.CurrentCount == 0)
        {
            try
            {
                _idle.Release();
            }
            catch (SemaphoreFullException)
            {
                // Another worker has just said it.
            }
        }
    }

    private async Task<RunReport> RunAsync(SiloRun run, TimeSpan waited)
    {
        using var activity = ClusterTelemetry.Activities.StartActivity(ClusterTelemetry.RunActivity, ActivityKind.Consumer, run.Order.TraceParent);
        activity?.SetTag(ClusterTelemetry.SiloTag, SiloName);
        try
        {
            var submission = SubmissionCodec.Read(run.Order.Submission);
            var (circuit, request) = (_programs.Run(submission.Program!.Data), SubmissionCodec.Request(submission));
            using var either = CancellationTokenSource.CreateLinkedTokenSource(run.Cancellation.Token, _stop.Token);
            request = request with
            {
                FirstShot = run.Order.FirstShot, DefersReadout = run.Order.DefersReadout, Tag = run.Order.Tenant, Progress = run,
                Key = run.Order.SpendKey, CostThreshold = run.Order.SpendKey is null ? 0 : request.CostThreshold,
            };
            var result = await _orchestrator.ExecuteAsync(circuit, request, either.Token).ConfigureAwait(false);
            var bytes = ResultCodec.Write(result.Execution);
            return bytes.Length > ResultCodec.MaxBytes
                ? Failed("result_too_large", $"The result takes {bytes.Length} bytes; the cluster takes {ResultCodec.MaxBytes}. Ask for fewer shots or probabilities.")
                : new RunReport
                {
                    Phase = RunPhase.Succeeded, Result = bytes, ResumedAt = result.ResumedAtOperation, Cost = result.Cost, Silo = SiloName, Progress = 1, Waited = waited, Misreads = MisreadCodec.Write(result.Execution.DeferredMisreads),
                };
        }
        catch (OperationCanceledException)
        {
            return run.Cancellation.IsCancellationRequested ? new RunReport { Phase = RunPhase.Cancelled, Silo = SiloName } : RunReport.Returned;
        }
        catch (ObjectDisposedException)
        {
            return RunReport.Returned;
        }
        catch (QueueFullException exception)
        {
            return new RunReport { Phase = RunPhase.Refused, Silo = SiloName, RetryAfter = exception.ExpectedWait };
        }
        catch (BackendException exception)
        {
            return Failed(Code(exception.Kind), exception.Message, exception.Kind == BackendErrorKind.Unavailable);
        }
        catch (NoFeasibleBackendException exception)
        {
            return Failed("unsupported", exception.Message);
        }
        catch (Exception exception) when (exception is OpenQasmException or FormatException or ArgumentException)
        {
            return Failed("invalid_program", exception.Message);
        }
        catch (Exception exception)
        {
            Faulted(exception);
            return Failed("fault", $"The run failed: {exception.GetType().Name}. The log of silo '{SiloName}' says more.");
        }
    }

    /// <summary>The code of the worker's protocol.</summary>
    internal static string Code(BackendErrorKind kind) => kind switch
    {
        BackendErrorKind.Unsupported => "unsupported",
        BackendErrorKind.OutOfMemory => "out_of_memory",
        BackendErrorKind.TimeLimit => "time_limit",
        BackendErrorKind.BudgetRefused => "budget_refused",
        BackendErrorKind.OutcomeUnknown => "outcome_unknown",
        _ => "fault",
    };

    private RunReport Failed(string code, string message, bool retryable = false) =>
        new() { Phase = RunPhase.Failed, FailureCode = code, FailureMessage = message, IsRetryable = retryable, Silo = SiloName };

    [LoggerMessage(Level = LogLevel.Error, Message = "A run failed")]
    private partial void Faulted(Exception exception);
}
