using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orleans;
using PredictiveOrchestration.Orleans.Placement;
using PredictiveOrchestration.Orleans.Silos;
using PredictiveOrchestration.Orleans.Wire;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.Orleans.Jobs;

/// <summary>Has the parts of one job run, each again until it ends, and joins them. Used by one grain, on its scheduler.</summary>
internal sealed partial class JobDrive(
    string id, string tenant, string silo, JobState job, JobPayload payload, Func<Task> write, IGrainFactory grains, SiloDirectory directory, OrleansWorkerOptions options, ClusterMetrics metrics, TimeProvider time, ILogger logger)
{
    private const int AtOnce = 256;
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan WriteEvery = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _cancelled = new();
    private readonly double[] _progress = new double[job.Parts.Count];
    private JobPayload _payload = payload;
    private long _written = time.GetTimestamp();
    private bool _begun;

    /// <summary>Asks for the end; it is written first, so that it also holds if this silo is lost.</summary>
    public async Task CancelAsync()
    {
        if (!job.CancelRequested)
        {
            job.CancelRequested = true;
            await write();
        }

        await _cancelled.CancelAsync();
    }

    /// <summary>Runs what has not ended, and gives the end of the job.</summary>
    public async Task<EndedJob> RunAsync(CancellationToken leaving)
    {
        using var activity = ClusterTelemetry.Activities.StartActivity(ClusterTelemetry.JobActivity, ActivityKind.Internal, job.TraceParent);
        activity?.SetTag(ClusterTelemetry.JobTag, id).SetTag(ClusterTelemetry.TenantTag, tenant).SetTag(ClusterTelemetry.SiloTag, silo);
        var trace = activity?.Id ?? job.TraceParent;
        if (job.CancelRequested)
        {
            await _cancelled.CancelAsync();
        }

        await PayOnceAsync();
        _begun = true;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_cancelled.Token, leaving);
        var open = new Queue<int>(Enumerable.Range(0, job.Parts.Count).Where(p => job.Parts[p].End is null));
        var running = new List<Task>();
        while (open.Count > 0 || running.Count > 0)
        {
            while (open.Count > 0 && running.Count < AtOnce)
            {
                running.Add(PartAsync(open.Dequeue(), trace, either.Token));
            }

            if (open.Count == 0)
            {
                // The orders have the programs: as texts of their own they are twice as long.
                _payload = _payload with { Programs = [] };
            }

            var ended = await Task.WhenAny(running);
            running.Remove(ended);
            await ended;
            leaving.ThrowIfCancellationRequested();
            if (open.Count + running.Count > 0 && time.GetElapsedTime(_written) > WriteEvery)
            {
                _written = time.GetTimestamp();
                await write();
            }
        }

        // What is not joined needs no thread of its own.
        var runs = job.Parts.Count == 1 ? Join() : await Task.Run(Join, CancellationToken.None);
        return new EndedJob { Fingerprint = job.Fingerprint, Runs = runs, Status = Status() with { State = StateOf(runs), EndedAt = time.GetUtcNow(), Progress = 1 } };
    }

    /// <summary>How it stands.</summary>
    public ClusterJobStatus Status()
    {
        var total = job.Parts.Sum(p => Weight(p));
        return new ClusterJobStatus
        {
            Id = id, Name = _payload.Name, State = _begun ? ClusterJobState.Running : ClusterJobState.Accepted, AcceptedAt = job.AcceptedAt, Parts = job.Parts.Count, PartsEnded = job.Parts.Count(p => p.End is not null),
            Progress = total == 0 ? 0 : job.Parts.Select((p, i) => Weight(p) * (p.End is not null ? 1 : _progress[i])).Sum() / total, Restarts = job.Restarts,
            Silos = job.Parts.Select(p => p.End?.Silo).OfType<string>().Where(s => s.Length > 0).Distinct().Order().ToArray(), Cost = job.Parts.Sum(p => p.End?.Cost ?? 0),
            ResumedAtOperation = job.Parts.Max(p => p.End?.ResumedAt), PredictedTime = TimeSpan.FromSeconds(Math.Min(1e9, job.Parts.Sum(p => p.PredictedSeconds))),
        };

        static double Weight(JobPart part) => Math.Max(1e-6, part.PredictedSeconds);
    }

    // Blocks are those of their circuit.
    private List<RunEnd> Join() => JobJoiner.Join(job.Parts.Exists(p => p.Block >= 0) ? JobPayload.Read(job.Payload) : _payload, job.Parts);

    private ClusterJobState StateOf(List<RunEnd> runs) =>
        runs.TrueForAll(r => r.Result is not null) ? ClusterJobState.Succeeded
        : _cancelled.IsCancellationRequested ? ClusterJobState.Cancelled : ClusterJobState.Failed;

    // A job that may pay others is marked before its first run. One that is found marked was lost in the middle: its parts are not run a second time under another key, and where the provider
    // can not tell one job from another, the ledger's reservation under the same key says that somebody may have paid.
    private async Task PayOnceAsync()
    {
        if (_payload.MayPay && !job.MayHavePaid)
        {
            job.MayHavePaid = true;
            await write();
        }
    }

    private async Task PartAsync(int index, string? trace, CancellationToken cancellationToken)
    {
        var part = job.Parts[index];
        var order = OrderOf(part, index, trace);
        var lost = new HashSet<string>(StringComparer.Ordinal);
        string? refusedBy = null, movesTo = null;
        for (var tries = 0; ; tries++)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                End(index, new RunReport { Phase = RunPhase.Cancelled });
                return;
            }

            var needs = new RunNeeds { Engines = part.Needs, Avoid = refusedBy is null ? [.. lost] : [.. lost, refusedBy], Rather = movesTo };
            var name = Name(index, tries);
            var own = order.SpendKey is null ? order : order with { SpendKey = $"{order.SpendKey}{ClusterLedger.TryMark}{name[^32..]}" };
            var report = await RunDriver.TryAsync(grains, name, own, needs, p => _progress[index] = p, time, cancellationToken);
            var at = directory.Forget(name);
            var pause = LeastPause;
            (refusedBy, movesTo) = (null, null);
            switch (report.Phase)
            {
                case RunPhase.Succeeded or RunPhase.Failed or RunPhase.Cancelled:
                    End(index, report);
                    return;
                case RunPhase.Lost:
                    // A silo that is gone counts once, however often it is tried before the others find out.
                    if (lost.Add(at ?? name))
                    {
                        job.Restarts++;
                        metrics.RunLost();
                        RunLost(id, index, lost.Count);
                    }

                    if (lost.Count >= options.MaxAttempts)
                    {
                        End(index, new RunReport { Phase = RunPhase.Failed, FailureCode = "interrupted", FailureMessage = $"The run was lost with {lost.Count} silos; it may need more memory than predicted, or the cluster is not well." });
                        return;
                    }

                    pause = TimeSpan.FromMilliseconds(100 * Math.Pow(2, Math.Min(5, lost.Count)));
                    break;
                case RunPhase.Returned when report.MovesTo is { } other:
                    // It has only waited, and goes where there is room at once.
                    movesTo = other;
                    continue;
                case RunPhase.Returned:
                    job.Restarts++;
                    refusedBy = at;
                    break;
                default:
                    // A silo without room: another, or the same later.
                    refusedBy = at;
                    pause = report.RetryAfter > LeastPause ? report.RetryAfter : LeastPause;
                    break;
            }

            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private void End(int index, RunReport report)
    {
        _progress[index] = 1;
        job.Parts[index] = job.Parts[index] with { End = report };
    }

    // A name that no other try has, also of an activation before this one.
    private string Name(int index, int tries) =>
        string.Create(CultureInfo.InvariantCulture, $"{id}/{index}/{job.Restarts}.{tries}/{Guid.CreateVersion7(time.GetUtcNow()):N}");

    private RunOrder OrderOf(JobPart part, int index, string? trace)
    {
        byte[] submission;
        if (part.Block < 0 && _payload.Bindings.Count == 0)
        {
            var asked = _payload.Asked with { Program = new WireProgram(WorkerProtocol.OpenQasm3, _payload.Programs[part.Unit]), Device = part.Engine ?? WorkerProtocol.AutoDevice, Shots = part.Shots };
            submission = JsonSerializer.SerializeToUtf8Bytes(part.FirstShot == 0 ? asked : asked with { TopProbabilities = 0, Observables = null }, WorkerJson.Default.WireSubmission);
        }
        else
        {
            var circuit = _payload.CircuitOf(part.Unit);
            var request = part.Block < 0 ? JobPlanner.ToExecution(circuit, _payload.Request) : JobPlanner.BlocksOf(_payload, circuit)?.Runs[part.Block].Request ?? throw new FormatException("The job was cut into blocks by another version.");
            request = request with { Shots = part.Shots };
            submission = SubmissionCodec.Write(request.Circuit, part.FirstShot == 0 ? request : request with { TopProbabilities = 0, Observables = [] }, part.Engine, _payload.Asked.Limits?.Cost);
        }

        return new RunOrder
        {
            Submission = submission, Tenant = tenant, Needs = part.Needs, FirstShot = part.FirstShot, PredictedSeconds = part.PredictedSeconds, DefersReadout = part.FirstShot > 0 || part.Shots < _payload.Asked.Shots,
            SpendKey = _payload.MayPay ? string.Create(CultureInfo.InvariantCulture, $"{(id.Length <= 120 ? id : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id))))}/{index}") : null, TraceParent = trace,
        };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Part {Part} of job '{Job}' was lost with its silo, the {Times}. one, and begins again")]
    private partial void RunLost(string job, int part, int times);
}
