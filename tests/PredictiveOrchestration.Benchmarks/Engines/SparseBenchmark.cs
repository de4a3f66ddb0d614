using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation;
using PredictiveOrchestration.Simulation.Kernels;
using PredictiveOrchestration.Simulation.Sparse;

namespace PredictiveOrchestration.Benchmarks.Engines;

/// <summary>
/// The sparse engine on a given number of non-zero amplitudes at random indices: nanoseconds for each gate and amplitude, reading in and
/// out, sampling. Best of several runs.
/// </summary>
internal static class SparseBenchmark
{
    private static readonly (string Name, Action<CircuitBuilder, int, int, int> Add)[] InPlace =
    [
        ("x", (b, p, q, r) => b.X(p)), ("cx", (b, p, q, r) => b.CX(p, q)), ("ccx", (b, p, q, r) => b.CCX(p, q, r)), ("swap", (b, p, q, r) => b.Swap(p, q)),
        ("z", (b, p, q, r) => b.Z(p)), ("cz", (b, p, q, r) => b.CZ(p, q)), ("rz", (b, p, q, r) => b.RZ(0.1, p)), ("p", (b, p, q, r) => b.P(0.1, p)),
        ("cp", (b, p, q, r) => b.CP(0.1, p, q)), ("rzz", (b, p, q, r) => b.RZZ(0.1, p, q)),
    ];

    private static readonly (string Name, Action<CircuitBuilder, int> Add)[] Mixing =
    [
        ("h", (b, q) => b.H(q)), ("ry", (b, q) => b.RY(0.3, q)), ("u", (b, q) => b.U(0.3, 0.2, 0.1, q)),
    ];

