namespace PredictiveOrchestration.Routing;

/// <summary>From candidates to a decision: filter, threshold, rank, confidence.</summary>
internal static class DecisionMaker
{
    /// <summary>Decides.</summary>
    /// <param name="router">The router.</param>
    /// <param name="candidates">All backends with their predictions.</param>
    /// <param name="job">What the job needs.</param>
    /// <param name="healthReason">Why a backend must not be used now, by id; null if it may.</param>
    /// <param name="preferences">The weights and thresholds; its candidates are ignored.</param>
    /// <param name="performanceThreshold">The least acceptable score.</param>
    /// <param name="registryVersion">The version of the set of backends.</param>
    /// <param name="modelVersion">The version of the model.</param>
    /// <exception cref="NoFeasibleBackendException">No backend can do the job.</exception>
    public static RoutingDecision Decide(
        IBackendRouter router, IReadOnlyList<RoutingCandidate> candidates, JobRequirements job, Func<string, string?> healthReason,
        RoutingContext preferences, double performanceThreshold, int registryVersion, int modelVersion)
    {
        var unavailable = new Dictionary<string, string>(StringComparer.Ordinal);
        var refused = new List<RefusedBackend>();
        var feasible = new List<RoutingCandidate>();
        foreach (var candidate in candidates)
        {
            if (healthReason(candidate.Backend.Id) is { } health)
            {
                unavailable[candidate.Backend.Id] = health;
            }

            if (CapabilityFilter.Refuse(candidate, job, unavailable.GetValueOrDefault(candidate.Backend.Id)) is { } reason)
            {
                refused.Add(new RefusedBackend(candidate, reason));
            }
            else
            {
                feasible.Add(candidate);
            }
        }

        if (feasible.Count == 0)
        {
            throw new NoFeasibleBackendException(refused);
        }

        // Score: best feasible time ÷ own time × probability of a usable result. Below the threshold a backend only comes after all above it.
        var best = feasible.Min(c => c.TotalSeconds);
        bool IsGood(RankedBackend r) => best / r.Candidate.TotalSeconds * r.Candidate.SuccessProbability >= performanceThreshold;
        var all = Rank(router, preferences with { Candidates = feasible });
        List<RankedBackend> ranked = [.. all.Where(IsGood), .. all.Where(r => !IsGood(r))];

        return new RoutingDecision
        {
            Strategy = router.Name,
            Ranked = ranked,
            Refused = refused,
            Confidence = LogNormal.ProbabilityOfLeast(ranked),
            IsBelowPerformanceThreshold = !IsGood(ranked[0]),
            RegistryVersion = registryVersion,
            ModelVersion = modelVersion,
            Inputs = new DecisionInputs(candidates, job, unavailable, preferences, performanceThreshold, router),
        };
    }

    private static IReadOnlyList<RankedBackend> Rank(IBackendRouter router, RoutingContext context)
    {
        var ranked = router.Rank(context);
        return ranked.Count == context.Candidates.Count && ranked.Select(r => r.Candidate).ToHashSet().SetEquals(context.Candidates)
            ? ranked
            : throw new InvalidOperationException($"Router '{router.Name}' returned {ranked.Count} of {context.Candidates.Count} candidates; it must rank every one once.");
    }
}
