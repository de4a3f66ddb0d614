using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>What past jobs would have taken and cost under another strategy.</summary>
public sealed record WhatIfReport
{
    /// <summary>Gets the strategy that was tried.</summary>
    public required string Strategy { get; init; }

    /// <summary>Gets the number of jobs judged; those that did not complete, or that no backend of today can run, are left out.</summary>
    public required int Jobs { get; init; }

    /// <summary>Gets the number of jobs that would have gone to the backend they went to: for these the true time and cost count.</summary>
    public required int Unchanged { get; init; }

    /// <summary>Gets the seconds that the jobs took.</summary>
    public required double ActualSeconds { get; init; }

    /// <summary>Gets the number of jobs whose backend was left to chance: these say without a model what another choice would have given.</summary>
    public required int Randomised { get; init; }

    /// <summary>Gets the effective number of observations behind the correction of predictions: (Σw)² / Σw² over the jobs that went where the strategy would have sent them, w = 1 / propensity.</summary>
    public required double EffectiveObservations { get; init; }

    /// <summary>
    /// Gets the seconds that they would have taken, with a 90 % interval; exact where every job is unchanged, and wide where predictions stand for jobs that went elsewhere. Doubly robust: the
    /// prediction for every job, corrected by the errors of predictions at the jobs that went where the strategy would have sent them, each weighted by 1 / propensity.
    /// </summary>
    public required Estimate Seconds { get; init; }

    /// <summary>Gets the same by inverse propensities alone, without a model; not a number where no job went where the strategy would have sent it.</summary>
    public required double InversePropensitySeconds { get; init; }

    /// <summary>Gets what the jobs cost.</summary>
    public required decimal ActualCost { get; init; }

    /// <summary>Gets what they would have cost: by the true length of unchanged jobs, by the predicted one of the others.</summary>
    public required decimal Cost { get; init; }
}

/// <content>Decisions made again: under another strategy, or as they were.</content>
public sealed partial class PredictiveOrchestrator
{
    /// <summary>
    /// Replays past runs under another strategy or other prices and says what they would have taken and cost. A run tells the truth about every strategy that would have made the same
    /// choice; where choices were left to chance their propensities count (doubly robust off-policy evaluation: Dudík, Langford, Li, arXiv:1103.4601); for the rest the
    /// model in use predicts, corrected by the mean error it makes on these runs.
    /// </summary>
    /// <param name="strategy">The strategy; what it leaves to chance it chooses greedily here.</param>
    /// <param name="records">The runs, such as those of the telemetry.</param>
    /// <param name="priceList">
    /// Prices that hold instead: an entry whose id is a backend's, in force on the day of the latest run, replaces that backend's price, and its exchange rates are used. Null (default) for the prices
    /// of the options.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The strategy is not declared.</exception>
    public WhatIfReport WhatIf(RoutingStrategy strategy, IReadOnlyList<ExecutionRecord> records, PriceList? priceList = null)
    {
        ArgumentNullException.ThrowIfNull(records);
        var name = RoutingStrategies.NameOf(strategy) ?? throw new ArgumentOutOfRangeException(nameof(strategy), strategy, $"The strategy '{strategy}' is not declared.");
        var (router, model, backends) = (_routers[name], _publisher.Current, _registry.Current);
        List<ExecutionRecord> usable = [.. records.Where(r => r.Outcome == ExecutionOutcome.Completed && r.ServiceTime > TimeSpan.Zero).OrderBy(r => r.Timestamp)];
        var clock = new RecordClock();
        var prices = priceList is null ? _prices : OtherPrices(priceList, usable, clock);
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

    private PriceTable OtherPrices(PriceList list, List<ExecutionRecord> records, TimeProvider clock)
    {
        var day = DateOnly.FromDateTime((records.Count == 0 ? _time.GetUtcNow() : records[^1].Timestamp).UtcDateTime);
        var prices = new Dictionary<string, PriceModel>(_options.Prices);
        foreach (var backend in _registry.Current.Backends)
        {
            if (list.Find(backend.Descriptor.Id, day)?.Price is { } price)
            {
                prices[backend.Descriptor.Id] = price;
            }
        }

        return new PriceTable(prices, _options.PriceList.With(list), _options.Currency, clock);
    }

    // The time of the run that is replayed: included quantities count down as they would have.
    private sealed class RecordClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }

    /// <summary>Makes a decision again, by the model it was made with; equal to the first one bit for bit.</summary>
    /// <param name="decision">A decision of this orchestrator.</param>
    /// <exception cref="InvalidOperationException">Its model is not kept any more (the latest 512 are), or it is not a decision of an orchestrator.</exception>
    public RoutingDecision Replay(RoutingDecision decision)
    {
        ArgumentNullException.ThrowIfNull(decision);
        if (decision.Inputs is not { } inputs || _publisher.Find(decision.ModelVersion) is not { } model)
        {
            throw new InvalidOperationException($"The decision cannot be made again: model version {decision.ModelVersion} is not kept any more. The latest 512 versions are; the present one is {_publisher.Current.Version}.");
        }

        List<RoutingCandidate> candidates = [.. inputs.Candidates.Select(c => c with { Prediction = model.Predict(c.Backend, inputs.Job.Profile, c.Shape) })];
        return DecisionMaker.Decide(inputs with { Candidates = candidates }, decision.RegistryVersion, model.Version);
    }

    /// <summary>Makes a decision again from what <see cref="RoutingDecision.ToJson"/> wrote; equal to the first one bit for bit.</summary>
    /// <param name="decision">The JSON text.</param>
    /// <exception cref="FormatException">The text is not a decision.</exception>
    /// <exception cref="InvalidOperationException">Its model is not kept any more (the latest 512 are), or its router or one of its backends is not registered.</exception>
    public RoutingDecision Replay(string decision)
    {
        ArgumentNullException.ThrowIfNull(decision);
        var file = DecisionFile.Read(decision);
        if (_publisher.Find(file.ModelVersion) is not { } model)
        {
            throw new InvalidOperationException($"The decision cannot be made again: model version {file.ModelVersion} is not kept any more. The latest 512 versions are; the present one is {_publisher.Current.Version}.");
        }

        var router = _routers.GetValueOrDefault(file.Strategy) ?? throw new InvalidOperationException($"The decision cannot be made again: no router is named '{file.Strategy}'.");
        return DecisionMaker.Decide(file.ToInputs(_registry.Current, model, router), file.RegistryVersion, model.Version);
    }

    private RoutingDecision? TryDecide(IBackendRouter router, List<RoutingCandidate> candidates, ExecutionRecord record, int registryVersion, int modelVersion)
    {
        var job = new JobRequirements
        {
            Profile = record.Profile, Shots = record.Shots, NeedsProbabilities = record.TopProbabilities > 0, NeedsExpectations = record.Observables > 0,
            AvailableBytes = _memoryBytes, CostThreshold = decimal.MaxValue,
        };
        var preferences = new RoutingContext
        {
            Candidates = candidates, CostWeight = _options.CostWeight, PerformanceWeight = _options.PerformanceWeight, CostThreshold = _options.CostThreshold, Deadline = null,
        };
        try
        {
            return DecisionMaker.Decide(new DecisionInputs(candidates, job, new Dictionary<string, string>(), preferences, _options.PerformanceThreshold, router), registryVersion, modelVersion);
        }
        catch (NoFeasibleBackendException)
        {
            return null;
        }
    }
}
