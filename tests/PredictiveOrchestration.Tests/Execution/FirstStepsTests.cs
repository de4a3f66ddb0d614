using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Execution;

/// <summary>Runs that begin without a plan: over where the bound is loose, planned before much is lost where it is not.</summary>
public sealed class FirstStepsTests
{
    private const int Qubits = 14;
    private const double Worth = 8;
    private static readonly ISegmentedBackend[] Engines = [new StateVectorSimulator(), new SparseStateSimulator(), new StabilizerSimulator()];
    private static readonly MatrixProductStateSimulator Chain = new();

    [Fact]
    public async Task Run_LooseBound_GoesToTheEnd()
    {
        var circuit = Loose();
        Features(circuit).PeakSupportLog2.Should().Be(Qubits, "the bound is loose");
        using var session = await Engines[1].OpenAsync(new ExecutionRequest { Circuit = circuit }, null);
        Steps(circuit, new SteppedTime()).Run(session).Should().BeTrue();
        session.Position.Should().Be(circuit.UnitaryEnd(0));
        session.Observe().NonZeros.Should().BeLessThan(10);
    }

    [Fact]
    public async Task Run_AsManyAmplitudesAsTheBound_EndsWhileTheyAreFew()
    {
        var circuit = Tight();
        using var session = await Engines[1].OpenAsync(new ExecutionRequest { Circuit = circuit }, null);
        Steps(circuit, new SteppedTime()).Run(session).Should().BeFalse();
        session.Position.Should().BeInRange(6, 11);
        session.Observe().NonZeros.Should().BeLessThanOrEqualTo(1 << 11);
    }

    [Fact]
    public async Task Run_TimeIsOver_Ends()
    {
        var circuit = Loose();
        var time = new SteppedTime();
        using var session = new WatchedSession(await Engines[1].OpenAsync(new ExecutionRequest { Circuit = circuit }, null), _ => time.Advance(TimeSpan.FromSeconds(0.6)));
        Steps(circuit, time).Run(session).Should().BeFalse();
        session.Position.Should().BeInRange(2, circuit.Operations.Length / 2, "two pieces take more than the second there was");
    }

    [Fact]
    public async Task Run_BondsThatTakeNoTime_GoesToTheEndHoweverLongThatWasPredicted()
    {
        // A twentieth of a second for each sixteen of 840 gates: the rest never seems to take so long that the whole would be eight seconds.
        var circuit = Loose();
        var time = new SteppedTime();
        using var session = new WatchedSession(await Chain.OpenAsync(new ExecutionRequest { Circuit = circuit }, null), _ => time.Advance(TimeSpan.FromSeconds(0.05)));
        Steps(circuit, time).Run(session).Should().BeTrue();
        session.Position.Should().Be(circuit.UnitaryEnd(0)).And.Be(840);
    }

    [Theory]
    [InlineData(0, 0.1, 176)] // After 1.1 s, the first look after a second, the rest is 4.15 s at this pace, 8.3 if it slows down.
    [InlineData(320, 1.0, 336)] // After 1.2 s, five gates in six of the last 96 or more having taken next to nothing, the rest seems to take 13 s.
    public async Task Run_BondsThatGetSlow_EndsWhenTheRestIsWorthAPlan(int slowFrom, double slow, int ends)
    {
        var circuit = Loose();
        var time = new SteppedTime();
        using var session = new WatchedSession(
            await Chain.OpenAsync(new ExecutionRequest { Circuit = circuit }, null), end => time.Advance(TimeSpan.FromSeconds(end > slowFrom ? slow : 0.01)));
        Steps(circuit, time).Run(session).Should().BeFalse();
        session.Position.Should().Be(ends);
    }

    [Fact]
    public void SegmentedRun_OverBeforeItIsPlanned_IsNeverPlanned()
    {
        var circuit = Loose();
        var report = Run(circuit, 1, () => throw new InvalidOperationException("Nobody needs a plan."));
        report.Parts.Should().ContainSingle().Which.Error.Should().BeNull();
        Matches(report, circuit);
    }

