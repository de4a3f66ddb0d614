using System.Numerics;

namespace PredictiveOrchestration.Transpilation;

/// <summary>What a <see cref="Block"/> does.</summary>
internal enum BlockKind
{
    One,
    Two,
    Measure,
    Reset,
    Barrier,
}

/// <summary>A step between qubits.</summary>
internal sealed class Block(BlockKind kind, int[] qubits, Complex[] matrix, int bit)
{
    public BlockKind Kind => kind;

    /// <summary>The qubits; the first is the least significant of the matrix.</summary>
    public int[] Qubits => qubits;

    public Complex[] Matrix { get; set; } = matrix;

    public int Bit => bit;
}

/// <summary>Merges what acts on the same pair of qubits without anything in between into one matrix, one-qubit gates included.</summary>
internal sealed class BlockCollector(int numQubits) : IBlockSink
{
    private readonly Complex[]?[] _waiting = new Complex[numQubits][];
    private readonly Block?[] _open = new Block[numQubits];

    public List<Block> Blocks { get; } = [];

    public void One(int qubit, Complex[] matrix)
    {
        if (_open[qubit] is { } block)
        {
            var full = qubit == block.Qubits[0] ? SmallMatrix.Kronecker(SmallMatrix.Identity, matrix) : SmallMatrix.Kronecker(matrix, SmallMatrix.Identity);
            block.Matrix = SmallMatrix.Multiply(full, block.Matrix);
            return;
        }

        _waiting[qubit] = _waiting[qubit] is { } before ? SmallMatrix.Multiply(matrix, before) : matrix;
    }

    public void Two(int low, int high, Complex[] matrix)
    {
        if (_open[low] is { } block && block == _open[high])
        {
            block.Matrix = SmallMatrix.Multiply(block.Qubits[0] == low ? matrix : SmallMatrix.Exchanged(matrix), block.Matrix);
            return;
        }

        var before = SmallMatrix.Kronecker(_waiting[high] ?? SmallMatrix.Identity, _waiting[low] ?? SmallMatrix.Identity);
        _waiting[low] = _waiting[high] = null;
        var made = new Block(BlockKind.Two, [low, high], SmallMatrix.Multiply(matrix, before), -1);
        Close(low);
        Close(high);
        _open[low] = _open[high] = made;
        Blocks.Add(made);
    }

    public void Measure(int qubit, int bit) => Other(new Block(BlockKind.Measure, [qubit], [], bit));

    public void Reset(int qubit) => Other(new Block(BlockKind.Reset, [qubit], [], -1));

    public void Barrier(int[] qubits) => Other(new Block(BlockKind.Barrier, qubits, [], -1));

    /// <summary>Writes what is still waiting.</summary>
    public List<Block> Finish()
    {
        for (var q = 0; q < numQubits; q++)
        {
            Flush(q);
        }

        return Blocks;
    }

    private void Other(Block block)
    {
        foreach (var qubit in block.Qubits)
        {
            Flush(qubit);
            Close(qubit);
        }

        Blocks.Add(block);
    }

    private void Flush(int qubit)
    {
        if (_waiting[qubit] is { } matrix)
        {
            Blocks.Add(new Block(BlockKind.One, [qubit], matrix, -1));
            _waiting[qubit] = null;
        }
    }

    // The partner's gates may still join the block: nothing else acts on it there.
    private void Close(int qubit) => _open[qubit] = null;
}
