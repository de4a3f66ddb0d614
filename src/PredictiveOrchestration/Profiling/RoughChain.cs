namespace PredictiveOrchestration.Profiling;

/// <summary>
/// What a matrix product state would do, from a few numbers that a profile has anyway: the logarithm of each of the <see cref="ChainAmounts"/> is a sum of them, fitted to the sketches of the
/// circuits of the library (<c>routing rough</c> of the benchmarks). The sketch itself takes as long as a third of the profile, and most circuits are run by other engines in a small part of the time
/// that a chain would take.
/// </summary>
internal static class RoughChain
{
    /// <summary>By how much the logarithm of the time is wrong, as a standard deviation: over families of circuits that were held out when the sums were fitted.</summary>
    public const double LogSigma = 1.1;

    /// <summary>The number of inputs.</summary>
    public const int InputCount = 10;

    // Beyond, nothing was fitted.
    private const int MostQubits = 128, MostGates = 4096;
    private const double MostWorkLog2 = 40, MostAmountLog2 = 60, SmallLog2 = 4, ShareOfSteps = 0.03;

    // A row for each amount; the first input is one.
    private static readonly double[] Weights =
    [
        1.278, -0.006, 0.264, 0.722, -0.001, 0.003, 0.025, -0.191, 0.291, -0.616,
        3.595, 0.019, 0.953, 1.073, -1.707, 0.856, -0.366, -0.432, -0.216, -1.363,
        2.816, 0.151, 1.156, 1.934, -3.861, 1.931, -1.117, -1.596, -0.699, -2.066,
        4.390, 0.246, 1.914, 2.625, -6.163, 3.081, -1.937, -2.883, -1.566, -2.492,
        5.238, 0.205, 1.733, 2.815, -6.344, 3.171, -1.775, -2.349, -1.184, -2.954,
        4.654, 0.320, 2.017, 0.405, -3.592, 1.807, -1.591, -2.321, -3.507, 0.114,
        6.034, 0.411, 2.179, -0.067, -2.533, 1.275, -1.064, -4.355, -4.064, -0.237,
        6.076, 0.529, 2.401, -0.570, -1.720, 0.868, -1.017, -5.746, -4.736, -0.071,
        5.848, 0.640, 2.500, -1.080, -0.620, 0.319, -0.973, -7.029, -5.129, 0.224,
    ];

    /// <summary>What a circuit is told apart by.</summary>
    /// <param name="Qubits">The number of qubits.</param>
    /// <param name="Gates">The number of gates.</param>
    /// <param name="Joining">Those on several qubits.</param>
    /// <param name="Steps">The cuts that they span, all together.</param>
    /// <param name="Work">The work on a chain in the qubits' own order, by typical bonds.</param>
    /// <param name="TypicalLog2">The base-2 logarithm of the greatest typical bond.</param>
    /// <param name="Monomial">Gates that permute basis states and are not diagonal.</param>
    /// <param name="Diagonal">Gates that are.</param>
    /// <param name="CliffordPrefix">Gates before the first that is not Clifford.</param>
    public readonly record struct Inputs(int Qubits, int Gates, int Joining, double Steps, double Work, double TypicalLog2, int Monomial, int Diagonal, int CliffordPrefix);

    /// <summary>What a profile says of its circuit.</summary>
    public static Inputs Of(CircuitProfile profile)
    {
        var f = profile.Features!;
        return new Inputs(
            profile.NumQubits, profile.GateCount, f.TwoQubitGateCount + f.MultiQubitGateCount, f.MatrixProductSteps, f.MatrixProductWork, f.TypicalBondLog2, f.MonomialCount, f.DiagonalCount, f.CliffordPrefixLength);
    }

    /// <summary>Whether circuits of the size were fitted to.</summary>
    public static bool Knows(int qubits, int gates) => qubits is > 0 and <= MostQubits && gates <= MostGates;

    /// <summary>The amounts, about.</summary>
    public static double[] Amounts(in Inputs circuit)
    {
        Span<double> x = stackalloc double[InputCount];
        Write(circuit, x);
        var amounts = new double[ChainAmounts.Count];
        for (var k = 0; k < amounts.Length; k++)
        {
            amounts[k] = Math.Max(0, Math.Pow(2, Math.Min(MostAmountLog2, System.Numerics.Tensors.TensorPrimitives.Dot(x, Weights.AsSpan(k * InputCount, InputCount)))) - 1);
        }

        return amounts;
    }

    /// <summary>The inputs of the sums.</summary>
    public static void Write(in Inputs circuit, Span<double> x)
    {
        double gates = Math.Max(1, circuit.Gates), typical = Math.Min(circuit.TypicalLog2, circuit.Qubits / 2), grown = Math.Pow(2, typical);
        x[0] = 1;
        x[1] = Math.Min(MostWorkLog2, Math.Log2(1 + circuit.Work));
        x[2] = Math.Log2(1 + circuit.Joining);
        x[3] = Math.Log2(1 + circuit.Steps);
        x[4] = Math.Log2(1 + circuit.Joining + (ShareOfSteps * circuit.Steps * grown));
        x[5] = Math.Log2(1 + circuit.Joining + (ShareOfSteps * circuit.Steps * grown * grown));
        x[6] = Math.Min(SmallLog2, typical);
        x[7] = circuit.Monomial / gates;
        x[8] = circuit.Diagonal / gates;
        x[9] = circuit.CliffordPrefix / gates;
    }
}
