using Microsoft.Extensions.Options;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Integration.Advice;
using PredictiveOrchestration.Orleans.Placement;
using PredictiveOrchestration.Orleans.Silos;
using PredictiveOrchestration.Orleans.Wire;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Remote.Worker;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Orleans.Jobs;

/// <summary>
/// Cuts a job into runs and predicts each: by programs and bindings; by parts of a circuit that never meet, where that is fixed by the circuit alone; and by shots, where the predicted time falls
/// by it. All parts of one circuit's shots take the same engine, so that their counts add up to those of one run.
/// </summary>
internal sealed class JobPlanner(PredictiveOrchestrator orchestrator, KnownPrograms programs, ReferenceWorkloads workloads, SiloDirectory directory, IOptions<OrleansWorkerOptions> options)
{
    private const int MostShotParts = 256;
    private const int LeastShots = 64;

    // A circuit is cut if its largest part has at least so many qubits less: a sixteenth of the amplitudes.
    private const int QubitsSaved = 4;

    // The time of sharing must fall at least by this much.
    private const double MostShared = 0.7;

    /// <summary>Waits until the silo's orchestrator has started: a silo is in the cluster before its machine is measured.</summary>
    public Task ReadyAsync(CancellationToken cancellationToken) => orchestrator.IsRunning ? Task.CompletedTask : orchestrator.StartAsync(cancellationToken);

    /// <summary>Plans a job.</summary>
    /// <exception cref="Circuits.OpenQasm.OpenQasmException">A program has errors.</exception>
    /// <exception cref="NoFeasibleBackendException">No silo that is known can run a circuit.</exception>
    /// <exception cref="BackendException">An engine that was asked for does not exist.</exception>
    public List<JobPart> Plan(JobPayload payload, CancellationToken cancellationToken)
    {
        var parts = new List<JobPart>();
        var references = workloads.Seconds;
        for (var unit = 0; unit < payload.Units; unit++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Plan(payload, unit, references, parts);
        }

        return parts;
    }

    /// <summary>The blocks of a circuit that are run by themselves; null if it runs whole.</summary>
    public static BlockRuns? BlocksOf(JobPayload payload, Circuit circuit)
    {
        if (!payload.AllowSplit || payload.MayPay || circuit.NumQubits <= 2 * QubitsSaved)
        {
            return null;
        }

        var request = ToExecution(circuit, payload.Request);
        var blocks = CircuitCutter.Cut(circuit);
        return blocks.Count > 1 && blocks.Max(b => b.Qubits.Count) <= circuit.NumQubits - QubitsSaved && BlockRuns.CanJoin(request) ? new BlockRuns(request, blocks) : null;
    }

    /// <summary>The request as backends take it.</summary>
    public static ExecutionRequest ToExecution(Circuit circuit, OrchestrationRequest request) => new()
    {
        Circuit = circuit, Shots = request.Shots, Seed = request.Seed, TopProbabilities = request.TopProbabilities, Observables = request.Observables, RequireExact = request.RequireExact, Limits = request.Limits,
    };

    private void Plan(JobPayload payload, int unit, IReadOnlyDictionary<string, double> references, List<JobPart> parts)
    {
        var circuit = payload.Bindings.Count == 0 ? programs.Plan(payload.Programs[unit]) : payload.CircuitOf(unit);
        if (BlocksOf(payload, circuit) is not { } blocks)
        {
            Plan(payload, ToExecution(circuit, payload.Request), unit, -1, references, parts);
            return;
        }

        for (var r = 0; r < blocks.Runs.Count; r++)
        {
            Plan(payload, blocks.Runs[r].Request, unit, r, references, parts);
        }
    }

    private void Plan(JobPayload payload, ExecutionRequest run, int unit, int block, IReadOnlyDictionary<string, double> references, List<JobPart> parts)
    {
        var (needs, profile) = Needs(payload, run, references);
        var best = needs.Count == 0 ? default : needs.MinBy(n => n.Seconds);
        var shots = payload.AllowSplit && !payload.MayPay && profile is not null && best.Engine is not null ? ShotParts(run, best, profile) : 1;
        for (int p = 0, first = 0; p < shots; p++)
        {
            var count = (int)((long)run.Shots * (p + 1) / shots) - first;
            parts.Add(new JobPart
            {
                Unit = unit, Block = block, FirstShot = first, Shots = count, Engine = shots > 1 ? best.Engine : Named(payload), PredictedSeconds = shots > 1 ? Seconds(run, best.Engine!, profile!, count) : best.Seconds,
                Needs = shots > 1 ? [best] : [.. needs],
            });
            first += count;
        }
    }

    private static string? Named(JobPayload payload) => payload.Asked.Device == WorkerProtocol.AutoDevice ? null : payload.Asked.Device;

