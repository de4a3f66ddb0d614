using System.Numerics;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Circuits;

/// <summary>
/// Builds a <see cref="Circuit"/> step by step; every method returns the builder. Operands are checked as they come:
/// a wrong one throws a <see cref="CircuitException"/> that names it, and leaves the builder as it was. Not thread-safe.
/// </summary>
public sealed partial class CircuitBuilder
{
    /// <summary>The greatest number of qubits or of classical bits of one circuit.</summary>
    public const int MaxBits = 1 << 20;

    /// <summary>The greatest number of target qubits of an arbitrary unitary.</summary>
    public const int MaxUnitaryQubits = 5;

    private readonly List<Operation> _operations = [];
    private readonly List<int> _qubits = [];
    private readonly List<double> _parameters = [];
    private readonly List<Complex[]> _matrices = [];
    private readonly List<ClassicalExpression> _expressions = [];
    private readonly List<ClassicalAssignment> _assignments = [];
    private readonly List<Register> _quantumRegisters = [];
    private readonly List<Register> _classicalRegisters = [];
    private readonly List<ClassicalVariable> _variables = [];
    private readonly List<CircuitAnnotation> _annotations = [];
    private readonly Stack<int> _open = new();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private int _scratchBits;

    /// <summary>Creates a builder without registers.</summary>
    /// <param name="name">The circuit's name.</param>
    public CircuitBuilder(string name = "") => Name = name ?? throw new ArgumentNullException(nameof(name));

    /// <summary>Creates a builder with a quantum register q and, if it has bits, a classical register c.</summary>
    /// <param name="numQubits">The number of qubits.</param>
    /// <param name="numClbits">The number of classical bits.</param>
    /// <param name="name">The circuit's name.</param>
    /// <exception cref="CircuitException">A number is negative or exceeds <see cref="MaxBits"/>.</exception>
    public CircuitBuilder(int numQubits, int numClbits = 0, string name = "")
        : this(name)
    {
        if (numQubits != 0)
        {
            AddQubits("q", numQubits);
        }

        if (numClbits != 0)
        {
            AddClbits("c", numClbits);
        }
    }

    /// <summary>Gets the circuit's name.</summary>
    public string Name { get; }

    /// <summary>Gets the number of qubits so far.</summary>
    public int NumQubits { get; private set; }

    /// <summary>Gets the number of visible classical bits so far.</summary>
    public int NumClbits { get; private set; }

    /// <summary>Gets the number of operations so far.</summary>
    public int Count => _operations.Count;

    /// <summary>Adds a quantum register.</summary>
    /// <returns>The register; its start is the index of its first qubit.</returns>
    public Register AddQubits(string name, int size)
    {
        var register = NewRegister(name, size, NumQubits, "quantum");
        _quantumRegisters.Add(register);
        NumQubits += size;
        return register;
    }

    /// <summary>Adds a classical register, whose bits are part of the outcome.</summary>
    /// <returns>The register; its start is the index of its first bit.</returns>
    public Register AddClbits(string name, int size)
    {
        var register = NewRegister(name, size, NumClbits, "classical");
        _classicalRegisters.Add(register);
        NumClbits += size;
        return register;
    }

    /// <summary>Adds classical bits that are not part of the outcome.</summary>
    /// <returns>
    /// A provisional negative index of the first bit: bits are -1-k, -2-k … in descending order of index, so bit i of the run is the
    /// returned index minus i. They may be used in <see cref="Measure(int, int)"/>, assignments and <see cref="BitExpression"/>;
    /// for a <see cref="BitRangeExpression"/> or an assignment give the returned index as the start. Building turns them into the indices that follow the visible bits.
    /// </returns>
    public int AddScratchBits(int count)
    {
        if (count < 1 || count > MaxBits - _scratchBits)
        {
            throw new CircuitException($"Adding {count} scratch bits: accepted are 1 to {MaxBits - _scratchBits}.");
        }

        var first = -1 - _scratchBits;
        _scratchBits += count;
        return first;
    }

