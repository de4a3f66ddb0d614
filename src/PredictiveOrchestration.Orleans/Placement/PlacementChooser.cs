using PredictiveOrchestration.Orleans.Silos;

namespace PredictiveOrchestration.Orleans.Placement;

/// <summary>A silo as a place to run: its report, and what was sent there since.</summary>
/// <param name="Report">What it told.</param>
/// <param name="SentSeconds">The predicted work sent there since, in seconds.</param>
/// <param name="SentRuns">The number of those runs.</param>
internal readonly record struct Place(SiloReport Report, double SentSeconds, int SentRuns)
{
    /// <summary>What a run that came now would wait.</summary>
    public double WaitSeconds
    {
        get
        {
            var free = Report.Concurrency - Report.Running - Report.Waiting - SentRuns;
            return free > 0 ? 0 : (Report.BacklogSeconds + SentSeconds) / Math.Max(1, Report.Concurrency);
        }
    }
}

/// <summary>Where a run goes, and when it is predicted to end there.</summary>
/// <param name="Silo">The silo's address.</param>
/// <param name="Engine">The fastest engine there; empty if none is known.</param>
/// <param name="RunSeconds">The predicted run.</param>
/// <param name="CompletionSeconds">The predicted wait and run.</param>
internal readonly record struct PlacementChoice(string Silo, string Engine, double RunSeconds, double CompletionSeconds);

/// <summary>
/// Chooses a silo: those that have an engine that can do the run within their memory by its proved bound; of these the one with the least predicted completion, wait and run; the
/// silo that asks, or had it before, stays unless another is sooner by more than a margin. Depends on nothing but its inputs.
/// </summary>
internal static class PlacementChooser
{
    // What it takes to send a run that waits from one silo to another.
    private const double Sending = 5e-3;

    // What is known of silos is old: the first may have nothing left.
    private const int MostAsked = 3;

    // Below this a difference is noise of the network.
    private const double Negligible = 1e-3;

    /// <summary>Chooses.</summary>
    /// <param name="places">The silos.</param>
    /// <param name="needs">What the run needs.</param>
    /// <param name="incumbent">The silo that it would stay on, or null.</param>
    /// <param name="margin">The share of the incumbent's completion by which another must be sooner.</param>
    /// <returns>The choice; null if no silo can do it.</returns>
    public static PlacementChoice? Choose(IEnumerable<Place> places, RunNeeds needs, string? incumbent, double margin)
    {
        PlacementChoice? best = null, kept = null, avoided = null;
        foreach (var place in places)
        {
            if (place.Report.IsDraining || Of(place, needs) is not { } choice)
            {
                continue;
            }

            if (Array.IndexOf(needs.Avoid, choice.Silo) >= 0)
            {
                avoided = Sooner(avoided, choice);
                continue;
            }

            best = Sooner(best, choice);
            kept = choice.Silo == incumbent ? choice : kept;
        }

        return best is null ? avoided
            : kept is { } stay && best.Value.CompletionSeconds >= (stay.CompletionSeconds * (1 - margin)) - Negligible ? stay
            : best;
    }

    /// <summary>What a silo would take; null if it cannot do the run.</summary>
    public static PlacementChoice? Of(Place place, RunNeeds needs)
    {
        if (needs.Engines.Length == 0)
        {
            return new PlacementChoice(place.Report.Address, string.Empty, 0, place.WaitSeconds);
        }

        PlacementChoice? best = null;
        for (var i = 0; i < needs.Engines.Length; i++)
        {
            var need = needs.Engines[i];
            if (place.Report.Engine(need.Engine) is not { Reason: null } engine || need.LeastBytes > Math.Min(place.Report.MemoryBytes, engine.MaxMemoryBytes ?? long.MaxValue))
            {
                continue;
            }

            // Machines differ in speed by what their own models say of the same workloads.
            var speed = need.ReferenceSeconds > 0 && engine.ReferenceSeconds > 0 ? engine.ReferenceSeconds / need.ReferenceSeconds : 1;
            var seconds = need.Seconds * speed;
            best = Sooner(best, new PlacementChoice(place.Report.Address, need.Engine, seconds, place.WaitSeconds + seconds));
        }

        return best;
    }

    /// <summary>The silos that one which has nothing to do asks for runs that wait there, those with the longest wait first.</summary>
    /// <param name="places">A few silos by chance, so that not all who are idle ask the same.</param>
    /// <param name="idle">The address of who asks.</param>
    public static List<Place> Busy(IEnumerable<Place> places, string idle) =>
        [.. places.Where(p => p.Report is { Waiting: > 0, GivesWork: true } && p.Report.Address != idle).OrderByDescending(p => p.WaitSeconds).Take(MostAsked)];

    /// <summary>Whether a run that waits at one silo would end sooner at another, by more than a margin of its completion where it is, and what it takes to send it.</summary>
    /// <param name="here">Where it waits, without it.</param>
    /// <param name="there">Where it may go.</param>
    /// <param name="engines">What it needs.</param>
    /// <param name="margin">The share of its completion.</param>
    /// <returns>What it would take there; null if it should stay.</returns>
    public static PlacementChoice? Gain(Place here, Place there, EngineNeed[] engines, double margin)
    {
        var needs = new RunNeeds { Engines = engines };
        return Of(there, needs) is { } go && (Of(here, needs) is not { } stay || go.CompletionSeconds + Sending < stay.CompletionSeconds * (1 - margin)) ? go : null;
    }

    private static PlacementChoice Sooner(PlacementChoice? one, PlacementChoice other) => one is { } first && first.CompletionSeconds <= other.CompletionSeconds ? first : other;
}
