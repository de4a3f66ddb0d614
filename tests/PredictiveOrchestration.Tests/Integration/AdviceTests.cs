using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Integration.Advice;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Integration;

public sealed class AdviceTests
{
    [Fact]
    public async Task Blocks_CircuitOfTwoParts_AreAdvisedAndJoinedExactly()
    {
        // Two random parts of eleven qubits in one circuit: together 2^22 amplitudes, apart twice 2^11.
        var wide = Beside(RandomFamilies.Random(11, 8, 1), RandomFamilies.Random(11, 8, 2));
        await using var orchestrator = await StartedAsync();
        var advice = orchestrator.GetStrategyAdvice(wide);
        advice.Blocks.Should().HaveCount(2);
        var gain = advice.Advisories.Single(a => a.Subject == "blocks");
        gain.SavedSeconds.Should().BeApproximately(advice.Now!.Seconds - gain.Predicted.Seconds, 1e-12);
        gain.SavedSeconds.Should().BeGreaterThan(0.9 * advice.Now.Seconds);
    }

    [Fact]
    public async Task Blocks_SmallCircuits_GiveWhatTheOracleGives()
    {
        await using var orchestrator = await StartedAsync();
        for (var seed = 0; seed < 12; seed++)
        {
            var circuit = Beside(RandomFamilies.Random(3, 4, (ulong)seed), RandomFamilies.Random(2, 4, (ulong)seed + 50), States.Ghz(2));
            var blocks = CircuitCutter.Cut(circuit);
            blocks.SelectMany(b => b.Qubits).Should().OnlyHaveUniqueItems();
            blocks.Count.Should().BeGreaterThanOrEqualTo(3);
            var observable = new PauliSum([PauliTerm.Parse("ZZIIIXI", 0.5), PauliTerm.Parse("IIIZIIZ", -2), PauliTerm.Parse("IIIIIII", 3)]);
            var advice = new StrategyAdvice { Now = null, Strategy = "predictive", RequireExact = true, Blocks = blocks, Advisories = [] };
            var result = await orchestrator.ExecuteAdvisedAsync(circuit, advice, new OrchestrationRequest { Shots = 4000, Seed = (ulong)seed, TopProbabilities = 128, Observables = [observable] });
            var expected = OracleSimulator.OutcomeDistribution(circuit);
            StateComparison.Distance(result.Probabilities, expected).Should().BeLessThan(1e-10);
            StateComparison.ChiSquarePValue(result.Counts, expected).Should().BeGreaterThan(1e-6);
            result.Counts.Values.Sum().Should().Be(4000);
            result.ExpectationValues.Single().Should().BeApproximately(OracleSimulator.ExpectationValue(circuit, observable), 1e-10);
        }
    }

    [Fact]
    public async Task Blocks_Measured_BitsStandWhereTheyStood()
    {
        // Classical bits in disorder; qubit 3 is flipped and measured into bit 0, the pair into bits 2 and 1.
        var circuit = new CircuitBuilder(4, 3).H(0).CX(0, 2).X(3).Measure(3, 0).Measure(0, 2).Measure(2, 1).Build();
        await using var orchestrator = await StartedAsync();
        var advice = new StrategyAdvice { Now = null, Strategy = "predictive", RequireExact = true, Blocks = CircuitCutter.Cut(circuit), Advisories = [] };
        var result = await orchestrator.ExecuteAdvisedAsync(circuit, advice, new OrchestrationRequest { Shots = 1000, TopProbabilities = 8 });
        result.Probabilities.Select(p => (p.Outcome.ToString(), Math.Round(p.Probability, 12))).Order().Should().Equal(("001", 0.5), ("111", 0.5));
        StateComparison.ChiSquarePValue(result.Counts, OracleSimulator.OutcomeDistribution(circuit)).Should().BeGreaterThan(1e-6);
    }

    [Fact]
    public void Cut_CircuitsOfOnePiece_AreLeftWhole()
    {
        CircuitCutter.Cut(States.Ghz(5)).Should().BeEmpty();
        CircuitCutter.Cut(new CircuitBuilder(2, 1).H(0).H(1).Measure(0, 0).Measure(1, 0).Build()).Should().BeEmpty("both write one bit");
        CircuitCutter.Cut(new CircuitBuilder(2, 1).Measure(0, 0).If(new BitExpression(0)).X(1).EndIf().Build()).Should().BeEmpty("a condition joins them");
    }

    [Fact]
    public async Task QubitOrder_Applied_GivesTheOutcomesOfTheCircuitAsItWas()
    {
        var circuit = RandomFamilies.Random(5, 6, 9);
        await using var orchestrator = await StartedAsync();
        var advice = new StrategyAdvice { Now = null, Strategy = "balanced", RequireExact = true, QubitOrder = [3, 0, 4, 1, 2], Advisories = [] };
        var observable = PauliSum.Parse("ZIXIZ");
        var result = await orchestrator.ExecuteAdvisedAsync(circuit, advice, new OrchestrationRequest { Shots = 100, TopProbabilities = 32, Observables = [observable] });
        StateComparison.Distance(result.Probabilities, OracleSimulator.OutcomeDistribution(circuit)).Should().BeLessThan(1e-10);
        result.ExpectationValues.Single().Should().BeApproximately(OracleSimulator.ExpectationValue(circuit, observable), 1e-10);
        result.Runs.Single().Decision.Strategy.Should().Be("balanced");
    }

    [Fact]
    public void Advise_EachChange_IsRecommendedOnlyWhereItGains()
    {
        // Predictions by hand: "fast" halves the time at equal cost, "dear" quarters it but costs more.
        AdvicePrediction Predict(Circuit circuit, string strategy, bool exact) =>
            new("b", (strategy == "fast" ? 1 : strategy == "dear" ? 0.5 : 2) * (exact ? 1 : 0.1), strategy == "dear" ? 1 : 0, exact ? 1 : 0.9);
        var advice = new StrategyAdvisor().Advise(new AdviceRequest { Circuit = States.Ghz(4), Strategy = "now", Strategies = ["dear", "fast", "now"], RequireExact = true, Predict = Predict });
        advice.Strategy.Should().Be("fast");
        advice.RequireExact.Should().BeFalse();
        advice.Blocks.Should().BeEmpty();
        advice.QubitOrder.Should().BeNull();
        advice.Advisories.Select(a => (a.Subject, Math.Round(a.SavedSeconds, 9))).Should().Equal(("precision", 1.8), ("strategy", 1.0));
    }

    private static Circuit Beside(params Circuit[] parts)
    {
        var builder = new CircuitBuilder(parts.Sum(p => p.NumQubits));
        var whole = builder.Build();
        var first = 0;
        foreach (var part in parts)
        {
            whole = whole.Compose(part, [.. Enumerable.Range(first, part.NumQubits)]);
            first += part.NumQubits;
        }

        return whole;
    }

    private static async Task<PredictiveOrchestrator> StartedAsync()
    {
        var orchestrator = new PredictiveOrchestratorBuilder().Configure(o => { o.StateDirectory = string.Empty; o.CalibrationBudget = TimeSpan.Zero; }).Build();
        await orchestrator.StartAsync();
        return orchestrator;
    }
}