    /// <summary>Adds a run-time variable, zero at first.</summary>
    /// <returns>An expression that reads it.</returns>
    public VariableExpression AddVariable(string name, ClassicalType type)
    {
        if (!_names.Add(name))
        {
            throw new CircuitException($"Adding the variable '{name}': the name is taken. Choose another.");
        }

        _variables.Add(new ClassicalVariable(name, type));
        return new VariableExpression(_variables.Count - 1, type);
    }

    /// <summary>Adds a gate with optional controls (on |1⟩), which come first among the qubits.</summary>
    /// <param name="gate">A gate of the <see cref="GateCatalog"/>.</param>
    /// <param name="controls">The number of leading qubits that are controls.</param>
    /// <param name="parameters">The gate's parameters in radians, finite.</param>
    /// <param name="qubits">Controls, then targets; all different.</param>
    /// <exception cref="CircuitException">The number of qubits or parameters is wrong, or a value is out of range or repeated.</exception>
    public CircuitBuilder Gate(GateDefinition gate, int controls, ReadOnlySpan<double> parameters, ReadOnlySpan<int> qubits)
    {
        ArgumentNullException.ThrowIfNull(gate);
        CheckOperands(gate.Name, controls, gate.NumQubits, qubits);
        if (parameters.Length != gate.NumParameters)
        {
            throw Wrong(gate.Name, $"it takes {gate.NumParameters} parameters; {parameters.Length} were given");
        }

        foreach (var parameter in parameters)
        {
            if (!double.IsFinite(parameter))
            {
                throw Wrong(gate.Name, $"the parameter {parameter} is not a finite number");
            }
        }

        AppendGate(gate, controls, parameters, qubits, -1);
        return this;
    }

    /// <summary>Adds a gate whose parameters are evaluated when the circuit runs.</summary>
    /// <param name="gate">A gate of the <see cref="GateCatalog"/>.</param>
    /// <param name="controls">The number of leading qubits that are controls.</param>
    /// <param name="parameters">One expression for each parameter, in radians.</param>
    /// <param name="qubits">Controls, then targets; all different.</param>
    public CircuitBuilder DynamicGate(GateDefinition gate, int controls, ReadOnlySpan<ClassicalExpression> parameters, ReadOnlySpan<int> qubits)
    {
        ArgumentNullException.ThrowIfNull(gate);
        CheckOperands(gate.Name, controls, gate.NumQubits, qubits);
        if (parameters.Length != gate.NumParameters || parameters.Length == 0)
        {
            throw Wrong(gate.Name, $"it takes {gate.NumParameters} parameters; {parameters.Length} expressions were given");
        }

        foreach (var parameter in parameters)
        {
            CheckExpression(gate.Name, parameter);
        }

        var first = _expressions.Count;
        _expressions.AddRange(parameters);
        Span<double> unknown = stackalloc double[parameters.Length];
        unknown.Fill(double.NaN);
        AppendGate(gate, controls, unknown, qubits, first);
        return this;
    }

    /// <summary>Adds an arbitrary unitary matrix on 1 to 5 targets.</summary>
    /// <param name="matrix">Row-major, 4^k elements for k targets; the first target is the least significant bit. Unitary within 1e-10.</param>
    /// <param name="qubits">Controls, then targets.</param>
    /// <param name="controls">The number of leading qubits that are controls.</param>
    /// <exception cref="CircuitException">The matrix has the wrong size or is not unitary, or a qubit is wrong.</exception>
    public CircuitBuilder Unitary(ReadOnlySpan<Complex> matrix, ReadOnlySpan<int> qubits, int controls = 0)
    {
        var targets = qubits.Length - controls;
        if (targets is < 1 or > MaxUnitaryQubits || matrix.Length != 1 << (2 * targets))
        {
            throw Wrong("unitary", $"{targets} targets and {matrix.Length} matrix elements were given; accepted are 1 to {MaxUnitaryQubits} targets k with 4^k elements");
        }

        CheckOperands("unitary", controls, targets, qubits);
        var error = UnitaryMatrix.DistanceFromUnitarity(matrix, 1 << targets);
        if (!(error <= 1e-10))
        {
            throw Wrong("unitary", $"the matrix is not unitary: an element of U·U† is off by {error:G3}; accepted is 1e-10");
        }

        var start = _qubits.Count;
        _qubits.AddRange(qubits);
        _matrices.Add(matrix.ToArray());
        _operations.Add(new Operation(OperationKind.Unitary, 0, start, qubits.Length, controls, 0, _matrices.Count - 1));
        return this;
    }

