using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Conformance;

/// <summary>What every exact in-process engine must do; a subclass is one line.</summary>
public abstract class BackendConformance
{
    protected abstract ISnapshotBackend Create();

    /// <summary>Restricts random circuits to what the engine can run.</summary>
    protected virtual RandomCircuitOptions Restrict(RandomCircuitOptions options) => options;

    [SkippableFact]
    public async Task RunToSnapshot_RandomCircuitsOfAllGates_AgreesWithOracle()
    {
        var backend = Create();
        for (var seed = 0; seed < 150; seed++)
        {
            var circuit = RandomCircuits.Create(seed, Restrict(new RandomCircuitOptions { Qubits = 1 + seed % 7, Operations = 25 }));
            var snapshot = await backend.RunToSnapshotAsync(Request(circuit), null, circuit.Operations.Length);
            StateComparison.Distance(StateComparison.Dense(snapshot), OracleSimulator.FinalState(circuit)).Should().BeLessThan(1e-12, "seed {0}", seed);
        }
    }

    [SkippableFact]
    public async Task Execute_MeasurementResetAndControlFlow_GivesExactDistribution()
    {
        var backend = Create();
        for (var seed = 0; seed < 80; seed++)
        {
            var options = Restrict(new RandomCircuitOptions { Qubits = 2 + seed % 3, Clbits = 3, Operations = 18, MidCircuit = true, ControlFlow = true, MeasureAtEnd = seed % 2 == 0 });
            var circuit = RandomCircuits.Create(1000 + seed, options);
            var result = await backend.ExecuteAsync(Request(circuit) with { TopProbabilities = int.MaxValue });
            StateComparison.Distance(result.Probabilities, OracleSimulator.OutcomeDistribution(circuit)).Should().BeLessThan(1e-12, "seed {0}", seed);
        }
    }

    [SkippableFact]
    public async Task Execute_Counts_FollowTheDistribution()
    {
        var backend = Create();
        for (var seed = 0; seed < 12; seed++)
        {
            var options = Restrict(new RandomCircuitOptions { Qubits = 4, Clbits = 4, Operations = 20, MidCircuit = seed % 2 == 0, ControlFlow = seed % 2 == 0, MeasureAtEnd = true });
            var circuit = RandomCircuits.Create(2000 + seed, options);
            var result = await backend.ExecuteAsync(Request(circuit) with { Shots = 20_000, Seed = (ulong)seed });
            result.Counts.Values.Sum().Should().Be(20_000);
            StateComparison.ChiSquarePValue(result.Counts, OracleSimulator.OutcomeDistribution(circuit)).Should().BeGreaterThan(1e-4, "seed {0}", seed);
        }
    }

    [SkippableFact]
    public async Task Execute_SameSeed_GivesSameCountsHoweverShotsAreSplit()
    {
        var backend = Create();
        var circuit = RandomCircuits.Create(7, Restrict(new RandomCircuitOptions { Qubits = 4, Operations = 20, MidCircuit = true, MeasureAtEnd = true }));
        var first = await backend.ExecuteAsync(Request(circuit) with { Shots = 500, Seed = 11 });
        var again = await backend.ExecuteAsync(Request(circuit) with { Shots = 500, Seed = 11, Limits = new ExecutionLimits { Threads = 1 } });
        var prefix = await backend.ExecuteAsync(Request(circuit) with { Shots = 200, Seed = 11 });
        again.Counts.Should().BeEquivalentTo(first.Counts);
        prefix.Counts.Should().OnlyContain(c => first.Counts[c.Key] >= c.Value, "the first 200 shots are the same");
    }

    [SkippableFact]
    public async Task Execute_Observables_AgreeWithOracle()
    {
        var backend = Create();
        for (var seed = 0; seed < 20; seed++)
        {
            var circuit = RandomCircuits.Create(3000 + seed, Restrict(new RandomCircuitOptions { Qubits = 4, Operations = 20, MidCircuit = seed % 2 == 0 }));
            PauliSum[] observables = [PauliSum.Parse("ZZII"), PauliSum.Parse("XYZX", 0.5), PauliSum.Parse("IIIY"), PauliSum.Parse("IIII", 2), new([PauliTerm.Parse("XXII"), PauliTerm.Parse("YYYY", -1)])];
            var result = await backend.ExecuteAsync(Request(circuit) with { Observables = observables });
            for (var i = 0; i < observables.Length; i++)
            {
                result.ExpectationValues[i].Should().BeApproximately(OracleSimulator.ExpectationValue(circuit, observables[i]), 1e-11, "seed {0}", seed);
            }
        }
    }

