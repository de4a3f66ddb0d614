using System.Collections.Frozen;
using System.Numerics;
using System.Runtime.Intrinsics;
using static System.Math;

namespace PredictiveOrchestration.Circuits;

/// <summary>
/// Every gate that the library knows, as data. Conventions are those of OpenQASM's qelib1.inc and stdgates.inc
/// (phases as in Qiskit's matrices); qubit 0 of a gate is the least significant bit of its matrix.
/// </summary>
public static class GateCatalog
{
    private const double HalfPi = PI / 2;
    private static readonly Complex I = Complex.ImaginaryOne;
    private static readonly double Sqrt1_2 = Sqrt(0.5);
    private static readonly List<GateDefinition> Definitions = [];
    private static readonly FrozenDictionary<string, GateDefinition> ByName;

    static GateCatalog()
    {
        GlobalPhase = Add("gphase", 0, 1, (p, m) => m[0] = Phase(p[0]), GateStructure.Diagonal, GateInverse.NegateParameters, "e^{iγ}", _ => 0);
        Id = Add("id", 1, 0, (_, m) => Diagonal(m, 1, 1), GateStructure.Diagonal, GateInverse.Self, "the identity", Always);
        X = Add("x", 1, 0, (_, m) => AntiDiagonal(m, 1, 1), GateStructure.Monomial, GateInverse.Self, "Pauli X", Always);
        Y = Add("y", 1, 0, (_, m) => AntiDiagonal(m, -I, I), GateStructure.Monomial, GateInverse.Self, "Pauli Y", Always);
        Z = Add("z", 1, 0, (_, m) => Diagonal(m, 1, -1), GateStructure.Diagonal, GateInverse.Self, "Pauli Z", Always);
        H = Add("h", 1, 0, (_, m) => Fill(m, Sqrt1_2, Sqrt1_2, Sqrt1_2, -Sqrt1_2), GateStructure.Generic, GateInverse.Self, "Hadamard", Always);
        S = Add("s", 1, 0, (_, m) => Diagonal(m, 1, I), GateStructure.Diagonal, GateInverse.Named, "√Z", Always, "sdg");
        Sdg = Add("sdg", 1, 0, (_, m) => Diagonal(m, 1, -I), GateStructure.Diagonal, GateInverse.Named, "√Z†", Always, "s");
        T = Add("t", 1, 0, (_, m) => Diagonal(m, 1, new(Sqrt1_2, Sqrt1_2)), GateStructure.Diagonal, GateInverse.Named, "∜Z", null, "tdg");
        Tdg = Add("tdg", 1, 0, (_, m) => Diagonal(m, 1, new(Sqrt1_2, -Sqrt1_2)), GateStructure.Diagonal, GateInverse.Named, "∜Z†", null, "t");
        SX = Add("sx", 1, 0, (_, m) => Fill(m, new(.5, .5), new(.5, -.5), new(.5, -.5), new(.5, .5)), GateStructure.Generic, GateInverse.Named, "√X", Always, "sxdg");
        SXdg = Add("sxdg", 1, 0, (_, m) => Fill(m, new(.5, -.5), new(.5, .5), new(.5, .5), new(.5, -.5)), GateStructure.Generic, GateInverse.Named, "√X†", Always, "sx");
        P = Add("p", 1, 1, (p, m) => Diagonal(m, 1, Phase(p[0])), GateStructure.Diagonal, GateInverse.NegateParameters, "diag(1, e^{iλ})", QuarterTurns);
        RX = Add("rx", 1, 1, (p, m) => Fill(m, Cos(p[0] / 2), -I * Sin(p[0] / 2), -I * Sin(p[0] / 2), Cos(p[0] / 2)), GateStructure.Generic, GateInverse.NegateParameters, "e^{-iθX/2}", QuarterTurns);
        RY = Add("ry", 1, 1, (p, m) => Fill(m, Cos(p[0] / 2), -Sin(p[0] / 2), Sin(p[0] / 2), Cos(p[0] / 2)), GateStructure.Generic, GateInverse.NegateParameters, "e^{-iθY/2}", QuarterTurns);
        RZ = Add("rz", 1, 1, (p, m) => Diagonal(m, Phase(-p[0] / 2), Phase(p[0] / 2)), GateStructure.Diagonal, GateInverse.NegateParameters, "e^{-iθZ/2}", QuarterTurns);
        U = Add("u", 1, 3, (p, m) => Euler(m, p[0], p[1], p[2], 0), GateStructure.Generic, GateInverse.EulerAngles, "[[cos θ/2, -e^{iλ} sin θ/2], [e^{iφ} sin θ/2, e^{i(φ+λ)} cos θ/2]]", EulerQuarterTurns);
        U4 = Add("u4", 1, 4, (p, m) => Euler(m, p[0], p[1], p[2], p[3]), GateStructure.Generic, GateInverse.EulerAngles, "e^{iγ} u(θ, φ, λ); cu is u4 with a control", EulerQuarterTurns);
        Swap = Add("swap", 2, 0, (_, m) => Place(m, 4, (0, 0, 1), (2, 1, 1), (1, 2, 1), (3, 3, 1)), GateStructure.Monomial, GateInverse.Self, "exchanges two qubits", Always);
        ISwap = Add("iswap", 2, 0, (_, m) => Place(m, 4, (0, 0, 1), (2, 1, I), (1, 2, I), (3, 3, 1)), GateStructure.Monomial, GateInverse.Named, "e^{iπ(XX+YY)/4}", Always, "iswapdg");
        ISwapDg = Add("iswapdg", 2, 0, (_, m) => Place(m, 4, (0, 0, 1), (2, 1, -I), (1, 2, -I), (3, 3, 1)), GateStructure.Monomial, GateInverse.Named, "e^{-iπ(XX+YY)/4}", Always, "iswap");
        RXX = Add("rxx", 2, 1, (p, m) => PauliRotation(m, p[0], 3, 0), GateStructure.Generic, GateInverse.NegateParameters, "e^{-iθXX/2}", QuarterTurns);
        RYY = Add("ryy", 2, 1, (p, m) => PauliRotation(m, p[0], 3, 3), GateStructure.Generic, GateInverse.NegateParameters, "e^{-iθYY/2}", QuarterTurns);
        RZZ = Add("rzz", 2, 1, (p, m) => PauliRotation(m, p[0], 0, 3), GateStructure.Diagonal, GateInverse.NegateParameters, "e^{-iθZZ/2}", QuarterTurns);
        RZX = Add("rzx", 2, 1, (p, m) => PauliRotation(m, p[0], 2, 1), GateStructure.Generic, GateInverse.NegateParameters, "e^{-iθ Z⊗X/2}, Z on the first qubit and X on the second", QuarterTurns);
        Ecr = Add("ecr", 2, 0, (_, m) => Place(m, 4, (0, 1, Sqrt1_2), (0, 3, I * Sqrt1_2), (1, 0, Sqrt1_2), (1, 2, -I * Sqrt1_2), (2, 1, I * Sqrt1_2), (2, 3, Sqrt1_2), (3, 0, -I * Sqrt1_2), (3, 2, Sqrt1_2)), GateStructure.Generic, GateInverse.Self, "(IX - XY)/√2, the echoed cross resonance", Always);
        RCCX = Add("rccx", 3, 0, (_, m) => Place(m, 8, (0, 0, 1), (1, 1, 1), (2, 2, 1), (4, 4, 1), (6, 6, 1), (5, 5, -1), (7, 3, I), (3, 7, -I)), GateStructure.Monomial, GateInverse.Matrix, "relative-phase Toffoli (Margolus)", null);
        RC3X = Add("rc3x", 4, 0, RelativePhaseC3X, GateStructure.Monomial, GateInverse.Matrix, "relative-phase triply controlled X", null);
        Table = [.. Definitions];
        ByName = Definitions.ToFrozenDictionary(g => g.Name);
    }

