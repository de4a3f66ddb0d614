using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// A proved bound on the Schmidt rank across every cut between qubits j and j + 1, and what is typical below it. The rank is at most 2^b, where b grows by the
/// base-2 logarithm of the operator-Schmidt rank of each gate across the cut, and stays below the size of either side and below the support bound. What is
/// typical grows less where a gate turns by a small angle, and gives the work.
/// </summary>
internal sealed class BondDimensionBound
{
    private const int Unit = GateEntanglement.Unit, UnitLog2 = GateEntanglement.UnitLog2;

    // Years on any machine: beyond that work is not counted any more. And an hour, once so many gates a qubit have been sketched: what comes then need not be followed.
    private const double Hopeless = 1e18, Useless = 1e14;
    private const int ToldByQubit = 2;

    // Work of whole bits is a multiple of this; up to that there is a double for each; and so many cuts are worth a vector.
    private const double WholeUnit = 16, Whole = WholeUnit * (1L << 53);
    private const int LeastAtOnce = 8;
    private static readonly double[] Fractions = [.. Enumerable.Range(0, Unit).Select(i => Math.Pow(2, (double)i / Unit))];
    private static readonly double[] Powers = [.. Enumerable.Range(0, 1024).Select(PowerOf)];
    private readonly int _numQubits;

    // For each cut, with room for a vector behind the last: the size of the smaller side, the bound and what is typical, now and at most so far.
    private readonly short[] _size;
    private readonly short[] _now;
    private readonly short[] _peak;
    private readonly short[] _typical;
    private readonly short[] _typicalPeak;
    private readonly double[] _fullWork;
    private readonly GateEntanglement _gates;
    private readonly int[]? _siteOf;
    private readonly bool _relabelSwaps;
    private int[] _room = new int[4];
    private short[]? _before;
    private int _notFull;
    private int _passing;
    private int _latestSpan;

    /// <summary>Begins with all qubits in |0⟩.</summary>
    /// <param name="numQubits">The number of qubits.</param>
    /// <param name="siteOf">The place on the line of each qubit; null for their own order.</param>
    /// <param name="relabelSwaps">Whether a swap exchanges the places of its qubits instead of being applied.</param>
    public BondDimensionBound(int numQubits, int[]? siteOf = null, bool relabelSwaps = false)
    {
        _numQubits = numQubits;
        (_siteOf, _relabelSwaps) = ((int[]?)siteOf?.Clone(), relabelSwaps);
        _gates = new GateEntanglement(numQubits);
        var cuts = Math.Max(0, numQubits - 1);
        var room = cuts + Vector256<short>.Count;
        (_size, _now, _peak, _typical, _typicalPeak) = (new short[room], new short[room], new short[room], new short[room], new short[room]);
        _fullWork = new double[cuts + 1];
        for (var cut = 0; cut < cuts; cut++)
        {
            _size[cut] = (short)Size(cut);
            _fullWork[cut + 1] = _fullWork[cut] + CutWork(2, Unit * Size(cut - 1), Unit * Size(cut + 1));
            _notFull += Size(cut) > 0 ? 1 : 0;
        }
    }

    /// <summary>What follows what an engine would do; null for none.</summary>
    public ChainSketch? Sketch { get; init; }

    /// <summary>The greatest b of each cut.</summary>
    public byte[] Peak => Array.ConvertAll(_peak[..^Vector256<short>.Count], b => (byte)b);

    /// <summary>The greatest b of all.</summary>
    public int Greatest { get; private set; }

    /// <summary>The base-2 logarithm of the greatest bond that is typical.</summary>
    public double GreatestTypical { get; private set; }

    /// <summary>The work of applying the gates so far with typical bonds: Σ 8 · χl · χr · min(2χl, 2χr) over the cuts that each gate spans; 10^18 and more is not counted on.</summary>
    public double Work { get; private set; }

    /// <summary>The cuts that gates spanned.</summary>
    public double Steps { get; private set; }

