using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation.Fusion;

/// <summary>
/// Turns a run of circuit operations into few operations on index bits. Swaps relabel qubits and global phases become a factor.
/// One-qubit gates wait on their bit; two-qubit gates on the same pair gather in a group, which becomes one 4×4 matrix where that is
/// cheaper. Diagonal gates of one and two qubits wait in a phase polynomial: it commutes with itself and with controls, so a
/// bit's phases are emitted, all at once, only when a gate moves that bit.
/// On each bit the order is: operations emitted, open group, waiting one-qubit gate, waiting phases.
/// A fuser may be used again, so that its room is allocated once; not thread-safe.
/// </summary>
[SkipLocalsInit]
internal sealed class GateFuser
{
    /// <summary>The most index bits.</summary>
    public const int MaxBits = 30;

    // The gates of the catalogue have at most four targets.
    private const int MostGateQubits = 4;

    /// <summary>The costs of passes over all amplitudes, relative to each other.</summary>
    public const double DenseCost = 0.33, RealCost = 0.2, PhaseCost = 0.08, ExchangeCost = 0.12, PairCost = 0.72;

    private static readonly Complex[] Identity = [Complex.One, Complex.Zero, Complex.Zero, Complex.One];

    private readonly Complex[] _waiting = new Complex[4 * MaxBits];
    private readonly Group?[] _open = new Group?[MaxBits];
    private readonly Complex[] _linear = new Complex[MaxBits];
    private readonly long[] _partners = new long[MaxBits];
    private readonly List<Group> _groups = [];
    private readonly Dictionary<int, Complex> _quadratic = [];
    private readonly List<FusedOperation> _operations = [];
    private readonly List<Complex> _values = [];
    private readonly List<int> _targets = [];
    private readonly List<PhasePolynomial> _polynomials = [];
    private Circuit _circuit = null!;
    private int[] _bitOfQubit = [];
    private int _bits;
    private int _groupCount;
    private long _isWaiting;
    private int _lastPolynomial;
    private long _movedSincePolynomial;
    private Complex _phase;

    public ReadOnlySpan<FusedOperation> Operations => CollectionsMarshal.AsSpan(_operations);

    /// <summary>The factor of the whole state that the operations leave out.</summary>
    public Complex Phase => _phase;

    /// <summary>Fuses operations <paramref name="start"/> to <paramref name="end"/>.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="start">The first operation.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="classical">The memory that dynamic parameters read.</param>
    /// <param name="bits">The number of index bits.</param>
    /// <param name="bitOfQubit">The index bit of each qubit; changed by swaps.</param>
    public void Fuse(Circuit circuit, int start, int end, ClassicalState? classical, int bits, int[] bitOfQubit)
    {
        Clear();
        _circuit = circuit;
        _bits = bits;
        _bitOfQubit = bitOfQubit;
        for (var i = start; i < end; i++)
        {
            Add(circuit.Operations[i], classical);
        }

        Finish();
    }

    /// <summary>Forgets the last circuit; its operations must no longer be used.</summary>
    public void Clear()
    {
        _circuit = null!;
        _operations.Clear();
        _values.Clear();
        _targets.Clear();
        _polynomials.Clear();
        _quadratic.Clear();
        Array.Clear(_open);
        Array.Clear(_partners);
        Array.Fill(_linear, Complex.One);
        _groupCount = 0;
        _isWaiting = 0;
        _lastPolynomial = -1;
        _movedSincePolynomial = 0;
        _phase = Complex.One;
    }

    public ReadOnlySpan<Complex> ValuesOf(in FusedOperation operation) => CollectionsMarshal.AsSpan(_values).Slice(
        operation.Values, operation.Kind == FusedKind.Phase ? 1 : 1 << (2 * operation.TargetCount));

    public ReadOnlySpan<int> TargetsOf(in FusedOperation operation) => CollectionsMarshal.AsSpan(_targets).Slice(operation.Target, operation.TargetCount);

    public PhasePolynomial PolynomialOf(in FusedOperation operation) => _polynomials[operation.Values];

