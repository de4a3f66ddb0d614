namespace PredictiveOrchestration.Routing;

/// <summary>From candidates to a decision: filter, rank, threshold, incumbent, chance. Depends on nothing but its inputs.</summary>
internal static class DecisionMaker
{
    /// <summary>Decides.</summary>
    /// <param name="inputs">Candidates, job, preferences.</param>
    /// <param name="registryVersion">The version of the set of backends.</param>
    /// <param name="modelVersion">The version of the model.</param>
    /// <exception cref="NoFeasibleBackendException">No backend can do the job.</exception>
    public static RoutingDecision Decide(DecisionInputs inputs, int registryVersion, int modelVersion)
    {
        var candidates = inputs.Candidates;
        List<RefusedBackend>? refused = null;
        var feasible = new List<RoutingCandidate>(candidates.Count);
        for (var i = 0; i < candidates.Count; i++)
        {
            var candidate = candidates[i];
            if (CapabilityFilter.Refuse(candidate, inputs.Job, inputs.Unavailable.Count == 0 ? null : inputs.Unavailable.GetValueOrDefault(candidate.Backend.Id)) is { } reason)
            {
                (refused ??= []).Add(new RefusedBackend(candidate, reason));
            }
            else
            {
                feasible.Add(candidate);
            }
        }

        if (feasible.Count == 0)
        {
            throw new NoFeasibleBackendException(refused ?? []);
        }

        var ranked = Rank(inputs.Router, inputs.Preferences with { Candidates = feasible });

        // Score: best feasible time ÷ own time × probability of a usable result. Below the threshold a backend only comes after all above it.
        var best = double.PositiveInfinity;
        foreach (var candidate in feasible)
        {
            best = candidate.TotalSeconds < best ? candidate.TotalSeconds : best;
        }

        var good = PutGoodFirst(ranked, best, inputs.PerformanceThreshold);
        var kept = KeepIncumbent(ranked, good == 0 ? ranked.Length : good, inputs);
        var limit = inputs is { Chance: { } chance, Router: IChanceRouter router } ? router.Choose(ranked, good == 0 ? ranked.Length : good, chance) : null;
        return new RoutingDecision
        {
            Strategy = inputs.Router.Name,
            Ranked = ranked,
            Refused = refused ?? (IReadOnlyList<RefusedBackend>)[],
            IsBelowPerformanceThreshold = good == 0,
            IsKept = kept && limit is null,
            ExplorationLimit = limit,
            AllowsTrials = inputs.Router is IIncumbentRouter,
            RegistryVersion = registryVersion,
            ModelVersion = modelVersion,
            Inputs = inputs,
        };
    }

    private static RankedBackend[] Rank(IBackendRouter router, RoutingContext context)
    {
        var ranked = router.Rank(context);
        return ranked.Count == context.Candidates.Count && IsPermutation(ranked, context.Candidates)
            ? ranked as RankedBackend[] ?? [.. ranked]
            : throw new InvalidOperationException($"Router '{router.Name}' returned {ranked.Count} of {context.Candidates.Count} candidates; it must rank every one once.");
    }

    // A handful: looking is faster than a set.
    private static bool IsPermutation(IReadOnlyList<RankedBackend> ranked, IReadOnlyList<RoutingCandidate> candidates)
    {
        for (var i = 0; i < candidates.Count; i++)
        {
            var found = 0;
            for (var j = 0; j < ranked.Count; j++)
            {
                found += ReferenceEquals(ranked[j].Candidate, candidates[i]) ? 1 : 0;
            }

            if (found != 1)
            {
                return false;
            }
        }

        return true;
    }

    // Gives the number of those above the threshold; the order among equals stays.
    private static int PutGoodFirst(RankedBackend[] ranked, double best, double threshold)
    {
        var good = 0;
        for (var i = 0; i < ranked.Length; i++)
        {
            var next = ranked[i];
            if (best / next.Candidate.TotalSeconds * next.Candidate.SuccessProbability >= threshold)
            {
                Array.Copy(ranked, good, ranked, good + 1, i - good);
                ranked[good++] = next;
            }
        }

        return good;
    }

    // The backend that ran the same job before stays first unless another one promises to lose less by more than the margin.
    private static bool KeepIncumbent(RankedBackend[] ranked, int eligible, DecisionInputs inputs)
    {
        if (inputs.Incumbent is null || inputs.HysteresisMargin == 0 || inputs.Router is not IIncumbentRouter)
        {
            return false;
        }

        for (var i = 1; i < eligible; i++)
        {
            if (ranked[i].Candidate.Backend.Id == inputs.Incumbent)
            {
                var keep = ranked[0].Loss >= ranked[i].Loss * (1 - inputs.HysteresisMargin);
                if (keep)
                {
                    Ranking.ToFront(ranked, i);
                }

                return keep;
            }
        }

        return false;
    }
}