    /// <summary>Whether nothing is followed any more: bonds are reckoned to be as large as the smaller side.</summary>
    public bool IsGivenUp { get; private set; }

    /// <summary>Gives up following where a chain is of no use and the sketch has seen how gates go on.</summary>
    public void MayGiveUp()
    {
        if (Work < Useless || Sketch is null || Sketch.Count < ToldByQubit * _numQubits)
        {
            return;
        }

        (IsGivenUp, Work, _notFull) = (true, Hopeless, 0);
        for (var cut = 0; cut < _numQubits - 1; cut++)
        {
            var size = _size[cut];
            (_now[cut], _peak[cut], _typical[cut], _typicalPeak[cut]) = (size, size, (short)(Unit * size), (short)(Unit * size));
            (Greatest, GreatestTypical) = (Math.Max(Greatest, size), Math.Max(GreatestTypical, size));
        }
    }

    /// <summary>Takes in a reset or a measurement.</summary>
    public void Project(int qubit, bool isReset, bool uncertain)
    {
        if (IsGivenUp)
        {
            return;
        }

        _gates.Project(qubit, isReset, uncertain);
        Sketch?.Project(qubit);
    }

    /// <summary>
    /// Whether in the latest gate on several qubits two that stand apart turned each other by little, as in Fourier transforms: then <see cref="SketchedNeeds"/> knows more of ranks than what is
    /// typical for single gates.
    /// </summary>
    public bool IsInCascade => _gates is { ActingCount: 2, IsIdle: false, Exact: <= 1, Strength: < SketchedNeeds.Faint } && _latestSpan > SketchedNeeds.Near;

    /// <summary>What is known of a qubit's values, if it is on its own.</summary>
    public LoneValue ValueOf(int qubit) => IsGivenUp ? LoneValue.Unknown : _gates.ValueOf(qubit);

