using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Integration.Optimization;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Integration;

public sealed class OptimizedRunTests
{
    [Fact]
    public async Task Run_SavingPays_RunsTheCircuitFound()
    {
        Circuit? ran = null;
        await using var orchestrator = await StartedAsync(new Canned(new CircuitBuilder(24).H(0).Build(), TimeSpan.Zero), c => ran = c);
        var result = await orchestrator.ExecuteAsync(Long());
        ran!.Operations.Length.Should().Be(1);
        result.Optimization!.IsUsed.Should().BeTrue();
        result.Optimization.PredictedSavingSeconds.Should().BeGreaterThan(0);
        result.Profile.GateCount.Should().Be(1);
    }

    [Fact]
    public async Task Run_LookingTookLongerThanItSaves_RunsTheCircuitAsItIs_AndUsesWhatWasFoundNextTime()
    {
        // Virtual time: looking takes an hour.
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var ran = new List<int>();
        var circuit = Long();
        await using var orchestrator = await StartedAsync(new Canned(new CircuitBuilder(24).H(0).Build(), TimeSpan.FromHours(1), time), c => ran.Add(c.Operations.Length), time);
        (await orchestrator.ExecuteAsync(circuit)).Optimization!.IsUsed.Should().BeFalse();
        (await orchestrator.ExecuteAsync(circuit)).Optimization!.IsUsed.Should().BeTrue("the circuit is at hand now");
        ran.Should().Equal(circuit.Operations.Length, 1);
    }

    [Fact]
    public async Task Run_CircuitAndItsInverse_RunsWithoutGates()
    {
        // 18 qubits are more than the search looks at in one piece. The clock stands still: how fast this machine is does not count.
        Circuit? ran = null;
        var half = RandomFamilies.Random(18, 30);
        await using var orchestrator = await StartedAsync(null, c => ran = c, new Microsoft.Extensions.Time.Testing.FakeTimeProvider());
        var result = await orchestrator.ExecuteAsync(half.Compose(half.Inverse()));
        result.Optimization!.IsUsed.Should().BeTrue();
        (result.Optimization.GatesBefore, result.Optimization.GatesAfter, ran!.Operations.Length).Should().Be((2 * half.Operations.Length, 0, 0));
    }

    [Fact]
    public async Task Run_ShortOrWithSwapControl_IsNotLookedAt()
    {
        var optimizer = new Canned(new CircuitBuilder(24).H(0).Build(), TimeSpan.Zero);
        await using var orchestrator = await StartedAsync(optimizer, _ => { });
        await orchestrator.ExecuteAsync(Long(), new OrchestrationRequest { SwapControl = new SwapControl() });
        optimizer.Calls.Should().Be(0);
        await using var local = new PredictiveOrchestratorBuilder().UseOptimizer(optimizer).Configure(Quiet).Build();
        await local.StartAsync();
        (await local.ExecuteAsync(new CircuitBuilder(2).H(0).CX(0, 1).Build(), new OrchestrationRequest { Shots = 1, Backend = "local-stabilizer" })).Optimization.Should().BeNull();
        optimizer.Calls.Should().Be(0);
    }

    [Fact]
    public async Task Run_WithTheRealOptimizer_GivesTheSameProbabilities()
    {
        var half = RandomFamilies.Random(14, 40, 4);
        var circuit = half.Compose(half.Inverse()).Compose(States.Ghz(14));
        await using var orchestrator = new PredictiveOrchestratorBuilder().UseOptimizer().Configure(Quiet).Build();
        await orchestrator.StartAsync();
        var result = await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Shots = 0, TopProbabilities = 2, Backend = "local-dense" });
        result.Probabilities.Select(p => Math.Round(p.Probability, 9)).Should().Equal(0.5, 0.5);
    }

    private static void Quiet(PredictiveOrchestratorOptions options)
    {
        options.StateDirectory = string.Empty;
        options.CalibrationBudget = TimeSpan.Zero;
    }

    // Long enough that a look is worth while by the predictions of an unknown backend.
    private static Circuit Long() => RandomFamilies.Random(24, 400, 3);

    private static async Task<PredictiveOrchestrator> StartedAsync(ICircuitOptimizer? optimizer, Action<Circuit> ran, TimeProvider? time = null)
    {
        var backend = new FakeBackend("fake", (request, _) =>
        {
            ran(request.Circuit);
            return Task.FromResult(FakeBackend.Result("fake", request));
        });
        var builder = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(backend).UseOptimizer(optimizer).Configure(Quiet);
        var orchestrator = (time is null ? builder : builder.UseTimeProvider(time)).Build();
        await orchestrator.StartAsync();
        return orchestrator;
    }

    private sealed class Canned(Circuit found, TimeSpan takes, Microsoft.Extensions.Time.Testing.FakeTimeProvider? time = null) : ICircuitOptimizer
    {
        public int Calls { get; private set; }

        public OptimizationResult Optimize(OptimizationRequest request, CancellationToken cancellationToken = default)
        {
            Calls++;
            time?.Advance(takes);
            return new OptimizationResult
            {
                Circuit = found, GatesBefore = request.Circuit.Operations.Length, GatesAfter = 1, MultiQubitGatesBefore = 1, MultiQubitGatesAfter = 0, Passes = ["canned"], Elapsed = takes,
                PredictedSecondsBefore = request.PredictSeconds(request.Circuit), PredictedSecondsAfter = request.PredictSeconds(found),
            };
        }
    }
}