    /// <summary>Gets all gates, in the order of their indices.</summary>
    public static IReadOnlyList<GateDefinition> All => Definitions;

    /// <summary>The same as an array, for hot paths.</summary>
    internal static GateDefinition[] Table { get; }

    /// <summary>Gets the global phase e^{iγ}: no qubit, one parameter.</summary>
    public static GateDefinition GlobalPhase { get; }

    /// <summary>Gets the identity.</summary>
    public static GateDefinition Id { get; }

    /// <summary>Gets Pauli X.</summary>
    public static GateDefinition X { get; }

    /// <summary>Gets Pauli Y.</summary>
    public static GateDefinition Y { get; }

    /// <summary>Gets Pauli Z.</summary>
    public static GateDefinition Z { get; }

    /// <summary>Gets the Hadamard gate.</summary>
    public static GateDefinition H { get; }

    /// <summary>Gets √Z.</summary>
    public static GateDefinition S { get; }

    /// <summary>Gets the inverse of <see cref="S"/>.</summary>
    public static GateDefinition Sdg { get; }

    /// <summary>Gets ∜Z.</summary>
    public static GateDefinition T { get; }

    /// <summary>Gets the inverse of <see cref="T"/>.</summary>
    public static GateDefinition Tdg { get; }

    /// <summary>Gets √X.</summary>
    public static GateDefinition SX { get; }

