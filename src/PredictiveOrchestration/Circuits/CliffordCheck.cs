using System.Numerics;
using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Circuits;

/// <summary>Whether operations, controls included, are Clifford gates.</summary>
internal static class CliffordCheck
{
    private const double Tolerance = 1e-12;

    // What is known of a gate whatever its angles are: without controls, and with one.
    private static readonly Answer[] Plain = [.. GateCatalog.Table.Select(g => g.NumParameters > 0 ? Answer.ByAngles : g.IsClifford([]) ? Answer.Yes : Answer.No)];
    private static readonly Answer[] Controlled = [.. GateCatalog.Table.Select(g =>
        g.NumQubits > 1 ? Answer.No : g == GateCatalog.X || g == GateCatalog.Y || g == GateCatalog.Z || g == GateCatalog.Id ? Answer.Yes : g.NumParameters == 0 ? Answer.No : Answer.ByAngles)];

    private enum Answer : byte
    {
        No,
        Yes,
        ByAngles,
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
        return answer == Answer.ByAngles ? IsByAngles(circuit, op) : answer == Answer.Yes;
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
        // A rotation must turn by a multiple of π, which most are far from.
        if (gate.NumParameters == 1 && Math.Abs(parameters[0]) < 1e6 && Math.Abs(parameters[0] - (Math.PI * Math.Round(parameters[0] / Math.PI))) > 1e-6 && gate.NumQubits == 1)
        {
            return false;
        }

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
