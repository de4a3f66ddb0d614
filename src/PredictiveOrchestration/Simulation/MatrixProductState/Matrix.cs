using System.Numerics;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>A complex matrix in booked native memory: two planes, row after row, padded with zeros. Disposing gives the memory back to the pool.</summary>
internal sealed unsafe class Matrix : IDisposable
{
    private readonly MatrixPool _pool;
    private readonly int _sizeClass;
    private double* _memory;

    public Matrix(MatrixPool pool, double* memory, int sizeClass, int rows, int columns, int stride)
    {
        _pool = pool;
        _memory = memory;
        _sizeClass = sizeClass;
        Rows = rows;
        Columns = columns;
        Stride = stride;
        Re = memory;
        Im = memory + ((long)rows * stride);
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>The doubles from one row to the next.</summary>
    public int Stride { get; }

    public double* Re { get; }

    public double* Im { get; }

    /// <summary>The doubles of a plane.</summary>
    public long Length => (long)Rows * Stride;

    public Complex this[int row, int column]
    {
        get => new(Re[((long)row * Stride) + column], Im[((long)row * Stride) + column]);
        set
        {
            Re[((long)row * Stride) + column] = value.Real;
            Im[((long)row * Stride) + column] = value.Imaginary;
        }
    }

    /// <summary>Copies part of a row of another matrix.</summary>
    public void CopyRow(int row, int column, Matrix source, int sourceRow, int sourceColumn, int count)
    {
        var to = ((long)row * Stride) + column;
        var from = ((long)sourceRow * source.Stride) + sourceColumn;
        if (count <= 4)
        {
            for (var i = 0; i < count; i++)
            {
                Re[to + i] = source.Re[from + i];
                Im[to + i] = source.Im[from + i];
            }

            return;
        }

        Buffer.MemoryCopy(source.Re + from, Re + to, 8L * count, 8L * count);
        Buffer.MemoryCopy(source.Im + from, Im + to, 8L * count, 8L * count);
    }

    public void Scale(double factor)
    {
        for (long i = 0; i < Length; i++)
        {
            Re[i] *= factor;
            Im[i] *= factor;
        }
    }

    public void Dispose()
    {
        if (_memory != null)
        {
            _pool.Return((nint)_memory, _sizeClass);
            _memory = null;
        }
    }
}