    /// <summary>Gets the inverse of <see cref="SX"/>.</summary>
    public static GateDefinition SXdg { get; }

    /// <summary>Gets the phase gate diag(1, e^{iλ}).</summary>
    public static GateDefinition P { get; }

    /// <summary>Gets the rotation about X.</summary>
    public static GateDefinition RX { get; }

    /// <summary>Gets the rotation about Y.</summary>
    public static GateDefinition RY { get; }

    /// <summary>Gets the rotation about Z.</summary>
    public static GateDefinition RZ { get; }

    /// <summary>Gets the general one-qubit gate u(θ, φ, λ), whose upper left element is real (Qiskit's u and u3).</summary>
    public static GateDefinition U { get; }

    /// <summary>Gets e^{iγ} u(θ, φ, λ), parameters θ, φ, λ, γ.</summary>
    public static GateDefinition U4 { get; }

    /// <summary>Gets the exchange of two qubits.</summary>
    public static GateDefinition Swap { get; }

    /// <summary>Gets iSWAP.</summary>
    public static GateDefinition ISwap { get; }

    /// <summary>Gets the inverse of <see cref="ISwap"/>.</summary>
    public static GateDefinition ISwapDg { get; }

    /// <summary>Gets the XX rotation.</summary>
    public static GateDefinition RXX { get; }

    /// <summary>Gets the YY rotation.</summary>
    public static GateDefinition RYY { get; }

    /// <summary>Gets the ZZ rotation.</summary>
    public static GateDefinition RZZ { get; }

    /// <summary>Gets the ZX rotation.</summary>
    public static GateDefinition RZX { get; }

    /// <summary>Gets the echoed cross-resonance gate.</summary>
    public static GateDefinition Ecr { get; }

    /// <summary>Gets the relative-phase Toffoli gate; the third qubit is the target.</summary>
    public static GateDefinition RCCX { get; }

    /// <summary>Gets the relative-phase triply controlled X; the fourth qubit is the target.</summary>
    public static GateDefinition RC3X { get; }

    /// <summary>Finds a gate by its catalogue name.</summary>
    public static bool TryGet(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out GateDefinition? gate) =>
        ByName.TryGetValue(name, out gate);

    private static GateDefinition Add(
        string name, int qubits, int parameters, GateDefinition.MatrixFunction matrix, GateStructure structure, GateInverse inverse,
        string description, Func<ReadOnlySpan<double>, double>? cliffordDistance, string? inverseName = null)
    {
        var gate = new GateDefinition((ushort)Definitions.Count, name, qubits, parameters, matrix, structure, inverse, inverseName, cliffordDistance, description);
        Definitions.Add(gate);
        return gate;
    }

    private static double Always(ReadOnlySpan<double> parameters) => 0;

    private static double QuarterTurns(ReadOnlySpan<double> parameters) => DistanceToQuarterTurn(parameters[0]);

