using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Routing;

/// <summary>
/// Decides, and keeps what it decided: while backends, model, health and load stay as they are, a job that comes again gets the same decision object, and
/// where only some backends' models have changed, only those are predicted again. Thread-safe.
/// </summary>
internal sealed class DecisionEngine(PriceTable prices, BackendHealthTracker health, BackendLoadTracker loads, DecisionPreferences options)
{
    private static readonly Dictionary<string, string> Nothing = [];
    private readonly KnownJobs _jobs = new();
    private long _draws;

    /// <summary>Decides.</summary>
    /// <param name="known">The circuit as it was seen before.</param>
    /// <param name="circuit">The circuit, or null if only its profile is known.</param>
    /// <param name="terms">What is asked.</param>
    /// <param name="backends">The backends.</param>
    /// <param name="model">The model.</param>
    /// <param name="router">The router.</param>
    /// <param name="stake">What exploration may put at stake.</param>
    /// <exception cref="NoFeasibleBackendException">No backend can do the job.</exception>
    /// <exception cref="ArgumentException">The backend that is asked for does not exist.</exception>
    public RoutingDecision Decide(KnownCircuit known, Circuit? circuit, in DecisionTerms terms, BackendSet backends, PerformancePredictor model, IBackendRouter router, (double Seconds, decimal Money) stake = default)
    {
        var job = known.Latest;
        if (job is null || job.Terms != terms)
        {
            known.Latest = job = _jobs.Of(known.Profile, terms);
        }

        var made = job.Latest;
        if (made is null || !IsCurrent(made, backends, model, router))
        {
            job.Latest = made = Make(known.Profile, circuit, terms, backends, model, router, made);
        }

        if (circuit is not null)
        {
            made.Decision.Inputs!.Unread?.Follow(circuit);
        }

        // The job may have been planned or sketched for another circuit of the same structure: the curves over operations stay this one's.
        var decided = made.Decision.Inputs!.Job.Profile;
        if (known.Profile.IsChainRough && !decided.IsChainRough)
        {
            known.Profile = known.Profile.WithChain(decided.Features!.ChainWork);
        }

        if (known.Profile.Planned != decided.Planned)
        {
            known.Profile = known.Profile with { Planned = decided.Planned };
            _jobs.KeepPlanned(known.Profile, job);
        }

        // What is explored is never what is kept.
        return stake.Seconds > ThompsonExploration.ReactionSeconds && router is IChanceRouter { NeedsDraw: false } chance && chance.MayChoose(made.Decision.Made, stake.Seconds)
            ? DecisionMaker.Decide(made.Decision.Inputs! with { Chance = new Chance(NextDraw(), stake.Seconds, stake.Money) }, made.Decision.RegistryVersion, made.Decision.ModelVersion)
            : made.Decision;
    }

    private ulong NextDraw() => Philox.UInt64(options.Seed, 0, (ulong)Interlocked.Increment(ref _draws));

    private bool IsCurrent(MadeDecision made, BackendSet backends, PerformancePredictor model, IBackendRouter router)
    {
        if (!made.IsRepeatable || !ReferenceEquals(made.Model, model) || !ReferenceEquals(made.Backends, backends) || !ReferenceEquals(made.Router, router)
            || made.HealthVersion != health.Version)
        {
            return false;
        }

        var countsAlone = router is IIncumbentRouter;
        foreach (ref readonly var part in made.Parts.AsSpan())
        {
            if (!(countsAlone ? part.IsSameCount : part.IsSameLoad))
            {
                return false;
            }
        }

        return true;
    }

    private MadeDecision Make(
        CircuitProfile profile, Circuit? circuit, in DecisionTerms terms, BackendSet backends, PerformancePredictor model, IBackendRouter router, MadeDecision? before)
    {
        // Read before anything that depends on it: what changes meanwhile makes the next decision anew.
        var (version, isRepeatable) = (health.Version, !health.IsAnyClosed);
        var only = terms.Backend is null ? null : backends.Find(terms.Backend);
        ReadOnlySpan<IQuantumBackend> asked = terms.Backend is null ? backends.Backends.AsSpan() : only is null ? [] : [only];
        var parts = new PartialDecision[asked.Length];

        // What was planned for the job stays, also for backends that came since.
        profile = before?.Decision.Inputs!.Job.Profile ?? profile;
        SharedDrivers? shared = null;
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = Part(asked[i].Descriptor, profile, ref shared, terms, model, before);
        }

        Wait(asked, parts);

        var requirements = Requirements(profile, circuit, terms, asked);
        if (circuit is not null && IsWorthSketching(requirements, asked, parts, router))
        {
            requirements = requirements with { Profile = Sketched(circuit, profile, asked, parts, terms, model) };
        }

