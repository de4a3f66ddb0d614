using System.Numerics;
using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Circuits;

/// <summary>Whether operations, controls included, are Clifford gates.</summary>
internal static class CliffordCheck
{
    private const double Tolerance = 1e-12;

    // What is known of a gate whatever its angles are: without controls, and with one.
    private static readonly Answer[] Plain = [.. GateCatalog.Table.Select(g => g.NumParameters > 0 ? (g.NumQubits > 0 ? Answer.ByQuarterTurns : Answer.ByAngles) : g.IsClifford([]) ? Answer.Yes : Answer.No)];
    private static readonly Answer[] Controlled = [.. GateCatalog.Table.Select(g =>
        g.NumQubits > 1 ? Answer.No : g == GateCatalog.X || g == GateCatalog.Y || g == GateCatalog.Z || g == GateCatalog.Id ? Answer.Yes
        : g.NumParameters == 0 ? Answer.No : g is { NumQubits: 1, NumParameters: 1 } ? Answer.ByHalfTurns : Answer.ByAngles)];

    private enum Answer : byte
    {
        No,
        Yes,
        ByAngles,

        /// <summary>By angles, of which the first must be a multiple of π/2, or, with a control, of π.</summary>
        ByQuarterTurns,
        ByHalfTurns,
    }

    /// <summary>Tells whether an operation of the circuit is a Clifford gate; arbitrary unitaries and dynamic parameters are not counted as such.</summary>
    public static bool IsClifford(Circuit circuit, in Operation op)
    {
        if (op.Kind != OperationKind.Gate || op.HasDynamicParameters)
        {
            return false;
        }

        if (op.ControlCount > 1)
        {
            return op.GateIndex == GateCatalog.Id.Index;
        }

        var answer = (op.ControlCount == 0 ? Plain : Controlled)[op.GateIndex];
        if (answer < Answer.ByAngles)
        {
            return answer == Answer.Yes;
        }

        // Most angles are far from what they must be.
        var turns = circuit.FirstParameterOf(op) * (answer == Answer.ByHalfTurns ? 1 / Math.PI : 2 / Math.PI);
        return !(answer > Answer.ByAngles && Math.Abs(turns) < 1e5 && Math.Abs(turns - Math.Round(turns)) > 1e-6) && IsByAngles(circuit, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsByAngles(Circuit circuit, in Operation op)
    {
        var gate = circuit.GateOf(op);
        var parameters = circuit.ParametersOf(op);
        return op.ControlCount == 0 ? gate.IsClifford(parameters) : IsPauli(gate, parameters);
    }

    // A gate with one control is Clifford where the gate is i^k times a Pauli; a controlled phase e^{iγ} is one where γ is a multiple of π/2.
    private static bool IsPauli(GateDefinition gate, ReadOnlySpan<double> parameters)
    {
        Span<Complex> m = stackalloc Complex[4];
        gate.WriteMatrix(parameters, m);
        if (gate.NumQubits == 0)
        {
            return IsFourthRoot(m[0]);
        }

        if (m[1].Magnitude < Tolerance && m[2].Magnitude < Tolerance)
        {
            return IsFourthRoot(m[0]) && IsSign(m[3] / m[0]);
        }

        return m[0].Magnitude < Tolerance && m[3].Magnitude < Tolerance && IsFourthRoot(m[1]) && IsSign(m[2] / m[1]);
    }

    private static bool IsFourthRoot(Complex value) => IsSign(value) || IsSign(value * Complex.ImaginaryOne);

    private static bool IsSign(Complex value) => Math.Abs(value.Imaginary) < Tolerance && Math.Abs(Math.Abs(value.Real) - 1) < Tolerance;
}
