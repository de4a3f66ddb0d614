using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Integration.Advice;

namespace PredictiveOrchestration;

/// <summary>What a circuit gave that ran as advised.</summary>
public sealed record AdvisedResult
{
    /// <summary>Gets how often each outcome of the whole circuit was seen.</summary>
    public required IReadOnlyDictionary<BitString, long> Counts { get; init; }

    /// <summary>Gets the exact probabilities asked for.</summary>
    public required IReadOnlyList<OutcomeProbability> Probabilities { get; init; }

    /// <summary>Gets the expectation values asked for.</summary>
    public required IReadOnlyList<double> ExpectationValues { get; init; }

    /// <summary>Gets the runs: one, or one for each block that mattered.</summary>
    public required IReadOnlyList<OrchestrationResult> Runs { get; init; }

    /// <summary>Gets what all runs cost.</summary>
    public decimal Cost => Runs.Sum(r => r.Cost);
}

/// <content>Advice, and runs that follow it.</content>
public sealed partial class PredictiveOrchestrator
{
    internal IStrategyAdvisor Advisor { get; init; } = new StrategyAdvisor();

    /// <summary>Says how a circuit would run better: by which strategy, how exact, in which order of qubits, in which parts; runs nothing.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="request">The request it would run with; null for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public StrategyAdvice GetStrategyAdvice(Circuit circuit, OrchestrationRequest? request = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        request ??= OrchestrationRequest.Default;
        using var work = _running.Enter();
        var compare = Comparer();
        return Advisor.Advise(
            new AdviceRequest
            {
                Circuit = circuit, Strategy = request.Strategy ?? _strategy, Strategies = [.. _routers.Keys.Order()], RequireExact = request.RequireExact,
                Predict = (c, strategy, exact) => compare(c, request with { Strategy = strategy, RequireExact = exact }) is { } chosen
                    ? new AdvicePrediction(chosen.Backend.Id, chosen.TotalSeconds, chosen.Cost.Median, chosen.Prediction.Fidelity.Median) : null,
            },
            cancellationToken);
    }

    /// <summary>
    /// Runs a circuit as advised, and gives the results as if it had run as it is: outcomes in its own order of qubits, blocks joined exactly. Blocks run one after the other, each under the
    /// request's limits; with more than 65,536 probabilities, or outcomes of all shots beyond 256 MiB, the circuit runs whole.
    /// </summary>
    /// <param name="circuit">The circuit that the advice is for.</param>
    /// <param name="advice">The advice; change it before to follow only a part.</param>
    /// <param name="request">The request; its strategy and exactness are the advice's.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="Routing.NoFeasibleBackendException">No backend can run it.</exception>
    /// <exception cref="BackendException">A run failed.</exception>
    public async Task<AdvisedResult> ExecuteAdvisedAsync(Circuit circuit, StrategyAdvice advice, OrchestrationRequest? request = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        ArgumentNullException.ThrowIfNull(advice);
        request = (request ?? OrchestrationRequest.Default) with { Strategy = advice.Strategy, RequireExact = advice.RequireExact };
        var asked = ToBackend(circuit, request);
        if (advice.Blocks.Count > 1 && BlockRuns.CanJoin(asked))
        {
            return await RunBlocksAsync(new BlockRuns(asked, advice.Blocks), request, cancellationToken).ConfigureAwait(false);
        }

        if (advice.QubitOrder is not { } order)
        {
            var plain = await ExecuteAsync(circuit, request, cancellationToken).ConfigureAwait(false);
            return new AdvisedResult { Counts = plain.Counts, Probabilities = plain.Probabilities, ExpectationValues = plain.ExpectationValues, Runs = [plain] };
        }

        var moved = request with { Observables = [.. request.Observables.Select(o => Moved(o, order))] };
        var run = await ExecuteAsync(circuit.Remap(order), moved, cancellationToken).ConfigureAwait(false);

        // Classical bits stay where they are; where nothing is measured the outcome is over the qubits.
        BitString Back(BitString outcome) => BlockRuns.Measures(circuit) ? outcome : BitString.Parse(string.Concat(Enumerable.Range(0, outcome.Length).Reverse().Select(q => outcome[order[q]] ? '1' : '0')));
        return new AdvisedResult
        {
            Counts = run.Counts.ToDictionary(c => Back(c.Key), c => c.Value), ExpectationValues = run.ExpectationValues, Runs = [run],
            Probabilities = [.. run.Probabilities.Select(p => p with { Outcome = Back(p.Outcome) }).OrderByDescending(p => p.Probability).ThenBy(p => p.Outcome)],
        };
    }

    private async Task<AdvisedResult> RunBlocksAsync(BlockRuns blocks, OrchestrationRequest request, CancellationToken cancellationToken)
    {
        var runs = new List<OrchestrationResult>();
        foreach (var part in blocks.Runs.Select(r => r.Request))
        {
            var own = request with { Observables = part.Observables, Shots = part.Shots, TopProbabilities = part.TopProbabilities, Seed = part.Seed };
            runs.Add(await ExecuteAsync(part.Circuit, own, cancellationToken).ConfigureAwait(false));
        }

        var (counts, probabilities, values) = blocks.Join([.. runs.Select(r => r.Execution)]);
        return new AdvisedResult { Counts = counts, Probabilities = probabilities, ExpectationValues = values, Runs = runs };
    }

    private static PauliSum Moved(PauliSum observable, IReadOnlyList<int> order) =>
        new([.. observable.Terms.Select(t => new PauliTerm(t.Coefficient, t.Factors.Select(f => (order[f.Qubit], f.Operator))))]);
}