    // u(θ, φ, λ) = e^{i(φ+λ)/2} rz(φ) ry(θ) rz(λ). If θ is a multiple of 2π only φ+λ matters, if an odd multiple of π only φ-λ;
    // otherwise every angle must be a multiple of π/2.
    private static double EulerQuarterTurns(ReadOnlySpan<double> p)
    {
        var theta = DistanceToQuarterTurn(p[0]);
        if (theta > 1e-12)
        {
            return theta;
        }

        return ((long)Round(p[0] / HalfPi) & 3) switch
        {
            0 => DistanceToQuarterTurn(p[1] + p[2], Max(Abs(p[1]), Abs(p[2]))),
            2 => DistanceToQuarterTurn(p[1] - p[2], Max(Abs(p[1]), Abs(p[2]))),
            _ => Max(DistanceToQuarterTurn(p[1]), DistanceToQuarterTurn(p[2])),
        };
    }

    private static double DistanceToQuarterTurn(double angle, double scale = 0)
    {
        var turns = angle / HalfPi;
        return Abs(turns - Round(turns)) / Max(1, Max(Abs(turns), scale / HalfPi));
    }

    private static Complex Phase(double angle)
    {
        var (sin, cos) = SinCos(angle);
        return new Complex(cos, sin);
    }

    private static void Diagonal(Span<Complex> m, Complex a, Complex b) => (m[0], m[3]) = (a, b);

    private static void AntiDiagonal(Span<Complex> m, Complex upperRight, Complex lowerLeft) => (m[1], m[2]) = (upperRight, lowerLeft);

    private static void Fill(Span<Complex> m, Complex a, Complex b, Complex c, Complex d) => (m[0], m[1], m[2], m[3]) = (a, b, c, d);

    private static void Euler(Span<Complex> m, double theta, double phi, double lambda, double gamma)
    {
        // Four angles at once: the gate stands at the head of everything that plans a circuit.
        var (sine, cosine) = Vector256.SinCos(Vector256.Create(theta / 2, gamma + lambda, gamma + phi, gamma + phi + lambda));
        double sin = sine[0], cos = cosine[0];
        m[0] = gamma == 0 ? cos : Phase(gamma) * cos;
        m[1] = new Complex(-cosine[1] * sin, -sine[1] * sin);
        m[2] = new Complex(cosine[2] * sin, sine[2] * sin);
        m[3] = new Complex(cosine[3] * cos, sine[3] * cos);
    }

    private static void Place(Span<Complex> m, int size, params ReadOnlySpan<(int Row, int Column, Complex Value)> elements)
    {
        foreach (var (row, column, value) in elements)
        {
            m[row * size + column] = value;
        }
    }

    // cos(θ/2) I - i sin(θ/2) P, where P = i^{|x∧z|} X^x Z^z.
    private static void PauliRotation(Span<Complex> m, double theta, int x, int z)
    {
        var (sin, cos) = SinCos(theta / 2);
        const int size = 4;
        var phase = (BitOperations.PopCount((uint)(x & z)) & 3) switch { 0 => Complex.One, 1 => I, _ => -Complex.One };
        for (var column = 0; column < size; column++)
        {
            var sign = (BitOperations.PopCount((uint)(column & z)) & 1) == 0 ? 1 : -1;
            m[column * size + column] += cos;
            m[(column ^ x) * size + column] += -I * sin * phase * sign;
        }
    }

    // Qiskit's RC3XGate: |c0 c1 c2 t⟩, the identity but for phases on the subspace c0 = c1 = 1 and a phased X where all controls are 1.
    private static void RelativePhaseC3X(ReadOnlySpan<double> parameters, Span<Complex> m)
    {
        for (var i = 0; i < 16; i++)
        {
            m[i * 16 + i] = 1;
        }

        m[3 * 16 + 3] = I;
        m[11 * 16 + 11] = -I;
        m[7 * 16 + 7] = 0;
        m[15 * 16 + 15] = 0;
        m[7 * 16 + 15] = 1;
        m[15 * 16 + 7] = -1;
    }
}
