using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.Tests.Prediction;

namespace PredictiveOrchestration.Tests.Execution;

/// <summary>
/// What the orchestrator does by itself with the kinds of circuit that hot swaps are for. Costs are the priors of the engines on a machine a hundred times slower, so that small
/// circuits are worth it; the clock stands still, so nothing depends on this machine.
/// </summary>
public sealed class PlannedSwapTests
{
    private const int Qubits = 12, GhzRounds = 60, GhzGates = 1 + (GhzRounds * 2 * (Qubits - 1));

    [Fact]
    public async Task Ghz_WithADenseMiddle_GoesFromSparseToDense()
    {
        var circuit = Build(b => Ghz(b, GhzRounds), b => Layers(b, 6));
        var result = await RunAsync(circuit);
        var swap = result.SwapEvents.Should().ContainSingle().Subject;
        (swap.From, swap.To, swap.Trigger).Should().Be(("local-sparse", "local-dense", SwapTrigger.SparsityChange));
        swap.OperationIndex.Should().BeInRange(GhzGates - (circuit.Operations.Length / 32), GhzGates + (3 * Qubits), "the state is dense after one layer of rotations, and places to change at are so far apart");
        swap.PredictedGain.Should().BePositive();
        swap.ActualGain.Should().NotBeNull();
        result.ActualBackend.Should().Be("local-dense");
    }

    [Fact]
    public async Task Grover_WhereTheStateIsDenseFromTheBeginning_StaysDense()
    {
        var result = await RunAsync(Oracles.Grover(8, [3]));
        result.SwapEvents.Should().BeEmpty();
        result.ActualBackend.Should().Be("local-dense");
    }

    [Fact]
    public async Task CliffordPrefix_ThenTLayers_GoesFromTheTableauWhereThePrefixEnds()
    {
        const int prefix = 600;
        var circuit = Build(b => Clifford(b, prefix), b => TLayers(b, 3));
        var result = await RunAsync(circuit);
        var swap = result.SwapEvents.Should().ContainSingle().Subject;
        (swap.From, swap.To, swap.Trigger, swap.OperationIndex).Should().Be(("local-stabilizer", "local-dense", SwapTrigger.OptimizationOpportunity, prefix));
    }

    [Fact]
    public async Task Qft_OfABasisState_BeginsSparse()
    {
        var result = await RunAsync(new CircuitBuilder(16).X(1).X(4).X(7).Build().Compose(Fourier.Qft(16)));
        result.SwapEvents.Should().NotBeEmpty();
        result.SwapEvents[0].From.Should().Be("local-sparse", "a qubit after the other comes into superposition");
        result.ActualBackend.Should().Be(result.SwapEvents[^1].To).And.NotBe("local-sparse");
    }

    [Fact]
    public async Task Uncomputation_ThenArithmetic_GoesBackToSparse()
    {
        var part = Build(b => Layers(b, 6));
        var circuit = part.Compose(part.Inverse()).Compose(Build(b => Arithmetic(b, 1500)));
        var result = await RunAsync(circuit);
        result.SwapEvents.Should().Contain(s => s.To == "local-sparse" && s.Trigger == SwapTrigger.SparsityChange);
        result.ActualBackend.Should().Be("local-sparse");
    }

    [Fact]
    public async Task SparseArithmetic_OnFortyQubits_StaysSparse()
    {
        var circuit = Adders.Cuccaro(19);
        circuit.NumQubits.Should().Be(40);
        await using var orchestrator = await StartAsync();
        var result = await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Shots = 10 });
        result.SwapEvents.Should().BeEmpty("it is sparse from the beginning to the end");
        result.ActualBackend.Should().Be("local-sparse");
        result.Counts.Should().ContainSingle();
    }

    [Fact]
    public async Task Permutations_OfFewAmplitudes_RunOnTheSparseEngineAlone()
    {
        // Eight amplitudes, whatever is exchanged, by however many controls in superposition.
        var circuit = Build(b => b.H(0).H(1).H(2), b => Arithmetic(b, 1500));
        var result = await RunAsync(circuit);
        result.Decision.Chosen.Candidate.Backend.Id.Should().Be("local-sparse");
        result.ActualBackend.Should().Be("local-sparse");
        result.SwapEvents.Should().BeEmpty();
        result.Probabilities.Should().HaveCount(8);
    }

    [Fact]
    public async Task Ghz_WherePredictionsMayBeFarOff_IsNotSwapped()
    {
        // What is saved in the middle is not sure to be saved where predictions may be wrong by factors of a hundred.
        var result = await RunAsync(Build(b => Ghz(b, GhzRounds), b => Layers(b, 6)), sigma: 3);
        result.SwapEvents.Should().BeEmpty();
    }

    private static async Task<OrchestrationResult> RunAsync(Circuit circuit, double sigma = 0.2)
    {
        await using var orchestrator = await StartAsync(sigma);
        var result = await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Shots = 0, TopProbabilities = int.MaxValue });
        StateComparison.Distance(result.Probabilities, OracleSimulator.OutcomeDistribution(circuit)).Should().BeLessThan(1e-12);
        return result;
    }

    private static async Task<PredictiveOrchestrator> StartAsync(double sigma = 0.2)
    {
        var orchestrator = new PredictiveOrchestratorBuilder().UseTimeProvider(new SteppedTime()).Configure(o =>
        {
            (o.StateDirectory, o.Learning, o.CalibrationBudget, o.RoutingStrategy) = (string.Empty, false, TimeSpan.Zero, RoutingStrategy.PerformanceOptimized);
        }).Build();
        await orchestrator.StartAsync();
        orchestrator.Publish(FixedModel.Of(orchestrator.Backends.Current.Backends.Select(b => b.Descriptor), slower: 100, sigma, version: 2));
        return orchestrator;
    }

    private static Circuit Build(params Action<CircuitBuilder>[] parts)
    {
        var builder = new CircuitBuilder(Qubits);
        foreach (var part in parts)
        {
            part(builder);
        }

        return builder.Build();
    }

    private static void Ghz(CircuitBuilder b, int rounds)
    {
        b.H(0);
        for (var r = 0; r < rounds; r++)
        {
            for (var q = 1; q < Qubits; q++)
            {
                b.CX(q - 1, q).RZ(0.1 * q, q);
            }
        }
    }

    private static void Layers(CircuitBuilder b, int depth)
    {
        for (var d = 0; d < depth; d++)
        {
            for (var q = 0; q < Qubits; q++)
            {
                b.RY(0.3 + (0.1 * q) + d, q).RZ((0.2 * d) + 0.7, q);
            }

            for (var q = d % 2; q < Qubits; q++)
            {
                b.CX(q, (q + 5) % Qubits);
            }
        }
    }

    private static void Clifford(CircuitBuilder b, int gates)
    {
        for (var i = 0; i < gates; i++)
        {
            var q = i * 7 % Qubits;
            _ = (i % 3) switch
            {
                0 => b.H(q),
                1 => b.S(q),
                _ => b.CX(q, (q + 1 + (i / Qubits % (Qubits - 1))) % Qubits),
            };
        }
    }

    private static void TLayers(CircuitBuilder b, int layers)
    {
        for (var l = 0; l < layers; l++)
        {
            for (var q = 0; q < Qubits; q++)
            {
                b.T(q).H(q);
            }
        }
    }

    private static void Arithmetic(CircuitBuilder b, int gates)
    {
        for (var i = 0; i < gates; i++)
        {
            b.CCX(i % Qubits, (i + 1) % Qubits, (i + 3) % Qubits);
        }
    }
}
