using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Circuits;

/// <summary>
/// One step of a <see cref="Circuit"/>: 24 bytes that refer to the circuit's shared tables.
/// Read its operands through the circuit: <see cref="Circuit.QubitsOf"/>, <see cref="Circuit.ParametersOf"/>,
/// <see cref="Circuit.GateOf"/>, <see cref="Circuit.MatrixOf"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct Operation
{
    // As wide as it takes for no byte to be left over: operations are compared and hashed as bytes.
    private readonly int _gate;

    internal Operation(
        OperationKind kind, ushort gate = 0, int qubitStart = 0, int qubitCount = 0, int controlCount = 0,
        int parameterStart = 0, int argument = -1, bool hasDynamicParameters = false)
    {
        Kind = kind;
        HasDynamicParameters = hasDynamicParameters;
        _gate = gate;
        QubitStart = qubitStart;
        QubitCount = qubitCount;
        ControlCount = checked((ushort)controlCount);
        ParameterStart = parameterStart;
        Argument = argument;
    }

    /// <summary>Gets what the operation does.</summary>
    public OperationKind Kind { get; }

    /// <summary>Gets a value indicating whether the gate's parameters are classical expressions evaluated during execution.</summary>
    public bool HasDynamicParameters { get; }

    /// <summary>Gets the number of control qubits; they come first among the qubits and act on |1⟩.</summary>
    public ushort ControlCount { get; }

    /// <summary>Gets the index of the gate in the <see cref="GateCatalog"/>; meaningful for <see cref="OperationKind.Gate"/>.</summary>
    public ushort GateIndex => (ushort)_gate;

    /// <summary>Gets the number of qubits, controls included.</summary>
    public int QubitCount { get; }

    /// <summary>
    /// Gets the operation's argument: the classical bit of a measurement, the assignment's index, the condition's expression index
    /// of an if or while is in <see cref="ParameterStart"/> and here stands the index of the matching operation
    /// (if → else or end; else → end; while ↔ end; break → end; continue → while); the matrix index of a unitary;
    /// the first parameter expression of a gate with dynamic parameters; otherwise -1.
    /// </summary>
    public int Argument { get; }

    /// <summary>By how many conditions more what follows depends: 1 where a part begins that may be left out or repeated, -1 where it ends, else 0.</summary>
    internal int NestingStep => Kind is OperationKind.If or OperationKind.While ? 1 : Kind is OperationKind.EndIf or OperationKind.EndWhile ? -1 : 0;

    internal int QubitStart { get; }

    internal int ParameterStart { get; }

    internal Operation WithArgument(int argument) =>
        new(Kind, GateIndex, QubitStart, QubitCount, ControlCount, ParameterStart, argument, HasDynamicParameters);
}
