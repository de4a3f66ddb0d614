using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>
/// The entries of a sparse state: planes of index words, real and imaginary parts, in no order. Behind the last entry there is
/// padding with the first entry's index and amplitude zero, so that vector kernels need no tail.
/// </summary>
internal sealed unsafe class EntryStore : IDisposable
{
    /// <summary>Entries looked at between two checks for cancellation.</summary>
    public const int CheckInterval = 1 << 16;

    private const int MostEntries = 1 << 30;

    // The planes are moved apart, so that equal positions do not fall into the same cache set.
    private const int Stagger = 192;
    private readonly RunContext _context;
    private readonly bool _wide;
    private BookedBuffer _buffer;
    private int _capacity;

    public EntryStore(bool wide, int capacity, RunContext context)
    {
        _wide = wide;
        _context = context;
        _buffer = Allocate(capacity);
    }

    /// <summary>Where the entries are; changes when room is made.</summary>
    public SparsePlanes Planes { get; private set; }

    public int Count { get; private set; }

    /// <summary>The entries with their padding.</summary>
    public int PaddedCount => (Count + SparseKernelSet.Padding - 1) & -SparseKernelSet.Padding;

    public long Bytes => _buffer.Bytes;

    public int EntryBytes => _wide ? 32 : 24;

    public void SetCount(int count)
    {
        Count = count;
        var planes = Planes;
        for (var i = count; i < PaddedCount; i++)
        {
            planes.Set(i, planes.IndexAt(0), 0, 0);
        }
    }

    /// <summary>Makes room for as many entries, and keeps those there are.</summary>
    public void EnsureRoom(long count, int operation)
    {
        if (count <= _capacity)
        {
            return;
        }

        if (count > MostEntries)
        {
            throw new BackendException(
                BackendErrorKind.OutOfMemory, _context.BackendId,
                $"Backend '{_context.BackendId}' has {Count} non-zero amplitudes at operation {operation} and may come to {count}; at most {MostEntries} can be held. Use a dense or matrix-product backend.")
            {
                OperationIndex = operation,
                RequiredBytes = count * EntryBytes,
                AvailableBytes = _context.AvailableBytes,
            };
        }

        var (old, from) = (_buffer, Planes);
        _buffer = Allocate((int)BitOperations.RoundUpToPowerOf2((uint)count));
        Copy(from, Planes, operation);
        old.Dispose();
    }

    public EntryStore Clone()
    {
        var copy = new EntryStore(_wide, Math.Max(1, Count), _context);
        copy.Count = Count;
        Copy(Planes, copy.Planes, 0);
        copy.SetCount(Count);
        return copy;
    }

    public void Dispose() => _buffer.Dispose();

    private void Copy(SparsePlanes from, SparsePlanes to, int operation)
    {
        for (var first = 0; first < Count; first += CheckInterval)
        {
            _context.Check(operation);
            var bytes = 8L * Math.Min(CheckInterval, Count - first);
            var (source, target) = (from.From(first), to.From(first));
            Buffer.MemoryCopy(source.Low, target.Low, bytes, bytes);
            Buffer.MemoryCopy(source.Re, target.Re, bytes, bytes);
            Buffer.MemoryCopy(source.Im, target.Im, bytes, bytes);
            if (_wide)
            {
                Buffer.MemoryCopy(source.High, target.High, bytes, bytes);
            }
        }
    }

    private BookedBuffer Allocate(int capacity)
    {
        var stride = 8L * (capacity + SparseKernelSet.Padding) + Stagger & -64L;
        var buffer = new BookedBuffer(_context, "the non-zero amplitudes");
        try
        {
            buffer.Ensure((_wide ? 4 : 3) * stride);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }

        var address = (byte*)buffer.Address;
        Planes = new SparsePlanes((ulong*)address, _wide ? (ulong*)(address + 3 * stride) : null, (double*)(address + stride), (double*)(address + 2 * stride));
        _capacity = capacity;
        return buffer;
    }
}
