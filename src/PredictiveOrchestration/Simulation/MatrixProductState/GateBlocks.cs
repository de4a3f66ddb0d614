using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// Takes gates from qubits to sites, and gathers those on one site and on pairs of qubits into blocks before they touch the tensors: consecutive gates on the same pair cost
/// one enlargement of a bond, by the rank of their product.
/// </summary>
internal sealed class GateBlocks(BondChain chain, OperatorFactory factory, SiteMap map, bool relabelSwaps)
{
    private static readonly Complex[] Identity = [1, 0, 0, 1];
    private static readonly Complex[] PairIdentity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    private readonly GateQueue _queue = new(chain);
    private readonly Complex[]?[] _single = new Complex[]?[chain.NumQubits];
    private readonly bool[] _hasSingle = new bool[chain.NumQubits];
    private readonly Block?[] _open = new Block?[chain.NumQubits];
    private readonly Stack<Block> _closed = new();

    // The unitary of what came so far on two sites. Row and column: the low site's bit first, then the high one's.
    private sealed class Block
    {
        public int Low { get; set; }

        public int High { get; set; }

        public Complex[] Matrix { get; } = new Complex[16];
    }

    /// <summary>Takes in a gate or a unitary.</summary>
    public void Apply(Circuit circuit, in Operation op, ClassicalState? classical)
    {
        if (relabelSwaps && op.Kind == OperationKind.Gate && op.ControlCount == 0 && circuit.GateOf(op) == GateCatalog.Swap)
        {
            // What waits belongs to sites, and stays with them.
            var exchanged = circuit.QubitsOf(op);
            map.Exchange(exchanged[0], exchanged[1]);
            return;
        }

        Span<int> sites = stackalloc int[4];
        sites = op.QubitCount <= sites.Length ? sites[..op.QubitCount] : new int[op.QubitCount];
        map.SitesOf(circuit.QubitsOf(op), sites);
        ReadOnlySpan<int> controls = sites[..op.ControlCount], targets = sites[op.ControlCount..];
        if (op.Kind == OperationKind.Unitary)
        {
            Matrix(controls, targets, circuit.MatrixOf(op));
            return;
        }

        var gate = circuit.GateOf(op);
        Span<double> room = stackalloc double[4];
        Span<Complex> small = stackalloc Complex[16];
        var size = 1 << (2 * gate.NumQubits);
        var matrix = size <= 16 ? small[..size] : new Complex[size];
        gate.WriteMatrix(circuit.EvaluateParameters(op, classical, room), matrix);
        if (targets.Length > 0)
        {
            Matrix(controls, targets, matrix);
        }
        else if (controls.Length > 0)
        {
            // A phase under controls is a phase gate on one of them.
            Matrix(controls[1..], controls[..1], [1, 0, 0, matrix[0]]);
        }
        else
        {
            chain.Phase *= matrix[0];
        }
    }

    /// <summary>Applies everything that waits.</summary>
    public void Finish()
    {
        for (var q = 0; q < _open.Length; q++)
        {
            Flush(q);
        }

        _queue.Finish();
    }

    private void Matrix(ReadOnlySpan<int> controls, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> matrix)
    {
        var count = controls.Length + targets.Length;
        if (count == 1)
        {
            Single(targets[0], matrix);
        }
        else if (count == 2)
        {
            Pair(controls, targets, matrix);
        }
        else
        {
            foreach (var q in controls)
            {
                Flush(q);
            }

            foreach (var q in targets)
            {
                Flush(q);
            }

            _queue.Add(factory.Create(controls, targets, matrix));
        }
    }

    private void Single(int qubit, ReadOnlySpan<Complex> matrix)
    {
        if (_open[qubit] is { } block)
        {
            SmallMatrix.MultiplySingle(matrix, qubit == block.Low ? 1 : 0, isControlled: false, block.Matrix);
            return;
        }

        var single = _single[qubit] ??= new Complex[4];
        if (_hasSingle[qubit])
        {
            SmallMatrix.Multiply(matrix, single);
        }
        else
        {
            matrix.CopyTo(single);
            _hasSingle[qubit] = true;
        }
    }

    // A matrix on two targets has the first one's bit as bit 0 of its index.
    private void Pair(ReadOnlySpan<int> controls, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> matrix)
    {
        var (first, second) = controls.Length == 1 ? (controls[0], targets[0]) : (targets[0], targets[1]);
        var block = Open(Math.Min(first, second), Math.Max(first, second));
        var isOrdered = first == block.Low;
        if (controls.Length == 1)
        {
            SmallMatrix.MultiplySingle(matrix, isOrdered ? 0 : 1, isControlled: true, block.Matrix);
            return;
        }

        SmallMatrix.MultiplyPair(matrix, isOrdered ? 1 : 0, block.Matrix);
    }

    private Block Open(int low, int high)
    {
        if (_open[low] is { } open && open == _open[high])
        {
            return open;
        }

        FlushPair(low);
        FlushPair(high);
        var block = _closed.TryPop(out var closed) ? closed : new Block();
        (block.Low, block.High) = (low, high);
        if (!_hasSingle[low] && !_hasSingle[high])
        {
            PairIdentity.CopyTo(block.Matrix, 0);
            return _open[low] = _open[high] = block;
        }

        SmallMatrix.Kronecker(_hasSingle[low] ? _single[low] : Identity, _hasSingle[high] ? _single[high] : Identity, block.Matrix);
        (_hasSingle[low], _hasSingle[high]) = (false, false);
        return _open[low] = _open[high] = block;
    }

    private void Flush(int qubit)
    {
        FlushPair(qubit);
        if (_hasSingle[qubit])
        {
            _queue.Add(OperatorString.On(qubit, _single[qubit]));
            _hasSingle[qubit] = false;
        }
    }

    private void FlushPair(int qubit)
    {
        if (_open[qubit] is not { } block)
        {
            return;
        }

        _open[block.Low] = _open[block.High] = null;
        _queue.Add(factory.Pair(block.Low, block.High, block.Matrix));
        _closed.Push(block);
    }
}
