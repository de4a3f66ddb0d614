using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation.Fusion;

/// <summary>
/// About what <see cref="GateFuser"/> and <see cref="PassPlanner"/> would make of a circuit, from masks of qubits and the kinds of gates alone: no matrix is multiplied, passes take the first
/// that comes. Ten times cheaper than the real thing, so that a profile can have it. Not thread-safe.
/// </summary>
internal sealed class FusionSketch
{
    /// <summary>The most qubits that are followed.</summary>
    public const int MostQubits = GateFuser.MaxBits;

    // Members beyond these cost more than the product, which is then what is done.
    private const int MostMembers = 10;
    private const byte Identity = 0b11_10_01_00;
    private static readonly Kind[] Kinds = [.. GateCatalog.Table.Select(KindOf)];
    private static readonly double[] Costs = [0, GateFuser.PhaseCost, GateFuser.PhaseCost, GateFuser.ExchangeCost, GateFuser.RealCost, GateFuser.RealCost, GateFuser.DenseCost];

    private readonly int _bits, _blockBits;
    private readonly int[] _place;
    private readonly Kind[] _waiting;
    private readonly uint[] _partners;
    private readonly Group?[] _open;
    private readonly int[] _movedPass, _readPass;
    private readonly List<Group> _spare = [];
    private readonly double[] _sums = new double[FusedWork.Count];
    private Pass[] _passes = new Pass[4];
    private int _passCount;
    private uint _linear, _linearReal, _quadratic, _allMoved;

    // The last product of phases: its pass, its bits, those that all factors look at and the number of factors; and what was moved since.
    private int _lastPass = -1, _lastCount;
    private uint _lastBits, _lastCommon, _movedSince;
    private bool _isDirty;

    public FusionSketch(int numQubits)
    {
        _bits = Math.Max(4, numQubits);
        _blockBits = PassPlanner.BlockBits(_bits);
        (_waiting, _partners, _open, _movedPass, _readPass) = (new Kind[_bits], new uint[_bits], new Group?[_bits], new int[_bits], new int[_bits]);
        _place = new int[numQubits];
        for (var q = 0; q < numQubits; q++)
        {
            _place[q] = q;
        }
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
    }

    /// <summary>Takes in a gate or unitary.</summary>
    public void Apply(Circuit circuit, in Operation op)
    {
        ReadOnlySpan<int> controls = circuit.ControlsOf(op), targets = circuit.TargetsOf(op);
        var isGate = op.Kind == OperationKind.Gate;
        var kind = isGate ? Kinds[op.GateIndex] : Kind.Complex;
        _isDirty = true;
        if (targets.Length == 1 && controls.Length == 0)
        {
            var bit = _place[targets[0]];
            if (kind <= Kind.Diagonal)
            {
                AddLinear(1u << bit, kind);
            }
            else
            {
                PrepareMove(bit);
                _waiting[bit] = Product(kind, _waiting[bit]);
            }

            return;
        }

        if (isGate && controls.Length == 0 && circuit.GateOf(op) == GateCatalog.Swap)
        {
            (_place[targets[0]], _place[targets[1]]) = (_place[targets[1]], _place[targets[0]]);
            return;
        }

        uint read = 0, moved = 0;
        foreach (var q in controls)
        {
            read |= 1u << _place[q];
        }

        foreach (var q in targets)
        {
            moved |= 1u << _place[q];
        }

        var qubits = controls.Length + targets.Length;
        if (kind <= Kind.Diagonal)
        {
            AddPhases(read | moved, qubits, kind);
        }
        else if (qubits == 2)
        {
            AddPair(read, moved, kind);
        }
        else
        {
            for (var rest = moved; rest != 0; rest &= rest - 1)
            {
                PrepareMove(BitOperations.TrailingZeroCount(rest));
            }

            EmitWaitingOf(read | moved);
            Emit(new Member(moved, read, targets.Length == 1 ? kind : Kind.Complex, targets.Length == 1 ? Costs[(int)kind] : GateFuser.PairCost));
        }
    }

    /// <summary>Ends a run of gates: what waits is done.</summary>
    public void Flush()
    {
        if (!_isDirty)
        {
            return;
        }

        _isDirty = false;
        for (var bit = 0; bit < _bits; bit++)
        {
            EmitWaiting(bit);
        }

        if ((_linear | _quadratic) != 0)
        {
            var (bits, factors) = (_linear | _quadratic, BitOperations.PopCount(_linear));
            var common = bits;
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
            EmitPhases(bits, common, factors);
        }

        // The next run is planned by itself.
        _lastPass = -1;
        for (var bit = 0; bit < _bits; bit++)
        {
            _movedPass[bit] = _readPass[bit] = _passCount;
        }
    }

