using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>Decisions made again: past ones as they were, past runs under another strategy or other prices. Runs nothing.</summary>
internal sealed class DecisionReplay(PredictiveOrchestratorOptions options, DecisionDesk desk, ModelPublisher models, BackendRegistry registry, PriceTable ownPrices, TimeProvider time)
{
    /// <summary>See <see cref="PredictiveOrchestrator.WhatIf"/>.</summary>
    public WhatIfReport WhatIf(RoutingStrategy strategy, IReadOnlyList<ExecutionRecord> records, PriceList? priceList)
    {
        var name = RoutingStrategies.NameOf(strategy) ?? throw new ArgumentOutOfRangeException(nameof(strategy), strategy, $"The strategy '{strategy}' is not declared.");
        var (router, model, backends) = (desk.Routers[name], models.Current, registry.Current);
        List<ExecutionRecord> usable = [.. records.Where(r => r.Outcome == ExecutionOutcome.Completed && r.ServiceTime > TimeSpan.Zero).OrderBy(r => r.Timestamp)];
        var clock = new RecordClock();
        var prices = priceList is null ? ownPrices : OtherPrices(priceList, usable, clock);
        var evaluation = new OffPolicyEvaluation();
        int unchanged = 0;
        decimal actualCost = 0, cost = 0;
        foreach (var record in usable)
        {
            clock.Now = record.Timestamp;
            var candidates = new List<RoutingCandidate>();
            foreach (var backend in backends.Backends)
            {
                var shape = new JobShape(record.Shots, Math.Min(backend.Descriptor.MaxThreads, Math.Max(1, record.Threads)), record.Observables, record.TopProbabilities);
                var prediction = model.Predict(backend.Descriptor, record.Profile, shape);
                candidates.Add(new RoutingCandidate { Prediction = prediction, Cost = prices.Estimate(backend.Descriptor, prediction, record.Profile, shape), SuccessRate = 1, InFlight = 0, Shape = shape });
            }

            if (TryDecide(router, candidates, record, backends.Version, model.Version) is not { } decision)
            {
                continue;
            }

            var chosen = decision.Chosen.Candidate;
            var same = chosen.Backend.Id == record.BackendId;
            actualCost += record.Cost;
            unchanged += same ? 1 : 0;
            cost += !same ? chosen.Cost.Median
                : priceList is null ? record.Cost
                : prices.Book(chosen.Backend, record.Profile, chosen.Shape, record.ServiceTime, record.PeakMemoryBytes, completed: true);
            evaluation.Add(record.ServiceTime.TotalSeconds, record.Propensity, same, candidates.Find(c => c.Backend.Id == record.BackendId)?.Prediction, chosen.Prediction);
        }

        return new WhatIfReport
        {
            Strategy = name, Jobs = evaluation.Jobs, Unchanged = unchanged, ActualSeconds = evaluation.ActualSeconds, ActualCost = actualCost, Cost = cost, Randomised = evaluation.Randomised,
            EffectiveObservations = evaluation.EffectiveObservations, Seconds = evaluation.Estimate(), InversePropensitySeconds = evaluation.InversePropensitySeconds,
        };
    }

    /// <summary>See <see cref="PredictiveOrchestrator.Replay(RoutingDecision)"/>.</summary>
    public RoutingDecision Replay(RoutingDecision decision)
    {
        var model = ModelOf(decision.Inputs is null ? null : decision.ModelVersion);
        List<RoutingCandidate> candidates = [.. decision.Inputs!.Candidates.Select(c => c with { Prediction = model.Predict(c.Backend, decision.Inputs.Job.Profile, c.Shape) })];
        return DecisionMaker.Decide(decision.Inputs with { Candidates = candidates }, decision.RegistryVersion, model.Version);
    }

    /// <summary>See <see cref="PredictiveOrchestrator.Replay(string)"/>.</summary>
    public RoutingDecision Replay(string decision)
    {
        var file = DecisionFile.Read(decision);
        var model = ModelOf(file.ModelVersion);
        var router = desk.Routers.GetValueOrDefault(file.Strategy) ?? throw new InvalidOperationException($"The decision cannot be made again: no router is named '{file.Strategy}'.");
        return DecisionMaker.Decide(file.ToInputs(registry.Current, model, router), file.RegistryVersion, model.Version);
    }

    private PerformancePredictor ModelOf(int? version) => (version is { } known ? models.Find(known) : null) ?? throw new InvalidOperationException(
        version is null ? "The decision cannot be made again: it is not a decision of an orchestrator, which keeps what it was made from."
            : $"The decision cannot be made again: model version {version} is not kept any more. The latest 512 versions are; the present one is {models.Current.Version}.");

    private PriceTable OtherPrices(PriceList list, List<ExecutionRecord> records, TimeProvider clock)
    {
        var day = DateOnly.FromDateTime((records.Count == 0 ? time.GetUtcNow() : records[^1].Timestamp).UtcDateTime);
        var prices = new Dictionary<string, PriceModel>(options.Prices);
        foreach (var backend in registry.Current.Backends)
        {
            if (list.Find(backend.Descriptor.Id, day)?.Price is { } price)
            {
                prices[backend.Descriptor.Id] = price;
            }
        }

        return new PriceTable(prices, options.PriceList.With(list), options.Currency, clock);
    }

    private RoutingDecision? TryDecide(IBackendRouter router, List<RoutingCandidate> candidates, ExecutionRecord record, int registryVersion, int modelVersion)
    {
        var job = new JobRequirements
        {
            Profile = record.Profile, Shots = record.Shots, NeedsProbabilities = record.TopProbabilities > 0, NeedsExpectations = record.Observables > 0,
            AvailableBytes = desk.MemoryBytes, CostThreshold = decimal.MaxValue,
        };
        var preferences = new RoutingContext
        {
            Candidates = candidates, CostWeight = options.CostWeight, PerformanceWeight = options.PerformanceWeight, CostThreshold = options.CostThreshold, Deadline = null,
        };
        try
        {
            return DecisionMaker.Decide(new DecisionInputs(candidates, job, new Dictionary<string, string>(), preferences, options.PerformanceThreshold, router), registryVersion, modelVersion);
        }
        catch (NoFeasibleBackendException)
        {
            return null;
        }
    }

    // The time of the run that is replayed: included quantities count down as they would have.
    private sealed class RecordClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
