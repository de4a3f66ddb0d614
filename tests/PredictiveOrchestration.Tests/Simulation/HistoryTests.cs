using FluentAssertions;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Simulation;

public sealed class HistoryTests
{
    [Fact]
    public void Run_CopiedOrReplayed_GivesTheSameCountsAndTheExactDistribution()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 4, Clbits = 4, Operations = 40, MidCircuit = true, ControlFlow = seed % 2 == 0, MeasureAtEnd = true });
            var expected = OracleSimulator.OutcomeDistribution(circuit);
            var copied = Run(circuit, seed, new HistoryPlanner(always: Return.Copy));
            StateComparison.ChiSquarePValue(copied.Counts, expected).Should().BeGreaterThan(1e-6, "seed {0}", seed);
            StateComparison.Distance(copied.Probabilities, expected).Should().BeLessThan(1e-11, "seed {0}", seed);

            // A budget of one state makes the tree replay from the second open history on.
            HistoryPlanner[] others =
            [
                new(always: Return.FromCheckpoint), new(always: Return.FromBeginning), new(budgetBytes: 1, always: Return.Copy), new(budgetBytes: 1, always: Return.FromCheckpoint), new(),
            ];
            foreach (var planner in others)
            {
                var other = Run(circuit, seed, planner);
                other.Counts.Should().BeEquivalentTo(copied.Counts, "seed {0}", seed);
                StateComparison.Distance(other.Probabilities, expected).Should().BeLessThan(1e-11, "seed {0}", seed);
            }
        }
    }

    [Theory]
    [InlineData(1, 100, true, 50.0, Return.Copy)]
    [InlineData(1, 100, false, 50.0, Return.FromCheckpoint)]
    [InlineData(1, 100, false, null, Return.FromBeginning)]
    [InlineData(200, 100, true, null, Return.FromBeginning)]
    [InlineData(60, 100, false, 50.0, Return.FromBeginning)]
    public void Choose_ByWhatEachTakes_TakesTheLeast(double copyMilliseconds, double beginning, bool fits, double? checkpoint, object expected)
    {
        var planner = new HistoryPlanner();
        planner.Note(1000, TimeSpan.FromMilliseconds(copyMilliseconds));
        TimeSpan? since = checkpoint is { } c ? TimeSpan.FromMilliseconds(c) : null;
        planner.Choose(1000, fits, since, TimeSpan.FromMilliseconds(beginning)).Should().Be((Return)expected);
    }

    [Fact]
    public void WantsCheckpoint_OnlyWhereCopiesDoNotFitAndTheBeginningIsLong()
    {
        var planner = new HistoryPlanner(budgetBytes: 4000);
        planner.Note(1000, TimeSpan.FromMilliseconds(1));
        planner.WantsCheckpoint(1000, 4, 1000, TimeSpan.FromSeconds(1)).Should().BeFalse("four copies fit, and a path has no more");
        planner.WantsCheckpoint(1000, 8, 1000, TimeSpan.FromSeconds(1)).Should().BeTrue("of 256 histories about half would be run again for a second each");
        planner.WantsCheckpoint(1000, 8, 1, TimeSpan.FromSeconds(1)).Should().BeTrue("even one history run again is longer than a copy");
        planner.WantsCheckpoint(1000, 8, 1000, TimeSpan.FromMilliseconds(0.5)).Should().BeFalse("running again is shorter than a copy");
        planner.WantsCheckpoint(1000, double.PositiveInfinity, 1000, TimeSpan.FromSeconds(1)).Should().BeTrue("a loop may measure any number of times");
    }

    private static ExecutionResult Run(Circuit circuit, int seed, HistoryPlanner planner)
    {
        var settings = new DenseSettings(DenseKernelSelector.Best(StateVectorPrecision.Double));
        var request = new ExecutionRequest { Circuit = circuit, Shots = 400, Seed = (ulong)seed, TopProbabilities = int.MaxValue };
        var context = new RunContext("test", request, long.MaxValue, TimeProvider.System, CancellationToken.None);
        var plans = new PlanCache(settings);
        var result = new ShotRunner(request, context, () => new DenseState(circuit.NumQubits, 1, settings, plans, context), TimeProvider.System, planner).Run(isExact: true);
        context.HeldBytes.Should().BeLessThan(1 << 20, "states and copies are given back");
        return result;
    }
}
