using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>Where in a job an attempt was.</summary>
/// <param name="RunId">The job.</param>
/// <param name="Attempt">Its number, from 0.</param>
/// <param name="Swaps">The changes of backend before it.</param>
internal readonly record struct JobPlace(Guid RunId, int Attempt, int Swaps);

/// <summary>From attempts to telemetry.</summary>
internal static class AttemptRecords
{
    private static readonly TimeSpan Endless = TimeSpan.FromDays(366);

    public static ExecutionRecord Of(ExecutionAttempt attempt, RoutingDecision decision, CircuitProfile profile, JobShape job, PriceTable prices, string? tag, DateTimeOffset now, JobPlace place = default)
    {
        var candidate = attempt.Ranked.Candidate;
        var result = attempt.Result;
        var service = attempt.IsPartial ? attempt.Elapsed : Plausible(result?.Timings.Service, attempt.Elapsed);
        var outcome = OutcomeOf(attempt);
        var listCost = Book(attempt, outcome, profile, job, prices, service);
        return new ExecutionRecord
        {
            Timestamp = now,
            RunId = place.RunId,
            Attempt = place.Attempt,
            Swaps = place.Swaps,
            BackendId = attempt.BackendId,
            CostModel = candidate.Backend.CostModel,
            Strategy = decision.Strategy,
            Outcome = outcome,
            Tag = tag,
            Profile = profile,
            Shots = job.Shots,
            Threads = job.Threads,
            Observables = job.Observables,
            TopProbabilities = job.TopProbabilities,
            QueueTime = attempt.QueueTime + (result?.Timings.Queue ?? TimeSpan.Zero),
            ServiceTime = service,
            RunTime = result?.Timings.Run ?? TimeSpan.Zero,
            CpuTime = attempt.CpuTime,
            SampleTime = result?.Timings.Sample ?? TimeSpan.Zero,
            PeakMemoryBytes = result?.PeakMemoryBytes ?? 0,
            PeakNonZeros = result?.PeakNonZeros,
            Cost = result?.Cost ?? listCost,
            ListCost = listCost,
            MeasuredFidelity = result?.MeasuredFidelity,
            ExpectedLogLoss = FidelityModel.LogLoss(candidate.Backend, profile),
            Currency = candidate.Cost.Currency,
            Fidelity = candidate.Prediction.Fidelity.Median,
            PredictedSeconds = candidate.Prediction.Seconds.Median,
            PredictedLowerSeconds = candidate.Prediction.Seconds.Lower,
            PredictedUpperSeconds = candidate.Prediction.Seconds.Upper,
            PredictedQueueSeconds = candidate.Prediction.WaitSeconds.Median,
            PredictedPeakBytes = candidate.Prediction.PeakBytes.Median,
            PredictedCost = candidate.Cost.Median,
            ModelVersion = decision.ModelVersion,
            Propensity = attempt.IsExploration == decision.IsExploration && attempt.BackendId == decision.Chosen.Candidate.Backend.Id ? decision.Propensity : 1,
            IsExploration = attempt.IsExploration,
        };
    }

    /// <summary>Whether an attempt counts for (true) or against (false) a backend's health; null if for neither.</summary>
    public static bool? HeldAgainstBackend(ExecutionAttempt attempt) => OutcomeOf(attempt) switch
    {
        ExecutionOutcome.Completed or ExecutionOutcome.Swapped => true,
        ExecutionOutcome.Failed => false,
        _ => null,
    };

    private static decimal Book(ExecutionAttempt attempt, ExecutionOutcome outcome, CircuitProfile profile, JobShape job, PriceTable prices, TimeSpan service)
    {
        var backend = attempt.Ranked.Candidate.Backend;
        switch (attempt.Error)
        {
            case BackendException { Kind: BackendErrorKind.OutcomeUnknown }:
                // It may have used what it had set aside.
                return 0;
            case not null when outcome == ExecutionOutcome.Refused && attempt.Key is { } key:
                prices.Release(key, backend.Id);
                return 0;
            case not null when outcome == ExecutionOutcome.Refused:
                return 0;
            default:
                return prices.Book(backend, profile, job, service, attempt.Result?.PeakMemoryBytes ?? 0, outcome is ExecutionOutcome.Completed or ExecutionOutcome.Swapped, attempt.Key);
        }
    }

    // A backend may report a time that is none (below zero, or endless): then what was waited for it counts.
    private static TimeSpan Plausible(TimeSpan? reported, TimeSpan elapsed) =>
        reported is { } time && time >= TimeSpan.Zero && time < Endless ? time : elapsed > TimeSpan.Zero ? elapsed : TimeSpan.Zero;

    private static ExecutionOutcome OutcomeOf(ExecutionAttempt attempt) => attempt.Error switch
    {
        null when attempt.IsPartial => ExecutionOutcome.Swapped,
        null => ExecutionOutcome.Completed,
        OperationCanceledException => ExecutionOutcome.Cancelled,
        BackendException { Kind: BackendErrorKind.TimeLimit } => ExecutionOutcome.TimedOut,
        BackendException { Kind: BackendErrorKind.OutOfMemory } => ExecutionOutcome.OutOfMemory,
        BackendException { Kind: BackendErrorKind.Unsupported or BackendErrorKind.BudgetRefused } or ArgumentException => ExecutionOutcome.Refused,
        _ => ExecutionOutcome.Failed,
    };
}
