using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Routing;

/// <summary>A circuit that was decided on before, without the circuit: whoever keeps this keeps no circuit alive.</summary>
internal sealed class KnownCircuit(CircuitProfile profile)
{
    private volatile KnownJob? _latest;
    private volatile RecordedProfile? _recorded;

    /// <summary>The profile, with what backends planned once that was worth its time.</summary>
    public CircuitProfile Profile { get; set; } = profile;

    /// <summary>The circuit's own profile with what was planned when it was decided on: another decision may have had more or less planned since.</summary>
    public CircuitProfile ProfileFor(RoutingDecision decision)
    {
        var (profile, planned) = (Profile, decision.Inputs!.Job.Profile.Planned);
        return profile.Planned == planned ? profile : profile with { Planned = planned };
    }

    /// <summary>A profile of the circuit with the sketch that it may lack, which is kept.</summary>
    public CircuitProfile Sketched(Circuit circuit, CircuitProfile profile)
    {
        if (!profile.IsChainRough)
        {
            return profile;
        }

        Profile = CircuitProfiler.WithChain(circuit, Profile);
        return profile with { Features = Profile.Features };
    }

    /// <summary>A profile of the circuit as records keep it, without the curves that only plans go by: records are many.</summary>
    public CircuitProfile Recorded(CircuitProfile profile)
    {
        if (_recorded is not { } recorded || !ReferenceEquals(recorded.Of, profile))
        {
            _recorded = recorded = new RecordedProfile(profile, profile with { Features = profile.Features is { } f ? f with { BondTrajectory = default, BondWorkTrajectory = default } : null });
        }

        return recorded.Kept;
    }

    /// <summary>The version of the set of backends for which the circuit was compiled; -1 if it was not.</summary>
    public int CompiledFor { get; init; } = -1;

    /// <summary>The latest recommendation, of whoever recommends.</summary>
    public object? Recommendation { get; set; }

    /// <summary>The job of the latest request.</summary>
    public KnownJob? Latest
    {
        get => _latest;
        set => _latest = value;
    }
}

/// <summary>What records keep of a profile.</summary>
internal sealed record RecordedProfile(CircuitProfile Of, CircuitProfile Kept);

/// <summary>All requests for one structure with the same terms: the steps of a variational loop are one job.</summary>
internal sealed class KnownJob(in DecisionTerms terms)
{
    private readonly DecisionTerms _terms = terms;
    private volatile MadeDecision? _latest;

    public ref readonly DecisionTerms Terms => ref _terms;

    /// <summary>The latest decision.</summary>
    public MadeDecision? Latest
    {
        get => _latest;
        set => _latest = value;
    }
}

/// <summary>A decision with everything that would have to change for another one to come out.</summary>
internal sealed record MadeDecision(
    RoutingDecision Decision, BackendSet Backends, PerformancePredictor Model, IBackendRouter Router, int HealthVersion, bool IsRepeatable, PartialDecision[] Parts);

/// <summary>One backend's part of a decision, and what it was made from.</summary>
internal readonly record struct PartialDecision(RoutingCandidate Candidate, BackendModel Model, JobDrivers Drivers, BackendLoad Load)
{
    public bool IsSameLoad => IsSameCount && Load.Pressure == Candidate.Pressure && Load.DriftDiscount == Candidate.DriftDiscount;

    /// <summary>Whether as many runs are under way: more of the load does not go into the ranking of a router that keeps incumbents.</summary>
    public bool IsSameCount => Load.InFlight == Candidate.InFlight;
}

/// <summary>Finds the job of a request by what predictions depend on: the profile's numbers and the terms. Bounded, thread-safe.</summary>
internal sealed class KnownJobs
{
    private readonly RecentValues<Key, KnownJob> _recent = new(512);

    public int Count => _recent.Count;

    /// <summary>The job of a request: a new one that is kept from the second time on, or the one that was kept.</summary>
    public KnownJob Of(CircuitProfile profile, in DecisionTerms terms)
    {
        if (profile.GateCount > SeenCircuits.LongestCircuit)
        {
            return new KnownJob(terms);
        }

        var key = KeyOf(profile, terms);
        return _recent.Find(key) ?? _recent.Keep(key, new KnownJob(terms));
    }

    /// <summary>Keeps a job that was planned at once: planning may take longer than everything else.</summary>
    public void KeepPlanned(CircuitProfile profile, KnownJob job)
    {
        if (profile.GateCount <= SeenCircuits.LongestCircuit)
        {
            _recent.Keep(KeyOf(profile, job.Terms), job, isDear: true);
        }
    }

    // Equal numbers are equal profiles; the curves over operations play no part in predictions, and the sketch of fused work follows from the structure.
    private static Key KeyOf(CircuitProfile profile, in DecisionTerms terms) =>
        new(profile with { Planned = [], Features = profile.Features is { } f ? f with { SupportTrajectory = default, BondTrajectory = default, BondWorkTrajectory = default, BondLog2 = default, FusedWork = [], ChainWork = [], IsChainRough = false } : null }, terms);

    // The structure tells nearly all circuits apart; all numbers are compared where it does not.
    private readonly record struct Key(CircuitProfile Profile, DecisionTerms Terms)
    {
        public override int GetHashCode() => HashCode.Combine(Profile.Features?.StructuralHash ?? (ulong)Profile.GateCount, Profile.Features?.CliffordCount, Profile.NumQubits, Terms.Shots);
    }

    /// <summary>The gates of a circuit, each once, in the order of their first use.</summary>
    public static string[] GateNames(Circuit circuit)
    {
        var names = new List<string>();
        Span<bool> seen = stackalloc bool[GateCatalog.Table.Length];
        var unitary = false;
        foreach (ref readonly var op in circuit.Operations)
        {
            if (op.Kind == OperationKind.Gate && !seen[op.GateIndex])
            {
                seen[op.GateIndex] = true;
                names.Add(circuit.GateOf(op).Name);
            }
            else if (op.Kind == OperationKind.Unitary && !unitary)
            {
                unitary = true;
                names.Add("unitary");
            }
        }

        return [.. names];
    }
}
