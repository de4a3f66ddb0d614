using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.AspNetCore.Http;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Remote.Worker;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.AspNetCore.Jobs;

/// <summary>Runs jobs from the queue, as many at a time as the options say, and takes away what was kept for its time.</summary>
internal sealed partial class JobRunner(
    WorkerOptions options, PredictiveOrchestrator orchestrator, SubmissionReader reader, JobDesk desk, JobStore store, WorkerMetrics metrics, TimeProvider time, ILogger<JobRunner> logger) : IHostedService
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(10);
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.WarmUpJobs > 0)
        {
            try
            {
                await WarmUp.RunAsync(options.WarmUpJobs, time, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ProblemException or InvalidDataException or JsonException or KeyNotFoundException)
            {
                NotWarm(exception);
            }
        }

        await BeginAsync().ConfigureAwait(false);
    }

    /// <summary>Goes on with what was waiting, and takes jobs from now on.</summary>
    public async Task BeginAsync()
    {
        await desk.RecoverAsync().ConfigureAwait(false);
        Recovered(desk.Queue.Count, options.DatabasePath);
        _work = Task.WhenAll([SweepAsync(), .. Enumerable.Range(0, options.MaxConcurrency).Select(_ => Task.Run(LoopAsync, CancellationToken.None))]);
    }

    // Jobs under way are broken off, not ended: they are begun again at the next start.
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        desk.Close();
        await _stop.CancelAsync().ConfigureAwait(false);
        await _work.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task LoopAsync()
    {
        try
        {
            while (true)
            {
                var job = await desk.Queue.TakeAsync(_stop.Token).ConfigureAwait(false);
                if (job.TryTake())
                {
                    desk.Began();
                    try
                    {
                        await RunAsync(job).ConfigureAwait(false);
                    }
                    catch (Exception exception) when (exception is not OperationCanceledException || !_stop.IsCancellationRequested)
                    {
                        // Its end could not be written; it runs again after a restart.
                        NotEnded(exception, job.Record.Id);
                    }
                    finally
                    {
                        desk.Stopped();
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    private async Task RunAsync(ActiveJob job)
    {
        var start = time.GetTimestamp();
        var record = job.Change(r => r with { State = JobState.Running, StartedAt = time.GetUtcNow(), Attempts = r.Attempts + 1 });
        metrics.Began(record);
        if (record.PaysOthers)
        {
            await store.UpdateAsync(record).ConfigureAwait(false);
        }
        else if (!job.IsMarked)
        {
            // Only counts attempts: a job that runs a second time costs nothing.
            _ = store.UpdateAsync(record).ContinueWith(t => NotMarked(t.Exception!, record.Id), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }

        Func<JobRecord, JobRecord> end;
        byte[]? bytes = null;
        try
        {
            var wire = job.Wire ?? Wire(record.Id);
            var circuit = job.Circuit ?? reader.Read(wire);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(job.Cancellation.Token, _stop.Token);
            var result = await orchestrator.ExecuteAsync(circuit, reader.Request(wire, record.Owner), either.Token).ConfigureAwait(false);
            bytes = JsonSerializer.SerializeToUtf8Bytes(WireResult.Of(result.Execution, record.Id, record.StartedAt!.Value - record.SubmittedAt), WorkerJson.Default.WireResult);
            end = bytes.Length <= options.MaxResultBytes
                ? r => r with { State = JobState.Succeeded, Backend = result.ActualBackend, Cost = result.Cost }
                : Failed("result_too_large", $"The result takes {bytes.Length} bytes; this worker keeps {options.MaxResultBytes}. Ask for fewer shots or probabilities.");
            bytes = bytes.Length <= options.MaxResultBytes ? bytes : null;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested && !job.IsCancelled)
        {
            throw;
        }
        catch (OperationCanceledException) when (job.IsCancelled)
        {
            end = r => r with { State = JobState.Cancelled };
        }
        catch (BackendException exception)
        {
            end = Failed(Code(exception.Kind), exception.Message, exception.Kind == BackendErrorKind.Unavailable);
        }
        catch (NoFeasibleBackendException exception)
        {
            end = Failed("unsupported", exception.Message);
        }
        catch (Exception exception)
        {
            Faulted(exception, record.Id);
            end = Failed("fault", $"The job could not be run: {exception.GetType().Name}. The worker's log says more.");
        }

        var seconds = time.GetElapsedTime(start).TotalSeconds;
        desk.Queue.Settle(job, seconds);
        await desk.EndAsync(job, end, bytes, seconds).ConfigureAwait(false);
    }

    private WireSubmission Wire(string id) =>
        JsonSerializer.Deserialize(store.ReadRequest(id) ?? throw new InvalidDataException($"The store has no request of job '{id}'."), WorkerJson.Default.WireSubmission)!;

    private static Func<JobRecord, JobRecord> Failed(string code, string message, bool retryable = false) =>
        r => r with { State = JobState.Failed, Failure = new WireFailure(code, message, retryable) };

    private static string Code(BackendErrorKind kind) => kind switch
    {
        BackendErrorKind.Unsupported => "unsupported",
        BackendErrorKind.OutOfMemory => "out_of_memory",
        BackendErrorKind.TimeLimit => "time_limit",
        BackendErrorKind.BudgetRefused => "budget_refused",
        BackendErrorKind.Unavailable => "unavailable",
        _ => "fault",
    };

    private async Task SweepAsync()
    {
        using var timer = new PeriodicTimer(SweepInterval, time);
        try
        {
            do
            {
                var now = time.GetUtcNow();
                try
                {
                    await store.ExpireAsync(now - options.ResultRetention, now - options.JobRetention).ConfigureAwait(false);
                }
                catch (JobStoreException exception)
                {
                    NotSwept(exception);
                }
            }
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Jobs} jobs were waiting in '{Path}' and go on")]
    private partial void Recovered(int jobs, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The worker could not be warmed up; its first jobs take longer")]
    private partial void NotWarm(Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "The end of job '{Id}' could not be written")]
    private partial void NotEnded(Exception exception, string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The beginning of job '{Id}' could not be written")]
    private partial void NotMarked(Exception exception, string id);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job '{Id}' failed")]
    private partial void Faulted(Exception exception, string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Jobs kept for their time could not be taken away")]
    private partial void NotSwept(Exception exception);
}