    /// <summary>The amounts of <see cref="FusedWork"/>, after what waits was done.</summary>
    /// <param name="elementBytes">The bytes of a real number.</param>
    public double[] Finish(int elementBytes = sizeof(double))
    {
        Flush();
        var work = new FusedWork(_bits, _blockBits, elementBytes, _allMoved);
        foreach (ref readonly var pass in _passes.AsSpan(0, _passCount))
        {
            var (visited, inPlace, copied) = work.Visit(_blockBits == _bits ? (1L << _bits) - 1 : PassPlanner.Fill(pass.Mask, _bits, _blockBits), pass.Moved);
            _sums[FusedWork.Steps] += pass.Steps;
            _sums[FusedWork.Updated] += visited * pass.Updated;
            _sums[FusedWork.Phased] += visited * pass.Phased;
            _sums[FusedWork.Exchanged] += visited * pass.Exchanged;
            _sums[FusedWork.InPlace] += inPlace;
            _sums[FusedWork.Copied] += copied;
        }

        _sums[work.TouchedKind] = work.TouchedSoFar;
        _sums[FusedWork.Read] = work.Readable;
        return _sums;
    }

    private static Kind KindOf(GateDefinition gate)
    {
        if (gate.Structure == GateStructure.Diagonal)
        {
            return gate == GateCatalog.Z || gate == GateCatalog.Id ? Kind.RealDiagonal : Kind.Diagonal;
        }

        return gate == GateCatalog.X ? Kind.Exchange : gate == GateCatalog.H ? Kind.Hadamard : gate == GateCatalog.RY ? Kind.Real : Kind.Complex;
    }

    private static Kind Product(Kind a, Kind b)
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

