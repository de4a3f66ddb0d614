using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.TestKit;

/// <summary>What a random circuit may hold.</summary>
public sealed record RandomCircuitOptions
{
    public int Qubits { get; init; } = 5;

    public int Clbits { get; init; } = 4;

    public int Operations { get; init; } = 30;

    public int MaxControls { get; init; } = 3;

    /// <summary>Only these gates; null for all.</summary>
    public IReadOnlyList<string>? Gates { get; init; }

    public bool Unitaries { get; init; } = true;

    public bool MidCircuit { get; init; }

    public bool ControlFlow { get; init; }

    public bool MeasureAtEnd { get; init; }

    /// <summary>Angles are multiples of π/2.</summary>
    public bool CliffordAngles { get; init; }
}

/// <summary>Seeded circuits that use everything a circuit can hold.</summary>
public static class RandomCircuits
{
    /// <summary>Gates that permute basis states with phases.</summary>
    public static readonly string[] MonomialGates = ["x", "y", "z", "s", "sdg", "t", "tdg", "p", "rz", "swap", "iswap", "rzz", "rccx", "rc3x", "gphase", "id"];

    /// <summary>Clifford gates for angles that are multiples of π/2.</summary>
    public static readonly string[] CliffordGates = ["x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "swap", "iswap", "iswapdg", "ecr", "rx", "ry", "rz", "rxx", "ryy", "rzz", "rzx", "p", "u", "id"];

    public static Circuit Create(int seed, RandomCircuitOptions? options = null)
    {
        options ??= new RandomCircuitOptions();
        var random = new Random(seed);
        var builder = new CircuitBuilder(options.Qubits, options.Clbits, $"random-{seed}");
        var budget = options.Operations;
        Block(builder, options, random, ref budget, 0);
        if (options.MeasureAtEnd)
        {
            for (var b = 0; b < Math.Min(options.Clbits, options.Qubits); b++)
            {
                builder.Measure(random.Next(options.Qubits), b);
            }
        }

        return builder.Build();
    }

    /// <summary>Layers of rotations of every qubit and controlled X between random pairs of all.</summary>
    public static Circuit Pairs(int seed, int qubits, int depth)
    {
        var random = new Random(seed);
        var builder = new CircuitBuilder(qubits);
        for (var layer = 0; layer < depth; layer++)
        {
            var order = Enumerable.Range(0, qubits).ToArray();
            random.Shuffle(order);
            for (var q = 0; q < qubits; q++)
            {
                builder.U(random.NextDouble() * 3, random.NextDouble() * 6, random.NextDouble() * 6, q);
            }

            for (var k = 0; k + 1 < qubits; k += 2)
            {
                builder.CX(order[k], order[k + 1]);
            }
        }

        return builder.Build();
    }

    /// <summary>A Haar-random unitary on k qubits, by Gram-Schmidt on Gaussian columns.</summary>
    public static Complex[] Unitary(Random random, int qubits)
    {
        var n = 1 << qubits;
        var m = new Complex[n * n];
        for (var row = 0; row < n; row++)
        {
            for (var k = 0; k < n; k++)
            {
                m[row * n + k] = new Complex(Gaussian(random), Gaussian(random));
            }

            for (var pass = 0; pass < 2; pass++)
            {
                for (var other = 0; other < row; other++)
                {
                    Complex overlap = 0;
                    for (var k = 0; k < n; k++)
                    {
                        overlap += Complex.Conjugate(m[other * n + k]) * m[row * n + k];
                    }

                    for (var k = 0; k < n; k++)
                    {
                        m[row * n + k] -= overlap * m[other * n + k];
                    }
                }
            }

            var norm = Math.Sqrt(Enumerable.Range(0, n).Sum(k => m[row * n + k].Magnitude * m[row * n + k].Magnitude));
            for (var k = 0; k < n; k++)
            {
                m[row * n + k] /= norm;
            }
        }

        return m;
    }

    private static void Block(CircuitBuilder builder, RandomCircuitOptions options, Random random, ref int budget, int depth)
    {
        while (budget-- > 0)
        {
            var kind = random.Next(100);
            if (options.ControlFlow && depth < 2 && kind < 6)
            {
                var inner = Math.Min(budget, 1 + random.Next(4));
                budget -= inner;
                builder.If(Condition(options, random));
                Block(builder, options, random, ref inner, depth + 1);
                if (random.Next(2) == 0)
                {
                    inner = 1 + random.Next(3);
                    builder.Else();
                    Block(builder, options, random, ref inner, depth + 1);
                }

                builder.EndIf();
            }
            else if (options.ControlFlow && kind < 9)
            {
                ClassicalExpression angle = new UnaryExpression(ClassicalOperator.Cast, new BitRangeExpression(0, options.Clbits), ClassicalType.Float);
                if (options.CliffordAngles)
                {
                    angle = new BinaryExpression(ClassicalOperator.Multiply, angle, new ConstantExpression(ClassicalValue.Of(Math.PI / 2)), ClassicalType.Float);
                }

                builder.DynamicGate(GateCatalog.RX, 0, [angle], [random.Next(options.Qubits)]);
            }
            else if (options.MidCircuit && kind < 17)
            {
                builder.Measure(random.Next(options.Qubits), random.Next(options.Clbits));
            }
            else if (options.MidCircuit && kind < 22)
            {
                builder.Reset(random.Next(options.Qubits));
            }
            else if (options.Unitaries && kind < 32)
            {
                var targets = 1 + random.Next(Math.Min(3, options.Qubits));
                var controls = random.Next(Math.Min(options.MaxControls, options.Qubits - targets) + 1);
                builder.Unitary(Unitary(random, targets), Choose(random, options.Qubits, targets + controls), controls);
            }
            else if (kind < 34)
            {
                builder.Barrier();
            }
            else
            {
                Gate(builder, options, random);
            }
        }
    }

    private static void Gate(CircuitBuilder builder, RandomCircuitOptions options, Random random)
    {
        GateDefinition gate;
        do
        {
            gate = options.Gates is { } names && GateCatalog.TryGet(names[random.Next(names.Count)], out var named)
                ? named
                : GateCatalog.All[random.Next(GateCatalog.All.Count)];
        }
        while (gate.NumQubits > options.Qubits);

        var room = Math.Min(options.MaxControls, options.Qubits - gate.NumQubits);
        var controls = random.Next(3) == 0 ? random.Next(room + 1) : 0;
        var parameters = new double[gate.NumParameters];
        for (var i = 0; i < parameters.Length; i++)
        {
            parameters[i] = options.CliffordAngles ? random.Next(-4, 5) * Math.PI / 2 : (random.NextDouble() - 0.5) * 4 * Math.PI;
        }

        builder.Gate(gate, controls, parameters, Choose(random, options.Qubits, controls + gate.NumQubits));
    }

    private static ClassicalExpression Condition(RandomCircuitOptions options, Random random) => random.Next(2) == 0
        ? new BitExpression(random.Next(options.Clbits))
        : ClassicalExpression.RegisterEquals(0, options.Clbits, (ulong)random.Next(1 << options.Clbits));

    private static int[] Choose(Random random, int from, int count)
    {
        var all = Enumerable.Range(0, from).ToArray();
        random.Shuffle(all);
        return all[..count];
    }

    private static double Gaussian(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
