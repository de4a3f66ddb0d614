using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Execution;

/// <summary>What the hot swap of one job goes by.</summary>
/// <param name="Policy">When to swap.</param>
/// <param name="Conversions">What hand-overs take.</param>
/// <param name="Planning">What planning takes.</param>
/// <param name="Costs">Makes the model of what parts take, of a circuit that has been walked through; most jobs never ask.</param>
/// <param name="Profile">The circuit's profile.</param>
/// <param name="MemoryBytes">The most memory that the run may take.</param>
/// <param name="IsAvailable">Whether a backend takes work now.</param>
/// <param name="Control">The caller's wishes, or null.</param>
/// <param name="Checkpoints">Where states are written down, or null.</param>
/// <param name="Backend">The one backend that the caller wants, or null.</param>
internal sealed record HotSwapJob(
    SwapPolicy Policy, ConversionCosts Conversions, PlanningCost Planning, Func<WorkTrajectory, ISegmentCostModel> Costs, CircuitProfile Profile, double MemoryBytes, Func<string, bool> IsAvailable, SwapControl? Control,
    CheckpointStore? Checkpoints = null, string? Backend = null)
{
    // A run that is surely shorter is not worth a file.
    private const double LeastSecondsForCheckpoints = 0.1;

    /// <summary>Takes the job's place among the checkpoints; null if it needs or gets none.</summary>
    public CheckpointSlot? Claim(RoutingDecision decision, ExecutionRequest request) =>
        Checkpoints is not null && decision.Chosen.Candidate.IsFree && decision.Chosen.Candidate.Prediction.Seconds.Upper >= Math.Min(LeastSecondsForCheckpoints, Checkpoints.Policy.Interval.TotalSeconds)
            ? Checkpoints.Claim(CheckpointStore.KeyOf(request, Backend)) : null;

    /// <summary>Plans the job, or gives null if one backend shall run it without being watched.</summary>
    /// <param name="decision">The decision.</param>
    /// <param name="backends">The backends.</param>
    /// <param name="request">The request.</param>
    /// <param name="time">The clock.</param>
    /// <param name="isKept">Whether its state is written down on the way.</param>
    /// <param name="from">Where an earlier process left off, or null.</param>
    public PlannedJob? Plan(RoutingDecision decision, BackendSet backends, ExecutionRequest request, TimeProvider time, bool isKept = false, Checkpoint? from = null)
    {
        var chosen = decision.Chosen.Candidate;
        var budget = Policy.Enabled ? PlanningBudget.Of(Profile, decision, Policy.ShortestRun) : default;
        var operations = request.Circuit.Operations.Length;
        var swaps = Policy.Enabled && decision.Made.Count + decision.Refused.Count >= 2 && (Control is not null || (budget.Most > 0 && Planning.IsWithin(operations, budget.Most)));
        if ((!swaps && !isKept) || backends.Find(chosen.Backend.Id) is not ISegmentedBackend || !chosen.IsFree)
        {
            return null;
        }

        // Engines that cannot do the whole may do a part: a tableau the Clifford gates, others until memory is short.
        var ranked = decision.Ranked.ToDictionary(r => r.Candidate.Backend.Id, StringComparer.Ordinal);
        foreach (var refused in decision.Refused.Where(r => IsAvailable(r.Candidate.Backend.Id) && r.Candidate.IsFree))
        {
            ranked.TryAdd(refused.Candidate.Backend.Id, new RankedBackend(refused.Candidate, double.MaxValue, 0, refused.Reason));
        }

        // The engine that held the state goes on with it, unless another one is better from there.
        bool Joins(string id) => swaps || id == chosen.Backend.Id || id == from?.BackendId;
        List<ISegmentedBackend> engines =
        [
            .. backends.Backends.OfType<ISegmentedBackend>().Where(b => ranked.ContainsKey(b.Descriptor.Id) && Joins(b.Descriptor.Id) && Takes(b.Descriptor, ranked[b.Descriptor.Id].Candidate, request)),
        ];
        var first = engines.FindIndex(e => e.Descriptor.Id == chosen.Backend.Id);
        if ((engines.Count < 2 && !isKept) || first < 0)
        {
            return null;
        }

        var features = Profile.Features;
        var branchings = features is null ? 0 : features.MidCircuitMeasurementCount + features.ResetCount;
        var passes = branchings == 0 ? 1 : Math.Min(Math.Max(1, request.Shots), Math.Pow(2, Math.Min(60, branchings)));
        var end = request.Circuit.UnitaryEnd(0);
        if (end < 2)
        {
            return null;
        }

        var grounds = new Lazy<PlanningGrounds>(() =>
        {
            var work = new WorkTrajectory(request.Circuit, features);
            return new PlanningGrounds(new CircuitWalk(work, Profile.NumQubits), new EngineCosts(Costs(work), Conversions, engines, Profile.NumQubits, MemoryBytes));
        });
        var planner = new HotSwapPlanner(grounds, engines, passes);
        if (from is not null)
        {
            var outlook = planner.Walk.Outlook(from.Snapshot.OperationIndex, Math.Log2(Math.Max(1, from.Snapshot.Amplitudes.Length)));
            var holder = engines.FindIndex(e => e.Descriptor.Id == from.BackendId);
            var rest = planner.Plan(outlook, only: holder >= 0 ? holder : first) ?? planner.Plan(outlook);
            return rest is null || from.Snapshot.OperationIndex > end ? null : new PlannedJob(planner, rest, ranked);
        }

        HotSwapPlan? Begin() => First(planner, first, operations, swaps, isKept, time);
        var planning = Planning.Seconds(operations);
        var isSaving = planning <= budget.ForSaving;
        if (Control is null && !isKept && features is not null && chosen.Backend.Capabilities is { CliffordOnly: false, StoresAllAmplitudes: false } && (!isSaving || chosen.Backend.Type == BackendType.LocalMatrixProductState))
        {
            // Its time follows from a bound, which may be loose: it may be over before a plan would be made. Where much speaks for one, amplitudes are planned at once, and bonds have no longer than that for it.
            var most = Math.Min(PlanningBudget.MostIfShort * chosen.Prediction.Seconds.Median, isSaving ? planning : planning / PlanningBudget.MostIfShort);
            var steps = new FirstSteps(request.Circuit, end, features.SupportTrajectory, TimeSpan.FromSeconds(most), TimeSpan.FromSeconds(Math.Min(1e9, planning / PlanningBudget.MostOfRun)), time);
            var alone = new HotSwapPlan(
                [new PlannedSegment(engines[first], 0, operations)], chosen.Prediction.Seconds.Median, chosen.Prediction.PeakBytes.Upper, chosen.Prediction.Seconds.Median);
            return new PlannedJob(planner, alone, ranked) { Unplanned = new UnplannedStart(steps, Begin) };
        }

        return Begin() is { } plan ? new PlannedJob(planner, plan, ranked) : null;
    }

    // The plan to begin with, or null if the engine chosen shall run it all without being watched.
    private HotSwapPlan? First(HotSwapPlanner planner, int first, int operations, bool swaps, bool isKept, TimeProvider time)
    {
        var begun = time.GetTimestamp();
        var best = planner.Plan(StateOutlook.AtStart, stay: first);
        Planning.Observe(operations, time.GetElapsedTime(begun).TotalSeconds);
        if (best is null)
        {
            return null;
        }

        // Which engine runs a job alone is the router's choice; the planner's is where to change, and whether to begin on an engine whose amplitudes show how many they are. To begin on
        // another engine must surely pay; on the chosen one nothing is at stake yet, and it is decided when the state has been seen.
        var (chosen, alone) = (planner.Engines[first], best.StaySeconds);
        var changes = !best.IsSingle || (best.Segments[0].Backend != chosen && best.Segments[0].Backend.Descriptor.Capabilities is { StoresAllAmplitudes: false, CliffordOnly: false });
        if (swaps && changes && (best.LeastSaving > 0 || best.Segments[0].Backend == chosen) && alone - best.Seconds > Math.Max(Policy.MinSaving.TotalSeconds, Policy.MinGain * Math.Min(alone, 1e9)))
        {
            return best with { IsCommitted = best.Segments[0].Backend != chosen };
        }

        // A tableau that runs it all has better ways than parts, and writes nothing down.
        if (chosen.Descriptor.Capabilities.CliffordOnly && Control is null)
        {
            return null;
        }

        // Without a swap in sight a run is watched only if there is time for one to show.
        return Control is null && !isKept && alone < RunStops.LeastSecondsToLook ? null
            : best.IsSingle && best.Segments[0].Backend == chosen ? best : planner.Plan(StateOutlook.AtStart, only: first);
    }

    private bool Takes(BackendDescriptor backend, RoutingCandidate candidate, ExecutionRequest request) =>
        candidate.IsFree && backend.Capabilities.Gates is null && (backend.Capabilities.IsExact || !request.RequireExact)
        && Profile.NumQubits <= backend.Capabilities.MaxQubits && request.Shots <= backend.Capabilities.MaxShots
        && (request.TopProbabilities == 0 || backend.Capabilities.ExactProbabilities) && (request.Observables.Count == 0 || backend.Capabilities.ExpectationValues);
}

/// <summary>A job with its plan.</summary>
internal sealed record PlannedJob(HotSwapPlanner Planner, HotSwapPlan Plan, IReadOnlyDictionary<string, RankedBackend> Ranked)
{
    /// <summary>Gets how it begins without a plan, or null; the plan is then the chosen engine alone.</summary>
    public UnplannedStart? Unplanned { get; init; }

    public RankedBackend RankedOf(ISegmentedBackend backend) => Ranked[backend.Descriptor.Id];
}
