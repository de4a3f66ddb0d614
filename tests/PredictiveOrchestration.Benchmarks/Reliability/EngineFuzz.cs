using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Simulation.Gpu;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Benchmarks.Reliability;

/// <summary>
/// Every in-process engine against the oracle on seeded random circuits of all gates: amplitudes where nothing is measured, exact
/// distributions where circuits measure, reset and decide in the middle.
/// </summary>
internal static class EngineFuzz
{
    private const double Tolerance = 1e-12;

    /// <summary>Runs the fuzz.</summary>
    /// <param name="args">[--circuits N=20000] [--first SEED=0].</param>
    /// <returns>0 if no engine deviated.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var first = Number(args, "--first", 0);
        var count = Number(args, "--circuits", 20_000);
        List<(ISnapshotBackend Engine, bool CliffordOnly)> engines =
            [(new StateVectorSimulator(), false), (new SparseStateSimulator(), false), (new MatrixProductStateSimulator(), false), (new StabilizerSimulator(), true)];
        var gpu = new GpuStateVectorSimulator(new GpuStateVectorOptions { AllowCpuOpenCl = true });
        if (gpu.UnavailableReason is { } reason)
        {
            Console.WriteLine($"without gpu: {reason}");
        }
        else
        {
            engines.Add((gpu, false));
        }

        var worst = new double[engines.Count];
        var failures = new int[engines.Count];
        var start = Stopwatch.GetTimestamp();
        for (var seed = first; seed < first + count; seed++)
        {
            for (var e = 0; e < engines.Count; e++)
            {
                var distance = await DistanceAsync(engines[e].Engine, seed, engines[e].CliffordOnly);
                worst[e] = Math.Max(worst[e], distance);
                if (!(distance <= Tolerance))
                {
                    failures[e]++;
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{engines[e].Engine.Descriptor.Id}: seed {seed} is off by {distance:G3}"));
                }
            }
        }

        Console.WriteLine($"{count} circuits from seed {first} in {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s");
        for (var e = 0; e < engines.Count; e++)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {engines[e].Engine.Descriptor.Id} | {failures[e]} deviate by more than {Tolerance:G1} | worst {worst[e]:G3} |"));
        }

        return failures.Sum() == 0 ? 0 : 1;
    }

    private static async Task<double> DistanceAsync(ISnapshotBackend engine, int seed, bool cliffordOnly)
    {
        var measures = seed % 3 == 0;
        var options = new RandomCircuitOptions
        {
            Qubits = measures ? 1 + seed % 4 : 1 + seed % 7, Clbits = 3, Operations = measures ? 15 : 25, MidCircuit = measures, ControlFlow = measures && seed % 2 == 0, MeasureAtEnd = measures,
        };
        if (cliffordOnly)
        {
            options = options with { Gates = RandomCircuits.CliffordGates, CliffordAngles = true, MaxControls = 0, Unitaries = false };
        }

        var circuit = RandomCircuits.Create(seed, options);
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0 };
        if (measures)
        {
            var result = await engine.ExecuteAsync(request with { TopProbabilities = int.MaxValue });
            return StateComparison.Distance(result.Probabilities, OracleSimulator.OutcomeDistribution(circuit));
        }

        var snapshot = await engine.RunToSnapshotAsync(request, null, circuit.Operations.Length);
        return StateComparison.Distance(StateComparison.Dense(snapshot), OracleSimulator.FinalState(circuit));
    }

    private static int Number(string[] args, string name, int otherwise)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
    }
}
