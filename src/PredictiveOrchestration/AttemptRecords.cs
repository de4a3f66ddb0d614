using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>From attempts to telemetry.</summary>
internal static class AttemptRecords
{
    private static readonly TimeSpan Endless = TimeSpan.FromDays(366);

    public static ExecutionRecord Of(ExecutionAttempt attempt, RoutingDecision decision, CircuitProfile profile, JobShape job, PriceTable prices, string? tag, DateTimeOffset now)
    {
        var candidate = attempt.Ranked.Candidate;
        var result = attempt.Result;
        var service = attempt.IsPartial ? attempt.Elapsed : Plausible(result?.Timings.Service, attempt.Elapsed);
        var outcome = OutcomeOf(attempt);
        var listCost = outcome == ExecutionOutcome.Refused ? 0 : prices.Book(candidate.Backend, profile, job, service, result?.PeakMemoryBytes ?? 0, outcome is ExecutionOutcome.Completed or ExecutionOutcome.Swapped);
        return new ExecutionRecord
        {
            Timestamp = now,
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
            ModelVersion = decision.ModelVersion,
            Propensity = attempt.BackendId == decision.Chosen.Candidate.Backend.Id ? decision.Propensity : 1,
            IsExploration = decision.IsExploration && attempt.BackendId == decision.Chosen.Candidate.Backend.Id,
        };
    }

    /// <summary>Whether an attempt counts for (true) or against (false) a backend's health; null if for neither.</summary>
    public static bool? HeldAgainstBackend(ExecutionAttempt attempt) => OutcomeOf(attempt) switch
    {
        ExecutionOutcome.Completed or ExecutionOutcome.Swapped => true,
        ExecutionOutcome.Failed => false,
        _ => null,
    };

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
