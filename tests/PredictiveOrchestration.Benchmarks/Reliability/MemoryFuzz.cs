using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Benchmarks.Reliability;

/// <summary>The predicted bound on memory against the most that each engine reserved, over random circuits of all gates and over families of the library, for random shots, threads and outputs.</summary>
internal static class MemoryFuzz
{
    /// <summary>Runs the fuzz.</summary>
    /// <param name="args">[--circuits N=10000] [--first SEED=0].</param>
    /// <returns>0 if no bound was exceeded.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var (first, count) = (Number(args, "--first", 0), Number(args, "--circuits", 10_000));
        IQuantumBackend[] engines = [new StateVectorSimulator(), new SparseStateSimulator(), new MatrixProductStateSimulator(), new StabilizerSimulator()];
        var predictor = new PerformancePredictor(1, []);
        var ratios = engines.Select(_ => new List<(double Bound, double Median)>()).ToArray();
        var (failures, skipped, start) = (0, 0, Stopwatch.GetTimestamp());
        for (var seed = first; seed < first + count; seed++)
        {
            for (var e = 0; e < engines.Length; e++)
            {
                var (descriptor, random) = (engines[e].Descriptor, new Random(seed));
                var circuit = Make(seed, random, descriptor.Capabilities.CliffordOnly);
                var profile = CircuitProfiler.Profile(circuit);
                var request = new ExecutionRequest
                {
                    Circuit = circuit, Shots = random.Next(4) == 0 ? 0 : 1 + random.Next(3000), Seed = (ulong)seed, TopProbabilities = random.Next(3) == 0 ? 1 + random.Next(20) : 0,
                    Limits = new ExecutionLimits { Threads = 1 + random.Next(2), Time = TimeSpan.FromSeconds(5) },
                };
                var shape = new JobShape(request.Shots, Math.Min(descriptor.MaxThreads, request.Limits.Threads!.Value), 0, request.TopProbabilities);
                var bytes = predictor.Predict(descriptor, profile, shape).PeakBytes;
                if (bytes.Lower > 1e9 || (request.Shots == 0 && request.TopProbabilities == 0))
                {
                    skipped++;
                    continue;
                }

                try
                {
                    var peak = (double)(await engines[e].ExecuteAsync(request)).PeakMemoryBytes;
                    ratios[e].Add((peak / bytes.Upper, peak / bytes.Median));
                    if (peak > bytes.Upper)
                    {
                        failures++;
                        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{descriptor.Id}: seed {seed} held {peak:F0} bytes, bound {bytes.Upper:F0} ({circuit.NumQubits} qubits, {shape})"));
                    }
                }
                catch (BackendException)
                {
                    // Too long, or more than one may have.
                    skipped++;
                }
            }
        }

        Console.WriteLine($"{count} circuits from seed {first} in {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s; {failures} of {ratios.Sum(r => r.Count)} runs beyond the bound, {skipped} skipped");
        Console.WriteLine("| engine | runs | held ÷ bound: median, greatest | held ÷ median estimate: 5 %, 50 %, 95 % |");
        for (var e = 0; e < engines.Length; e++)
        {
            var (bound, median) = (ratios[e].Select(r => r.Bound).Order().ToArray(), ratios[e].Select(r => r.Median).Order().ToArray());
            static double At(double[] sorted, double level) => sorted.Length == 0 ? 0 : sorted[(int)(level * (sorted.Length - 1))];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {engines[e].Descriptor.Id} | {bound.Length} | {At(bound, 0.5):G3}, {At(bound, 1):G3} | {At(median, 0.05):G3}, {At(median, 0.5):G3}, {At(median, 0.95):G3} |"));
        }

        return failures == 0 ? 0 : 1;
    }

    private static Circuit Make(int seed, Random random, bool cliffordOnly)
    {
        if (random.Next(5) == 0 && !cliffordOnly)
        {
            var n = 2 + random.Next(13);
            return random.Next(3) switch { 0 => Fourier.Qft(n), 1 => RandomFamilies.Random(n, 1 + random.Next(6), (ulong)seed), _ => States.W(n) };
        }

        var options = new RandomCircuitOptions
        {
            Qubits = 1 + random.Next(12), Clbits = 4, Operations = 5 + random.Next(60), MidCircuit = random.Next(3) == 0, ControlFlow = random.Next(5) == 0, MeasureAtEnd = random.Next(4) != 0,
        };
        return RandomCircuits.Create(seed, cliffordOnly ? options with { Qubits = 1 + random.Next(60), Gates = RandomCircuits.CliffordGates, CliffordAngles = true, MaxControls = 0, Unitaries = false } : options);
    }

    private static int Number(string[] args, string name, int otherwise)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
    }
}