    /// <summary>Measures a qubit into a classical bit.</summary>
    /// <exception cref="CircuitException">An index is out of range.</exception>
    public CircuitBuilder Measure(int qubit, int clbit)
    {
        CheckQubit("measure", qubit);
        CheckClbits("measure", clbit, 1);
        _qubits.Add(qubit);
        _operations.Add(new Operation(OperationKind.Measure, 0, _qubits.Count - 1, 1, 0, 0, clbit));
        return this;
    }

    /// <summary>Measures qubit i into classical bit i, for all qubits; a classical register c is added if bits are missing.</summary>
    public CircuitBuilder MeasureAll()
    {
        if (NumClbits < NumQubits)
        {
            AddClbits(_names.Contains("c") ? "meas" : "c", NumQubits - NumClbits);
        }

        for (var i = 0; i < NumQubits; i++)
        {
            Measure(i, i);
        }

        return this;
    }

    /// <summary>Returns a qubit to |0⟩.</summary>
    /// <exception cref="CircuitException">The qubit is out of range.</exception>
    public CircuitBuilder Reset(int qubit)
    {
        CheckQubit("reset", qubit);
        _qubits.Add(qubit);
        _operations.Add(new Operation(OperationKind.Reset, 0, _qubits.Count - 1, 1));
        return this;
    }

    /// <summary>Adds a barrier over the given qubits, or over all if none is given.</summary>
    /// <exception cref="CircuitException">A qubit is out of range.</exception>
    public CircuitBuilder Barrier(params ReadOnlySpan<int> qubits)
    {
        foreach (var qubit in qubits)
        {
            CheckQubit("barrier", qubit);
        }

        var start = _qubits.Count;
        if (qubits.IsEmpty)
        {
            for (var i = 0; i < NumQubits; i++)
            {
                _qubits.Add(i);
            }
        }
        else
        {
            _qubits.AddRange(qubits);
        }

        _operations.Add(new Operation(OperationKind.Barrier, 0, start, _qubits.Count - start));
        return this;
    }

    /// <summary>Keeps an annotation or pragma before the next operation.</summary>
    public CircuitBuilder Annotate(string text)
    {
        _annotations.Add(new CircuitAnnotation(_operations.Count, text));
        return this;
    }

    /// <summary>Builds the circuit; the builder may be used further.</summary>
    /// <exception cref="CircuitException">An if or while is not ended.</exception>
    public Circuit Build()
    {
        if (_open.Count != 0)
        {
            throw new CircuitException($"Building the circuit: the {_operations[_open.Peek()].Kind} at operation {_open.Peek()} is not ended.", operationIndex: _open.Peek());
        }

        var operations = _operations.ToArray();
        var expressions = _expressions.ToArray();
        var assignments = _assignments.ToArray();
        if (_scratchBits > 0)
        {
            ResolveScratchBits(operations, expressions, assignments);
        }

        return new Circuit(new CircuitTables(
            Name, NumQubits, NumClbits, _scratchBits, [.. _quantumRegisters], [.. _classicalRegisters], [.. _variables], [.. _annotations],
            operations, [.. _qubits], [.. _parameters], [.. _matrices], expressions, assignments));
    }