    /// <summary>Prints the table.</summary>
    /// <param name="args">The name of kernels other than the best, if any.</param>
    public static int Run(string[] args)
    {
        var kernels = SparseKernelSelector.Available.FirstOrDefault(k => args.Contains(k.Name)) ?? SparseKernelSelector.Best;
        for (var i = 0; i < 200; i++)
        {
            // Until the code is compiled anew.
            PerGate(kernels, RandomState(40, 4), Repeated(40, InPlace[i % InPlace.Length].Add), 200, 1);
            PerGate(kernels, Paired(RandomState(40, 4)), Single(40, b => Mixing[i % 3].Add(b, 7)), 1, 1);
        }

        Console.WriteLine($"kernels {kernels.Name}; ns for each gate and non-zero amplitude, best of several");
        Console.WriteLine("| gate | qubits | 2^10 | 2^14 | 2^18 |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var qubits in new[] { 40, 100 })
        {
            foreach (var (name, add) in InPlace)
            {
                Row(name, qubits, log => PerGate(kernels, RandomState(qubits, log), Repeated(qubits, add), 200));
            }

            foreach (var (name, add) in Mixing)
            {
                Row($"{name}, no partners", qubits, log => PerGate(kernels, RandomState(qubits, log), Single(qubits, b => add(b, 7)), 1));
                Row($"{name}, all partners", qubits, log => PerGate(kernels, Paired(RandomState(qubits, log - 1)), Single(qubits, b => add(b, 7)), 1));
                Row($"{name}, on a product state", qubits, log => PerGate(kernels, Product(qubits, log), Single(qubits, b => add(b, 7)), 1));
                Row($"{name}, fresh qubit", qubits, log => PerGate(kernels, RandomState(qubits, log, 1 << 7), Single(qubits, b => add(b, 7)), 1));
            }
        }

        Conversions(kernels);
        return 0;
    }

    private static void Row(string name, int qubits, Func<int, double> measure) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"| {name} | {qubits} | {measure(10):F2} | {measure(14):F2} | {measure(18):F2} |"));

    private static double PerGate(SparseKernelSet kernels, StateSnapshot initial, Circuit circuit, int gates, int repeat = 400)
    {
        var context = new RunContext("sparse", new ExecutionRequest { Circuit = circuit }, long.MaxValue, TimeProvider.System, default);
        var best = double.PositiveInfinity;
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < Math.Min(repeat, 5) || (watch.ElapsedMilliseconds < 150 && i < repeat); i++)
        {
            using var state = new SparseState(circuit.NumQubits, 1e-30, kernels, context);
            state.Load(initial);
            var start = Stopwatch.GetTimestamp();
            state.Apply(circuit, 0, circuit.Operations.Length, null, context);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }

        return best / ((double)gates * initial.Amplitudes.Length);
    }

    private static void Conversions(SparseKernelSet kernels)
    {
        var initial = RandomState(40, 18);
        var circuit = new CircuitBuilder(40).Build();
        var context = new RunContext("sparse", new ExecutionRequest { Circuit = circuit }, long.MaxValue, TimeProvider.System, default);
        var dense = StateSnapshot.Dense(20, 0, [.. Enumerable.Repeat(new Complex(1.0 / 1024, 0), 1 << 20)]);
        using var state = new SparseState(40, 1e-30, kernels, context);
        using var small = new SparseState(20, 1e-30, kernels, context);
        Rate("sparse snapshot in", initial.SizeBytes, () => state.Load(initial));
        Rate("sparse snapshot out", initial.SizeBytes, () => state.ToSnapshot(0));
        Rate("dense snapshot in", dense.SizeBytes, () => small.Load(dense));
        var qubits = Enumerable.Range(0, 40).ToArray();
        var random = new Random(1);
        foreach (var shots in new[] { 1_000, 1_000_000 })
        {
            var draws = Enumerable.Range(0, shots).Select(_ => random.NextDouble()).ToArray();
            var outcomes = new ulong[shots];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sample {shots} of 2^18: {Best(() => state.Sample(qubits, draws, outcomes)) * 1000:F2} ms"));
        }
    }

    private static void Rate(string what, long bytes, Action action) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {bytes / Best(action) / 1e9:F2} GB/s"));

    private static double Best(Action action)
    {
        var best = double.PositiveInfinity;
        for (var i = 0; i < 7; i++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private static Circuit Single(int qubits, Action<CircuitBuilder> add)
    {
        var builder = new CircuitBuilder(qubits);
        add(builder);
        return builder.Build();
    }

    // 200 gates on changing qubits, so that none cancel or merge.
    private static Circuit Repeated(int qubits, Action<CircuitBuilder, int, int, int> add)
    {
        var builder = new CircuitBuilder(qubits);
        for (var i = 0; i < 200; i++)
        {
            add(builder, i * 7 % qubits, (i * 7 + 3) % qubits, (i * 7 + 11) % qubits);
        }

        return builder.Build();
    }

    private static StateSnapshot RandomState(int qubits, int log, ulong clear = 0)
    {
        var random = new Random(log);
        var set = new HashSet<UInt128>();
        while (set.Count < 1 << log)
        {
            var index = new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64()) & ((UInt128.One << qubits) - 1);
            set.Add(index & ~(UInt128)clear);
        }

        return Equal(qubits, [.. set]);
    }

    private static StateSnapshot Product(int qubits, int log) => Equal(qubits, [.. Enumerable.Range(0, 1 << log).Select(i => (UInt128)i)]);

    // Each entry and its partner in bit 7, in an order that is no XOR.
    private static StateSnapshot Paired(StateSnapshot half)
    {
        var indices = half.Indices!.SelectMany(i => new[] { i, i ^ 128 }).ToArray();
        new Random(3).Shuffle(indices);
        return Equal(half.NumQubits, [.. indices.Distinct()]);
    }

    private static StateSnapshot Equal(int qubits, UInt128[] indices)
    {
        var random = new Random(9);
        return StateSnapshot.Sparse(qubits, 0, indices, [.. indices.Select(_ => Complex.FromPolarCoordinates(1 / Math.Sqrt(indices.Length), random.NextDouble()))]);
    }
}
