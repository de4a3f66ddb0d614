using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// What is counted of a circuit operation by operation, whatever state came before: kinds of gates, layers, which qubits meet, groups of gates, and the hash of the structure.
/// </summary>
internal sealed class CircuitCounts
{
    private const int MostFused = 4;

    // In the byte that is noted for each gate: what it does to basis states, and this bit if it is a Clifford gate.
    private const byte Clifford = 4;

    // Gates with more controls are counted one by one.
    private const int MostControls = 1, Classes = MostControls + 1;
    private static readonly byte[] Structures = [.. GateCatalog.Table.Select(g => (byte)g.Structure)];
    private static readonly bool[] MayBeT = [.. GateCatalog.Table.Select(g => g == GateCatalog.T || g == GateCatalog.Tdg || g == GateCatalog.P || g == GateCatalog.RZ)];

    private readonly Circuit _circuit;
    private readonly UnionFind _blocks;
    private readonly QubitPairs _pairs;
    private readonly long[] _place;
    private readonly int[] _byGate = new int[Classes * GateCatalog.Table.Length];
    private readonly int[] _group = [-1, -1, -1, -1];
    private int _groupSize;
    private ulong _groupMask;
    private long _last;
    private ulong _hash = 0xCBF29CE484222325;

    /// <summary>Counts.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="steps">One for each operation; for gates, what <see cref="StructureOf"/> and <see cref="IsClifford"/> read is written there.</param>
    public CircuitCounts(Circuit circuit, Span<byte> steps)
    {
        var n = circuit.NumQubits;
        _circuit = circuit;
        (_blocks, _pairs, _place) = (new UnionFind(n), new QubitPairs(n), new long[n]);
        Mix((ulong)n);
        Count(steps);
        for (var k = 0; k < _byGate.Length; k++)
        {
            if (_byGate[k] > 0)
            {
                var gate = GateCatalog.Table[k / Classes];
                Add(_byGate[k], gate.Structure, gate.NumQubits, k % Classes);
            }
        }
    }

    public int Gates { get; private set; }

    public int TwoQubit { get; private set; }

    public int MultiQubit { get; private set; }

    public int Diagonal { get; private set; }

    public int Monomial { get; private set; }

    public int Cliffords { get; private set; }

    public int Ts { get; private set; }

    /// <summary>The place of the first T gate; beyond the last operation where there is none.</summary>
    public int FirstT { get; private set; } = int.MaxValue;

    /// <summary>The place of the first gate that is no Clifford gate; beyond the last operation where there is none.</summary>
    public int FirstOther { get; private set; } = int.MaxValue;

    /// <summary>The gates before that.</summary>
    public int CliffordPrefix { get; private set; }

    public int Measurements { get; private set; }

    /// <summary>The place of the first measurement; negative where there is none.</summary>
    public int FirstMeasurement { get; private set; } = -1;

    public int Resets { get; private set; }

    /// <summary>The place of the first reset; that of no operation where there is none.</summary>
    public int FirstReset { get; private set; } = int.MaxValue;

    /// <summary>Whether a run depends on results.</summary>
    public bool IsDynamic { get; private set; }

    /// <summary>Gates on no qubit.</summary>
    public int OnNoQubit { get; private set; }

    /// <summary>Groups of consecutive gates that fit on four qubits.</summary>
    public int Groups { get; private set; }

    /// <summary>What a state vector goes over.</summary>
    public double DenseWork { get; private set; }

    public int Depth => (int)(_last >> 32);

    /// <summary>The gates on two qubits on the longest path.</summary>
    public int PairsInDepth => (int)(uint)_last;

    /// <summary>The cells of qubits and layers in which something is done.</summary>
    public long Live { get; private set; }

    /// <summary>The pairs of qubits that a gate ever joined.</summary>
    public int QubitPairs => _pairs.Count;

    public ulong StructuralHash => _hash;

