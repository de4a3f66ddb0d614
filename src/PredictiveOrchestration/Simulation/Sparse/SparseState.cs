using System.Numerics;
using System.Runtime.CompilerServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>
/// The non-zero amplitudes with their basis indices, in arrays side by side and in no order. Gates that only permute basis states or
/// give them phases change the arrays in place; only gates that mix basis states pair amplitudes, by a temporary table.
/// </summary>
/// <typeparam name="TIndex">ulong for up to 64 qubits, UInt128 for up to 128.</typeparam>
internal sealed class SparseState<TIndex> : IQuantumState
    where TIndex : unmanaged, IBinaryInteger<TIndex>
{
    private const int CheckInterval = 1 << 16;
    private readonly RunContext _context;
    private readonly double _threshold;
    private readonly SparseTable<TIndex> _table;
    private TIndex[] _index;
    private double[] _re;
    private double[] _im;
    private TIndex[] _nextIndex = [];
    private double[] _nextRe = [];
    private double[] _nextIm = [];
    private double[] _groupRe = [];
    private double[] _groupIm = [];
    private int _count;
    private long _reserved;
    private Complex _phase = Complex.One;

    /// <summary>Creates |0…0⟩.</summary>
    /// <param name="numQubits">The number of qubits.</param>
    /// <param name="threshold">Probabilities below it are pruned.</param>
    /// <param name="context">Books memory.</param>
    public SparseState(int numQubits, double threshold, RunContext context)
    {
        NumQubits = numQubits;
        _threshold = threshold;
        _context = context;
        _table = new SparseTable<TIndex>();
        _index = new TIndex[16];
        _re = new double[16];
        _im = new double[16];
        _re[0] = 1;
        _count = 1;
        Book(0);
    }

    private SparseState(SparseState<TIndex> other)
    {
        NumQubits = other.NumQubits;
        _threshold = other._threshold;
        _context = other._context;
        _table = new SparseTable<TIndex>();
        _index = other._index.AsSpan(0, other._count).ToArray();
        _re = other._re.AsSpan(0, other._count).ToArray();
        _im = other._im.AsSpan(0, other._count).ToArray();
        _count = other._count;
        _phase = other._phase;
        DiscardedWeight = other.DiscardedWeight;
        Book(0);
    }

    public int NumQubits { get; }

    public long MemoryBytes => EntryBytes * (_index.LongLength + _nextIndex.LongLength) + 16L * _groupRe.Length + _table.MemoryBytes;

    public long NonZeros => _count;

    public double DiscardedWeight { get; private set; }

    private static int EntryBytes => Unsafe.SizeOf<TIndex>() + 16;

    /// <summary>Takes over amplitudes from a snapshot.</summary>
    public void Load(StateSnapshot snapshot)
    {
        var length = snapshot.Amplitudes.Length;
        Book((long)EntryBytes * length);
        _index = new TIndex[length];
        _re = new double[length];
        _im = new double[length];
        _count = 0;
        for (var i = 0; i < length; i++)
        {
            var a = snapshot.Amplitudes[i];
            if (a != Complex.Zero)
            {
                _index[_count] = snapshot.Indices is { } indices ? TIndex.CreateTruncating(indices[i]) : TIndex.CreateTruncating(i);
                _re[_count] = a.Real;
                _im[_count++] = a.Imaginary;
            }
        }

        Book(0);
    }

    public void Apply(Circuit circuit, int start, int end, ClassicalState? classical, RunContext context)
    {
        Span<double> room = stackalloc double[4];
        Span<Complex> small = stackalloc Complex[16];
        for (var i = start; i < end; i++)
        {
            ref readonly var op = ref circuit.Operations[i];
            if ((i & 0x3F) == 0)
            {
                context.Check(i);
                context.ReportOperations(i);
            }

            if (op.Kind == OperationKind.Barrier)
            {
                continue;
            }

            var controls = Mask(circuit.ControlsOf(op));
            var targets = circuit.TargetsOf(op);
            if (op.Kind == OperationKind.Unitary)
            {
                ApplyMatrix(controls, targets, circuit.MatrixOf(op), i);
                continue;
            }

            var gate = circuit.GateOf(op);
            if (gate == GateCatalog.X)
            {
                Flip(controls, TIndex.One << targets[0]);
                continue;
            }

            var matrix = gate.NumQubits <= 2 ? small[..(1 << (2 * gate.NumQubits))] : new Complex[1 << (2 * gate.NumQubits)];
            gate.WriteMatrix(circuit.EvaluateParameters(op, classical, room), matrix);
            if (gate.NumQubits > 0)
            {
                ApplyMatrix(controls, targets, matrix, i);
            }
            else if (TIndex.IsZero(controls))
            {
                _phase *= matrix[0];
            }
            else
            {
                MultiplyWhere(controls, controls, matrix[0]);
            }
        }
    }

    public double ProbabilityOfOne(int qubit)
    {
        var bit = TIndex.One << qubit;
        double one = 0, all = 0;
        for (var i = 0; i < _count; i++)
        {
            var p = _re[i] * _re[i] + _im[i] * _im[i];
            all += p;
            one += TIndex.IsZero(_index[i] & bit) ? 0 : p;
        }

        return one / all;
    }

    public void Collapse(int qubit, bool outcome, double probability)
    {
        var bit = TIndex.One << qubit;
        var kept = 0;
        var norm = 0.0;
        for (var i = 0; i < _count; i++)
        {
            if (TIndex.IsZero(_index[i] & bit) != outcome)
            {
                (_index[kept], _re[kept], _im[kept]) = (_index[i], _re[i], _im[i]);
                norm += _re[kept] * _re[kept] + _im[kept] * _im[kept];
                kept++;
            }
        }

        _count = kept;
        var scale = 1 / Math.Sqrt(norm);
        for (var i = 0; i < kept; i++)
        {
            _re[i] *= scale;
            _im[i] *= scale;
        }
    }

    public void Flip(int qubit) => Flip(TIndex.Zero, TIndex.One << qubit);

    public IQuantumState Clone() => new SparseState<TIndex>(this);

    public void Sample(ReadOnlySpan<int> qubits, ReadOnlySpan<double> draws, Span<ulong> outcomes)
    {
        var words = (qubits.Length + 63) / 64;
        var cumulative = new double[_count];
        var total = 0.0;
        for (var i = 0; i < _count; i++)
        {
            total += _re[i] * _re[i] + _im[i] * _im[i];
            cumulative[i] = total;
        }

        for (var shot = 0; shot < draws.Length; shot++)
        {
            var found = Array.BinarySearch(cumulative, draws[shot] * total);
            var entry = Math.Min(found >= 0 ? found + 1 : ~found, _count - 1);
            Pack(_index[entry], qubits, outcomes.Slice(shot * words, words));
        }
    }

    public void VisitProbabilities(ReadOnlySpan<int> qubits, ProbabilityVisitor visit)
    {
        Span<ulong> outcome = stackalloc ulong[2];
        outcome = outcome[..((qubits.Length + 63) / 64)];
        for (var i = 0; i < _count; i++)
        {
            if (i % CheckInterval == 0)
            {
                _context.Check(0);
            }

            Pack(_index[i], qubits, outcome);
            visit(outcome, _re[i] * _re[i] + _im[i] * _im[i]);
        }
    }

    public double ExpectationValue(PauliTerm term)
    {
        // ⟨ψ|P|ψ⟩ = Σ_i conj(ψ[i ^ x]) · i^{|x∧z|} (-1)^{z·i} · ψ[i].
        TIndex x = TIndex.Zero, z = TIndex.Zero;
        var ys = 0;
        foreach (var (qubit, op) in term.Factors)
        {
            var bit = TIndex.One << qubit;
            x |= (op & Pauli.X) != 0 ? bit : TIndex.Zero;
            z |= (op & Pauli.Z) != 0 ? bit : TIndex.Zero;
            ys += op == Pauli.Y ? 1 : 0;
        }

        if (!TIndex.IsZero(x))
        {
            _table.Clear(_count);
            for (var i = 0; i < _count; i++)
            {
                _table.SlotOf(_index[i]);
            }
        }

        double re = 0, im = 0;
        for (var i = 0; i < _count; i++)
        {
            var partner = TIndex.IsZero(x) ? i : _table.Find(_index[i] ^ x);
            if (partner >= 0)
            {
                var sign = int.CreateTruncating(TIndex.PopCount(_index[i] & z)) % 2 == 0 ? 1 : -1;
                re += sign * (_re[partner] * _re[i] + _im[partner] * _im[i]);
                im += sign * (_re[partner] * _im[i] - _im[partner] * _re[i]);
            }
        }

        var value = (ys & 3) switch { 0 => re, 1 => -im, 2 => -re, _ => im };
        return term.Coefficient * value;
    }

    public StateSnapshot ToSnapshot(int operationIndex)
    {
        var indices = new UInt128[_count];
        var amplitudes = new Complex[_count];
        for (var i = 0; i < _count; i++)
        {
            indices[i] = UInt128.CreateTruncating(_index[i]);
            amplitudes[i] = _phase * new Complex(_re[i], _im[i]);
        }

        return StateSnapshot.Sparse(NumQubits, operationIndex, indices, amplitudes);
    }

    public void Dispose()
    {
        _context.Release(_reserved);
        _reserved = 0;
    }

    private void ApplyMatrix(TIndex controls, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> matrix, int operation)
    {
        var size = 1 << targets.Length;
        Span<int> image = stackalloc int[size];
        if (IsMonomial(matrix, size, image))
        {
            ApplyMonomial(controls, targets, matrix, size, image);
        }
        else
        {
            Mix(controls, targets, matrix, size, operation);
        }
    }

    private static bool IsMonomial(ReadOnlySpan<Complex> matrix, int size, Span<int> image)
    {
        for (var column = 0; column < size; column++)
        {
            image[column] = -1;
            for (var row = 0; row < size; row++)
            {
                if (matrix[row * size + column] != Complex.Zero)
                {
                    if (image[column] >= 0)
                    {
                        return false;
                    }

                    image[column] = row;
                }
            }
        }

        return true;
    }

    private void ApplyMonomial(TIndex controls, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> matrix, int size, ReadOnlySpan<int> image)
    {
        // One pass for each basis state of the targets that changes; a state that moves is marked by its phase pass only once,
        // because every entry is looked at once.
        Span<TIndex> flip = stackalloc TIndex[size];
        Span<Complex> phase = stackalloc Complex[size];
        for (var j = 0; j < size; j++)
        {
            flip[j] = Spread(j ^ image[j], targets);
            phase[j] = matrix[image[j] * size + j];
        }

        for (var i = 0; i < _count; i++)
        {
            var index = _index[i];
            if ((index & controls) == controls)
            {
                var j = Gather(index, targets);
                _index[i] = index ^ flip[j];
                if (phase[j] != Complex.One)
                {
                    double re = _re[i], im = _im[i];
                    _re[i] = re * phase[j].Real - im * phase[j].Imaginary;
                    _im[i] = re * phase[j].Imaginary + im * phase[j].Real;
                }
            }
        }
    }

    private void Mix(TIndex controls, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> matrix, int size, int operation)
    {
        // Entries that differ in the target bits only share a group of 2^k amplitudes.
        var targetMask = Mask(targets);
        EnsureRoom(size, operation);
        _table.Clear(_count);
        Array.Clear(_groupRe, 0, Math.Min(_groupRe.Length, _count * size));
        Array.Clear(_groupIm, 0, Math.Min(_groupIm.Length, _count * size));
        var kept = 0;
        for (var i = 0; i < _count; i++)
        {
            if (i % CheckInterval == 0)
            {
                _context.Check(operation);
            }

            var index = _index[i];
            if ((index & controls) != controls)
            {
                (_nextIndex[kept], _nextRe[kept], _nextIm[kept]) = (index, _re[i], _im[i]);
                kept++;
                continue;
            }

            var rest = index & ~targetMask;
            var slot = _table.SlotOf(rest);
            _index[slot] = rest;
            var position = slot * size + Gather(index, targets);
            _groupRe[position] = _re[i];
            _groupIm[position] = _im[i];
        }

        Span<TIndex> offsets = stackalloc TIndex[size];
        for (var j = 0; j < size; j++)
        {
            offsets[j] = Spread(j, targets);
        }

        for (var slot = 0; slot < _table.Count; slot++)
        {
            var group = slot * size;
            for (var row = 0; row < size; row++)
            {
                double re = 0, im = 0;
                for (var column = 0; column < size; column++)
                {
                    var m = matrix[row * size + column];
                    re += m.Real * _groupRe[group + column] - m.Imaginary * _groupIm[group + column];
                    im += m.Real * _groupIm[group + column] + m.Imaginary * _groupRe[group + column];
                }

                var p = re * re + im * im;
                if (p < _threshold)
                {
                    DiscardedWeight += p;
                    continue;
                }

                (_nextIndex[kept], _nextRe[kept], _nextIm[kept]) = (_index[slot] | offsets[row], re, im);
                kept++;
            }
        }

        (_index, _nextIndex) = (_nextIndex, _index);
        (_re, _nextRe) = (_nextRe, _re);
        (_im, _nextIm) = (_nextIm, _im);
        _count = kept;
    }

    // Room for every entry to branch fully, booked before it is allocated.
    private void EnsureRoom(int size, int operation)
    {
        var needed = (long)_count * size;
        if (needed > Array.MaxLength / 2)
        {
            throw new BackendException(
                BackendErrorKind.OutOfMemory, _context.BackendId,
                $"Backend '{_context.BackendId}' has {_count} non-zero amplitudes at operation {operation}; a gate on {BitOperations.Log2((uint)size)} targets may make more than {Array.MaxLength / 2} of them. Use a dense or matrix-product backend.")
            {
                OperationIndex = operation,
                RequiredBytes = needed * EntryBytes,
                AvailableBytes = _context.AvailableBytes,
            };
        }

        if (_nextIndex.Length < needed)
        {
            // Some slack saves repeated growth, but never more than may be booked.
            var length = (int)Math.Min(Array.MaxLength / 2, Math.Max(needed, Math.Min(2 * needed, 1 << 20)));
            Book(EntryBytes * (length - _nextIndex.LongLength) + 16L * Math.Max(0, length - _groupRe.LongLength) + SparseTable<TIndex>.SizeBytes(_count));
            _nextIndex = new TIndex[length];
            _nextRe = new double[length];
            _nextIm = new double[length];
        }

        if (_groupRe.Length < needed)
        {
            var length = _nextIndex.Length;
            _groupRe = new double[length];
            _groupIm = new double[length];
        }

        Book(0);
    }

    private void Flip(TIndex controls, TIndex bit)
    {
        var index = _index;
        if (TIndex.IsZero(controls))
        {
            for (var i = 0; i < _count; i++)
            {
                index[i] ^= bit;
            }

            return;
        }

        for (var i = 0; i < _count; i++)
        {
            index[i] ^= (index[i] & controls) == controls ? bit : TIndex.Zero;
        }
    }

    private void MultiplyWhere(TIndex mask, TIndex value, Complex phase)
    {
        for (var i = 0; i < _count; i++)
        {
            if ((_index[i] & mask) == value)
            {
                var a = new Complex(_re[i], _im[i]) * phase;
                (_re[i], _im[i]) = (a.Real, a.Imaginary);
            }
        }
    }

    private static TIndex Mask(ReadOnlySpan<int> qubits)
    {
        var mask = TIndex.Zero;
        foreach (var qubit in qubits)
        {
            mask |= TIndex.One << qubit;
        }

        return mask;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Gather(TIndex index, ReadOnlySpan<int> qubits)
    {
        var value = 0;
        for (var j = 0; j < qubits.Length; j++)
        {
            value |= int.CreateTruncating((index >>> qubits[j]) & TIndex.One) << j;
        }

        return value;
    }

    private static TIndex Spread(int value, ReadOnlySpan<int> qubits)
    {
        var index = TIndex.Zero;
        for (var j = 0; j < qubits.Length; j++)
        {
            index |= TIndex.CreateTruncating(value >> j & 1) << qubits[j];
        }

        return index;
    }

    private static void Pack(TIndex index, ReadOnlySpan<int> qubits, Span<ulong> outcome)
    {
        outcome.Clear();
        for (var j = 0; j < qubits.Length; j++)
        {
            outcome[j >> 6] |= ulong.CreateTruncating((index >>> qubits[j]) & TIndex.One) << j;
        }
    }

    // Books what is held now plus what is about to be allocated.
    private void Book(long more)
    {
        var wanted = MemoryBytes + more;
        if (wanted > _reserved)
        {
            _context.Reserve(wanted - _reserved, $"{_count} non-zero amplitudes");
        }
        else
        {
            _context.Release(_reserved - wanted);
        }

        _reserved = wanted;
    }
}
