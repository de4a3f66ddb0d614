using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Execution;

/// <summary>How a job went.</summary>
/// <param name="Attempts">The attempts in order; the last one has the result, if there is one.</param>
/// <param name="Swaps">The changes of backend.</param>
/// <param name="ResumedAt">The operation at which the first attempt took up the state of an earlier process, or null.</param>
internal sealed record ExecutionReport(IReadOnlyList<ExecutionAttempt> Attempts, IReadOnlyList<SwapEvent> Swaps, int? ResumedAt = null)
{
    public ExecutionAttempt Last => Attempts[^1];
}

/// <summary>
/// Runs a decision: the first backend, and if it fails or takes far longer than predicted, the next ranked one. So it does where the budget has no room for
/// the first. The caller's own limits and cancellation end the job; they never lead to another try. A backend that is explored has its short time first; what follows is
/// the job as it would have been without that, and a state that an earlier process wrote down is gone on from at once.
/// </summary>
internal sealed class HotSwapExecutor(BackendSet backends, LocalAdmission admission, ISpendGate spending, TimeProvider time, HotSwapJob? job = null, Func<string, bool>? isMetered = null)
{
    public async Task<ExecutionReport> RunAsync(RoutingDecision decision, ExecutionRequest request, SpendLabel label, CancellationToken cancellationToken)
    {
        var greedy = decision.WithoutExploration();
        using var slot = job?.Claim(greedy, request);
        var from = slot?.Load(job!.MemoryBytes);
        if (decision.ExplorationLimit is not { } limit || from is not null)
        {
            return await RunAsync(greedy, request, label, slot, from, cancellationToken).ConfigureAwait(false);
        }

        var explored = await TryAsync(new PlannedAttempt(decision.Chosen, limit, false), request, label.Attempt(0), cancellationToken).ConfigureAwait(false) with { IsExploration = true };
        if (explored.Result is not null || decision.Made.Count == 1 || !MayFallBack(explored, request))
        {
            return new ExecutionReport([explored], []);
        }

        var rest = await RunAsync(greedy, request, label with { First = 1 }, slot, null, cancellationToken).ConfigureAwait(false);
        return rest with { Attempts = [explored, .. rest.Attempts], Swaps = [Swap(explored, rest.Attempts[0].BackendId), .. rest.Swaps] };
    }

    private async Task<ExecutionReport> RunAsync(
        RoutingDecision decision, ExecutionRequest request, SpendLabel label, CheckpointSlot? slot, Checkpoint? from, CancellationToken cancellationToken)
    {
        var report = await RunOnceAsync(decision, request, label, slot, from, cancellationToken).ConfigureAwait(false);
        if (report is { ResumedAt: not null, Last: { Result: null, Error: BackendException { Kind: not BackendErrorKind.TimeLimit } } })
        {
            // The old state is of no use here and now.
            var again = await RunOnceAsync(decision, request, label, slot, null, cancellationToken).ConfigureAwait(false);
            report = again with { Attempts = [.. report.Attempts, .. again.Attempts], Swaps = [.. report.Swaps, .. again.Swaps] };
        }

        if (report.Last.Result is not null)
        {
            slot?.Delete();
        }

        return report;
    }

    private async Task<ExecutionReport> RunOnceAsync(
        RoutingDecision decision, ExecutionRequest request, SpendLabel label, CheckpointSlot? slot, Checkpoint? from, CancellationToken cancellationToken)
    {
        var attempts = new List<ExecutionAttempt>();
        var swaps = new List<SwapEvent>();
        var failed = await TrySegmentsAsync(decision, request, slot, from, attempts, swaps, cancellationToken).ConfigureAwait(false);
        var resumedAt = attempts.Count > 0 ? from?.Snapshot.OperationIndex : null;
        if (attempts.Count > 0 && (attempts[^1].Result is not null || !MayFallBack(attempts[^1], request)))
        {
            return new ExecutionReport(attempts, swaps, resumedAt);
        }

        // The backend that failed in the last part is tried again only if it is the last.
        var plan = AttemptPlan.Of(decision.Made, decision.AllowsTrials);
        plan = failed is null ? plan : [.. plan.Where((p, i) => i == plan.Count - 1 || p.Ranked.Candidate.Backend.Id != failed)];
        if (attempts.Count > 0)
        {
            if (plan[0].Ranked.Candidate.Backend.Id == failed)
            {
                return new ExecutionReport(attempts, swaps, resumedAt);
            }

            swaps.Add(Swap(attempts[^1], plan[0].Ranked.Candidate.Backend.Id));
        }

        for (var i = 0; ; i++)
        {
            var attempt = await TryAsync(plan[i], request, label.Attempt(i), cancellationToken).ConfigureAwait(false);
            attempts.Add(attempt);
            if (attempt.Result is not null || i == plan.Count - 1 || !MayFallBack(attempt, request))
            {
                return new ExecutionReport(attempts, swaps);
            }

            swaps.Add(Swap(attempt, plan[i + 1].Ranked.Candidate.Backend.Id));
        }
    }

