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

    // Gates with more controls are counted one by one.
    private const int MostControls = 1, Classes = MostControls + 1;

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
    /// <param name="kinds">What its gates are.</param>
    public CircuitCounts(Circuit circuit, GateKinds kinds)
    {
        var n = circuit.NumQubits;
        _circuit = circuit;
        (_blocks, _pairs, _place) = (new UnionFind(n), new QubitPairs(n), new long[n]);
        IsDynamic = kinds.HaveDynamicParameters;
        Mix((ulong)n);
        Count();
        for (var k = 0; k < _byGate.Length; k++)
        {
            if (_byGate[k] > 0)
            {
                var gate = GateCatalog.Table[k / Classes];
                Add(_byGate[k], gate.Structure, gate.NumQubits, k % Classes);
            }
        }
    }

    public int TwoQubit { get; private set; }

    public int MultiQubit { get; private set; }

    public int Diagonal { get; private set; }

    public int Monomial { get; private set; }

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

    /// <summary>The groups of qubits that never interact, without idle ones, and the size of the largest.</summary>
    public (int Blocks, int Largest) Blocks() => _blocks.Count();

    private void Count()
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
                Gate(op);
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
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Gate(in Operation op)
    {
        if (op.Kind != OperationKind.Gate)
        {
            Add(1, GateStructure.Generic, op.QubitCount - op.ControlCount, op.ControlCount);
        }
        else if (op.ControlCount <= MostControls)
        {
            _byGate[(Classes * op.GateIndex) + op.ControlCount]++;
        }
        else
        {
            Add(1, GateKinds.StructureOf(op), op.QubitCount - op.ControlCount, op.ControlCount);
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
