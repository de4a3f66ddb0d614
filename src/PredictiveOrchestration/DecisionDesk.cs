using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration;

/// <summary>Turns requests into decisions: by which router, on which terms, and whether a run may explore. Thread-safe.</summary>
internal sealed class DecisionDesk(PredictiveOrchestratorOptions options, IReadOnlyDictionary<string, IBackendRouter> routers, DecisionEngine engine)
{
    private readonly ExplorationLedger _exploration = new(options.Learning ? options.ExplorationShare : 0, options.ExplorationBudget);
    private volatile string _strategy = RoutingStrategies.NameOf(options.RoutingStrategy)!;
    private long _memoryBytes;

    /// <summary>The routers by their names.</summary>
    public IReadOnlyDictionary<string, IBackendRouter> Routers => routers;

    /// <summary>The name of the router of requests that name none.</summary>
    public string Strategy
    {
        get => _strategy;
        set => _strategy = routers.ContainsKey(value) ? value : throw Unknown(value, "router");
    }

    /// <summary>What local runs may take together; 0 before the start.</summary>
    public long MemoryBytes
    {
        get => Volatile.Read(ref _memoryBytes);
        set => Volatile.Write(ref _memoryBytes, value);
    }

    /// <summary>The number of runs that explored.</summary>
    public long ExploredRuns => _exploration.Totals(BackendRouters.Predictive).Runs;

    /// <summary>What a run of the request may take.</summary>
    public long BytesFor(OrchestrationRequest request) => Math.Min(MemoryBytes, request.Limits.MemoryBytes ?? long.MaxValue);

    /// <summary>Decides, without exploring.</summary>
    /// <exception cref="NoFeasibleBackendException">No backend can do the job.</exception>
    public RoutingDecision Decide(KnownCircuit known, Circuit? circuit, OrchestrationRequest request, BackendSet backends, PerformancePredictor model) =>
        engine.Decide(known, circuit, Terms(request), backends, model, RouterOf(request));

    /// <summary>Decides for a run. It explores only with a stake in the ledger; where another run took the room meanwhile, the greedy choice runs.</summary>
    /// <exception cref="NoFeasibleBackendException">No backend can do the job.</exception>
    public RoutingDecision DecideToRun(KnownCircuit known, Circuit circuit, OrchestrationRequest request, BackendSet backends, PerformancePredictor model)
    {
        var router = RouterOf(request);
        var decision = engine.Decide(known, circuit, Terms(request), backends, model, router, router is IChanceRouter { NeedsDraw: false } ? _exploration.Available(router.Name) : default);
        return decision.ExplorationLimit is not { } limit || _exploration.TryStake(decision.Strategy, limit.TotalSeconds + ThompsonExploration.ReactionSeconds, decision.Chosen.Candidate.Cost.Upper)
            ? decision
            : engine.Decide(known, circuit, Terms(request), backends, model, router);
    }

    /// <summary>Brings the ledger of exploration up to date with a finished job; without a report the job never ran.</summary>
    public void Explored(RoutingDecision decision, ExecutionReport? report)
    {
        var attempts = report?.Attempts ?? [];
        if (decision.ExplorationLimit is { } limit)
        {
            var explored = attempts.FirstOrDefault(a => a.IsExploration);
            var cost = decision.Chosen.Candidate.Cost.Upper;
            _exploration.Settle(decision.Strategy, limit.TotalSeconds + ThompsonExploration.ReactionSeconds, cost, explored?.Elapsed.TotalSeconds ?? 0, explored is null ? 0 : cost);
        }

        // The ledger rests on what the greedy choice took, not on what was tried before it.
        foreach (var attempt in attempts.Where(a => !a.IsExploration && !a.IsTrial))
        {
            _exploration.Greedy(decision.Strategy, attempt.Elapsed.TotalSeconds);
        }
    }

    private IBackendRouter RouterOf(OrchestrationRequest request) => request.Strategy is not { } name ? routers[_strategy] : routers.TryGetValue(name, out var router) ? router : throw Unknown(name, nameof(request));

    private ArgumentException Unknown(string name, string parameter) => new($"No router is named '{name}'. Registered are {string.Join(", ", routers.Keys.Order())}.", parameter);

    private DecisionTerms Terms(OrchestrationRequest request)
    {
        var observables = 0;
        for (var i = 0; i < request.Observables.Count; i++)
        {
            observables += request.Observables[i].Terms.Count;
        }

        return new DecisionTerms(
            request.Shots, request.Limits.Threads, observables, request.TopProbabilities, request.RequireExact, request.Backend, request.CostThreshold ?? options.CostThreshold,
            request.Limits.Time, BytesFor(request)) { IsShotRange = request.FirstShot > 0 };
    }
}