    private void Add(in Operation op, ClassicalState? classical)
    {
        if (op.Kind == OperationKind.Barrier)
        {
            return;
        }

        ReadOnlySpan<int> controlQubits = _circuit.ControlsOf(op), targetQubits = _circuit.TargetsOf(op);
        Span<int> targets = stackalloc int[targetQubits.Length];
        for (var i = 0; i < targets.Length; i++)
        {
            targets[i] = _bitOfQubit[targetQubits[i]];
        }

        long controls = 0;
        foreach (var qubit in controlQubits)
        {
            controls |= 1L << _bitOfQubit[qubit];
        }

        if (op.Kind == OperationKind.Unitary)
        {
            AddMatrix(controls, targets, _circuit.MatrixOf(op));
            return;
        }

        var gate = _circuit.GateOf(op);
        if (gate == GateCatalog.Swap && controls == 0)
        {
            (_bitOfQubit[targetQubits[0]], _bitOfQubit[targetQubits[1]]) = (_bitOfQubit[targetQubits[1]], _bitOfQubit[targetQubits[0]]);
            return;
        }

        Span<double> room = stackalloc double[4];
        Span<Complex> matrix = (stackalloc Complex[1 << (2 * MostGateQubits)])[..(1 << (2 * gate.NumQubits))];
        gate.WriteMatrix(_circuit.EvaluateParameters(op, classical, room), matrix);
        if (gate.NumQubits == 0)
        {
            AddPhase(controls, matrix[0]);
            return;
        }

        AddMatrix(controls, targets, matrix);
    }

    private void AddMatrix(long controls, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> matrix)
    {
        var diagonal = IsDiagonal(matrix, 1 << targets.Length);
        var controlCount = BitOperations.PopCount((ulong)controls);
        if (diagonal)
        {
            AddDiagonal(controls, targets, matrix);
        }
        else if (targets.Length == 1 && controlCount == 0)
        {
            PrepareMove(targets[0]);
            Wait(targets[0], matrix);
        }
        else if (targets.Length + controlCount == 2)
        {
            AddPair(controls, targets, matrix);
        }
        else
        {
            foreach (var target in targets)
            {
                PrepareMove(target);
                EmitWaiting(target);
            }

            EmitWaitingOf(controls);
            Emit(Create(controls, targets, matrix));
        }
    }

    // A diagonal matrix as phases: the factor of a set of bits is the element of that set divided by the factors of its subsets.
    private void AddDiagonal(long controls, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> matrix)
    {
        var size = 1 << targets.Length;
        Span<Complex> factors = stackalloc Complex[size];
        for (var i = 0; i < size; i++)
        {
            factors[i] = matrix[i * size + i];
        }

        for (var bit = 1; bit < size; bit <<= 1)
        {
            for (var i = 0; i < size; i++)
            {
                if ((i & bit) != 0)
                {
                    factors[i] /= factors[i ^ bit];
                }
            }
        }

        for (var i = 0; i < size; i++)
        {
            var mask = controls;
            for (var j = 0; j < targets.Length; j++)
            {
                mask |= (i >> j & 1) == 0 ? 0 : 1L << targets[j];
            }

            AddPhase(mask, factors[i]);
        }
    }

    private void AddPhase(long mask, Complex factor)
    {
        if (factor == Complex.One)
        {
            return;
        }

        switch (BitOperations.PopCount((ulong)mask))
        {
            case 0:
                _phase *= factor;
                break;
            case 1:
                _linear[BitOperations.TrailingZeroCount(mask)] *= factor;
                break;
            case 2:
                int a = BitOperations.TrailingZeroCount(mask), b = 63 - BitOperations.LeadingZeroCount((ulong)mask);
                ref var pair = ref CollectionsMarshal.GetValueRefOrAddDefault(_quadratic, a << 6 | b, out var known);
                pair = known ? pair * factor : factor;
                _partners[a] |= 1L << b;
                _partners[b] |= 1L << a;
                break;
            default:
                EmitWaitingOf(mask);
                _values.Add(factor);
                Emit(new FusedOperation { Kind = FusedKind.Phase, Values = _values.Count - 1, Controls = mask, Read = mask, Cost = PhaseCost });
                break;
        }
    }

    // A gate on two bits, none or one of them a control.
    private void AddPair(long controls, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> matrix)
    {
        foreach (var target in targets)
        {
            PrepareMove(target);
        }

        var mask = controls;
        foreach (var target in targets)
        {
            mask |= 1L << target;
        }

        int low = BitOperations.TrailingZeroCount(mask), high = 63 - BitOperations.LeadingZeroCount((ulong)mask);
        var group = _open[low];
        if (group is null || group != _open[high])
        {
            Close(low);
            Close(high);
            group = NewGroup(low, high);
            _open[low] = _open[high] = group;
        }

        Absorb(group, low);
        Absorb(group, high);
        group.Members.Add(Create(controls, targets, matrix));
    }

    private Group NewGroup(int low, int high)
    {
        if (_groupCount == _groups.Count)
        {
            _groups.Add(new Group());
        }

        var group = _groups[_groupCount++];
        group.Low = low;
        group.High = high;
        group.Members.Clear();
        return group;
    }

    private void Absorb(Group group, int bit)
    {
        if (TakeWaiting(bit, out var operation))
        {
            group.Members.Add(operation);
        }
    }

    private Span<Complex> WaitingOf(int bit) => _waiting.AsSpan(4 * bit, 4);

