using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Execution;

/// <summary>What the hot swap of one job goes by.</summary>
/// <param name="Policy">When to swap.</param>
/// <param name="Conversions">What hand-overs take.</param>
/// <param name="Costs">What parts take.</param>
/// <param name="Profile">The circuit's profile.</param>
/// <param name="MemoryBytes">The most memory that the run may take.</param>
/// <param name="IsAvailable">Whether a backend takes work now.</param>
/// <param name="Control">The caller's wishes, or null.</param>
internal sealed record HotSwapJob(
    SwapPolicy Policy, ConversionCosts Conversions, ISegmentCostModel Costs, CircuitProfile Profile, double MemoryBytes, Func<string, bool> IsAvailable, SwapControl? Control)
{
    /// <summary>Plans the job, or gives null if one backend shall run it without being watched.</summary>
    public PlannedJob? Plan(RoutingDecision decision, BackendSet backends, ExecutionRequest request)
    {
        var chosen = decision.Chosen.Candidate;
        var decided = decision.Ranked.Count + decision.Refused.Count;
        if (!Policy.Enabled || decided < 2 || (chosen.Prediction.Seconds.Median < Policy.ShortestRun.TotalSeconds && Control is null)
            || backends.Find(chosen.Backend.Id) is not ISegmentedBackend || !IsFree(chosen))
        {
            return null;
        }

        // Engines that cannot do the whole may do a part: a tableau the Clifford gates, others until memory is short.
        var ranked = decision.Ranked.ToDictionary(r => r.Candidate.Backend.Id, StringComparer.Ordinal);
        foreach (var refused in decision.Refused.Where(r => IsAvailable(r.Candidate.Backend.Id) && IsFree(r.Candidate)))
        {
            ranked.TryAdd(refused.Candidate.Backend.Id, new RankedBackend(refused.Candidate, double.MaxValue, 0, refused.Reason));
        }

        List<ISegmentedBackend> engines =
        [
            .. backends.Backends.OfType<ISegmentedBackend>().Where(b => ranked.ContainsKey(b.Descriptor.Id) && Takes(b.Descriptor, ranked[b.Descriptor.Id].Candidate, request)),
        ];
        var first = engines.FindIndex(e => e.Descriptor.Id == chosen.Backend.Id);
        if (engines.Count < 2 || first < 0)
        {
            return null;
        }

        var features = Profile.Features;
        var branchings = features is null ? 0 : features.MidCircuitMeasurementCount + features.ResetCount;
        var passes = branchings == 0 ? 1 : Math.Min(Math.Max(1, request.Shots), Math.Pow(2, Math.Min(60, branchings)));
        var trajectory = new WorkTrajectory(request.Circuit);
        if (trajectory.UnitaryEnd < 2)
        {
            return null;
        }

        var planner = new HotSwapPlanner(trajectory, Profile.NumQubits, Costs, Conversions, engines, MemoryBytes, passes);
        if (planner.Plan(StateOutlook.AtStart, stay: first) is not { } best)
        {
            return null;
        }

        // Which engine runs a job alone is the router's choice; the planner's is where to change.
        var alone = best.StaySeconds;
        if (!best.IsSingle && alone - best.Seconds > Math.Max(Policy.MinSaving.TotalSeconds, Policy.MinGain * Math.Min(alone, 1e9)))
        {
            return new PlannedJob(planner, best, ranked);
        }

        // Without a swap in sight a run is watched only if there is time for one to show.
        return Control is not null || alone > Policy.ShortestRun.TotalSeconds
            ? planner.Plan(StateOutlook.AtStart, only: first) is { } single ? new PlannedJob(planner, single, ranked) : null
            : null;
    }

    private static bool IsFree(RoutingCandidate candidate) => candidate.Backend.IsLocal && candidate.Cost.Upper == 0;

    private bool Takes(BackendDescriptor backend, RoutingCandidate candidate, ExecutionRequest request) =>
        IsFree(candidate) && backend.Capabilities.Gates is null && (backend.Capabilities.IsExact || !request.RequireExact)
        && Profile.NumQubits <= backend.Capabilities.MaxQubits && request.Shots <= backend.Capabilities.MaxShots
        && (request.TopProbabilities == 0 || backend.Capabilities.ExactProbabilities) && (request.Observables.Count == 0 || backend.Capabilities.ExpectationValues);
}

/// <summary>A job with its plan.</summary>
internal sealed record PlannedJob(HotSwapPlanner Planner, HotSwapPlan Plan, IReadOnlyDictionary<string, RankedBackend> Ranked)
{
    public RankedBackend RankedOf(ISegmentedBackend backend) => Ranked[backend.Descriptor.Id];
}
