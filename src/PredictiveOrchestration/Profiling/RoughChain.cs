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
        1.268, -0.006, 0.264, 0.719, 0.007, -0.001, 0.027, -0.201, 0.264, -0.609,
        3.534, 0.021, 0.953, 1.049, -1.648, 0.827, -0.340, -0.454, -0.295, -1.359,
        2.673, 0.169, 1.154, 1.719, -3.520, 1.761, -0.874, -1.603, -1.802, -1.840,
        4.184, 0.274, 1.911, 2.270, -5.624, 2.812, -1.518, -2.853, -3.486, -2.051,
        5.002, 0.227, 1.726, 2.548, -5.884, 2.942, -1.466, -2.392, -2.480, -2.726,
        4.349, 0.322, 1.991, 0.317, -3.337, 1.680, -1.397, -2.384, -4.007, 0.242,
        5.735, 0.413, 2.157, -0.146, -2.294, 1.156, -0.899, -4.416, -4.455, -0.151,
        5.782, 0.531, 2.384, -0.635, -1.500, 0.759, -0.885, -5.816, -5.013, -0.031,
        5.553, 0.642, 2.487, -1.136, -0.410, 0.215, -0.862, -7.113, -5.342, 0.233,
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
