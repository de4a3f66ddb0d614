using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// Takes gates from qubits to sites, and gathers those on one site and on pairs of qubits into blocks before they touch the tensors: consecutive gates on the same pair cost
/// one enlargement of a bond, by the rank of their product.
/// </summary>
internal sealed class GateBlocks(BondChain chain, OperatorFactory factory, SiteMap map, bool relabelSwaps)
{
    private static readonly Complex[] Identity = [1, 0, 0, 1];
    private readonly GateQueue _queue = new(chain);
    private readonly Complex[]?[] _single = new Complex[]?[chain.NumQubits];
    private readonly Block?[] _open = new Block?[chain.NumQubits];

    private sealed record Block(int Low, int High)
    {
        // Row and column: low qubit's bit first, then the high one's.
        public required Complex[] Matrix { get; set; }
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
            Span<Complex> pair = stackalloc Complex[16];
            var (first, second) = controls.Length == 1 ? (controls[0], targets[0]) : (targets[0], targets[1]);
            Pair(first, second, controls.Length == 1 ? Controlled(matrix, pair) : matrix);
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

    // Bit 0 of the index is the control.
    private static ReadOnlySpan<Complex> Controlled(ReadOnlySpan<Complex> matrix, Span<Complex> pair)
    {
        pair.Clear();
        pair[0] = pair[10] = 1;
        for (var row = 0; row < 2; row++)
        {
            for (var column = 0; column < 2; column++)
            {
                pair[(((2 * row) + 1) * 4) + (2 * column) + 1] = matrix[(2 * row) + column];
            }
        }

        return pair;
    }

    private void Single(int qubit, ReadOnlySpan<Complex> matrix)
    {
        if (_open[qubit] is { } block)
        {
            block.Matrix = Product(qubit == block.Low ? Kronecker(matrix, Identity) : Kronecker(Identity, matrix), block.Matrix, 4);
        }
        else
        {
            _single[qubit] = _single[qubit] is { } before ? Product(matrix, before, 2) : matrix.ToArray();
        }
    }

    // Bit 0 of the index is the first qubit.
    private void Pair(int first, int second, ReadOnlySpan<Complex> matrix)
    {
        int low = Math.Min(first, second), high = Math.Max(first, second);
        if (_open[low] is null || _open[low] != _open[high])
        {
            FlushPair(low);
            FlushPair(high);
            _open[low] = _open[high] = new Block(low, high) { Matrix = Kronecker(_single[low] ?? Identity, _single[high] ?? Identity) };
            _single[low] = _single[high] = null;
        }

        Span<Complex> ordered = stackalloc Complex[16];
        for (var row = 0; row < 4; row++)
        {
            for (var column = 0; column < 4; column++)
            {
                var (r, c) = first == low ? (Reverse(row), Reverse(column)) : (row, column);
                ordered[(4 * r) + c] = matrix[(4 * row) + column];
            }
        }

        _open[low]!.Matrix = Product(ordered, _open[low]!.Matrix, 4);
    }

    private void Flush(int qubit)
    {
        FlushPair(qubit);
        if (_single[qubit] is { } matrix)
        {
            _queue.Add(OperatorString.On(qubit, matrix));
            _single[qubit] = null;
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
    }

    private static int Reverse(int index) => ((index & 1) << 1) | (index >> 1);

    private static Complex[] Kronecker(ReadOnlySpan<Complex> high, ReadOnlySpan<Complex> low)
    {
        var product = new Complex[16];
        for (var i = 0; i < 16; i++)
        {
            int row = i >> 2, column = i & 3;
            product[i] = high[((row >> 1) * 2) + (column >> 1)] * low[((row & 1) * 2) + (column & 1)];
        }

        return product;
    }

    private static Complex[] Product(ReadOnlySpan<Complex> a, ReadOnlySpan<Complex> b, int size)
    {
        var product = new Complex[size * size];
        for (var row = 0; row < size; row++)
        {
            for (var k = 0; k < size; k++)
            {
                var factor = a[(row * size) + k];
                if (factor != Complex.Zero)
                {
                    for (var column = 0; column < size; column++)
                    {
                        product[(row * size) + column] += factor * b[(k * size) + column];
                    }
                }
            }
        }

        return product;
    }
}
