namespace PredictiveOrchestration.Circuits.Drawing;

/// <summary>What an operation is drawn as.</summary>
internal enum DrawnKind
{
    /// <summary>Boxes on its targets, dots on its controls.</summary>
    Gate,

    /// <summary>Two crosses.</summary>
    Swap,

    /// <summary>A box with where the result goes.</summary>
    Measure,

    /// <summary>A line that nothing crosses.</summary>
    Barrier,

    /// <summary>A line across all wires, with what it begins or ends above it.</summary>
    Control,
}

/// <summary>An operation in its column. Wires are numbers of qubits; those that are not shown count as <see cref="Grid.Wires"/>, below the last.</summary>
internal sealed record DrawnOperation(int Column, DrawnKind Kind, string Label, IReadOnlyList<int> Controls, IReadOnlyList<int> Targets)
{
    /// <summary>The uppermost wire.</summary>
    public int Top => Controls.Concat(Targets).DefaultIfEmpty(0).Min();

    /// <summary>The lowest wire.</summary>
    public int Bottom => Controls.Concat(Targets).DefaultIfEmpty(0).Max();
}

/// <summary>
/// The beginning of a circuit, placed for drawing: each operation as early as the wires that it touches or crosses allow. Bounded: the first wires, and operations until one finds no column.
/// </summary>
internal sealed class Grid
{
    private const int MaxWires = 48, MaxColumns = 160, MaxOperations = 4000;
    private readonly Circuit _circuit;
    private readonly OperationNames _names;
    private readonly int[] _next;
    private readonly List<DrawnOperation> _drawn = [];

    private Grid(Circuit circuit)
    {
        _circuit = circuit;
        _names = new OperationNames(circuit);
        Wires = Math.Min(circuit.NumQubits, MaxWires);
        _next = new int[Wires + 1];
    }

    /// <summary>The wires shown: qubits 0 to one less.</summary>
    public int Wires { get; }

    /// <summary>The operations shown, in their order.</summary>
    public IReadOnlyList<DrawnOperation> Operations => _drawn;

    /// <summary>The number of columns.</summary>
    public int Columns { get; private set; }

    /// <summary>The number of operations of the circuit that were placed or lie on hidden wires only.</summary>
    public int Placed { get; private set; }

    /// <summary>What is not shown, in words; null if everything is.</summary>
    public string? Note
    {
        get
        {
            var hidden = Wires < _circuit.NumQubits ? $"qubits {Wires} to {_circuit.NumQubits - 1} are not shown" : null;
            var rest = Placed < _circuit.Operations.Length ? $"only the first {Placed} of {_circuit.Operations.Length} operations are shown" : null;
            return (hidden, rest) switch
            {
                (null, null) => null,
                (null, { } only) => only,
                ({ } only, null) => only,
                var (both, and) => $"{both}; {and}",
            };
        }
    }

    public static Grid Of(Circuit circuit)
    {
        var grid = new Grid(circuit);
        var operations = circuit.Operations;
        while (grid.Placed < operations.Length && grid.Placed < MaxOperations && grid.TryPlace(operations[grid.Placed]))
        {
            grid.Placed++;
        }

        return grid;
    }

    public string NameOf(int wire) => _names.Qubit(wire);

    private bool TryPlace(in Operation op)
    {
        if (op.Kind >= OperationKind.Assign)
        {
            return Put(DrawnKind.Control, _names.Of(op), [], [], 0, Wires);
        }

        var controls = Visible(_circuit.ControlsOf(op));
        var targets = Visible(_circuit.TargetsOf(op));
        if (op.QubitCount > 0 && controls.Concat(targets).All(w => w == Wires))
        {
            return true;
        }

        // A phase of the whole state has no wire: it stands on the first.
        var kind = op.Kind switch
        {
            OperationKind.Measure => DrawnKind.Measure,
            OperationKind.Barrier => DrawnKind.Barrier,
            OperationKind.Gate when _circuit.GateOf(op).Name == "swap" => DrawnKind.Swap,
            _ => DrawnKind.Gate,
        };
        var all = controls.Concat(targets).DefaultIfEmpty(0).ToList();
        return Put(kind, kind is DrawnKind.Barrier or DrawnKind.Swap ? string.Empty : _names.Of(op), controls, op.QubitCount == 0 ? [0] : targets, all.Min(), Math.Min(Wires, all.Max()));
    }

    private bool Put(DrawnKind kind, string label, IReadOnlyList<int> controls, IReadOnlyList<int> targets, int top, int bottom)
    {
        var column = 0;
        for (var wire = top; wire <= bottom; wire++)
        {
            column = Math.Max(column, _next[wire]);
        }

        if (column >= MaxColumns)
        {
            return false;
        }

        for (var wire = top; wire <= bottom; wire++)
        {
            _next[wire] = column + 1;
        }

        _drawn.Add(new DrawnOperation(column, kind, label, controls, targets));
        Columns = Math.Max(Columns, column + 1);
        return true;
    }

    private List<int> Visible(ReadOnlySpan<int> qubits)
    {
        var wires = new List<int>();
        foreach (var qubit in qubits)
        {
            var wire = Math.Min(qubit, Wires);
            if (wire < Wires || !wires.Contains(Wires))
            {
                wires.Add(wire);
            }
        }

        return wires;
    }
}