    private bool IsWaiting(int bit) => (_isWaiting >> bit & 1) != 0;

    // Multiplies what waits on a bit by a matrix from the left.
    private void Wait(int bit, ReadOnlySpan<Complex> a)
    {
        var b = WaitingOf(bit);
        if (IsWaiting(bit))
        {
            SmallMatrix.Multiply(a, b);
        }
        else
        {
            a.CopyTo(b);
            _isWaiting |= 1L << bit;
        }
    }

    private bool TakeWaiting(int bit, out FusedOperation operation)
    {
        if (!IsWaiting(bit))
        {
            operation = default;
            return false;
        }

        _isWaiting &= ~(1L << bit);
        operation = Create(0, [bit], WaitingOf(bit));
        return true;
    }

    // Before a gate moves a bit, its phases must have been applied.
    private void PrepareMove(int bit)
    {
        if (_partners[bit] != 0)
        {
            EmitPhasesOf(bit);
        }
        else if (_linear[bit] != Complex.One)
        {
            Wait(bit, [Complex.One, Complex.Zero, Complex.Zero, _linear[bit]]);
            _linear[bit] = Complex.One;
        }
    }

    private void EmitPhasesOf(int bit)
    {
        // What waits on bits with phases can gain no more gates; emitted now, later phases can join this polynomial.
        for (var other = 0; other < _bits; other++)
        {
            if (_partners[other] != 0 && (_open[other] is null || (_partners[bit] >> other & 1) != 0 || other == bit))
            {
                EmitWaiting(other);
            }
        }

        var polynomial = new PhasePolynomial();
        if (_linear[bit] != Complex.One)
        {
            polynomial.Multiply(bit, bit, _linear[bit]);
            _linear[bit] = Complex.One;
        }

        for (var rest = _partners[bit]; rest != 0; rest &= rest - 1)
        {
            TakePair(polynomial, bit, BitOperations.TrailingZeroCount(rest));
        }

        EmitPolynomial(polynomial);
    }

    private void TakePair(PhasePolynomial polynomial, int a, int b)
    {
        _quadratic.Remove(a < b ? a << 6 | b : b << 6 | a, out var factor);
        polynomial.Multiply(a, b, factor);
        _partners[a] &= ~(1L << b);
        _partners[b] &= ~(1L << a);
    }

    private void EmitPolynomial(PhasePolynomial polynomial)
    {
        if (_lastPolynomial >= 0 && (_movedSincePolynomial & polynomial.Bits) == 0)
        {
            ref var last = ref CollectionsMarshal.AsSpan(_operations)[_lastPolynomial];
            var merged = _polynomials[last.Values];
            foreach (var (first, second, factor) in polynomial.Factors)
            {
                merged.Multiply(first, second, factor);
            }

            last.Read = merged.Bits;
            return;
        }

        _polynomials.Add(polynomial);
        Emit(new FusedOperation { Kind = FusedKind.Polynomial, Values = _polynomials.Count - 1, Read = polynomial.Bits, Cost = RealCost });
        _lastPolynomial = _operations.Count - 1;
        _movedSincePolynomial = 0;
    }

    private void EmitWaitingOf(long mask)
    {
        for (; mask != 0; mask &= mask - 1)
        {
            EmitWaiting(BitOperations.TrailingZeroCount(mask));
        }
    }

    private void EmitWaiting(int bit)
    {
        Close(bit);
        if (TakeWaiting(bit, out var operation))
        {
            Emit(operation);
        }
    }

    // Ends the group on a bit: as one matrix, as a diagonal, or as its members, whichever is cheapest.
    private void Close(int bit)
    {
        if (_open[bit] is not { } group)
        {
            return;
        }

        _open[group.Low] = _open[group.High] = null;
        var separate = 0.0;
        foreach (ref readonly var member in CollectionsMarshal.AsSpan(group.Members))
        {
            separate += member.Cost;
        }

        // What waits could also join the next group of its bit, so only half of its cost speaks for this one.
        separate += (WaitingCost(group.Low) + WaitingCost(group.High)) / 2;
        if (group.Members.Count == 1 && separate <= PairCost)
        {
            Emit(group.Members[0]);
            return;
        }

        Span<Complex> product = stackalloc Complex[16];
        var members = group.Members.Count;
        Multiply(group, Begin(group, product), product);
        if (IsDiagonal(product, 4))
        {
            EmitDiagonalPair(group, product);
        }
        else if (separate <= PairCost)
        {
            foreach (var member in group.Members)
            {
                Emit(member);
            }
        }
        else
        {
            Absorb(group, group.Low);
            Absorb(group, group.High);
            Multiply(group, members, product);
            Emit(Create(0, [group.Low, group.High], product));
        }
    }