    [Fact]
    public void SegmentedRun_NotOverAndNotToBeLookedAt_GoesOnAlone()
    {
        var circuit = Tight();
        var report = Run(circuit, 1, () => null);
        report.Parts.Should().ContainSingle().Which.Backend.Should().BeSameAs(Engines[1]);
        Matches(report, circuit);
    }

    [Fact]
    public void SegmentedRun_NotOver_CarriesItsStateOnToTheBetterEngine()
    {
        var circuit = Tight();
        var report = Run(circuit, 1, null, new FakeCosts { Dense = 1e-9 });
        report.Parts.Select(p => p.Backend.Descriptor.Id).Should().Equal("local-sparse", "local-dense");
        report.Swaps.Should().ContainSingle().Which.OperationIndex.Should().BeInRange(6, 11, "what was done is not done again");
        Matches(report, circuit);
    }

    [Fact]
    public void SegmentedRun_CliffordPrefix_BeginsAnewOnTheTableau()
    {
        // All qubits in superposition, a long Clifford part, then not.
        var builder = new CircuitBuilder(Qubits);
        for (var i = 0; i < 900; i++)
        {
            builder.H(i % Qubits).S(i % Qubits).CX(i % Qubits, (i + 5) % Qubits);
        }

        for (var q = 0; q < Qubits; q++)
        {
            builder.T(q).H(q);
        }

        var circuit = builder.Build();
        var report = Run(circuit, 1, null);
        report.Parts[0].Backend.Descriptor.Id.Should().Be("local-stabilizer");
        report.Parts[0].Start.Should().Be(0);
        report.Swaps.Should().Contain(s => s.From == "local-stabilizer" && s.OperationIndex == 2700);
        Matches(report, circuit);
    }

    private static FirstSteps Steps(Circuit circuit, TimeProvider time) => new(circuit, circuit.UnitaryEnd(0), Features(circuit).SupportTrajectory, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(Worth), time);

    private static CircuitFeatures Features(Circuit circuit) => CircuitProfiler.Profile(circuit).Features!;

    // As a job begins that was predicted to be long on one engine; the plan is the planner's if none is given.
    private static SegmentedReport Run(Circuit circuit, int first, Func<HotSwapPlan?>? plan, FakeCosts? costs = null)
    {
        var planner = new HotSwapPlanner(new WorkTrajectory(circuit), circuit.NumQubits, costs ?? new FakeCosts(), new ConversionCosts(TimeProvider.System), Engines, 1e9, 1);
        var time = new SteppedTime();
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0, TopProbabilities = int.MaxValue };
        plan ??= () => planner.Plan(StateOutlook.AtStart, stay: first) is { } best ? best with { IsCommitted = best.Segments[0].Backend != Engines[first] } : null;
        var alone = new HotSwapPlan([new PlannedSegment(Engines[first], 0, circuit.Operations.Length)], 1, 0, 1);
        return new SegmentedRun(planner, new ConversionCosts(TimeProvider.System), new SwapPolicy(), request, null, 1e9, time)
            .Run(alone, CancellationToken.None, null, new UnplannedStart(Steps(circuit, time), plan));
    }

    private static void Matches(SegmentedReport report, Circuit circuit) =>
        StateComparison.Distance(report.Result!.Probabilities, OracleSimulator.OutcomeDistribution(circuit)).Should().BeLessThan(1e-12);

    // Each rotation is taken back at once, which bounds do not see.
    private static Circuit Loose()
    {
        // What becomes of qubits on their own is known; these are not.
        var builder = new CircuitBuilder(Qubits).Z(0).H(0);
        for (var q = 1; q < Qubits; q++)
        {
            builder.CX(q - 1, q);
        }

        for (var i = 0; builder.Count < 60 * Qubits; i++)
        {
            builder.RY(0.3 + i, i % Qubits).RY(-0.3 - i, i % Qubits).CX(i % Qubits, (i + 1) % Qubits);
        }

        return builder.Build();
    }

    private static Circuit Tight()
    {
        var builder = new CircuitBuilder(Qubits);
        for (var i = 0; i < 6 * Qubits; i++)
        {
            builder.RY(0.3 + i, i % Qubits);
        }

        return builder.Build();
    }
}