    // Runs the job in parts where that pays; gives the backend that failed in the last part, and no attempt if one backend shall run it all.
    private async Task<string?> TrySegmentsAsync(
        RoutingDecision decision, ExecutionRequest request, CheckpointSlot? slot, Checkpoint? from, List<ExecutionAttempt> attempts, List<SwapEvent> swaps,
        CancellationToken cancellationToken)
    {
        if (job?.Plan(decision, backends, request, time, slot is not null, from) is not { } planned)
        {
            return null;
        }

        var queued = time.GetTimestamp();
        var threads = planned.Planner.Engines.Max(e => e.Descriptor.MaxThreads);
        using var room = await admission.EnterAsync(decision.Chosen.Candidate.Backend.Id, planned.Plan.PeakBytes, threads, planned.Plan.Seconds, cancellationToken).ConfigureAwait(false);
        var queueTime = time.GetElapsedTime(queued);
        var began = time.GetTimestamp();
        var processor = admission.Processor.Begin(decision.Chosen.Candidate.Shape.Threads);
        var run = new SegmentedRun(planned.Planner, job.Conversions, job.Policy, request, job.Control, job.MemoryBytes, time, slot is null ? null : new Checkpointer(slot, job.MemoryBytes, time));
        SegmentedReport report;
        TimeSpan cpu;
        try
        {
            report = await Task.Run(() => run.Run(planned.Plan, cancellationToken, from, planned.Unplanned), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            cpu = processor.End(time.GetElapsedTime(began));
        }

        var elapsed = report.Parts.Sum(p => p.Elapsed.TotalSeconds);
        for (var i = 0; i < report.Parts.Count; i++)
        {
            var part = report.Parts[i];
            var result = i == report.Parts.Count - 1 ? report.Result : null;
            attempts.Add(new ExecutionAttempt(planned.RankedOf(part.Backend), result, part.Error, i == 0 ? queueTime : TimeSpan.Zero, part.Elapsed, false)
            {
                IsPartial = report.Parts.Count > 1 || from is not null, CpuTime = elapsed > 0 ? cpu * (part.Elapsed.TotalSeconds / elapsed) : TimeSpan.Zero,
            });
        }

        swaps.AddRange(report.Swaps);
        return report.Result is null ? attempts[^1].BackendId : null;
    }

    private async Task<ExecutionAttempt> TryAsync(PlannedAttempt planned, ExecutionRequest request, SpendLabel label, CancellationToken cancellationToken)
    {
        var (ranked, watch, isTrial) = planned;
        var descriptor = ranked.Candidate.Backend;
        var queued = time.GetTimestamp();
        var queueTime = TimeSpan.Zero;
        var start = queued;
        string? spendKey = null;
        ProcessorTimeMeter.Run? processor = null;
        try
        {
            var backend = backends.Find(descriptor.Id)
                ?? throw new BackendException(BackendErrorKind.Unavailable, descriptor.Id, $"Backend '{descriptor.Id}' is no longer registered.");
            using var room = descriptor.IsLocal
                ? await admission.EnterAsync(descriptor.Id, ranked.Candidate.Prediction.PeakBytes.Upper, descriptor.MaxThreads, ranked.Candidate.Prediction.Seconds.Median, cancellationToken).ConfigureAwait(false)
                : null;
            queueTime = time.GetElapsedTime(queued);
            SpendPermit? permit = null;
            if (backend is IPayingBackend)
            {
                permit = new SpendPermit(spending, label.Key, ranked.Candidate.Cost.Median, ranked.Candidate.Cost.Upper, label.Tag) { IsMetered = isMetered?.Invoke(descriptor.Id) == true };
            }
            else if (ranked.Candidate.Cost.Upper > 0 || isMetered?.Invoke(descriptor.Id) == true)
            {
                await spending.ReserveAsync(new SpendRequest(label.Key, ranked.Candidate.Cost.Upper, descriptor.Id, label.Tag), cancellationToken).ConfigureAwait(false);
                spendKey = label.Key;
            }

            start = time.GetTimestamp();
            processor = descriptor.IsLocal ? admission.Processor.Begin(ranked.Candidate.Shape.Threads) : null;
            var limited = request with { Limits = request.Limits with { Time = Shorter(watch, request.Limits.Time) }, TimeIfHalfDone = Shorter(planned.LimitIfHalfDone, request.Limits.Time), Spending = permit };
            var result = await backend.ExecuteAsync(limited, cancellationToken).ConfigureAwait(false);
            var took = time.GetElapsedTime(start);
            return new ExecutionAttempt(ranked, result, null, queueTime, took, false) { IsTrial = isTrial, Key = label.Key, SpendKey = spendKey, CpuTime = processor?.End(took) };
        }
        catch (Exception exception) when (exception is not QueueFullException)
        {
            var elapsed = time.GetElapsedTime(start);
            var overrun = exception is BackendException { Kind: BackendErrorKind.TimeLimit } && watch is { } w && !(w >= request.Limits.Time) && !(elapsed >= request.Limits.Time);
            return new ExecutionAttempt(ranked, null, exception, queueTime, elapsed, overrun) { IsTrial = isTrial, Key = label.Key, SpendKey = spendKey, CpuTime = processor?.End(elapsed) };
        }
    }

    private static TimeSpan? Shorter(TimeSpan? a, TimeSpan? b) => a < b || b is null ? a : b;

    private static bool MayFallBack(ExecutionAttempt attempt, ExecutionRequest request) => attempt.Error switch
    {
        OperationCanceledException or BackendException { Kind: BackendErrorKind.OutcomeUnknown } => false,
        BackendException { Kind: BackendErrorKind.TimeLimit } => attempt.IsOverrun,
        BackendException { Kind: BackendErrorKind.OutOfMemory } => request.Limits.MemoryBytes is null || attempt.Error is BackendException { AvailableBytes: var bytes } && bytes >= request.Limits.MemoryBytes,
        _ => true,
    };

    private static SwapEvent Swap(ExecutionAttempt attempt, string next)
    {
        var trigger = attempt.IsOverrun ? SwapTrigger.TimeOverrun : attempt.Error is BackendException { Kind: BackendErrorKind.OutOfMemory } ? SwapTrigger.MemoryThreshold : SwapTrigger.Fault;
        var reason = attempt.IsOverrun && attempt.IsTrial
            ? string.Create(CultureInfo.InvariantCulture, $"'{attempt.BackendId}' was tried for {attempt.Elapsed.TotalSeconds:G3} s, as it may take anything from {attempt.Ranked.Candidate.Prediction.Seconds.Lower:G2} to {attempt.Ranked.Candidate.Prediction.Seconds.Upper:G2} s")
            : attempt.IsOverrun
            ? string.Create(CultureInfo.InvariantCulture, $"'{attempt.BackendId}' was stopped after {attempt.Elapsed.TotalSeconds:G3} s; at most {attempt.Ranked.Candidate.Prediction.Seconds.Upper:G3} s were predicted")
            : attempt.Error!.Message;
        reason += "; the job begins anew, there was no state to go on from";
        return new SwapEvent(0, attempt.BackendId, next, trigger, reason);
    }
}

/// <summary>Under what name a job spends.</summary>
/// <param name="Key">Its key, unique for each job.</param>
/// <param name="Tag">What for, or null.</param>
/// <param name="First">How many attempts came before.</param>
internal readonly record struct SpendLabel(string Key, string? Tag, int First = 0)
{
    /// <summary>The label of one attempt.</summary>
    public SpendLabel Attempt(int index) => this with { Key = string.Create(CultureInfo.InvariantCulture, $"{Key}/{First + index}") };
}
