using System.Numerics;

namespace PredictiveOrchestration.Circuits;

/// <summary>
/// An immutable quantum circuit: registers, and operations as compact structs in one array. Qubit 0 is the least significant bit.
/// Make one with <see cref="CircuitBuilder"/>, the generators of the circuit library, or the OpenQASM reader.
/// </summary>
public sealed partial class Circuit
{
    private readonly Operation[] _operations;
    private readonly int[] _qubits;
    private readonly double[] _parameters;
    private readonly Complex[][] _matrices;
    private readonly ClassicalExpression[] _expressions;
    private readonly ClassicalAssignment[] _assignments;

    internal Circuit(CircuitTables tables)
    {
        Name = tables.Name;
        NumQubits = tables.NumQubits;
        NumClbits = tables.NumClbits;
        NumScratchBits = tables.NumScratchBits;
        QuantumRegisters = tables.QuantumRegisters;
        ClassicalRegisters = tables.ClassicalRegisters;
        Variables = tables.Variables;
        Annotations = tables.Annotations;
        _operations = tables.Operations;
        _qubits = tables.Qubits;
        _parameters = tables.Parameters;
        _matrices = tables.Matrices;
        _expressions = tables.Expressions;
        _assignments = tables.Assignments;
    }

    /// <summary>Gets the name, or an empty string.</summary>
    public string Name { get; }

    /// <summary>Gets the number of qubits.</summary>
    public int NumQubits { get; }

    /// <summary>Gets the number of classical bits that make up the outcome.</summary>
    public int NumClbits { get; }

    /// <summary>Gets the number of further classical bits, used while running and not part of the outcome; they follow the visible ones.</summary>
    public int NumScratchBits { get; }

    /// <summary>Gets the quantum registers in the order of declaration.</summary>
    public IReadOnlyList<Register> QuantumRegisters { get; }

    /// <summary>Gets the classical registers in the order of declaration.</summary>
    public IReadOnlyList<Register> ClassicalRegisters { get; }

    /// <summary>Gets the run-time variables.</summary>
    public IReadOnlyList<ClassicalVariable> Variables { get; }

    /// <summary>Gets the annotations and pragmas kept from the source.</summary>
    public IReadOnlyList<CircuitAnnotation> Annotations { get; }

    /// <summary>Gets the operations in the order of execution; walking them allocates nothing.</summary>
    public ReadOnlySpan<Operation> Operations => _operations;

