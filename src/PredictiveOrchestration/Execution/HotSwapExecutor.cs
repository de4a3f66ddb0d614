using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Execution;

/// <summary>How a job went.</summary>
/// <param name="Attempts">The attempts in order; the last one has the result, if there is one.</param>
/// <param name="Swaps">The changes of backend.</param>
internal sealed record ExecutionReport(IReadOnlyList<ExecutionAttempt> Attempts, IReadOnlyList<SwapEvent> Swaps)
{
    public ExecutionAttempt Last => Attempts[^1];
}

/// <summary>
/// Runs a decision: the first backend, and if it fails or takes far longer than predicted, the next ranked one. So it does where the budget has no room for
/// the first. The caller's own limits and cancellation end the job; they never lead to another try.
/// </summary>
internal sealed class HotSwapExecutor(BackendSet backends, LocalAdmission admission, ISpendGate spending, TimeProvider time)
{
    private const double OverrunFactor = 8;
    private static readonly TimeSpan ShortestWatch = TimeSpan.FromSeconds(2);

    public async Task<ExecutionReport> RunAsync(RoutingDecision decision, ExecutionRequest request, SpendLabel label, CancellationToken cancellationToken)
    {
        var attempts = new List<ExecutionAttempt>();
        var swaps = new List<SwapEvent>();
        for (var i = 0; ; i++)
        {
            var ranked = decision.Ranked[i];
            var isLast = i == decision.Ranked.Count - 1;
            TimeSpan? watch = isLast ? null : Watch(ranked.Candidate.Prediction);
            var attempt = await TryAsync(ranked, request, watch, label.Attempt(i), cancellationToken).ConfigureAwait(false);
            attempts.Add(attempt);
            if (attempt.Result is not null || isLast || !MayFallBack(attempt, request))
            {
                return new ExecutionReport(attempts, swaps);
            }

            swaps.Add(Swap(attempt, decision.Ranked[i + 1].Candidate.Backend.Id));
        }
    }

    private async Task<ExecutionAttempt> TryAsync(RankedBackend ranked, ExecutionRequest request, TimeSpan? watch, SpendLabel label, CancellationToken cancellationToken)
    {
        var descriptor = ranked.Candidate.Backend;
        var queued = time.GetTimestamp();
        var queueTime = TimeSpan.Zero;
        var start = queued;
        string? spendKey = null;
        try
        {
            var backend = backends.Find(descriptor.Id)
                ?? throw new BackendException(BackendErrorKind.Unavailable, descriptor.Id, $"Backend '{descriptor.Id}' is no longer registered.");
            using var room = descriptor.IsLocal
                ? await admission.EnterAsync(ranked.Candidate.Prediction.PeakBytes.Upper, descriptor.MaxThreads, ranked.Candidate.Prediction.Seconds.Median, cancellationToken).ConfigureAwait(false)
                : null;
            queueTime = time.GetElapsedTime(queued);
            if (ranked.Candidate.Cost.Upper > 0)
            {
                await spending.ReserveAsync(new SpendRequest(label.Key, ranked.Candidate.Cost.Upper, descriptor.Id, label.Tag), cancellationToken).ConfigureAwait(false);
                spendKey = label.Key;
            }

            start = time.GetTimestamp();
            var limit = watch is { } w && (request.Limits.Time is null || w < request.Limits.Time) ? w : request.Limits.Time;
            var limited = request with { Limits = request.Limits with { Time = limit } };
            var result = await backend.ExecuteAsync(limited, cancellationToken).ConfigureAwait(false);
            return new ExecutionAttempt(ranked, result, null, queueTime, time.GetElapsedTime(start), false) { SpendKey = spendKey };
        }
        catch (Exception exception) when (exception is not QueueFullException)
        {
            var elapsed = time.GetElapsedTime(start);
            var overrun = exception is BackendException { Kind: BackendErrorKind.TimeLimit } && watch is { } w && (request.Limits.Time is null || w < request.Limits.Time);
            return new ExecutionAttempt(ranked, null, exception, queueTime, elapsed, overrun) { SpendKey = spendKey };
        }
    }

    // The longest a run may take while another backend stands ready.
    private static TimeSpan Watch(BackendPrediction prediction)
    {
        var seconds = Math.Min(1e8, OverrunFactor * prediction.Seconds.Upper);
        var watch = TimeSpan.FromSeconds(seconds);
        return watch < ShortestWatch ? ShortestWatch : watch;
    }

    private static bool MayFallBack(ExecutionAttempt attempt, ExecutionRequest request) => attempt.Error switch
    {
        OperationCanceledException => false,
        BackendException { Kind: BackendErrorKind.TimeLimit } => attempt.IsOverrun,
        BackendException { Kind: BackendErrorKind.OutOfMemory } => request.Limits.MemoryBytes is null || attempt.Error is BackendException { AvailableBytes: var bytes } && bytes >= request.Limits.MemoryBytes,
        _ => true,
    };

    private static SwapEvent Swap(ExecutionAttempt attempt, string next)
    {
        var trigger = attempt.IsOverrun ? SwapTrigger.TimeOverrun : attempt.Error is BackendException { Kind: BackendErrorKind.OutOfMemory } ? SwapTrigger.MemoryThreshold : SwapTrigger.Fault;
        var reason = attempt.IsOverrun
            ? string.Create(CultureInfo.InvariantCulture, $"'{attempt.BackendId}' was stopped after {attempt.Elapsed.TotalSeconds:G3} s; at most {attempt.Ranked.Candidate.Prediction.Seconds.Upper:G3} s were predicted")
            : attempt.Error!.Message;
        return new SwapEvent(0, attempt.BackendId, next, trigger, reason);
    }
}

/// <summary>Under what name a job spends.</summary>
/// <param name="Key">Its key, unique for each job.</param>
/// <param name="Tag">What for, or null.</param>
internal readonly record struct SpendLabel(string Key, string? Tag)
{
    /// <summary>The label of one attempt.</summary>
    public SpendLabel Attempt(int index) => this with { Key = string.Create(CultureInfo.InvariantCulture, $"{Key}/{index}") };
}
