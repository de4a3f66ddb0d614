using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Execution;

/// <summary>The seconds that planning a job may take: it is lost where there is nothing to swap.</summary>
/// <param name="Most">In any case.</param>
/// <param name="ForSaving">For what seems to be saved: where that is enough for a plan, one is worth making before the run begins.</param>
internal readonly record struct PlanningBudget(double Most, double ForSaving)
{
    // The share of what seems to be saved.
    private const double MostOfSaving = 0.05;

    // The base-2 logarithm of so few amplitudes that they take next to no time.
    private const byte FewLog2 = 8;

    /// <summary>The share of the predicted run.</summary>
    public const double MostOfRun = 0.02;

    /// <summary>The share of the run if it is as short as its interval says.</summary>
    public const double MostIfShort = 0.05;

    /// <summary>The budget of a job by its profile and its predictions alone.</summary>
    /// <param name="profile">The circuit's profile.</param>
    /// <param name="decision">The decision.</param>
    /// <param name="shortest">The run below which there is none, or, where something seems to be saved, half of it.</param>
    public static PlanningBudget Of(CircuitProfile profile, RoutingDecision decision, TimeSpan shortest)
    {
        var seconds = decision.Chosen.Candidate.Prediction.Seconds;
        if (seconds.Median < shortest.TotalSeconds / 2)
        {
            return default;
        }

        var forSaving = Math.Min(MostOfRun * seconds.Median, MostOfSaving * Saving(profile, decision));
        return new PlanningBudget(seconds.Median < shortest.TotalSeconds ? forSaving : Math.Max(forSaving, Math.Min(MostOfRun * seconds.Median, MostIfShort * seconds.Lower)), forSaving);
    }

    // What is saved if the beginning, as far as it is Clifford or keeps to few amplitudes, takes no time, and the rest the share of an engine's time that its gates are: but where only
    // amplitudes take time, those of the rest take it all.
    private static double Saving(CircuitProfile profile, RoutingDecision decision)
    {
        if (profile.Features is not { } features || profile.GateCount == 0 || decision.Chosen.Candidate.Backend.Capabilities.CliffordOnly)
        {
            return 0;
        }

        var support = features.SupportTrajectory.Span;
        var few = support.IndexOfAnyExceptInRange((byte)0, FewLog2);
        var rest = 1 - Math.Max((double)features.CliffordPrefixLength / profile.GateCount, few < 0 ? 1 : (double)few / support.Length);
        var least = double.PositiveInfinity;
        foreach (var ranked in decision.Made)
        {
            if (ranked.Candidate is { IsFree: true, Backend: { Capabilities.CliffordOnly: false } backend })
            {
                least = Math.Min(least, (backend.Type == BackendType.LocalSparseTensor ? 1 : rest) * ranked.Candidate.Prediction.Seconds.Median);
            }
        }

        return decision.Chosen.Candidate.Prediction.Seconds.Median - least;
    }
}