    private static bool IsReal(Kind kind) => kind is not (Kind.Diagonal or Kind.Complex);

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
            _quadratic |= mask;
            return;
        }

        if (qubits > 2)
        {
            EmitWaitingOf(mask);
            Emit(new Member(0, mask, kind, GateFuser.PhaseCost));
        }
    }

    private void AddPair(uint read, uint moved, Kind kind)
    {
        for (var rest = moved; rest != 0; rest &= rest - 1)
        {
            PrepareMove(BitOperations.TrailingZeroCount(rest));
        }

        int low = BitOperations.TrailingZeroCount(read | moved), high = BitOperations.Log2(read | moved);
        var group = _open[low];
        if (group is null || group != _open[high])
        {
            Close(low);
            Close(high);
            group = Spare();
            (group.Low, group.High, group.Count, group.Cost, group.Permutation, group.IsPermuting) = (low, high, 0, 0, Identity, true);
            _open[low] = _open[high] = group;
        }

        Absorb(group, low);
        Absorb(group, high);
        if (read == 0)
        {
            group.IsPermuting = false;
            group.Add(new Member(moved, 0, Kind.Complex, GateFuser.PairCost));
            return;
        }

        group.Add(new Member(moved, read, kind, Costs[(int)kind]));
        if (kind == Kind.Exchange)
        {
            group.Permutation ^= (byte)(moved > read ? (group.Permutation & 0x55) << 1 : (group.Permutation & 0xAA) >> 1);
        }
        else
        {
            group.IsPermuting = false;
        }
    }

    private void Absorb(Group group, int bit)
    {
        var kind = _waiting[bit];
        if (kind == Kind.None)
        {
            return;
        }

        _waiting[bit] = Kind.None;
        group.Add(Single(bit, kind));
        if (kind == Kind.Exchange)
        {
            group.Permutation ^= bit == group.Low ? (byte)0x55 : (byte)0xAA;
        }
        else
        {
            group.IsPermuting &= kind <= Kind.Diagonal;
        }
    }

    private static Member Single(int bit, Kind kind) => kind <= Kind.Diagonal ? new Member(0, 1u << bit, kind, GateFuser.PhaseCost) : new Member(1u << bit, 0, kind, Costs[(int)kind]);

    private void PrepareMove(int bit)
    {
        var mask = 1u << bit;
        if ((_quadratic & mask) != 0)
        {
            EmitPhasesOf(bit);
        }
        else if ((_linear & mask) != 0)
        {
            _waiting[bit] = Product((_linearReal & mask) != 0 ? Kind.RealDiagonal : Kind.Diagonal, _waiting[bit]);
            _linear &= ~mask;
            _linearReal &= ~mask;
        }
    }

    private void EmitPhasesOf(int bit)
    {
        var (mask, partners) = (1u << bit, _partners[bit]);
        for (var rest = _quadratic; rest != 0; rest &= rest - 1)
        {
            var other = BitOperations.TrailingZeroCount(rest);
            if (_open[other] is null || ((partners | mask) >> other & 1) != 0)
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
        EmitPhases(mask | partners, factors == 1 ? mask | partners : mask, factors);
    }

    private void EmitPhases(uint bits, uint common, int factors)
    {
        if (_lastPass >= 0 && (_movedSince & bits) == 0)
        {
            // It joins the last one, which may then have to wait for a later pass.
            _passes[_lastPass].Phased -= FusedWork.PhasedShare(_lastCommon, _lastCount);
            _passes[_lastPass].Steps--;
            (_lastBits, _lastCommon, _lastCount) = (_lastBits | bits, _lastCommon & common, _lastCount + factors);
        }
        else
        {
            (_lastBits, _lastCommon, _lastCount, _movedSince, _lastPass) = (bits, common, factors, 0, 0);
        }

        _lastPass = Math.Max(_lastPass, PassOf(0, bits));
        Read(_lastBits, _lastPass);
        _passes[_lastPass].Steps++;
        _passes[_lastPass].Phased += FusedWork.PhasedShare(_lastCommon, _lastCount);
    }

    private void EmitWaitingOf(uint mask)
    {
        for (; mask != 0; mask &= mask - 1)
        {
            EmitWaiting(BitOperations.TrailingZeroCount(mask));
        }
    }

    private void EmitWaiting(int bit)
    {
        Close(bit);
        if (_waiting[bit] is not Kind.None and var kind)
        {
            _waiting[bit] = Kind.None;
            Emit(Single(bit, kind));
        }
    }

    private void Close(int bit)
    {
        if (_open[bit] is not { } group)
        {
            return;
        }

        int low = group.Low, high = group.High;
        _open[low] = _open[high] = null;
        var separate = group.Cost + ((Waiting(low) + Waiting(high)) / 2);
        if (group.Count > 1 && group.IsPermuting && group.Permutation == Identity)
        {
            EmitPhases((1u << low) | (1u << high), 0, 3);
        }
        else if (separate <= GateFuser.PairCost)
        {
            foreach (ref readonly var member in group.Members.AsSpan(0, group.Count))
            {
                Emit(member);
            }
        }
        else
        {
            _waiting[low] = _waiting[high] = Kind.None;
            Emit(new Member((1u << low) | (1u << high), 0, Kind.Complex, GateFuser.PairCost));
        }

        _spare.Add(group);
    }

    private double Waiting(int bit) => _waiting[bit] == Kind.None ? 0 : IsReal(_waiting[bit]) ? GateFuser.RealCost : GateFuser.DenseCost;

    private Group Spare()
    {
        if (_spare.Count == 0)
        {
            return new Group();
        }

        var group = _spare[^1];
        _spare.RemoveAt(_spare.Count - 1);
        return group;
    }

    private void Emit(in Member member)
    {
        _movedSince |= member.Moved;
        _allMoved |= member.Moved;
        var at = PassOf(member.Moved, member.Read);
        ref var pass = ref _passes[at];
        pass.Steps++;
        if (member.Kind == Kind.Exchange)
        {
            pass.Exchanged += Math.ScaleB(1, -BitOperations.PopCount(member.Read));
        }
        else
        {
            pass.Updated += member.Cost;
        }
    }

    // The first pass behind those that an operation may not overtake whose blocks have room for the bits that it moves.
    private int PassOf(uint moved, uint read)
    {
        if (_blockBits == _bits)
        {
            // Runs of gates are passes.
            if (_passCount == _movedPass[0])
            {
                AddPass();
            }

            _passes[_passCount - 1].Moved |= moved;
            return _passCount - 1;
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

        while (at < _passCount && BitOperations.PopCount(_passes[at].Mask | moved) > _blockBits)
        {
            at++;
        }

        if (at == _passCount)
        {
            AddPass();
        }

        _passes[at].Mask |= moved;
        _passes[at].Moved |= moved;
        for (var rest = moved; rest != 0; rest &= rest - 1)
        {
            _movedPass[BitOperations.TrailingZeroCount(rest)] = at;
        }

        Read(read, at);
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
        }

        _passes[_passCount++] = new Pass { Mask = (uint)PassPlanner.Rows(_blockBits) };
    }

    private readonly record struct Member(uint Moved, uint Read, Kind Kind, double Cost);

    private struct Pass
    {
        public uint Mask, Moved;
        public int Steps;
        public double Updated, Phased, Exchanged;
    }

    /// <summary>Gates on one pair of bits with nothing else between them.</summary>
    private sealed class Group
    {
        public readonly Member[] Members = new Member[MostMembers];
        public int Low, High, Count;
        public double Cost;

        /// <summary>Where each of the four values of the pair goes, two bits each.</summary>
        public byte Permutation;

        /// <summary>Whether there is nothing else than permutations and phases.</summary>
        public bool IsPermuting;

        public void Add(in Member member)
        {
            Cost += member.Cost;
            if (Count < MostMembers)
            {
                Members[Count++] = member;
            }
        }
    }
}
