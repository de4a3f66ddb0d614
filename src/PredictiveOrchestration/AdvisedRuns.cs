using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Integration.Advice;

namespace PredictiveOrchestration;

/// <summary>Asks the advisor, and runs circuits as advised.</summary>
/// <param name="advisor">The advisor.</param>
/// <param name="desk">The strategies that there are.</param>
/// <param name="comparer">What other ways would take.</param>
/// <param name="execute">Runs one circuit.</param>
internal sealed class AdvisedRuns(IStrategyAdvisor advisor, DecisionDesk desk, CircuitComparer comparer, Func<Circuit, OrchestrationRequest, CancellationToken, Task<OrchestrationResult>> execute)
{
    /// <summary>See <see cref="PredictiveOrchestrator.GetStrategyAdvice"/>.</summary>
    public StrategyAdvice Advise(Circuit circuit, OrchestrationRequest request, CancellationToken cancellationToken)
    {
        var choose = comparer.Choices();
        return advisor.Advise(
            new AdviceRequest
            {
                Circuit = circuit, Strategy = request.Strategy ?? desk.Strategy, Strategies = [.. desk.Routers.Keys.Order()], RequireExact = request.RequireExact,
                Predict = (c, strategy, exact) => choose(c, request with { Strategy = strategy, RequireExact = exact }) is { } chosen
                    ? new AdvicePrediction(chosen.Backend.Id, chosen.TotalSeconds, chosen.Cost.Median, chosen.Prediction.Fidelity.Median) : null,
            },
            cancellationToken);
    }

    /// <summary>See <see cref="PredictiveOrchestrator.ExecuteAdvisedAsync"/>.</summary>
    public async Task<AdvisedResult> RunAsync(Circuit circuit, StrategyAdvice advice, OrchestrationRequest request, CancellationToken cancellationToken)
    {
        request = request with { Strategy = advice.Strategy, RequireExact = advice.RequireExact };
        var asked = request.For(circuit);
        if (advice.Blocks.Count > 1 && BlockRuns.CanJoin(asked))
        {
            return await RunBlocksAsync(new BlockRuns(asked, advice.Blocks), request, cancellationToken).ConfigureAwait(false);
        }

        if (advice.QubitOrder is not { } order)
        {
            var plain = await execute(circuit, request, cancellationToken).ConfigureAwait(false);
            return new AdvisedResult { Counts = plain.Counts, Probabilities = plain.Probabilities, ExpectationValues = plain.ExpectationValues, Runs = [plain] };
        }

        var moved = request with { Observables = [.. request.Observables.Select(o => Moved(o, order))] };
        var run = await execute(circuit.Remap(order), moved, cancellationToken).ConfigureAwait(false);

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
            runs.Add(await execute(part.Circuit, own, cancellationToken).ConfigureAwait(false));
        }

        var (counts, probabilities, values) = blocks.Join([.. runs.Select(r => r.Execution)]);
        return new AdvisedResult { Counts = counts, Probabilities = probabilities, ExpectationValues = values, Runs = runs };
    }

    private static PauliSum Moved(PauliSum observable, IReadOnlyList<int> order) =>
        new([.. observable.Terms.Select(t => new PauliTerm(t.Coefficient, t.Factors.Select(f => (order[f.Qubit], f.Operator))))]);
}