    [SkippableFact]
    public async Task Resume_FromSnapshotAtEveryOperation_GivesTheSameState()
    {
        var backend = Create();
        var circuit = RandomCircuits.Create(42, Restrict(new RandomCircuitOptions { Qubits = 5, Operations = 20 }));
        var (expected, outcomes) = (OracleSimulator.FinalState(circuit), OracleSimulator.OutcomeDistribution(circuit));
        for (var at = 0; at <= circuit.Operations.Length; at++)
        {
            var middle = await backend.RunToSnapshotAsync(Request(circuit), null, at);
            var end = await backend.RunToSnapshotAsync(Request(circuit), middle, circuit.Operations.Length);
            StateComparison.Distance(StateComparison.Dense(end), expected).Should().BeLessThan(1e-12, "swap at {0}", at);
            var resumed = await backend.ResumeAsync(Request(circuit) with { TopProbabilities = int.MaxValue }, middle);
            StateComparison.Distance(resumed.Probabilities, outcomes).Should().BeLessThan(1e-12);
        }
    }

    [SkippableFact]
    public async Task Execute_NoQubits_GivesTheEmptyOutcome()
    {
        var result = await Create().ExecuteAsync(Request(new CircuitBuilder().Build()) with { Shots = 10, TopProbabilities = 5 });
        result.Counts.Should().ContainSingle().Which.Value.Should().Be(10);
        result.Probabilities.Should().ContainSingle().Which.Probability.Should().Be(1);
    }

    [SkippableFact]
    public async Task Execute_ZeroShots_GivesNoCounts()
    {
        var result = await Create().ExecuteAsync(Request(new CircuitBuilder(2).H(0).Build()));
        result.Counts.Should().BeEmpty();
        result.Shots.Should().Be(0);
    }

    [SkippableFact]
    public async Task Execute_MeasuredPermutation_PutsBitsWhereTheyBelong()
    {
        var circuit = new CircuitBuilder(3, 5).X(0).X(2).Measure(0, 4).Measure(1, 0).Measure(2, 1).Build();
        var result = await Create().ExecuteAsync(Request(circuit) with { Shots = 3, TopProbabilities = 1 });
        result.Counts.Keys.Single().ToString().Should().Be("10010");
        result.Probabilities.Single().Outcome.ToString().Should().Be("10010");
    }

    [SkippableFact]
    public async Task Execute_TooManyQubits_IsRefusedWithTheLimit()
    {
        var backend = Create();
        var circuit = new CircuitBuilder(backend.Descriptor.Capabilities.MaxQubits + 1).X(0).Build();
        var act = () => backend.ExecuteAsync(Request(circuit));
        (await act.Should().ThrowAsync<BackendException>()).Which.Kind.Should().Be(BackendErrorKind.Unsupported);
    }

    [SkippableFact]
    public async Task Execute_Cancelled_Stops()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        var backend = Create();
        var act = () => backend.ExecuteAsync(Request(new CircuitBuilder(2).H(0).Build()), source.Token);
        await act.Should().ThrowAsync<OperationCanceledException>();
    }

    [SkippableFact]
    public async Task Execute_MemoryLimit_IsRefusedWithNumbers()
    {
        var backend = Create();
        var act = () => backend.ExecuteAsync(Request(new CircuitBuilder(12).H(0).Build()) with { Limits = new ExecutionLimits { MemoryBytes = 16 } });
        var exception = (await act.Should().ThrowAsync<BackendException>()).Which;
        exception.Kind.Should().Be(BackendErrorKind.OutOfMemory);
        exception.RequiredBytes.Should().BeGreaterThan(16);
        exception.AvailableBytes.Should().Be(16);
    }

    [SkippableFact]
    public async Task Execute_EndlessLoopWithTimeLimit_StopsAndSaysSo()
    {
        var builder = new CircuitBuilder(1, 1);
        var endless = builder.X(0).Measure(0, 0).While(new BitExpression(0)).Barrier().EndWhile().Build();
        var backend = Create();
        var act = () => backend.ExecuteAsync(Request(endless) with { Shots = 1, Limits = new ExecutionLimits { Time = TimeSpan.FromMilliseconds(50) } });
        (await act.Should().ThrowAsync<BackendException>()).Which.Kind.Should().Be(BackendErrorKind.TimeLimit);
    }

    protected static ExecutionRequest Request(Circuit circuit) => new() { Circuit = circuit, Shots = 0 };
}
