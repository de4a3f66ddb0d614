using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation;
using PredictiveOrchestration.Simulation.Noisy;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Benchmarks.Engines;

/// <summary>Noisy runs: shots a second, and how many times those of running each shot by itself, in the same process.</summary>
internal static class NoiseBenchmark
{
    private static readonly DeviceCalibration Superconducting = new()
    {
        Device = "superconducting", NumQubits = 0, OneQubitError = 2.5e-4, TwoQubitError = 2.5e-3, ReadoutError = 0.01, T1 = 250e-6, T2 = 150e-6, OneQubitTime = 32e-9, TwoQubitTime = 68e-9, ReadoutTime = 1.2e-6,
    };

    private static readonly DeviceCalibration Ions = new() { Device = "ions", NumQubits = 0, OneQubitError = 2e-4, TwoQubitError = 4e-3, ReadoutError = 5e-3, T1 = 100, T2 = 1, OneQubitTime = 130e-6, TwoQubitTime = 950e-6 };

    /// <summary>Prints the table.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var pauli = new NoiseModel { OneQubitError = 1e-3, TwoQubitError = 1e-3, ReadoutError = 1e-3 };
        (string Name, Circuit Circuit, NoiseModel Noise, LocalSimulator Engine, int Shots, int Single)[] cases =
        [
            ("brickwork, 12 qubits, depth 12, superconducting", RandomFamilies.Brickwork(12, 12, 1), NoiseModel.FromCalibration(Superconducting), new StateVectorSimulator(), 10_000, 200),
            ("brickwork, 12 qubits, depth 12, ions", RandomFamilies.Brickwork(12, 12, 1), NoiseModel.FromCalibration(Ions), new StateVectorSimulator(), 10_000, 200),
            ("the same, T2 = 1.5 T1", RandomFamilies.Brickwork(12, 12, 1), NoiseModel.FromCalibration(Superconducting with { T2 = 375e-6 }), new StateVectorSimulator(), 10_000, 200),
            ("brickwork, 18 qubits, depth 10, superconducting", RandomFamilies.Brickwork(18, 10, 1), NoiseModel.FromCalibration(Superconducting), new StateVectorSimulator(), 1_000, 20),
            ("surface code, distance 5, 5 rounds, Pauli noise 0.1 %, frames", ErrorCorrection.SurfaceCode(5, 5), pauli, new StabilizerSimulator(), 1_000_000, 50),
            ("Clifford, 200 qubits, 4,000 gates, Pauli noise 0.1 %, frames", RandomFamilies.RandomClifford(200, 4_000, 3), pauli, new StabilizerSimulator(), 100_000, 20),
        ];
        Console.WriteLine("| case | shots | s | shots a second | one by one | ratio |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var c in cases)
        {
            var device = new NoisySimulator(new NoisySimulatorOptions { Noise = c.Noise }, c.Engine);
            var request = new ExecutionRequest { Circuit = c.Circuit, RequireExact = false };
            await device.ExecuteAsync(request with { Shots = 5 });
            var together = await TimeAsync(() => device.ExecuteAsync(request with { Shots = c.Shots, Seed = 1 }));
            var single = await TimeAsync(async () =>
            {
                for (var i = 0; i < c.Single; i++)
                {
                    await device.ExecuteAsync(request with { Shots = 1, Seed = (ulong)i });
                }
            });
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {c.Name} | {c.Shots:N0} | {together:F2} | {c.Shots / together:N0} | {c.Single / single:N0} | {c.Shots / together / (c.Single / single):F1} |"));
        }

        Console.WriteLine();
        await PredictAsync();
        return 0;
    }

    // Mirrored random circuits: the predicted success probability against the share of right outcomes.
    private static async Task PredictAsync()
    {
        Console.WriteLine("| calibration | circuits | mean of the difference | greatest | inside the 90 % interval |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var calibration in new[] { Superconducting, Ions })
        {
            var device = new NoisySimulator(new NoisySimulatorOptions { Calibration = calibration }, new StateVectorSimulator());
            var differences = new List<double>();
            var inside = 0;
            for (var seed = 0; seed < 40; seed++)
            {
                var circuit = Mirrored(3 + (seed % 6), 2 + (seed % 10), (ulong)seed);
                var counts = device.Compile(circuit)!;
                var result = await device.ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 4_000, Seed = (ulong)seed, RequireExact = false });
                var measured = result.Counts.GetValueOrDefault(new BitString([0UL], circuit.NumClbits)) / 4_000.0;
                differences.Add(measured - counts.SuccessProbability!.Value);
                var interval = default(Prediction.FidelityModel).Predict(device.Descriptor, CircuitProfiler.Profile(circuit) with { OnDevices = new DeviceTable([new DeviceEntry(device.Descriptor.Id, counts)]) });
                inside += measured >= interval.Lower && measured <= interval.Upper ? 1 : 0;
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {calibration.Device} | {differences.Count} | {differences.Average():F3} | {differences.Max(Math.Abs):F3} | {inside} |"));
        }
    }

    private static Circuit Mirrored(int qubits, int depth, ulong seed)
    {
        var forth = RandomFamilies.Brickwork(qubits, depth, seed);
        var builder = new CircuitBuilder(qubits, qubits).Barrier([.. Enumerable.Range(0, qubits)]);
        var read = new CircuitBuilder(qubits, qubits);
        for (var q = 0; q < qubits; q++)
        {
            read.Measure(q, q);
        }

        return new CircuitBuilder(qubits, qubits).Build().Compose(forth).Compose(builder.Build()).Compose(forth.Inverse()).Compose(read.Build());
    }

    private static async Task<double> TimeAsync(Func<Task> run)
    {
        var start = Stopwatch.GetTimestamp();
        await run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