    // What each engine that can do it would take, here or on the silos that have it, and the profile.
    private (List<EngineNeed> Needs, CircuitProfile? Profile) Needs(JobPayload payload, ExecutionRequest run, IReadOnlyDictionary<string, double> references)
    {
        var named = Named(payload);
        var asked = new OrchestrationRequest
        {
            Shots = run.Shots, Seed = run.Seed, TopProbabilities = run.TopProbabilities, Observables = run.Observables, RequireExact = run.RequireExact, Limits = run.Limits,
            CostThreshold = payload.Asked.Limits?.Cost ?? 0, Backend = named is not null && orchestrator.Backends.Current.Find(named) is not null ? named : null,
        };
        IReadOnlyList<RefusedBackend> refused;
        List<EngineNeed> needs = [];
        CircuitProfile? profile = null;
        NoFeasibleBackendException? nowhere = null;
        try
        {
            var decision = orchestrator.GetRoutingRecommendation(run.Circuit, asked);
            profile = decision.Profile;
            refused = decision.Decision.Refused;
            if (!decision.Backend.IsLocal)
            {
                // A paid or remote backend of the silos is best: any silo may take it, and the router there decides again.
                return ([], null);
            }

            needs.AddRange(decision.Decision.Ranked.Where(r => r.Candidate.Backend.IsLocal).Select(r => Need(r.Candidate.Prediction, references)));
        }
        catch (NoFeasibleBackendException exception)
        {
            (refused, nowhere) = (exception.Refused, exception);
        }

        // What only lacks memory here may have it elsewhere.
        profile ??= CircuitProfiler.Profile(run.Circuit);
        var job = Requirements(run, profile);
        needs.AddRange(refused.Where(r => r.Candidate.Backend.IsLocal && IsAble(r.Candidate, job)).Select(r => Need(r.Candidate.Prediction, references)));
        needs.AddRange(Elsewhere(run, profile, job));
        needs = named is null ? needs : needs.FindAll(n => n.Engine == named);
        if (needs.Count == 0)
        {
            throw nowhere ?? (Exception)new BackendException(BackendErrorKind.Unsupported, named ?? "cluster", $"No silo has an engine '{named}'. There are {string.Join(", ", directory.View.Silos.SelectMany(s => s.Engines).Select(e => e.Id).Distinct().Order())}.");
        }

        return (needs, profile);
    }

    // Engines of other silos that there are none of here, such as a GPU.
    private IEnumerable<EngineNeed> Elsewhere(ExecutionRequest run, CircuitProfile profile, JobRequirements job)
    {
        var here = orchestrator.Backends.Current;
        foreach (var (silo, engine) in directory.View.Silos.SelectMany(s => s.Engines.Select(e => (s, e))).Where(p => p.e.Reason is null && here.Find(p.e.Id) is null).DistinctBy(p => p.e.Id))
        {
            var descriptor = engine.ToDescriptor(silo);
            var prediction = orchestrator.Predictor.Predict(descriptor, profile, Shape(run, descriptor, run.Shots));
            var candidate = new RoutingCandidate { Prediction = prediction, Cost = new Costs.CostEstimate(0, 0, 0, "USD"), SuccessRate = 1, InFlight = 0 };
            if (IsAble(candidate, job))
            {
                yield return new EngineNeed(engine.Id, prediction.Seconds.Median, 0, prediction.PeakBytes.Lower);
            }
        }
    }

    private static EngineNeed Need(BackendPrediction prediction, IReadOnlyDictionary<string, double> references) =>
        new(prediction.Backend.Id, prediction.Seconds.Median, references.GetValueOrDefault(prediction.Backend.Id), prediction.PeakBytes.Lower);

    private static JobRequirements Requirements(ExecutionRequest run, CircuitProfile profile) => new()
    {
        Profile = profile, Shots = run.Shots, NeedsProbabilities = run.TopProbabilities > 0, NeedsExpectations = run.Observables.Count > 0, RequireExact = run.RequireExact, GateNames = KnownJobs.GateNames(run.Circuit),
    };

    // Whether nothing but memory or health may keep an engine from it.
    private static bool IsAble(RoutingCandidate candidate, JobRequirements job) =>
        CapabilityFilter.Refuse(candidate with { Prediction = candidate.Prediction with { PeakBytes = Estimate.Exactly(0) } }, job, null) is null;

    // As many parts as there are places, if the time falls by it.
    private int ShotParts(ExecutionRequest run, EngineNeed best, CircuitProfile profile)
    {
        if (best.Seconds < options.Value.SplitFrom.TotalSeconds || run.Shots < 2 * LeastShots || orchestrator.Backends.Current.Find(best.Engine) is not { Descriptor.Capabilities.ShotRanges: true })
        {
            return 1;
        }

        var most = Math.Min(Math.Min(MostShotParts, run.Shots / LeastShots), Math.Max(1, directory.View.Concurrency));
        var (parts, least) = (1, best.Seconds * MostShared);
        for (var p = 2; p <= most; p = p < most && p * 2 > most ? most : p * 2)
        {
            var seconds = Seconds(run, best.Engine, profile, run.Shots / p) + (p * options.Value.PartOverhead.TotalSeconds);
            (parts, least) = seconds < least ? (p, seconds) : (parts, least);
        }

        return parts;
    }

    private double Seconds(ExecutionRequest run, string engine, CircuitProfile profile, int shots)
    {
        var backend = orchestrator.Backends.Current.Find(engine)!.Descriptor;
        return orchestrator.Predictor.Predict(backend, profile, Shape(run, backend, shots)).Seconds.Median;
    }

    private static JobShape Shape(ExecutionRequest run, BackendDescriptor backend, int shots) =>
        new(shots, Math.Min(backend.MaxThreads, run.Limits.Threads ?? int.MaxValue), run.Observables.Sum(o => o.Terms.Count), run.TopProbabilities);
}
