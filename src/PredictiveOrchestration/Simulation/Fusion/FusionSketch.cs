using System.Numerics;
using System.Runtime.CompilerServices;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation.Fusion;

/// <summary>
/// About what <see cref="GateFuser"/> and <see cref="PassPlanner"/> would make of a circuit, from masks of qubits and the kinds of gates alone: no matrix is multiplied, passes take the first
/// that comes. Ten times cheaper than the real thing, so that a profile can have it. Not thread-safe.
/// </summary>
/// <typeparam name="TPlaces"><see cref="Noted"/> where it is asked at which place of the circuit work arises; anything else costs nothing.</typeparam>
internal sealed partial class FusionSketch<TPlaces>
    where TPlaces : struct
{
    /// <summary>The most qubits that are followed.</summary>
    public const int MostQubits = GateFuser.MaxBits;

    // Members beyond these cost more than the product, which is then what is done.
    private const int MostMembers = 10;
    private const int MostKeptPasses = 256, MostKeptSteps = 8192;
    private const byte Identity = 0b11_10_01_00;
    private const int KindCount = (int)Kind.Pair + 1;
    private static readonly Kind[] Kinds = [.. GateCatalog.Table.Select(KindOf)];

    // Those of the diagonal gates that do nothing where their angle is zero, exactly: then the fuser leaves them out.
    private static readonly bool[] HaveAngle = [.. GateCatalog.Table.Select(g => g.Structure == GateStructure.Diagonal && g.NumParameters == 1)];
    private static readonly double[] Costs = [0, GateFuser.PhaseCost, GateFuser.PhaseCost, GateFuser.ExchangeCost, GateFuser.RealCost, GateFuser.RealCost, GateFuser.DenseCost, GateFuser.PairCost];

    private static readonly double[] WaitingCosts = [.. Enum.GetValues<Kind>().Select(k => k == Kind.None ? 0 : IsReal(k) ? GateFuser.RealCost : GateFuser.DenseCost)];

    // Of the later kind and the earlier one.
    private static readonly Kind[] Products = [.. Enum.GetValues<Kind>().SelectMany(a => Enum.GetValues<Kind>().Select(b => ProductOf(a, b)))];

    private static readonly double[] SharesOfControls = [.. Enumerable.Range(0, MostQubits + 1).Select(k => Math.ScaleB(1, -k))];

    // A profile has only one at a time.
    [ThreadStatic]
    private static FusionSketch<TPlaces>? _kept;

    private readonly int[] _place = new int[MostQubits];
    private readonly Kind[] _waiting = new Kind[MostQubits];
    private readonly uint[] _partners = new uint[MostQubits];
    private readonly int[] _movedPass = new int[MostQubits], _readPass = new int[MostQubits];

    // A group of gates on one pair of bits with nothing else between them stands at its lower bit; both bits say that, one higher, as 0 is none.
    private readonly byte[] _open = new byte[MostQubits];
    private readonly Group[] _groups = new Group[MostQubits];
    private readonly Member[] _members = new Member[MostQubits * MostMembers];
    private Pass[] _passes = new Pass[4];

    // The bits of each pass's blocks that were asked for.
    private uint[] _masks = new uint[4];
    private int _bits, _blockBits;
    private int _passCount;
    private uint _linear, _linearReal, _quadratic;

    // What all gates moved so far, and those of the first run of them.
    private uint _allMoved, _firstMoved;

    // The bits behind which one-qubit gates wait, and those in a group.
    private uint _isWaiting, _isOpen;

    // The last product of phases: its pass, its bits, those that all factors look at and the number of factors; and what was moved since.
    private int _lastPass, _lastCount;
    private uint _lastBits, _lastCommon, _movedSince;
    private bool _isDirty;

    private FusionSketch()
    {
    }

    // What a one-qubit matrix is like.
    private enum Kind : byte
    {
        None,
        RealDiagonal,
        Diagonal,
        Exchange,
        Hadamard,
        Real,
        Complex,

        /// <summary>A matrix on several bits.</summary>
        Pair,
    }

    /// <summary>Begins a sketch; ended by <see cref="Finish()"/> on the same thread. Null where there are too many qubits.</summary>
    public static FusionSketch<TPlaces>? Begin(int numQubits)
    {
        if (numQubits > MostQubits)
        {
            return null;
        }

        var sketch = _kept ?? new FusionSketch<TPlaces>();
        _kept = null;
        sketch.Clear(numQubits);
        return sketch;
    }

    /// <summary>Takes in a gate or unitary.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="op">The operation.</param>
    /// <param name="qubits">Its qubits, controls first.</param>
    public void Apply(Circuit circuit, in Operation op, ReadOnlySpan<int> qubits)
    {
        var kind = op.Kind == OperationKind.Gate ? Kinds[op.GateIndex] : Kind.Complex;
        if (kind == Kind.Diagonal && HaveAngle[op.GateIndex] && circuit.FirstParameterOf(op) == 0)
        {
            return;
        }

        _isDirty = true;
        if (_mayWait != 0)
        {
            GoOn(qubits);
        }

        if (qubits.Length == 1)
        {
            var bit = _place[qubits[0]];
            if (kind <= Kind.Diagonal)
            {
                AddLinear(1u << bit, kind);
                NotePhases(bit);
            }
            else
            {
                PrepareMove(1u << bit);
                _waiting[bit] = Product(kind, _waiting[bit]);
                _isWaiting |= 1u << bit;
                NoteWaiting(bit, _at);
            }

            return;
        }

        int controls = op.ControlCount, targets = qubits.Length - controls;
        if (targets == 2 && controls == 0 && op.Kind == OperationKind.Gate && op.GateIndex == GateCatalog.Swap.Index)
        {
            (_place[qubits[0]], _place[qubits[1]]) = (_place[qubits[1]], _place[qubits[0]]);
            return;
        }

        uint read = 0, moved = 0;
        for (var i = 0; i < qubits.Length; i++)
        {
            var mask = 1u << _place[qubits[i]];
            read |= i < controls ? mask : 0;
            moved |= i < controls ? 0 : mask;
        }

        if (kind <= Kind.Diagonal)
        {
            AddPhases(read | moved, qubits.Length, kind);
        }
        else if (qubits.Length == 2)
        {
            AddPair(read, moved, kind);
        }
        else
        {
            PrepareMove(moved);
            EmitWaitingOf(read | moved);
            Emit(new Member(moved, read, targets == 1 ? kind : Kind.Pair), _at);
        }
    }

    // Ends a run of gates: what waits is done.
    private void Flush()
    {
        if (!_isDirty)
        {
            return;
        }

        _isDirty = false;
        for (var rest = _isWaiting | _isOpen; rest != 0; rest &= rest - 1)
        {
            EmitWaiting(BitOperations.TrailingZeroCount(rest));
        }

        if ((_linear | _quadratic) != 0)
        {
            var (bits, factors) = (_linear | _quadratic, BitOperations.PopCount(_linear));
            var (common, at) = (bits, 0);
            for (var rest = bits; rest != 0; rest &= rest - 1)
            {
                at = Math.Max(at, _phasesAt[BitOperations.TrailingZeroCount(rest)]);
            }

            for (var rest = _linear; rest != 0; rest &= rest - 1)
            {
                common &= rest & (0 - rest);
            }

            for (var rest = _quadratic; rest != 0; rest &= rest - 1)
            {
                var bit = BitOperations.TrailingZeroCount(rest);
                for (var partners = _partners[bit] >> bit; partners != 0; partners &= partners - 1)
                {
                    common &= (1u << bit) | (1u << (bit + BitOperations.TrailingZeroCount(partners)));
                    factors++;
                }

                _partners[bit] = 0;
            }

            _linear = _linearReal = _quadratic = 0;
            EmitPhases(bits, common, factors, at);
        }

        if (_firstMoved == 0)
        {
            _firstMoved = _allMoved;
        }

        // The next run is planned by itself.
        _lastPass = -1;
        for (var bit = 0; bit < _bits; bit++)
        {
            _movedPass[bit] = _readPass[bit] = _passCount;
        }
    }

    /// <summary>The amounts of <see cref="FusedWork"/>, after what waits was done; ends the sketch.</summary>
    public double[] Finish() => Finish([]);

    /// <summary>The same, and what of it is done where.</summary>
    /// <param name="places">For each place that was named by <see cref="At"/> as many numbers as there are amounts; what is done there is added. None where that is not asked.</param>
    public double[] Finish(Span<double> places)
    {
        Flush();
        var sums = new double[FusedWork.Count];
        var work = new FusedWork(_bits, _blockBits, sizeof(double), _firstMoved);
        var touched = work.TouchedSoFar;
        if (places.Length > 0)
        {
            places[work.TouchedKind] += touched;
        }

        var next = 0;
        for (var p = 0; p < _passCount; p++)
        {
            Measure(ref work, ref next, p, sums, places);
            ref var pass = ref _passes[p];
            var (visited, inPlace, copied) = work.Visit(_blockBits == _bits ? (1L << _bits) - 1 : PassPlanner.Fill(_masks[p], _bits, _blockBits), pass.Moved);
            sums[FusedWork.Steps] += pass.Steps;
            sums[FusedWork.Updated] += visited * pass.Updated;
            sums[FusedWork.Phased] += visited * pass.Phased;
            sums[FusedWork.Exchanged] += visited * pass.Exchanged;
            sums[FusedWork.InPlace] += inPlace;
            sums[FusedWork.Copied] += copied;
            if (places.Length > 0)
            {
                (pass.Visited, pass.Touched, touched) = (visited, work.TouchedSoFar - touched, work.TouchedSoFar);
                (pass.InPlace, pass.Copied) = (inPlace, copied);
            }
        }

        Measure(ref work, ref next, _passCount, sums, places);
        sums[work.TouchedKind] = work.TouchedSoFar;
        sums[FusedWork.Read] = work.Readable;
        if (places.Length > 0)
        {
            Place(places, work.TouchedKind);

            // What measurements behind the last pass touch.
            places[places.Length - FusedWork.Count + work.TouchedKind] += work.TouchedSoFar - touched;
            places[places.Length - FusedWork.Count + FusedWork.Read] += work.Readable;
        }

        _kept = Math.Max(_passes.Length, _results.Length) <= MostKeptPasses && _steps.Length <= MostKeptSteps ? this : null;
        return sums;
    }

    private void Clear(int numQubits)
    {
        _bits = Math.Max(4, numQubits);
        _blockBits = PassPlanner.BlockBits(_bits);
        for (var q = 0; q < numQubits; q++)
        {
            _place[q] = q;
        }

        Array.Clear(_waiting);
        Array.Clear(_partners);
        Array.Clear(_movedPass);
        Array.Clear(_readPass);
        Array.Clear(_open);
        Array.Clear(_passes, 0, _passCount);
        _passCount = 0;
        _linear = _linearReal = _quadratic = _allMoved = _firstMoved = _isWaiting = _isOpen = 0;
        _lastPass = -1;
        _isDirty = false;
        (_stepCount, _at, _resultCount, _mayWait) = (0, 0, 0, 0);
    }

    private static Kind KindOf(GateDefinition gate)
    {
        if (gate.Structure == GateStructure.Diagonal)
        {
            return gate == GateCatalog.Z || gate == GateCatalog.Id ? Kind.RealDiagonal : Kind.Diagonal;
        }

        return gate == GateCatalog.X ? Kind.Exchange : gate == GateCatalog.H ? Kind.Hadamard : gate == GateCatalog.RY ? Kind.Real : Kind.Complex;
    }

    private static Kind Product(Kind a, Kind b) => Products[((int)a * KindCount) + (int)b];

    private static Kind ProductOf(Kind a, Kind b)
    {
        if (b == Kind.None)
        {
            return a;
        }

        if (a <= Kind.Diagonal && b <= Kind.Diagonal)
        {
            return a > b ? a : b;
        }

        return a == b && a is Kind.Exchange or Kind.Hadamard ? Kind.RealDiagonal : IsReal(a) && IsReal(b) ? Kind.Real : Kind.Complex;
    }

    private static bool IsReal(Kind kind) => kind is not (Kind.Diagonal or Kind.Complex or Kind.Pair);

    private void AddLinear(uint bit, Kind kind)
    {
        _linearReal = kind == Kind.RealDiagonal && (_linear & bit) == 0 ? _linearReal | bit : kind == Kind.RealDiagonal ? _linearReal : _linearReal & ~bit;
        _linear |= bit;
    }

    private void AddPhases(uint mask, int qubits, Kind kind)
    {
        if (qubits == 2)
        {
            int low = BitOperations.TrailingZeroCount(mask), high = BitOperations.Log2(mask);
            _partners[low] |= 1u << high;
            _partners[high] |= 1u << low;
            NotePhases(low);
            NotePhases(high);
            _quadratic |= mask;
            return;
        }

        if (qubits > 2)
        {
            EmitWaitingOf(mask);
            Emit(new Member(0, mask, Kind.Diagonal), _at);
        }
    }

    private void AddPair(uint read, uint moved, Kind kind)
    {
        PrepareMove(moved);
        int low = BitOperations.TrailingZeroCount(read | moved), high = BitOperations.Log2(read | moved);
        ref var group = ref _groups[low];
        if (_open[low] == 0 || _open[low] != _open[high])
        {
            if ((_open[low] | _open[high]) != 0)
            {
                Close(low);
                Close(high);
            }

            group = new Group { High = high, Permutation = Identity, IsPermuting = true };
            _open[low] = _open[high] = (byte)(low + 1);
            _isOpen |= read | moved;
        }

        Absorb(ref group, low, low);
        Absorb(ref group, low, high);
        Add(ref group, low, new Member(moved, read, read == 0 ? Kind.Pair : kind));
        group.At = IsNoted ? _at : 0;
        if (read != 0 && kind == Kind.Exchange)
        {
            group.Permutation ^= (byte)(moved > read ? (group.Permutation & 0x55) << 1 : (group.Permutation & 0xAA) >> 1);
        }
        else
        {
            group.IsPermuting = false;
        }
    }

    private void Absorb(ref Group group, int low, int bit)
    {
        var kind = _waiting[bit];
        if (kind == Kind.None)
        {
            return;
        }

        Take(bit);
        Add(ref group, low, Single(bit, kind));
        if (kind == Kind.Exchange)
        {
            group.Permutation ^= bit == low ? (byte)0x55 : (byte)0xAA;
        }
        else
        {
            group.IsPermuting &= kind <= Kind.Diagonal;
        }
    }

    // Members are kept while they may be done one by one.
    private void Add(ref Group group, int low, in Member member)
    {
        group.Cost += Costs[(int)member.Kind];
        if (group.Cost <= GateFuser.PairCost && group.Count < MostMembers)
        {
            _members[(low * MostMembers) + group.Count] = member;
        }

        group.Count++;
    }

    private static Member Single(int bit, Kind kind) => kind <= Kind.Diagonal ? new Member(0, 1u << bit, kind) : new Member(1u << bit, 0, kind);

    // Before gates move bits, their phases must have been applied.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PrepareMove(uint moved)
    {
        if (((_quadratic | _linear) & moved) != 0)
        {
            ApplyPhases(moved);
        }
    }

    private void ApplyPhases(uint moved)
    {
        for (var rest = moved; rest != 0; rest &= rest - 1)
        {
            var mask = rest & (0 - rest);
            var bit = BitOperations.TrailingZeroCount(mask);
            if ((_quadratic & mask) != 0)
            {
                EmitPhasesOf(bit);
            }
            else if ((_linear & mask) != 0)
            {
                _waiting[bit] = Product((_linearReal & mask) != 0 ? Kind.RealDiagonal : Kind.Diagonal, _waiting[bit]);
                _isWaiting |= mask;
                NoteWaiting(bit, _phasesAt[bit]);
                _linear &= ~mask;
                _linearReal &= ~mask;
            }
        }
    }

    private void EmitPhasesOf(int bit)
    {
        var (mask, partners) = (1u << bit, _partners[bit]);
        for (var rest = _quadratic & (_isWaiting | _isOpen); rest != 0; rest &= rest - 1)
        {
            var other = BitOperations.TrailingZeroCount(rest);
            if (_open[other] == 0 || ((partners | mask) >> other & 1) != 0)
            {
                EmitWaiting(other);
            }
        }

        var hasLinear = (_linear & mask) != 0;
        var factors = BitOperations.PopCount(partners) + (hasLinear ? 1 : 0);
        _linear &= ~mask;
        _linearReal &= ~mask;
        for (var rest = partners; rest != 0; rest &= rest - 1)
        {
            var other = BitOperations.TrailingZeroCount(rest);
            _partners[other] &= ~mask;
            _quadratic &= _partners[other] == 0 ? ~(1u << other) : uint.MaxValue;
        }

        _partners[bit] = 0;
        _quadratic &= ~mask;
        EmitPhases(mask | partners, factors == 1 ? mask | partners : mask, factors, _phasesAt[bit]);
    }

    private void EmitPhases(uint bits, uint common, int factors, int at)
    {
        if (_lastPass >= 0 && (_movedSince & bits) == 0)
        {
            // It joins the last one, which may then have to wait for a later pass.
            var before = FusedWork.PhasedShare(_lastCommon, _lastCount);
            _passes[_lastPass].Phased -= before;
            _passes[_lastPass].Steps--;
            Note(at, _lastPass, -1, 0, -before, 0);
            (_lastBits, _lastCommon, _lastCount) = (_lastBits | bits, _lastCommon & common, _lastCount + factors);
        }
        else
        {
            (_lastBits, _lastCommon, _lastCount, _movedSince, _lastPass) = (bits, common, factors, 0, 0);
        }

        _lastPass = Math.Max(_lastPass, PassOf(0, bits));
        Read(_lastBits, _lastPass);
        var share = FusedWork.PhasedShare(_lastCommon, _lastCount);
        _passes[_lastPass].Steps++;
        _passes[_lastPass].Phased += share;
        Note(at, _lastPass, 1, 0, share, 0);
    }

    private void EmitWaitingOf(uint mask)
    {
        for (mask &= _isWaiting | _isOpen; mask != 0; mask &= mask - 1)
        {
            EmitWaiting(BitOperations.TrailingZeroCount(mask));
        }
    }

    private void EmitWaiting(int bit)
    {
        Close(bit);
        if (_waiting[bit] is not Kind.None and var kind)
        {
            Take(bit);
            Emit(Single(bit, kind), _waitingAt[bit]);
        }
    }

    private void Close(int bit)
    {
        if (_open[bit] == 0)
        {
            return;
        }

        var low = _open[bit] - 1;
        ref readonly var group = ref _groups[low];
        var high = group.High;
        _open[low] = _open[high] = 0;
        _isOpen &= ~((1u << low) | (1u << high));
        var separate = group.Cost + ((Waiting(low) + Waiting(high)) / 2);
        if (group.Count > 1 && group.IsPermuting && group.Permutation == Identity)
        {
            EmitPhases((1u << low) | (1u << high), 0, 3, group.At);
        }
        else if (separate <= GateFuser.PairCost && group.Count <= MostMembers)
        {
            for (var m = low * MostMembers; m < (low * MostMembers) + group.Count; m++)
            {
                Emit(_members[m], group.At);
            }
        }
        else
        {
            var at = Math.Max(group.At, Math.Max(_waiting[low] == Kind.None ? 0 : _waitingAt[low], _waiting[high] == Kind.None ? 0 : _waitingAt[high]));
            Take(low);
            Take(high);
            EmitPair(low, high, at);
        }
    }

    private double Waiting(int bit) => WaitingCosts[(int)_waiting[bit]];

    // What waits is done otherwise.
    private void Take(int bit)
    {
        _waiting[bit] = Kind.None;
        _isWaiting &= ~(1u << bit);
    }

    private void Emit(in Member member, int place)
    {
        _movedSince |= member.Moved;
        _allMoved |= member.Moved;
        var at = _blockBits == _bits ? PassOfAll(member.Moved) : PassOf(member.Moved, member.Read);
        ref var pass = ref _passes[at];
        pass.Steps++;
        if (member.Kind == Kind.Exchange)
        {
            var share = SharesOfControls[BitOperations.PopCount(member.Read)];
            pass.Exchanged += share;
            Note(place, at, 1, 0, 0, share);
        }
        else
        {
            pass.Updated += Costs[(int)member.Kind];
            Note(place, at, 1, Costs[(int)member.Kind], 0, 0);
        }
    }

    // The same for a matrix on two bits, which most groups become.
    private void EmitPair(int low, int high, int place)
    {
        var moved = (1u << low) | (1u << high);
        _movedSince |= moved;
        _allMoved |= moved;
        int at;
        if (_blockBits == _bits)
        {
            at = PassOfAll(moved);
        }
        else
        {
            at = PassWithRoom(Math.Max(Math.Max(_movedPass[low], _readPass[low]), Math.Max(_movedPass[high], _readPass[high])), moved);
            _movedPass[low] = _movedPass[high] = at;
        }

        ref var pass = ref _passes[at];
        pass.Steps++;
        pass.Updated += GateFuser.PairCost;
        Note(place, at, 1, GateFuser.PairCost, 0, 0);
    }

    // A state that is one block: runs of gates are passes.
    private int PassOfAll(uint moved)
    {
        if (_passCount == _movedPass[0])
        {
            AddPass();
        }

        _passes[_passCount - 1].Moved |= moved;
        return _passCount - 1;
    }

    // The first pass behind those that an operation may not overtake whose blocks have room for the bits that it moves.
    private int PassOf(uint moved, uint read)
    {
        if (_blockBits == _bits)
        {
            return PassOfAll(moved);
        }

        var at = 0;
        for (var rest = moved; rest != 0; rest &= rest - 1)
        {
            var bit = BitOperations.TrailingZeroCount(rest);
            at = Math.Max(at, Math.Max(_movedPass[bit], _readPass[bit]));
        }

        for (var rest = read; rest != 0; rest &= rest - 1)
        {
            at = Math.Max(at, _movedPass[BitOperations.TrailingZeroCount(rest)]);
        }

        at = PassWithRoom(at, moved);
        for (var rest = moved; rest != 0; rest &= rest - 1)
        {
            _movedPass[BitOperations.TrailingZeroCount(rest)] = at;
        }

        Read(read, at);
        return at;
    }

    // The first pass from some on whose blocks have room for bits; it takes them.
    private int PassWithRoom(int at, uint moved)
    {
        var masks = _masks.AsSpan(0, _passCount);
        while (at < masks.Length && BitOperations.PopCount(masks[at] | moved) > _blockBits)
        {
            at++;
        }

        if (at == _passCount)
        {
            AddPass();
        }

        _masks[at] |= moved;
        _passes[at].Moved |= moved;
        return at;
    }

    private void Read(uint bits, int pass)
    {
        if (_blockBits == _bits)
        {
            return;
        }

        for (; bits != 0; bits &= bits - 1)
        {
            var bit = BitOperations.TrailingZeroCount(bits);
            _readPass[bit] = Math.Max(_readPass[bit], pass);
        }
    }

    private void AddPass()
    {
        if (_passCount == _passes.Length)
        {
            Array.Resize(ref _passes, 2 * _passCount);
            Array.Resize(ref _masks, 2 * _passCount);
        }

        _masks[_passCount] = (uint)PassPlanner.Rows(_blockBits);
        _passes[_passCount++] = default;
    }

    private readonly record struct Member(uint Moved, uint Read, Kind Kind);

    private struct Pass
    {
        public uint Moved;
        public int Steps;
        public double Updated, Phased, Exchanged;

        /// <summary>How often something joined it, and what it goes over; where places are asked for.</summary>
        public int Joined;
        public double Visited, InPlace, Copied, Touched;
    }

    private struct Group
    {
        public int High, Count, At;
        public double Cost;

        /// <summary>Where each of the four values of the pair goes, two bits each.</summary>
        public byte Permutation;

        /// <summary>Whether there is nothing else than permutations and phases.</summary>
        public bool IsPermuting;
    }
}
