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

    /// <summary>Gets the seconds that they would have taken; exact for unchanged jobs, predicted for the others.</summary>
    public required Estimate Seconds { get; init; }

    /// <summary>Gets what the jobs cost.</summary>
    public required decimal ActualCost { get; init; }

    /// <summary>Gets what they would have cost.</summary>
    public required decimal Cost { get; init; }
}

/// <content>Decisions made again: under another strategy, or as they were.</content>
public sealed partial class PredictiveOrchestrator
{
    /// <summary>
    /// Replays past runs under another strategy and says what they would have taken and cost. The strategies choose without chance, so a run
    /// tells the truth about the strategies that would have made the same choice; for the others the model in use predicts (the direct method of off-policy evaluation), corrected by the
    /// mean error it makes on these runs.
    /// </summary>
    /// <param name="strategy">The strategy.</param>
    /// <param name="records">The runs, such as those of the telemetry.</param>
    /// <exception cref="ArgumentOutOfRangeException">The strategy is not declared.</exception>
    public WhatIfReport WhatIf(RoutingStrategy strategy, IReadOnlyList<ExecutionRecord> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        var name = RoutingStrategies.NameOf(strategy) ?? throw new ArgumentOutOfRangeException(nameof(strategy), strategy, $"The strategy '{strategy}' is not declared.");
        var (router, model, backends) = (_routers[name], _publisher.Current, _registry.Current);
        int jobs = 0, unchanged = 0;
        double actual = 0, known = 0, low = 0, median = 0, high = 0, error = 0;
        decimal actualCost = 0, cost = 0;
        foreach (var record in records.Where(r => r.Outcome == ExecutionOutcome.Completed && r.ServiceTime > TimeSpan.Zero))
        {
            var candidates = new List<RoutingCandidate>();
            foreach (var backend in backends.Backends)
            {
                var shape = new JobShape(record.Shots, Math.Min(backend.Descriptor.MaxThreads, Math.Max(1, record.Threads)), record.Observables, record.TopProbabilities);
                var prediction = model.Predict(backend.Descriptor, record.Profile, shape);
                candidates.Add(new RoutingCandidate { Prediction = prediction, Cost = _prices.Estimate(backend.Descriptor, prediction, record.Profile, shape), SuccessRate = 1, InFlight = 0, Shape = shape });
            }

            var decision = TryDecide(router, candidates, record, backends.Version, model.Version);
            if (decision is null)
            {
                continue;
            }

            var (seconds, chosen) = (record.ServiceTime.TotalSeconds, decision.Chosen.Candidate);
            jobs++;
            actual += seconds;
            actualCost += record.Cost;
            if (candidates.Find(c => c.Backend.Id == record.BackendId) is { } same)
            {
                error += Math.Log(seconds / same.Prediction.Seconds.Median);
            }

            if (chosen.Backend.Id == record.BackendId)
            {
                unchanged++;
                known += seconds;
                cost += record.Cost;
                continue;
            }

            low += chosen.Prediction.Seconds.Lower;
            median += chosen.Prediction.Seconds.Median;
            high += chosen.Prediction.Seconds.Upper;
            cost += chosen.Cost.Median;
        }

        var correction = jobs == 0 ? 1 : Math.Exp(Math.Clamp(error / jobs, -2, 2));
        return new WhatIfReport
        {
            Strategy = name, Jobs = jobs, Unchanged = unchanged, ActualSeconds = actual, ActualCost = actualCost, Cost = cost,
            Seconds = new Estimate(known + (median * correction), known + (low * correction), known + (high * correction)),
        };
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
