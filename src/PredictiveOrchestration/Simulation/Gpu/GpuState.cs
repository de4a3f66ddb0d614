using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>
/// All 2^n amplitudes in the device's memory, where they stay: only what is asked for is copied out. Qubit q is index bit
/// <c>_bitOfQubit[q]</c>: swaps only relabel. Global phases are kept apart.
/// </summary>
internal sealed class GpuState<T> : IQuantumState
    where T : unmanaged, IAmplitude<T>
{
    private const int OperationsPerPlan = 1024;
    private const int StagingLength = 1 << 20;
    private const int MostSums = 1024;
    private readonly RunContext _context;
    private readonly GpuDevice _device;
    private readonly GpuKernelSet<T> _kernels;
    private readonly GpuPacer _pacer;
    private readonly GpuPlan _plan = new();
    private readonly List<MemoryBuffer> _buffers = [];
    private readonly int _bits;
    private readonly AcceleratorStream _stream = null!;
    private readonly ArrayView<T> _state;
    private MemoryBuffer1D<GpuStep, Stride1D.Dense>? _steps;
    private MemoryBuffer1D<int, Stride1D.Dense>? _lists;
    private MemoryBuffer1D<T, Stride1D.Dense>? _values;
    private MemoryBuffer1D<double, Stride1D.Dense>? _numbers;
    private MemoryBuffer1D<AmplitudeDouble, Stride1D.Dense>? _staging;
    private MemoryBuffer1D<int, Stride1D.Dense>? _integers;
    private T[] _hostValues = [];
    private int[] _bitOfQubit;
    private long _live;
    private Complex _phase = Complex.One;
    private long _booked;

    /// <summary>Creates |0…0⟩.</summary>
    public GpuState(int numQubits, GpuDevice device, RunContext context)
        : this(numQubits, device, context, true)
    {
    }

    private GpuState(int numQubits, GpuDevice device, RunContext context, bool initialise)
    {
        device.Check(context);
        NumQubits = numQubits;
        _bits = numQubits;
        _device = device;
        _context = context;
        _pacer = new GpuPacer(context);
        _bitOfQubit = [.. Enumerable.Range(0, numQubits)];
        try
        {
            Book(MemoryBytes, $"a state vector of {numQubits} qubits on the device");
            _kernels = device.Kernels<T>();
            _stream = device.CreateStream();
            var buffer = device.Allocate<T>(1L << _bits);
            _buffers.Add(buffer);
            _state = buffer.View.AsContiguous();
            if (initialise)
            {
                SetBasisState();
            }
        }
        catch (Exception exception) when (GpuDevice.IsFailure(exception))
        {
            Dispose();
            throw device.Failure(exception, context);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int NumQubits { get; }

    public long MemoryBytes => (long)Unsafe.SizeOf<T>() << _bits;

    public long NonZeros => 1L << NumQubits;

    public double DiscardedWeight => 0;

    // The probability of an amplitude that is nothing but rounding.
    private double Nothing => Unsafe.SizeOf<T>() == Unsafe.SizeOf<Complex>() ? 1e-30 : 1e-14 / (1L << NumQubits);

    private int BlockLength => 1 << Math.Min(_bits, GpuKernels.TileBits);

    public void Load(StateSnapshot snapshot) => Guard(() =>
    {
        _live = (1L << NumQubits) - 1;
        var amplitudes = MemoryMarshal.Cast<Complex, AmplitudeDouble>(snapshot.Amplitudes.AsSpan());
        if (snapshot.Indices is { } places)
        {
            Clear();
            Rent(ref _staging, Math.Min(StagingLength, amplitudes.Length));
            Rent(ref _integers, Math.Min(StagingLength, amplitudes.Length));
            var indices = new int[Math.Min(StagingLength, amplitudes.Length)];
            for (var first = 0; first < amplitudes.Length; first += StagingLength)
            {
                _context.Check(snapshot.OperationIndex);
                var count = Math.Min(StagingLength, amplitudes.Length - first);
                for (var i = 0; i < count; i++)
                {
                    indices[i] = (int)places[first + i];
                }

                Upload(_integers!, indices.AsSpan(0, count));
                Upload(_staging!, amplitudes.Slice(first, count));
                _kernels.Scatter(_stream, _state, _integers!.View.AsContiguous().SubView(0, count), _staging!.View.AsContiguous().SubView(0, count));
                _stream.Synchronize();
            }

            return 0;
        }

        for (var first = 0; first < amplitudes.Length; first += StagingLength)
        {
            _context.Check(snapshot.OperationIndex);
            var part = amplitudes.Slice(first, Math.Min(StagingLength, amplitudes.Length - first));
            Upload(_state.SubView(first, part.Length), typeof(T) == typeof(AmplitudeDouble) ? MemoryMarshal.Cast<AmplitudeDouble, T>(part) : Convert(part));
        }

        return 0;
    });

    public void Apply(Circuit circuit, int start, int end, ClassicalState? classical, RunContext context) => Guard(() =>
    {
        for (int first = start, last; first < end; first = last)
        {
            last = Math.Min(end, first + OperationsPerPlan);
            context.Check(first);
            _plan.Clear();
            _phase *= _plan.Add(circuit, first, last, classical, _bits, _bitOfQubit);
            Send();
            var passes = _plan.Passes;
            for (var p = 0; p < passes.Length; p++)
            {
                RunPass(passes[p], first);
                context.ReportOperations(first + (int)((long)(last - first) * (p + 1) / passes.Length));
            }
        }

        _pacer.Finish(_stream, end);
        return 0;
    });

    public double ProbabilityOfOne(int qubit) => Guard(() =>
    {
        var bit = 1L << _bitOfQubit[qubit];
        return (bit & _live) == 0 ? 0 : Sum(GpuKernels.Norm, bit, 0);
    });

    public void Collapse(int qubit, bool outcome, double probability) => Guard(() =>
    {
        var bit = 1L << _bitOfQubit[qubit];
        var scale = 1 / Math.Sqrt(probability);
        _kernels.Scale(_stream, _state, (int)bit, outcome ? 0 : scale, outcome ? scale : 0);
        _live = outcome ? _live : _live & ~bit;
        return 0;
    });

    public void Flip(int qubit)
    {
        Apply(new CircuitBuilder(NumQubits).X(qubit).Build(), 0, 1, null, _context);
        _live &= ~(1L << _bitOfQubit[qubit]);
    }

    public IQuantumState Clone() => Guard(() =>
    {
        _stream.Synchronize();
        var copy = new GpuState<T>(NumQubits, _device, _context, false) { _bitOfQubit = [.. _bitOfQubit], _live = _live, _phase = _phase };
        try
        {
            lock (_device.Gate)
            {
                _state.CopyTo(copy._stream, copy._state);
            }

            copy._stream.Synchronize();
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    });

    public void Sample(ReadOnlySpan<int> qubits, ReadOnlySpan<double> draws, Span<ulong> outcomes)
    {
        var packer = new BitPacker(_bitOfQubit, qubits);
        var keys = draws.ToArray();
        var indices = Guard(() => Draw(keys));
        for (var i = 0; i < indices.Length; i++)
        {
            outcomes[i] = packer.Pack(indices[i]);
        }
    }

    public void VisitProbabilities(ReadOnlySpan<int> qubits, ProbabilityVisitor visit)
    {
        var packer = new BitPacker(_bitOfQubit, qubits);
        Span<ulong> outcome = stackalloc ulong[1];
        var probabilities = new double[Math.Min(StagingLength, 1L << _bits)];
        for (long first = 0; first < 1L << _bits; first += probabilities.Length)
        {
            _context.Check(_context.OperationCount);
            Guard(() =>
            {
                Rent(ref _numbers, probabilities.Length);
                _kernels.Probabilities(_stream, _state, _numbers!.View.AsContiguous().SubView(0, probabilities.Length), (int)first);
                Download<double>(_numbers, probabilities);
                return 0;
            });
            for (var k = 0; k < probabilities.Length; k++)
            {
                if (probabilities[k] > 0)
                {
                    outcome[0] = packer.Pack(first + k);
                    visit(outcome, probabilities[k]);
                }
            }
        }
    }

    public double ExpectationValue(PauliTerm term) => Guard(() =>
    {
        // ⟨ψ|P|ψ⟩ = Σ_i conj(ψ[i ^ x]) · i^{|x∧z|} (-1)^{z·i} · ψ[i]; of the complex sum the number of Ys picks a part.
        long x = 0, z = 0;
        foreach (var (qubit, op) in term.Factors)
        {
            x |= (op & Pauli.X) != 0 ? 1L << _bitOfQubit[qubit] : 0;
            z |= (op & Pauli.Z) != 0 ? 1L << _bitOfQubit[qubit] : 0;
        }

        var ys = BitOperations.PopCount((ulong)(x & z)) & 3;
        var part = Sum((ys & 1) == 0 ? GpuKernels.CorrelationRe : GpuKernels.CorrelationIm, x, z);
        return term.Coefficient * (ys is 1 or 2 ? -part : part);
    });

    public long CountNonZeros() => Guard(() => (long)Sum(GpuKernels.CountAbove, 0, 0));

    public StateSnapshot ToSnapshot(int operationIndex)
    {
        _context.Reserve(16L << NumQubits, "a snapshot of the state");
        var amplitudes = new Complex[1L << NumQubits];
        Guard(() =>
        {
            var map = Map();
            var length = Math.Min(StagingLength, amplitudes.Length);
            Rent(ref _staging, length);
            for (var first = 0; first < amplitudes.Length; first += length)
            {
                _context.Check(operationIndex);
                _kernels.Export(_stream, _state, _staging!.View.AsContiguous().SubView(0, length), map, first, _phase.Real, _phase.Imaginary);
                Download(_staging, MemoryMarshal.Cast<Complex, AmplitudeDouble>(amplitudes.AsSpan(first, length)));
            }

            return 0;
        });
        return StateSnapshot.Dense(NumQubits, operationIndex, amplitudes);
    }

    public StateSnapshot ToCompactSnapshot(int operationIndex)
    {
        var counts = Guard(() => Sums(GpuKernels.CountAbove, 0, 0, BlockLength));
        var starts = new int[counts.Length];
        long entries = 0;
        for (var b = 0; b < counts.Length; b++)
        {
            starts[b] = (int)entries;
            entries += (long)counts[b];
        }

        if (2 * entries >= 1L << NumQubits)
        {
            return ToSnapshot(operationIndex);
        }

        _context.Reserve(32 * entries, "a snapshot of the state");
        var amplitudes = new Complex[entries];
        var places = new int[entries];
        Guard(() =>
        {
            MemoryBuffer1D<int, Stride1D.Dense>? found = null;
            MemoryBuffer1D<AmplitudeDouble, Stride1D.Dense>? values = null;
            var bytes = 20 * entries;
            _context.Reserve(bytes, "amplitudes to copy out");
            try
            {
                found = _device.Allocate<int>(entries);
                values = _device.Allocate<AmplitudeDouble>(entries);
                Rent(ref _integers, starts.Length);
                Upload(_integers!, starts);
                _kernels.Compact(_stream, starts.Length, _state, _integers!.View.AsContiguous(), found.View.AsContiguous(), values.View.AsContiguous(), BlockLength, Nothing);
                Download<int>(found, places);
                Download(values, MemoryMarshal.Cast<Complex, AmplitudeDouble>(amplitudes.AsSpan()));
                return 0;
            }
            finally
            {
                _device.Free(found);
                _device.Free(values);
                _context.Release(bytes);
            }
        });
        var packer = new BitPacker(_bitOfQubit, [.. Enumerable.Range(0, NumQubits)]);
        var indices = new UInt128[entries];
        for (var i = 0; i < indices.Length; i++)
        {
            indices[i] = packer.Pack(places[i]);
            amplitudes[i] *= _phase;
        }

        return StateSnapshot.Sparse(NumQubits, operationIndex, indices, amplitudes);
    }

    public void Dispose()
    {
        try
        {
            _stream?.Synchronize();
        }
        catch (Exception exception) when (GpuDevice.IsFailure(exception))
        {
            // The device is lost; what it held is gone.
        }

        foreach (var buffer in _buffers)
        {
            _device.Free(buffer);
        }

        _buffers.Clear();
        _device.Close(_stream);
        _context.Release(_booked);
        _booked = 0;
    }

    private void SetBasisState()
    {
        Clear();
        Upload(_state.SubView(0, 1), [default(T).Make(1, 0)]);
    }

    private void Clear()
    {
        lock (_device.Gate)
        {
            _state.MemSetToZero(_stream);
        }
    }

    // Copies the plan to the device.
    private void Send()
    {
        var values = _plan.Values;
        if (_hostValues.Length < values.Length)
        {
            _hostValues = new T[values.Length];
        }

        for (var i = 0; i < values.Length; i++)
        {
            _hostValues[i] = default(T).Make(values[i].Real, values[i].Imaginary);
        }

        Rent(ref _steps, _plan.Steps.Length);
        Rent(ref _lists, _plan.Lists.Length);
        Rent(ref _values, values.Length);
        Upload(_steps!, _plan.Steps);
        Upload(_lists!, _plan.Lists);
        Upload(_values!, _hostValues.AsSpan(0, values.Length));
    }

    private void RunPass(in GpuPass pass, int operation)
    {
        // Tiles whose number has a bit that no amplitude has are zero throughout, and stay so.
        var outer = _live & ~pass.TileMask;
        var tiles = 1L << BitOperations.PopCount((ulong)outer);
        var work = (pass.LastStep - pass.FirstStep + 2L) << pass.TileBits;
        for (long first = 0, count; first < tiles; first += count)
        {
            count = Math.Min(tiles - first, Math.Max(1, _pacer.Allowed / work));
            var shape = new GpuPassShape
            {
                FirstTile = (int)first, TileMask = (int)outer, TileBits = pass.TileBits, RowBits = pass.RowBits, Rows = pass.Rows, FirstStep = pass.FirstStep, LastStep = pass.LastStep,
            };
            _kernels.Pass(_stream, (int)count, _state, _steps!.View.AsContiguous(), _lists!.View.AsContiguous(), _values!.View.AsContiguous(), shape);
            _pacer.Sent(_stream, count * work, operation);
        }

        _live |= pass.Moved;
    }

    private double Sum(int kind, long a, long b)
    {
        var sum = 0.0;
        foreach (var part in Sums(kind, a, b, Math.Max(BlockLength, (1 << _bits) / MostSums)))
        {
            sum += part;
        }

        return sum;
    }

    private double[] Sums(int kind, long a, long b, int length)
    {
        var groups = (1 << _bits) / length;
        Rent(ref _numbers, groups);
        _kernels.Reduce(_stream, groups, _state, _numbers!.View.AsContiguous(), length, kind, (int)a, (int)b, Nothing);
        var sums = new double[groups];
        Download<double>(_numbers, sums);
        return sums;
    }

    // In two levels: the block is found here, the state within the block on the device. Outcomes come in the order of the draws' sizes.
    private int[] Draw(double[] draws)
    {
        var sums = Sums(GpuKernels.Norm, 0, 0, BlockLength);
        var total = 0.0;
        var lastHeavy = 0;
        for (var b = 0; b < sums.Length; b++)
        {
            total += sums[b];
            lastHeavy = sums[b] > 0 ? b : lastHeavy;
        }

        Array.Sort(draws);
        var blocks = new List<int>();
        var before = 0.0;
        for (int block = 0, next = 0; next < draws.Length; block++)
        {
            var first = next;
            for (; next < draws.Length && (block == lastHeavy || draws[next] * total < before + sums[block]); next++)
            {
                draws[next] = (draws[next] * total) - before;
            }

            if (next > first)
            {
                blocks.AddRange([block, first, next]);
            }

            before += sums[block];
        }

        var bytes = 12L * draws.Length;
        _context.Reserve(bytes, "the draws on the device");
        MemoryBuffer1D<double, Stride1D.Dense>? keys = null;
        MemoryBuffer1D<int, Stride1D.Dense>? found = null;
        try
        {
            keys = _device.Allocate<double>(draws.Length);
            found = _device.Allocate<int>(draws.Length);
            Rent(ref _integers, blocks.Count);
            Upload(_integers!, CollectionsMarshal.AsSpan(blocks));
            Upload<double>(keys, draws);
            _kernels.Sample(_stream, blocks.Count / 3, _state, _integers!.View.AsContiguous(), keys.View.AsContiguous(), found.View.AsContiguous(), BlockLength);
            var outcomes = new int[draws.Length];
            Download<int>(found, outcomes);
            return outcomes;
        }
        finally
        {
            _device.Free(keys);
            _device.Free(found);
            _context.Release(bytes);
        }
    }

    // The index bit of each qubit, on the device.
    private ArrayView<int> Map()
    {
        Rent(ref _integers, _bitOfQubit.Length);
        Upload<int>(_integers!, _bitOfQubit);
        return _integers!.View.AsContiguous().SubView(0, _bitOfQubit.Length);
    }

    // Makes sure that a buffer is long enough; what it held is lost.
    private void Rent<TItem>(ref MemoryBuffer1D<TItem, Stride1D.Dense>? buffer, long length)
        where TItem : unmanaged
    {
        if (buffer is not null && buffer.Length >= length)
        {
            return;
        }

        if (buffer is { } old)
        {
            _stream.Synchronize();
            _buffers.Remove(old);
            Return(old.LengthInBytes);
            buffer = null;
            _device.Free(old);
        }

        length = Math.Max(16, length);
        Book(length * Unsafe.SizeOf<TItem>(), "tables on the device");
        buffer = _device.Allocate<TItem>(length);
        _buffers.Add(buffer);
    }

    private void Book(long bytes, string what)
    {
        _context.Reserve(bytes, what);
        _booked += bytes;
    }

    private void Return(long bytes)
    {
        _context.Release(bytes);
        _booked -= bytes;
    }

    private void Upload<TItem>(MemoryBuffer1D<TItem, Stride1D.Dense> buffer, ReadOnlySpan<TItem> items)
        where TItem : unmanaged
    {
        if (items.Length > 0)
        {
            Upload(buffer.View.AsContiguous().SubView(0, items.Length), items);
        }
    }

    private void Upload<TItem>(ArrayView<TItem> view, ReadOnlySpan<TItem> items)
        where TItem : unmanaged
    {
        lock (_device.Gate)
        {
            view.CopyFromCPU(_stream, items);
        }
    }

    private void Download<TItem>(MemoryBuffer1D<TItem, Stride1D.Dense> buffer, Span<TItem> items)
        where TItem : unmanaged
    {
        if (items.Length > 0)
        {
            // What is still running is waited for outside of the lock.
            _stream.Synchronize();
            lock (_device.Gate)
            {
                buffer.View.AsContiguous().SubView(0, items.Length).CopyToCPU(_stream, items);
            }
        }
    }

    private static T[] Convert(ReadOnlySpan<AmplitudeDouble> amplitudes)
    {
        var converted = new T[amplitudes.Length];
        for (var i = 0; i < converted.Length; i++)
        {
            converted[i] = default(T).Make(amplitudes[i].Re, amplitudes[i].Im);
        }

        return converted;
    }

    private TResult Guard<TResult>(Func<TResult> work)
    {
        _device.Check(_context);
        try
        {
            return work();
        }
        catch (Exception exception) when (GpuDevice.IsFailure(exception))
        {
            throw _device.Failure(exception, _context);
        }
    }
}
