using System.Diagnostics;
using FluentAssertions;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Simulation;

/// <summary>The memory of the whole process is looked at: no other test runs beside these.</summary>
[CollectionDefinition(nameof(LeakTests), DisableParallelization = true)]
public sealed class ProcessMemory;

[Collection(nameof(LeakTests))]
public sealed class LeakTests(ITestOutputHelper output)
{
    private const int Runs = 10_000;

    // Of 10,000 runs, a leak of 100 bytes of counted native memory, 400 of managed and 5 KB of any other for each would show.
    // Each thread keeps up to 256 KB for its next plan.
    private const long NativeTolerance = 1 << 20;
    private const long ManagedTolerance = 4 << 20;
    private const long ProcessTolerance = 48 << 20;

    [Fact]
    public async Task TenThousandRuns_OfEveryKindOnEveryEngine_GiveBackAllMemory()
    {
        // The first runs fill what stays: compiled code, helper threads, the heaps' working size.
        await RunAsync(Runs, 2_000);
        var before = Measure();
        var ended = await RunAsync(0, Runs);
        var after = Measure();
        output.WriteLine($"before {before}, after {after}; {string.Join(", ", ended.Select(e => $"{e.Key}: {e.Value}"))}");
        ended.Keys.Should().BeEquivalentTo("done", "cancelled", nameof(BackendErrorKind.OutOfMemory), nameof(BackendErrorKind.TimeLimit));
        ended.Values.Should().OnlyContain(count => count > Runs / 50);
        after.Native.Should().BeLessThan(before.Native + NativeTolerance);
        after.Managed.Should().BeLessThan(before.Managed + ManagedTolerance);
        after.Process.Should().BeLessThan(before.Process + ProcessTolerance);
    }

    [Fact]
    public async Task HeldBytes_WhileASessionIsOpen_CountTheState()
    {
        // The counter that the test above trusts does count: 2^20 amplitudes of 16 bytes come and go.
        // What threads keep for their next plan may be given back at any moment, as a pool's threads end: hence the tolerance.
        const long State = 16L << 20;
        var before = Measure().Native;
        var circuit = new CircuitBuilder(20).H(0).Build();
        using (var session = await new StateVectorSimulator().OpenAsync(new ExecutionRequest { Circuit = circuit }, null))
        {
            (NativeBlocks.HeldBytes - before).Should().BeInRange(State - NativeTolerance, State + NativeTolerance);
        }

        (Measure().Native - before).Should().BeInRange(-NativeTolerance, NativeTolerance);
    }

    private static (long Managed, long Native, long Process) Measure()
    {
        // Finalisers free what plans hold, and what they free is collected by the next round.
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        using var process = Process.GetCurrentProcess();
        return (GC.GetTotalMemory(forceFullCollection: true), NativeBlocks.HeldBytes, process.WorkingSet64);
    }

    private static async Task<Dictionary<string, int>> RunAsync(int firstSeed, int count)
    {
        ISegmentedBackend[] engines = [new StateVectorSimulator(), new SparseStateSimulator(), new MatrixProductStateSimulator(), new StabilizerSimulator()];
        Circuit[][] kept = [.. engines.Select((_, e) => Enumerable.Range(0, 16).Select(k => Create(e, k)).ToArray())];
        var ended = new Dictionary<string, int>();
        for (var seed = firstSeed; seed < firstSeed + count; seed++)
        {
            var e = seed % engines.Length;
            var kind = seed / engines.Length % 7;

            // Circuits seen before, whose plans are kept, and new ones.
            var circuit = seed % 3 == 0 ? Create(e, seed) : kept[e][seed / 28 % kept[e].Length];
            var how = "done";
            try
            {
                await RunOneAsync(engines[e], circuit, kind, seed);
            }
            catch (OperationCanceledException)
            {
                how = "cancelled";
            }
            catch (BackendException exception)
            {
                how = exception.Kind.ToString();
            }

            ended[how] = ended.GetValueOrDefault(how) + 1;
        }

        return ended;
    }

    private static async Task RunOneAsync(ISegmentedBackend engine, Circuit circuit, int kind, int seed)
    {
        var request = new ExecutionRequest { Circuit = circuit, Shots = 50, Seed = (ulong)seed };
        switch (kind)
        {
            case 0:
                await engine.ExecuteAsync(request);
                break;
            case 1:
                var z = new PauliSum([new PauliTerm(1, [(0, Pauli.Z)])]);
                await engine.ExecuteAsync(request with { TopProbabilities = 8, Observables = [z] });
                break;
            case 2:
                var middle = circuit.UnitaryEnd(0) / 2;
                var snapshot = await engine.RunToSnapshotAsync(request, null, middle);
                await engine.ResumeAsync(request, snapshot);
                break;
            case 3:
                // A session that is given up after a part, with a copy taken out.
                using (var session = await engine.OpenAsync(request, null))
                {
                    session.Advance(circuit.UnitaryEnd(0) / 2);
                    session.TakeSnapshot(compact: true);
                }

                break;
            case 4:
                using (var source = new CancellationTokenSource())
                {
                    await engine.ExecuteAsync(request with { Progress = new Canceller(source) }, source.Token);
                    await source.CancelAsync();
                    await engine.ExecuteAsync(request, source.Token);
                }

                break;
            case 5:
                // From what is too little for the state to what is too little for the shots.
                await engine.ExecuteAsync(request with { Limits = new ExecutionLimits { MemoryBytes = 64L << (seed / 28 % 12) } });
                break;
            default:
                await engine.ExecuteAsync(request with { Limits = new ExecutionLimits { Time = TimeSpan.FromTicks(1) } });
                break;
        }
    }

    private static Circuit Create(int engine, int seed) => RandomCircuits.Create(seed, new RandomCircuitOptions
    {
        // A state of 16 qubits is run by several threads.
        Qubits = engine == 0 && seed % 400 == 1 ? 16 : 2 + seed % 7,
        Operations = 16,
        MidCircuit = seed % 2 == 0,
        ControlFlow = seed % 4 == 0,
        MeasureAtEnd = true,
        Gates = engine == 3 ? RandomCircuits.CliffordGates : null,
        CliffordAngles = engine == 3,
        MaxControls = engine == 3 ? 0 : 2,
        Unitaries = engine != 3,
    });

    private sealed class Canceller(CancellationTokenSource source) : IProgress<ExecutionProgress>
    {
        public void Report(ExecutionProgress value) => source.Cancel();
    }
}
