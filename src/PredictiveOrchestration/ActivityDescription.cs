using System.Diagnostics;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>What traces say of a run.</summary>
internal static class ActivityDescription
{
    public static void Describe(this Activity activity, RoutingDecision decision, CircuitProfile profile, int shots)
    {
        activity.SetTag(TelemetryNames.StrategyTag, decision.Strategy);
        activity.SetTag(TelemetryNames.BackendTag, decision.Chosen.Candidate.Backend.Id);
        activity.SetTag(TelemetryNames.ConfidenceTag, decision.Confidence);
        activity.SetTag(TelemetryNames.QubitsTag, profile.NumQubits);
        activity.SetTag(TelemetryNames.GatesTag, profile.GateCount);
        activity.SetTag(TelemetryNames.ShotsTag, shots);
    }

    /// <summary>Adds an activity below the current one for each attempt; they ended one after the other, the last one now.</summary>
    public static void AddAttempts(IReadOnlyList<ExecutionAttempt> attempts, DateTimeOffset now)
    {
        if (Activity.Current is not { } parent || !OrchestrationMetrics.Activities.HasListeners())
        {
            return;
        }

        var start = now - attempts.Aggregate(TimeSpan.Zero, (sum, a) => sum + a.QueueTime + a.Elapsed);
        foreach (var attempt in attempts)
        {
            var end = start + attempt.QueueTime + attempt.Elapsed;
            using var activity = OrchestrationMetrics.Activities.StartActivity(TelemetryNames.AttemptActivity, ActivityKind.Internal, parent.Context, startTime: start);
            activity?.SetTag(TelemetryNames.BackendTag, attempt.BackendId);
            activity?.SetTag(TelemetryNames.PredictedSecondsTag, attempt.Ranked.Candidate.Prediction.Seconds.Median);
            if (attempt.Error is { } error)
            {
                activity?.SetStatus(ActivityStatusCode.Error, error.Message);
            }

            activity?.SetEndTime(end.UtcDateTime);
            start = end;
        }
    }
}