        if (before is null && circuit is not null)
        {
            requirements = requirements with { Profile = Planned(circuit, requirements, asked, parts, terms, model) };
        }

        if (terms.Backend is not null && only is null)
        {
            throw new ArgumentException($"No backend has the id '{terms.Backend}'. Registered are {string.Join(", ", backends.Backends.Select(b => b.Descriptor.Id))}.");
        }

        foreach (var backend in asked)
        {
            isRepeatable &= prices.IsSteady(backend.Descriptor.Id) && (backend.Descriptor.IsLocal || backend is not (IConditionalBackend or ILoadedBackend));
        }

        var incumbent = before is not null && ReferenceEquals(before.Router, router) ? before.Decision.Chosen.Candidate.Backend.Id : null;
        var decision = Choose(requirements, circuit, asked, parts, terms, backends, model, router, incumbent);
        if (circuit is not null && decision.Chosen.Candidate.Prediction.IsRough)
        {
            // Nothing runs by a rough estimate: others may be out of order.
            requirements = requirements with { Profile = Sketched(circuit, requirements.Profile, asked, parts, terms, model) };
            decision = Choose(requirements, circuit, asked, parts, terms, backends, model, router, incumbent);
        }

        return new MadeDecision(decision, backends, model, router, version, isRepeatable && decision.Chosen.Propensity is null, parts);
    }

    private RoutingDecision Choose(
        JobRequirements requirements, Circuit? circuit, ReadOnlySpan<IQuantumBackend> asked, PartialDecision[] parts, in DecisionTerms terms, BackendSet backends, PerformancePredictor model, IBackendRouter router,
        string? incumbent)
    {
        var (unavailable, isRough) = (Nothing, false);
        for (var i = 0; i < parts.Length; i++)
        {
            var (backend, descriptor, part) = (asked[i], asked[i].Descriptor, parts[i]);
            isRough |= part.Candidate.Prediction.IsRough;
            if ((health.Reason(backend) ?? prices.Refusal(descriptor, part.Candidate.Prediction, requirements.Profile, part.Candidate.Shape)) is { } reason)
            {
                unavailable = ReferenceEquals(unavailable, Nothing) ? new Dictionary<string, string>(StringComparer.Ordinal) : unavailable;
                unavailable.Add(descriptor.Id, reason);
            }
        }

        var candidates = Array.ConvertAll(parts, static p => p.Candidate);
        var preferences = new RoutingContext
        {
            Candidates = candidates,
            CostWeight = options.CostWeight,
            PerformanceWeight = options.PerformanceWeight,
            CostThreshold = terms.CostThreshold,
            Deadline = terms.Deadline,
        };
        return DecisionMaker.Decide(
            new DecisionInputs(candidates, requirements, unavailable, preferences, options.PerformanceThreshold, router) { Incumbent = incumbent, Unread = isRough && circuit is not null ? new UnreadPredictions(circuit, model) : null, HysteresisMargin = options.HysteresisMargin, Chance = router is IChanceRouter { NeedsDraw: true } ? new Chance(NextDraw(), 0, 0) : null },
            backends.Version, model.Version);
    }

    // Where a backend says what a job would wait now, that counts, not what jobs waited before.
    private static void Wait(ReadOnlySpan<IQuantumBackend> asked, PartialDecision[] parts)
    {
        for (var i = 0; i < parts.Length; i++)
        {
            if (asked[i] is ILoadedBackend { ExpectedWait: { } wait } && parts[i].Candidate is var candidate)
            {
                parts[i] = parts[i] with { Candidate = candidate with { Prediction = candidate.Prediction with { WaitSeconds = Estimate.Exactly(Math.Max(0, wait.TotalSeconds)) } } };
            }
        }
    }

    private static JobRequirements Requirements(CircuitProfile profile, Circuit? circuit, in DecisionTerms terms, ReadOnlySpan<IQuantumBackend> asked)
    {
        var hasGates = false;
        foreach (var backend in asked)
        {
            hasGates |= backend.Descriptor.Capabilities.Gates is not null;
        }

        return new JobRequirements
        {
            Profile = profile,
            GateNames = hasGates && circuit is not null ? KnownJobs.GateNames(circuit) : null,
            Shots = terms.Shots,
            IsShotRange = terms.IsShotRange,
            NeedsProbabilities = terms.TopProbabilities > 0,
            NeedsExpectations = terms.Observables > 0,
            RequireExact = terms.RequireExact,
            AvailableBytes = terms.AvailableBytes,
            CostThreshold = terms.CostThreshold,
            Deadline = terms.Deadline,
        };
    }

    // Whether a sketch may change the choice. What a router of the host goes by is not known; what costs money is not estimated roughly, nor refused for a deadline.
    private static bool IsWorthSketching(JobRequirements job, ReadOnlySpan<IQuantumBackend> asked, PartialDecision[] parts, IBackendRouter router)
    {
        var at = Array.FindIndex(parts, static p => p.Candidate.Prediction.IsRough);
        return at >= 0
            && (asked.Length == 1 || job.Deadline is not null || router is not (IIncumbentRouter or IChanceRouter) || parts[at].Candidate.Cost.Upper > 0 || WorkForecasts.IsWorthSketching(Able(job, parts), at, ChainSketch.Seconds(job.Profile)));
    }

    // Backends that go by the sketch are predicted again.
    private CircuitProfile Sketched(Circuit circuit, CircuitProfile profile, ReadOnlySpan<IQuantumBackend> asked, PartialDecision[] parts, in DecisionTerms terms, PerformancePredictor model)
    {
        var sketched = CircuitProfiler.WithChain(circuit, profile);
        PredictAgain(asked, parts, profile, sketched, terms, model);
        return sketched;
    }

    // What is predicted of those that can do the job.
    private static BackendPrediction?[] Able(JobRequirements job, PartialDecision[] parts) =>
        Array.ConvertAll(parts, p => CapabilityFilter.Refuse(p.Candidate, job, null) is null ? p.Candidate.Prediction : null);

    // Backends that plan the circuit are predicted again.
    private CircuitProfile Planned(Circuit circuit, JobRequirements job, ReadOnlySpan<IQuantumBackend> asked, PartialDecision[] parts, in DecisionTerms terms, PerformancePredictor model)
    {
        if (!WorkForecasts.MayPay(job.Profile, asked, parts))
        {
            return job.Profile;
        }

        // What is not worth a sketch is not worth a plan.
        var able = Array.ConvertAll(Able(job, parts), static p => p is { IsRough: true } ? null : p);
        var planned = WorkForecasts.Add(circuit, job.Profile, asked, able);
        PredictAgain(asked, parts, job.Profile, planned, terms, model);
        return planned;
    }

    // Those that go by what a profile has got.
    private void PredictAgain(
        ReadOnlySpan<IQuantumBackend> asked, PartialDecision[] parts, CircuitProfile before, CircuitProfile now, in DecisionTerms terms, PerformancePredictor model)
    {
        SharedDrivers? shared = null;
        for (var i = 0; i < parts.Length && !ReferenceEquals(now, before); i++)
        {
            var backend = asked[i].Descriptor;
            if (now.PlannedFor(backend.CostModel) != before.PlannedFor(backend.CostModel) || (parts[i].Candidate.Prediction.IsRough && !now.IsChainRough))
            {
                parts[i] = Part(backend, now, ref shared, terms, model, null);
            }
        }
    }

    private PartialDecision Part(BackendDescriptor backend, CircuitProfile profile, ref SharedDrivers? shared, in DecisionTerms terms, PerformancePredictor predictor, MadeDecision? before)
    {
        var model = predictor.ModelOf(backend.Id, backend.CostModel);
        var load = loads.Of(backend.Id);
        var isSteady = prices.IsSteady(backend.Id);
        JobDrivers? drivers = null;
        if (before is not null && Find(before.Parts, backend) is { } old)
        {
            var success = health.SuccessRate(backend.Id);
            if (isSteady && ReferenceEquals(old.Model, model))
            {
                return success == old.Candidate.SuccessRate && old.IsSameLoad ? old : old with { Candidate = WithLoad(old.Candidate, load, success) };
            }

            // The job asks the same of a model on the same basis.
            drivers = ReferenceEquals(old.Model.Analytic.Basis, model.Analytic.Basis) ? old.Drivers : null;
        }

        var shape = terms.ShapeOn(backend);
        drivers ??= JobDrivers.Of(model.Analytic.Basis, shared ??= new SharedDrivers(profile, terms.Shots), shape);
        var prediction = PerformancePredictor.Predict(backend, profile, model, drivers);
        var candidate = new RoutingCandidate
        {
            Prediction = prediction,
            Cost = prices.Estimate(backend, prediction, profile, shape),
            SuccessRate = health.SuccessRate(backend.Id),
            InFlight = load.InFlight,
            Pressure = load.Pressure,
            DriftDiscount = load.DriftDiscount,
            Shape = shape,
        };
        return new PartialDecision(candidate, model, drivers, load);
    }

    private static RoutingCandidate WithLoad(RoutingCandidate candidate, BackendLoad load, double success) =>
        candidate with { SuccessRate = success, InFlight = load.InFlight, Pressure = load.Pressure, DriftDiscount = load.DriftDiscount };

    private static PartialDecision? Find(PartialDecision[] parts, BackendDescriptor backend)
    {
        foreach (ref readonly var part in parts.AsSpan())
        {
            if (ReferenceEquals(part.Candidate.Backend, backend))
            {
                return part;
            }
        }

        return null;
    }
}