    /// <summary>Takes in a gate.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="op">The gate.</param>
    /// <param name="support">The support bound after it, base-2 logarithm.</param>
    /// <param name="uncertain">It may or may not be executed.</param>
    /// <param name="repeated">It may be executed any number of times: only the sizes of the sides bound it.</param>
    /// <param name="likely">The base-2 logarithm of about the greatest rank after it, where more is known of the basis states than gates tell; for the sketch alone.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply(Circuit circuit, in Operation op, int support, bool uncertain, bool repeated, int likely = int.MaxValue)
    {
        if (op.QubitCount > 1)
        {
            Join(circuit, op, support, uncertain, repeated, likely);
        }
        else if (op.QubitCount == 1 && !IsGivenUp)
        {
            var qubit = circuit.QubitsOf(op)[0];
            _gates.Turn(circuit, op, qubit, uncertain);
            Sketch?.Turn(op, qubit);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Join(Circuit circuit, in Operation op, int support, bool uncertain, bool repeated, int likely)
    {
        if (IsGivenUp)
        {
            Sketch!.Skip(op.QubitCount);
        }
        else
        {
            _gates.Join(circuit, op, uncertain);
            support = Math.Min(support, _gates.RankLog2);
            Sketch?.Join(circuit, op, _gates, Math.Min(support, likely));
        }

        var targets = op.QubitCount - op.ControlCount;
        if (targets > 1 && op.QubitCount > 2)
        {
            _passing = Math.Max(_passing, 2 * (op.QubitCount / 2) - 2 + (op.ControlCount > 0 ? 1 : 0));
        }

        var qubits = circuit.QubitsOf(op);
        if (_relabelSwaps && op.Kind == OperationKind.Gate && op.ControlCount == 0 && circuit.GateOf(op) == GateCatalog.Swap)
        {
            (_siteOf![qubits[0]], _siteOf[qubits[1]]) = (_siteOf[qubits[1]], _siteOf[qubits[0]]);
            return;
        }

        var (low, high) = qubits.Length == 2 ? Span(SiteOf(qubits[0]), SiteOf(qubits[1])) : Span(Sites(qubits));
        _latestSpan = high - low;
        Steps += _latestSpan;
        if (IsGivenUp)
        {
            return;
        }

        if (_gates.ActingCount < 2)
        {
            // Nothing is entangled; an engine that does not know still moves through the cuts.
            Pass(low, high);
            return;
        }

        var acting = _gates.ActingCount;
        if (acting < qubits.Length)
        {
            var (first, last) = Span(Sites(_gates.Acting));
            Pass(low, first);
            Pass(last, high);
            (low, high) = (first, last);
        }

        if (support == 0 && Greatest == 0)
        {
            // A single basis state.
            _gates.Restart();
            Work += (high - low) * CutWork(high - low, 0, 0);
            return;
        }

        if (_notFull == 0 && support >= _numQubits / 2)
        {
            // Every bond is as large as the smaller side and stays so: the work of a range of cuts is known.
            Work += (high - low == 1 ? 0.5 : 1) * (_fullWork[high] - _fullWork[low]);
            return;
        }

        bool isHeld;
        if (repeated || acting == 2 || targets <= 1)
        {
            var (growth, typical) = repeated ? (byte.MaxValue, byte.MaxValue * Unit) : acting == 2 ? (_gates.Exact, _gates.Typical) : (1, Unit);
            isHeld = high - low == 1 ? Raise(low, growth, typical, support, 1) : RaiseAll(low, high, growth, typical, support);
        }
        else
        {
            isHeld = false;
            for (var cut = low; cut < high; cut++)
            {
                var left = 0;
                foreach (var q in Sites(_gates.Acting))
                {
                    left += q <= cut ? 1 : 0;
                }

                var growth = 2 * Math.Min(left, acting - left);
                isHeld |= Raise(cut, growth, growth * Unit, support, high - low);
            }
        }

        if (isHeld)
        {
            _gates.Restart();
        }
    }

    /// <summary>
    /// The bytes of a matrix product state with the peak bonds: Σ 32 · χl · χr, enlarged by what gates on more than two qubits add to
    /// bonds in passing beyond the factor of four of one on two qubits.
    /// </summary>
    public double Bytes()
    {
        double bytes = 0;
        for (var q = 0; q < _numQubits; q++)
        {
            bytes += 32 * PowersOfTwo.Of((2 * _passing) + (q == 0 ? 0 : _peak[q - 1]) + (q == _numQubits - 1 ? 0 : _peak[q]));
        }

        return Math.Min(bytes, double.MaxValue);
    }

    /// <summary>The numbers that a matrix product state with typical bonds has: Σ 2 · χl · χr.</summary>
    public double Elements()
    {
        double elements = 0;
        for (var q = 0; q < _numQubits; q++)
        {
            elements += 2 * Power((q == 0 ? 0 : _typicalPeak[q - 1]) + (q == _numQubits - 1 ? 0 : _typicalPeak[q]));
        }

        return elements;
    }

    /// <summary>The base-2 logarithm of the proved bound and of the typical bond, now, across the cut between places cut and cut + 1.</summary>
    public (int Proved, double Typical) this[int cut] => (_now[cut], (double)_typical[cut] / Unit);

    private ReadOnlySpan<int> Sites(ReadOnlySpan<int> qubits)
    {
        if (_siteOf is null)
        {
            return qubits;
        }

        _room = _room.Length < qubits.Length ? new int[qubits.Length] : _room;
        for (var i = 0; i < qubits.Length; i++)
        {
            _room[i] = _siteOf[qubits[i]];
        }

        return _room.AsSpan(0, qubits.Length);
    }

    private int SiteOf(int qubit) => _siteOf is null ? qubit : _siteOf[qubit];

    private static (int Low, int High) Span(int a, int b) => (Math.Min(a, b), Math.Max(a, b));

    private static (int Low, int High) Span(ReadOnlySpan<int> qubits)
    {
        int low = qubits[0], high = qubits[0];
        foreach (var q in qubits)
        {
            low = Math.Min(low, q);
            high = Math.Max(high, q);
        }

        return (low, high);
    }

    private void Pass(int low, int high)
    {
        // Behind the last cut there is nothing.
        if (low < high)
        {
            AddWork(low, high - low, _typical.AsSpan(low + 1));
        }
    }

    // Adds the work of some cuts in a row, given what is typical right of each, with room for a vector behind that.
    private void AddWork(int low, int span, ReadOnlySpan<short> right)
    {
        var (work, k) = (Work, 0);
        if (low == 0)
        {
            work += work < Hopeless ? CutWork(span, 0, right[0]) : 0;
            k = 1;
        }

        if (span - k >= LeastAtOnce && work < Whole && work == Math.Floor(work / WholeUnit) * WholeUnit && work + (WholeUnit * SumOfPowers(_typical.AsSpan(low + k - 1), right[k..], span - k)) is var sum && sum < Whole)
        {
            Work = sum;
            return;
        }

        for (; k < span && work < Hopeless; k++)
        {
            work += CutWork(span, _typical[low + k - 1], right[k]);
        }

        Work = work;
    }

    // The sum of what CutWork raises two to; infinite where a bond is no whole number of bits. Whole numbers that doubles can tell apart may be added in any order.
    private static double SumOfPowers(ReadOnlySpan<short> left, ReadOnlySpan<short> right, int count)
    {
        ref short before = ref MemoryMarshal.GetReference(left), behind = ref MemoryMarshal.GetReference(right);
        var units = Vector256.Create((short)Unit);
        Vector256<double> first = default, second = default;
        Vector256<short> all = default;
        for (var done = 0; done < count; done += Vector256<short>.Count)
        {
            var inside = Vector256.LessThan(Vector256<short>.Indices, Vector256.Create((short)Math.Min(count - done, Vector256<short>.Count)));
            Vector256<short> a = Vector256.LoadUnsafe(ref before, (nuint)done), b = Vector256.LoadUnsafe(ref behind, (nuint)done);
            var eighths = (a + b + units + Vector256.Min(a, b)) & inside;
            all |= eighths;
            var (low, high) = Vector256.Widen(((eighths >>> UnitLog2) + Vector256.Create((short)1023)) & inside);
            var (lowest, lower) = Vector256.Widen(low);
            var (higher, highest) = Vector256.Widen(high);
            first += (lowest << 52).AsDouble() + (lower << 52).AsDouble();
            second += (higher << 52).AsDouble() + (highest << 52).AsDouble();
        }

        return (all & Vector256.Create((short)(Unit - 1))) == default ? Vector256.Sum(first + second) : double.PositiveInfinity;
    }

    // Raise for all of several cuts by the same growth, a vector at a time: a gate across many costs no more than one across few.
    private bool RaiseAll(int low, int high, int growth, int typical, int support)
    {
        var span = high - low;
        var before = (_before ??= new short[_now.Length + Vector256<short>.Count]).AsSpan();
        var growths = Vector256.Create((short)growth);
        var typicals = Vector256.Create((short)typical);
        var supports = Vector256.Create((short)Math.Min(support, short.MaxValue / Unit));
        Vector256<short> held = default, greatest = default, greatestTypical = default;
        var full = 0;
        for (var done = 0; done < span; done += Vector256<short>.Count)
        {
            var cut = (nuint)(low + done);
            var inside = Vector256.LessThan(Vector256<short>.Indices, Vector256.Create((short)Math.Min(span - done, Vector256<short>.Count)));
            var now = Vector256.LoadUnsafe(ref _now[0], cut);
            var soft = Vector256.LoadUnsafe(ref _typical[0], cut);
            soft.CopyTo(before[done..]);
            var size = Vector256.LoadUnsafe(ref _size[0], cut);
            var free = Vector256.Min(now + growths, size);
            var bound = Vector256.ConditionalSelect(inside, Vector256.Min(free, supports), now);
            held |= Vector256.LessThan(bound, free) & inside;
            var raised = Vector256.ConditionalSelect(inside, Vector256.Max(default, Vector256.Min(soft + typicals, bound * Unit)), soft);
            var most = size * Unit;
            full += BitOperations.PopCount(Vector256.Equals(raised, most).ExtractMostSignificantBits()) - BitOperations.PopCount(Vector256.Equals(soft, most).ExtractMostSignificantBits());
            bound.StoreUnsafe(ref _now[0], cut);
            raised.StoreUnsafe(ref _typical[0], cut);
            Vector256.Max(bound, Vector256.LoadUnsafe(ref _peak[0], cut)).StoreUnsafe(ref _peak[0], cut);
            Vector256.Max(raised, Vector256.LoadUnsafe(ref _typicalPeak[0], cut)).StoreUnsafe(ref _typicalPeak[0], cut);
            (greatest, greatestTypical) = (Vector256.Max(greatest, bound), Vector256.Max(greatestTypical, raised));
        }

        _notFull -= full;
        if (Vector256.GreaterThanAny(greatest, Vector256.Create((short)Greatest)))
        {
            Greatest = Most(greatest);
        }

        if (Vector256.GreaterThanAny(greatestTypical, Vector256.Create((short)(Unit * GreatestTypical))))
        {
            GreatestTypical = (double)Most(greatestTypical) / Unit;
        }

        before[span] = _typical[high];
        AddWork(low, span, before[1..]);
        return held != default;
    }

    private static short Most(Vector256<short> values)
    {
        var most = values[0];
        for (var k = 1; k < Vector256<short>.Count; k++)
        {
            most = Math.Max(most, values[k]);
        }

        return most;
    }

    // Whether less than the growth was added, other than by the size of the sides, which is there to stay.
    private bool Raise(int cut, int growth, int typical, int support, int span)
    {
        int size = _size[cut];
        var free = Math.Min(_now[cut] + growth, size);
        var bound = Math.Min(free, support);
        if (span == 1)
        {
            // A qubit adds at most one bit between neighbouring cuts.
            bound = Math.Min(bound, 1 + (cut == 0 ? 0 : _now[cut - 1]));
            bound = Math.Min(bound, 1 + (cut == _numQubits - 2 ? 0 : _now[cut + 1]));
        }

        var held = bound < free;
        int left = cut == 0 ? 0 : _typical[cut - 1], right = cut == _numQubits - 2 ? 0 : _typical[cut + 1];
        var soft = Math.Max(0, Math.Min(_typical[cut] + typical, Unit * bound));
        if (span == 1)
        {
            soft = Math.Min(soft, Unit + Math.Min(left, right));
        }

        _notFull += (_typical[cut] == Unit * size ? 1 : 0) - (soft == Unit * size ? 1 : 0);
        _now[cut] = (short)bound;
        _typical[cut] = (short)soft;
        if (bound > _peak[cut])
        {
            _peak[cut] = (short)bound;
            Greatest = Math.Max(Greatest, bound);
        }

        if (soft > _typicalPeak[cut])
        {
            _typicalPeak[cut] = (short)soft;
            GreatestTypical = Math.Max(GreatestTypical, (double)soft / Unit);
        }

        Work += Work < Hopeless ? CutWork(span, left, right) : 0;
        return held;
    }

    // The base-2 logarithm of the dimension of the smaller side; 0 beyond the ends.
    private int Size(int cut) => Math.Min(byte.MaxValue, Math.Min(cut + 1, _numQubits - 1 - cut));

    private static double CutWork(int span, int left, int right) =>
        (span == 1 ? 8 : 16) * Power(left + right + Unit + Math.Min(left, right));

    private static double Power(int eighths) => (uint)eighths < (uint)Powers.Length ? Powers[eighths] : PowerOf(eighths);

    private static double PowerOf(int eighths) => PowersOfTwo.Of(eighths >> UnitLog2) * Fractions[eighths & (Unit - 1)];
}