    /// <summary>What a gate does to basis states.</summary>
    public static GateStructure StructureOf(byte step) => (GateStructure)(step & (Clifford - 1));

    /// <summary>Whether a gate is a Clifford gate.</summary>
    public static bool IsClifford(byte step) => (step & Clifford) != 0;

    /// <summary>The groups of qubits that never interact, without idle ones, and the size of the largest.</summary>
    public (int Blocks, int Largest) Blocks() => _blocks.Count();

    private void Count(Span<byte> steps)
    {
        var operations = _circuit.Operations;
        var isWide = _circuit.NumQubits > 64;
        for (var i = 0; i < operations.Length; i++)
        {
            ref readonly var op = ref operations[i];
            var qubits = _circuit.QubitsOf(op);
            MixOperation(op, qubits);
            if (op.Kind is OperationKind.Gate or OperationKind.Unitary)
            {
                steps[i] = Gate(i, op);
                Join(qubits);
                if (isWide)
                {
                    FuseWide(qubits);
                }
                else
                {
                    Fuse(qubits);
                }

                Place(qubits);
            }
            else if (op.Kind != OperationKind.Barrier)
            {
                Other(i, op, qubits);
            }
        }

        CliffordPrefix = FirstOther == int.MaxValue ? Gates : CliffordPrefix;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte Gate(int at, in Operation op)
    {
        Gates++;
        var isClifford = CliffordCheck.IsClifford(_circuit, op);
        Cliffords += isClifford ? 1 : 0;
        if (!isClifford)
        {
            NotClifford(at, op);
        }

        if (op.Kind != OperationKind.Gate)
        {
            Add(1, GateStructure.Generic, op.QubitCount - op.ControlCount, op.ControlCount);
            return (byte)GateStructure.Generic;
        }

        var structure = Structures[op.GateIndex];
        if (op.ControlCount <= MostControls)
        {
            _byGate[(Classes * op.GateIndex) + op.ControlCount]++;
        }
        else
        {
            Add(1, (GateStructure)structure, op.QubitCount - op.ControlCount, op.ControlCount);
        }

        return (byte)(structure | (isClifford ? Clifford : 0));
    }

    private void NotClifford(int at, in Operation op)
    {
        IsDynamic |= op.HasDynamicParameters;
        if (FirstOther == int.MaxValue)
        {
            (FirstOther, CliffordPrefix) = (at, Gates - 1);
        }

        if (op.Kind == OperationKind.Gate && op.ControlCount == 0 && MayBeT[op.GateIndex] && !op.HasDynamicParameters && IsT(op))
        {
            Ts++;
            FirstT = Math.Min(FirstT, at);
        }
    }

    // Measurements, resets and what depends on them.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Other(int at, in Operation op, ReadOnlySpan<int> qubits)
    {
        switch (op.Kind)
        {
            case OperationKind.Measure:
                FirstMeasurement = Measurements++ == 0 ? at : FirstMeasurement;
                Mix((ulong)op.Argument);
                Place(qubits);
                break;
            case OperationKind.Reset:
                FirstReset = Resets++ == 0 ? at : FirstReset;
                Place(qubits);
                break;
            default:
                IsDynamic = true;
                Mix((ulong)op.Argument);
                break;
        }
    }

    // Adds gates of one kind.
    private void Add(int count, GateStructure structure, int targets, int controls)
    {
        var qubits = targets + controls;
        TwoQubit += qubits == 2 ? count : 0;
        MultiQubit += qubits > 2 ? count : 0;
        Diagonal += structure == GateStructure.Diagonal ? count : 0;
        Monomial += structure == GateStructure.Monomial ? count : 0;
        DenseWork += count * PowersOfTwo.Of(structure == GateStructure.Diagonal ? -1 : Math.Max(1, targets) - 1) * PowersOfTwo.Of(_circuit.NumQubits - controls);
    }

    // Of gates that are not Clifford gates.
    private bool IsT(in Operation op)
    {
        if (_circuit.GateOf(op).NumParameters == 0)
        {
            return true;
        }

        var eighths = _circuit.FirstParameterOf(op) / (Math.PI / 4);
        return Math.Abs(eighths - Math.Round(eighths)) < 1e-12 * Math.Max(1, Math.Abs(eighths)) && ((long)Math.Round(eighths) & 1) != 0;
    }

    private void Join(ReadOnlySpan<int> qubits)
    {
        if (qubits.Length == 1)
        {
            _blocks.Touch(qubits[0]);
        }

        for (var i = 1; i < qubits.Length; i++)
        {
            _blocks.Join(qubits[0], qubits[i]);
            _pairs.Add(qubits[i - 1], qubits[i]);
        }
    }

    // The operation goes into the first layer behind those of its qubits. A place is the layer, and below it the pairs on the longest path there.
    private void Place(ReadOnlySpan<int> qubits)
    {
        if (qubits.Length is 1 or 2)
        {
            // One qubit twice is one qubit.
            ref long first = ref _place[qubits[0]], second = ref _place[qubits[^1]];
            first = second = Math.Max(first, second) + (1L << 32) + (qubits.Length - 1);
            Live += qubits.Length;
            _last = Math.Max(_last, first);
            return;
        }

        if (qubits.Length == 0)
        {
            OnNoQubit++;
            return;
        }

        long place = 0;
        foreach (var q in qubits)
        {
            place = Math.Max(place, _place[q]);
        }

        place += 1L << 32;
        foreach (var q in qubits)
        {
            _place[q] = place;
        }

        Live += qubits.Length;
        _last = Math.Max(_last, place);
    }

    // Counts groups of consecutive gates that fit on four qubits.
    private void Fuse(ReadOnlySpan<int> qubits)
    {
        var mask = qubits.Length == 0 ? 0 : (1UL << qubits[0]) | (1UL << qubits[^1]);
        for (var i = 1; i < qubits.Length - 1; i++)
        {
            mask |= 1UL << qubits[i];
        }

        // Without a branch: whether a gate fits is hard to foresee.
        var joined = _groupMask | mask;
        var fits = (_groupMask != 0 & BitOperations.PopCount(joined) <= MostFused) | mask == 0;
        Groups += fits ? 0 : 1;
        _groupMask = fits ? joined : mask;
    }

    // The same for any number of qubits. In free places of the group there is none.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FuseWide(ReadOnlySpan<int> qubits)
    {
        var group = Vector128.LoadUnsafe(ref _group[0]);
        var size = _groupSize;
        foreach (var q in qubits)
        {
            if (Vector128.EqualsAny(group, Vector128.Create(q)))
            {
                continue;
            }

            if (size == MostFused)
            {
                Groups++;
                _groupSize = Math.Min(qubits.Length, MostFused);
                _group.AsSpan().Fill(-1);
                qubits[.._groupSize].CopyTo(_group);
                return;
            }

            _group[size++] = q;
        }

        Groups += _groupSize == 0 && size > 0 ? 1 : 0;
        _groupSize = size;
    }

    // Kind, gate, number of controls and the first two qubits, of 20 bits each, make one word.
    private void MixOperation(in Operation op, ReadOnlySpan<int> qubits)
    {
        var word = ((ulong)op.Kind << 60) | ((ulong)op.GateIndex << 51) | ((ulong)op.ControlCount << 40);
        Mix(word ^ (qubits.Length > 0 ? (ulong)(uint)qubits[0] << 20 : 0) ^ (qubits.Length > 1 ? (uint)qubits[1] : 0));
        for (var i = 2; i < qubits.Length; i++)
        {
            Mix((uint)qubits[i]);
        }
    }

    private void Mix(ulong value)
    {
        _hash ^= value;
        _hash *= 0x9E3779B97F4A7C15;
        _hash ^= _hash >> 29;
    }
}