    private double WaitingCost(int bit) => !IsWaiting(bit) ? 0 : IsReal(WaitingOf(bit)) ? RealCost : DenseCost;

    private void EmitDiagonalPair(Group group, ReadOnlySpan<Complex> product)
    {
        var polynomial = new PhasePolynomial();
        Complex d0 = product[0], d1 = product[5] / d0, d2 = product[10] / d0;
        _phase *= d0;
        polynomial.Multiply(group.Low, group.Low, d1);
        polynomial.Multiply(group.High, group.High, d2);
        polynomial.Multiply(group.Low, group.High, product[15] / (d0 * d1 * d2));
        EmitPolynomial(polynomial);
    }

    private void Finish()
    {
        for (var bit = 0; bit < _bits; bit++)
        {
            EmitWaiting(bit);
        }

        var polynomial = new PhasePolynomial();
        for (var bit = 0; bit < _bits; bit++)
        {
            if (_linear[bit] != Complex.One)
            {
                polynomial.Multiply(bit, bit, _linear[bit]);
            }

            for (var rest = _partners[bit]; rest != 0; rest &= rest - 1)
            {
                TakePair(polynomial, bit, BitOperations.TrailingZeroCount(rest));
            }
        }

        if (polynomial.Count > 0)
        {
            EmitPolynomial(polynomial);
        }
    }

    private void Emit(in FusedOperation operation)
    {
        _operations.Add(operation);
        _movedSincePolynomial |= operation.Moved;
    }

    private FusedOperation Create(long controls, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> matrix)
    {
        var operation = new FusedOperation { Kind = FusedKind.Matrix, Target = _targets.Count, TargetCount = targets.Length, Values = _values.Count, Controls = controls, Read = controls };
        _targets.AddRange(targets);
        _values.AddRange(matrix);
        foreach (var target in targets)
        {
            operation.Moved |= 1L << target;
        }

        operation.Cost = PairCost;
        if (targets.Length == 1)
        {
            var exchange = matrix[0] == 0 && matrix[3] == 0 && matrix[1] == 1 && matrix[2] == 1;
            operation.Kind = exchange ? FusedKind.Exchange : FusedKind.Single;
            operation.Cost = exchange ? ExchangeCost : IsReal(matrix) ? RealCost : DenseCost;
            if (matrix[1] == 0 && matrix[2] == 0)
            {
                operation.Read |= operation.Moved;
                operation.Moved = 0;
                operation.Cost = PhaseCost;
            }
        }

        return operation;
    }

    // The product of the one-qubit gates that a group begins with; returns the first member that is not one.
    private int Begin(Group group, Span<Complex> product)
    {
        ReadOnlySpan<Complex> low = Identity, high = Identity;
        var members = CollectionsMarshal.AsSpan(group.Members);
        var count = 0;
        for (; count < members.Length && count < 2; count++)
        {
            ref readonly var member = ref members[count];
            var target = TargetsOf(member)[0];
            if (member.TargetCount != 1 || member.Controls != 0 || (count == 1 && target == TargetsOf(members[0])[0]))
            {
                break;
            }

            if (target == group.Low)
            {
                low = ValuesOf(member);
            }
            else
            {
                high = ValuesOf(member);
            }
        }

        SmallMatrix.Kronecker(high, low, product);
        return count;
    }

    // Multiplies a 4×4 matrix from the left by the members of a group from a given one on.
    private void Multiply(Group group, int firstMember, Span<Complex> product)
    {
        foreach (ref readonly var member in CollectionsMarshal.AsSpan(group.Members)[firstMember..])
        {
            var matrix = ValuesOf(member);
            var targets = TargetsOf(member);
            var first = targets[0] == group.Low ? 0 : 1;
            if (member.Kind == FusedKind.Exchange)
            {
                SmallMatrix.Exchange(first, member.Controls != 0, product);
            }
            else if (targets.Length == 1)
            {
                SmallMatrix.MultiplySingle(matrix, first, member.Controls != 0, product);
            }
            else
            {
                SmallMatrix.MultiplyPair(matrix, first, product);
            }
        }
    }

    private static bool IsDiagonal(ReadOnlySpan<Complex> matrix, int size)
    {
        for (int i = 0, diagonal = 0; i < matrix.Length; i++)
        {
            if (i == diagonal)
            {
                diagonal += size + 1;
            }
            else if (matrix[i] != Complex.Zero)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsReal(ReadOnlySpan<Complex> matrix)
    {
        foreach (var element in matrix)
        {
            if (element.Imaginary != 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Gates on one pair of bits with nothing else between them.</summary>
    private sealed class Group
    {
        public int Low { get; set; }

        public int High { get; set; }

        public List<FusedOperation> Members { get; } = [];
    }
}