    /// <summary>Adds a gate whose operands the caller has checked.</summary>
    internal void AppendChecked(GateDefinition gate, int controls, ReadOnlySpan<double> parameters, ReadOnlySpan<int> qubits) =>
        AppendGate(gate, controls, parameters, qubits, -1);

    private void ResolveScratchBits(Operation[] operations, ClassicalExpression[] expressions, ClassicalAssignment[] assignments)
    {
        int Resolve(int bit) => bit >= 0 ? bit : NumClbits - 1 - bit;
        foreach (ref var op in operations.AsSpan())
        {
            if (op.Kind == OperationKind.Measure)
            {
                op = op.WithArgument(Resolve(op.Argument));
            }
        }

        for (var i = 0; i < expressions.Length; i++)
        {
            expressions[i] = expressions[i].MapBits(Resolve);
        }

        for (var i = 0; i < assignments.Length; i++)
        {
            var a = assignments[i];
            assignments[i] = a with { FirstBit = a.VariableIndex >= 0 ? a.FirstBit : Resolve(a.FirstBit), Value = a.Value.MapBits(Resolve) };
        }
    }

    private Register NewRegister(string name, int size, int start, string kind)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (size < 1 || size > MaxBits - start)
        {
            throw new CircuitException($"Adding the {kind} register '{name}' of {size}: accepted are 1 to {MaxBits - start} elements.");
        }

        if (!_names.Add(name))
        {
            throw new CircuitException($"Adding the {kind} register '{name}': the name is taken. Choose another.");
        }

        return new Register(name, start, size);
    }

    private void AppendGate(GateDefinition gate, int controls, ReadOnlySpan<double> parameters, ReadOnlySpan<int> qubits, int firstExpression)
    {
        var qubitStart = _qubits.Count;
        var parameterStart = _parameters.Count;
        _qubits.AddRange(qubits);
        _parameters.AddRange(parameters);
        _operations.Add(new Operation(OperationKind.Gate, gate.Index, qubitStart, qubits.Length, controls, parameterStart, firstExpression, firstExpression >= 0));
    }

    private void CheckOperands(string gate, int controls, int targets, ReadOnlySpan<int> qubits)
    {
        if (controls < 0 || controls > ushort.MaxValue || qubits.Length != controls + targets)
        {
            throw Wrong(gate, $"it takes {targets} target qubits and {controls} controls; {qubits.Length} qubits were given");
        }

        for (var i = 0; i < qubits.Length; i++)
        {
            CheckQubit(gate, qubits[i]);
        }

        if (HasRepeats(qubits, out var repeated))
        {
            throw Wrong(gate, $"qubit {repeated} is given twice");
        }
    }

    private static bool HasRepeats(ReadOnlySpan<int> qubits, out int repeated)
    {
        repeated = -1;
        if (qubits.Length > 16)
        {
            var seen = new HashSet<int>(qubits.Length);
            foreach (var qubit in qubits)
            {
                if (!seen.Add(qubit))
                {
                    repeated = qubit;
                    return true;
                }
            }

            return false;
        }

        for (var i = 1; i < qubits.Length; i++)
        {
            if (qubits[..i].Contains(qubits[i]))
            {
                repeated = qubits[i];
                return true;
            }
        }

        return false;
    }

    private void CheckQubit(string operation, int qubit)
    {
        if ((uint)qubit >= (uint)NumQubits)
        {
            throw Wrong(operation, NumQubits == 0 ? "the circuit has no qubits" : $"qubit {qubit} does not exist; accepted are 0 to {NumQubits - 1}");
        }
    }

    private void CheckClbits(string operation, int first, int count)
    {
        var inside = first >= 0 ? first <= NumClbits - count : -first - 1 <= _scratchBits - count;
        if (!inside)
        {
            throw Wrong(operation, $"classical bits {first} to {first + count - 1} do not exist; the circuit has {NumClbits}");
        }
    }

    private CircuitException Wrong(string operation, string why) =>
        new($"Adding '{operation}' as operation {_operations.Count}: {why}.", operation, _operations.Count);
}