    /// <summary>
    /// Gets a value indicating whether the run depends on measurement results: the circuit has run-time control flow,
    /// assignments or parameters. Such a circuit needs a backend with classical control.
    /// </summary>
    public bool IsDynamic
    {
        get
        {
            foreach (ref readonly var op in Operations)
            {
                if (op.Kind >= OperationKind.Assign || op.HasDynamicParameters)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Gets the qubits of an operation of this circuit: controls first, then targets.</summary>
    public ReadOnlySpan<int> QubitsOf(in Operation operation) => _qubits.AsSpan(operation.QubitStart, operation.QubitCount);

    /// <summary>Gets the controls of an operation of this circuit.</summary>
    public ReadOnlySpan<int> ControlsOf(in Operation operation) => _qubits.AsSpan(operation.QubitStart, operation.ControlCount);

    /// <summary>Gets the targets of an operation of this circuit.</summary>
    public ReadOnlySpan<int> TargetsOf(in Operation operation) =>
        _qubits.AsSpan(operation.QubitStart + operation.ControlCount, operation.QubitCount - operation.ControlCount);

    /// <summary>
    /// Gets the parameters of a gate in radians. Parameters that are evaluated during execution
    /// (<see cref="Operation.HasDynamicParameters"/>) are NaN here; see <see cref="EvaluateParameters"/>.
    /// </summary>
    public ReadOnlySpan<double> ParametersOf(in Operation operation) => operation.Kind == OperationKind.Gate
        ? _parameters.AsSpan(operation.ParameterStart, GateCatalog.Table[operation.GateIndex].NumParameters)
        : [];

    /// <summary>The first parameter of a gate that has any.</summary>
    internal double FirstParameterOf(in Operation operation) => _parameters[operation.ParameterStart];

    /// <summary>Evaluates a gate's parameters, dynamic or not, into <paramref name="destination"/> and returns the part written.</summary>
    /// <param name="operation">A gate of this circuit.</param>
    /// <param name="state">The classical memory; may be null if nothing is dynamic.</param>
    /// <param name="destination">Room for at least four values.</param>
    public Span<double> EvaluateParameters(in Operation operation, ClassicalState? state, Span<double> destination)
    {
        var stored = ParametersOf(operation);
        for (var i = 0; i < stored.Length; i++)
        {
            destination[i] = operation.HasDynamicParameters
                ? ExpressionAt(operation.Argument + i).Evaluate(state ?? throw new ArgumentNullException(nameof(state))).ToDouble()
                : stored[i];
        }

        return destination[..stored.Length];
    }

    /// <summary>Gets the gate of an operation of kind <see cref="OperationKind.Gate"/>.</summary>
    public GateDefinition GateOf(in Operation operation) => GateCatalog.Table[operation.GateIndex];

    /// <summary>Gets the matrix of an operation of kind <see cref="OperationKind.Unitary"/>: row-major, 4^k elements for k targets, controls apart.</summary>
    public ReadOnlySpan<Complex> MatrixOf(in Operation operation) => _matrices[operation.Argument];

    /// <summary>Gets the condition of an if or while.</summary>
    public ClassicalExpression ConditionOf(in Operation operation) => _expressions[operation.ParameterStart];

    /// <summary>Gets the assignment of an operation of kind <see cref="OperationKind.Assign"/>.</summary>
    public ClassicalAssignment AssignmentOf(in Operation operation) => _assignments[operation.Argument];

    /// <summary>Gets a parameter expression: number <see cref="Operation.Argument"/> and the following ones of a gate with dynamic parameters.</summary>
    public ClassicalExpression ExpressionAt(int index) => _expressions[index];

    /// <summary>The first operation at or after <paramref name="start"/> that measures, resets or depends on a measurement; the number of operations if there is none.</summary>
    internal int UnitaryEnd(int start)
    {
        var end = start;
        while (end < _operations.Length && _operations[end].Kind is (OperationKind.Gate or OperationKind.Unitary or OperationKind.Barrier) && !_operations[end].HasDynamicParameters)
        {
            end++;
        }

        return end;
    }

    /// <summary>Whether nothing but measurements follows what comes before the first of them; gives where that is.</summary>
    internal bool IsMeasuredAtEnd(out int end)
    {
        end = UnitaryEnd(0);
        var at = end;
        while (at < _operations.Length && _operations[at].Kind is (OperationKind.Measure or OperationKind.Barrier))
        {
            at++;
        }

        return at == _operations.Length;
    }

    /// <summary>The same circuit with other names for its registers.</summary>
    internal Circuit WithRegisters(IReadOnlyList<Register> quantum, IReadOnlyList<Register> classical) => new(new CircuitTables(
        Name, NumQubits, NumClbits, NumScratchBits, quantum, classical, Variables, Annotations, _operations, _qubits, _parameters, _matrices, _expressions, _assignments));

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(Name.Length == 0 ? "circuit" : Name)}: {NumQubits} qubits, {NumClbits} classical bits, {_operations.Length} operations";
}

/// <summary>The arrays behind a <see cref="Circuit"/>; handed over, never shared.</summary>
internal sealed record CircuitTables(
    string Name, int NumQubits, int NumClbits, int NumScratchBits,
    IReadOnlyList<Register> QuantumRegisters, IReadOnlyList<Register> ClassicalRegisters,
    IReadOnlyList<ClassicalVariable> Variables, IReadOnlyList<CircuitAnnotation> Annotations,
    Operation[] Operations, int[] Qubits, double[] Parameters, Complex[][] Matrices,
    ClassicalExpression[] Expressions, ClassicalAssignment[] Assignments);
