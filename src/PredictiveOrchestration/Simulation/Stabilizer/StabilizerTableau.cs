using System.Numerics;
using System.Runtime.CompilerServices;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.Stabilizer;

/// <summary>
/// A stabilizer state of n qubits: n destabilizer and n stabilizer rows, bit-sliced by column so that a gate touches a few
/// contiguous runs of words and a Hadamard or swap exchanges columns by name. Random measurements cost O(n²/64) word operations.
/// </summary>
internal sealed class StabilizerTableau
{
    private readonly int _half;
    private readonly int _length;
    private readonly ulong[] _words;
    private readonly ulong[] _signs;
    private readonly ulong[] _mask;
    private readonly ulong[] _low;
    private readonly ulong[] _high;
    private readonly int[] _used;
    private readonly ulong[] _rowsWithX;
    private bool _rowsWithXAreKnown;
    private readonly int[] _x;
    private readonly int[] _z;

    /// <summary>Creates |0…0⟩: destabilizer i is X_i, stabilizer i is Z_i.</summary>
    public StabilizerTableau(int numQubits)
    {
        NumQubits = numQubits;
        var alignment = TableauKernels.Alignment;
        _half = ((numQubits + 63) / 64 + alignment - 1) / alignment * alignment;
        _length = 2 * _half;
        _words = new ulong[2L * numQubits * _length];
        _signs = new ulong[_length];
        _mask = new ulong[_length];
        _low = new ulong[_length];
        _high = new ulong[_length];
        _used = new int[_half];
        _rowsWithX = new ulong[_half];
        _x = new int[numQubits];
        _z = new int[numQubits];
        for (var q = 0; q < numQubits; q++)
        {
            _x[q] = 2 * q;
            _z[q] = 2 * q + 1;
            X(q)[q >> 6] |= 1UL << q;
            Z(q)[_half + (q >> 6)] |= 1UL << q;
        }
    }

    private StabilizerTableau(StabilizerTableau other)
    {
        NumQubits = other.NumQubits;
        _half = other._half;
        _length = other._length;
        _words = (ulong[])other._words.Clone();
        _signs = (ulong[])other._signs.Clone();
        _mask = new ulong[_length];
        _low = new ulong[_length];
        _high = new ulong[_length];
        _used = new int[_half];
        _rowsWithX = new ulong[_half];
        _x = (int[])other._x.Clone();
        _z = (int[])other._z.Clone();
    }

    public int NumQubits { get; }

    /// <summary>Bytes that a tableau of n qubits holds.</summary>
    public static long SizeBytes(int numQubits)
    {
        var alignment = TableauKernels.Alignment;
        var half = ((numQubits + 63L) / 64 + alignment - 1) / alignment * alignment;
        return 8 * (2L * numQubits * 2 * half + 4 * 2 * half) + 8L * numQubits + 12 * half;
    }

    public StabilizerTableau Clone() => new(this);

    public void H(int q)
    {
        _rowsWithXAreKnown = false;
        TableauKernels.XorAnd(X(q), Z(q), _signs);
        (_x[q], _z[q]) = (_z[q], _x[q]);
    }

    public void S(int q) => TableauKernels.PhaseGate(X(q), Z(q), _signs);

    public void PauliX(int q) => TableauKernels.Xor(Z(q), _signs);

    public void PauliZ(int q) => TableauKernels.Xor(X(q), _signs);

    public void CX(int control, int target)
    {
        _rowsWithXAreKnown = false;
        TableauKernels.ControlledX(X(control), Z(control), X(target), Z(target), _signs);
    }

    public void CZ(int a, int b) => TableauKernels.ControlledZ(X(a), Z(a), X(b), Z(b), _signs);

    public void Swap(int a, int b)
    {
        (_x[a], _x[b]) = (_x[b], _x[a]);
        (_z[a], _z[b]) = (_z[b], _z[a]);
    }

    /// <summary>Applies a primitive; <paramref name="b"/> is not used by gates on one qubit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(CliffordPrimitive gate, int a, int b)
    {
        switch (gate)
        {
            case CliffordPrimitive.H:
                H(a);
                break;
            case CliffordPrimitive.S:
                S(a);
                break;
            case CliffordPrimitive.X:
                PauliX(a);
                break;
            case CliffordPrimitive.Z:
                PauliZ(a);
                break;
            case CliffordPrimitive.CX:
                CX(a, b);
                break;
            case CliffordPrimitive.CZ:
                CZ(a, b);
                break;
            default:
                Swap(a, b);
                break;
        }
    }

    /// <summary>A stabilizer row of a state of at most 128 qubits.</summary>
    public PauliRow Stabilizer(int row)
    {
        UInt128 x = 0, z = 0;
        var word = _half + (row >> 6);
        for (var q = 0; q < NumQubits; q++)
        {
            x |= (UInt128)(X(q)[word] >> row & 1) << q;
            z |= (UInt128)(Z(q)[word] >> row & 1) << q;
        }

        // Each Y is i X Z.
        var ys = (int)UInt128.PopCount(x & z);
        return new PauliRow(x, z, (int)(2 * (_signs[word] >> row & 1) + (ulong)ys) & 3);
    }

    /// <summary>The stabilizer row that anticommutes with Z of the qubit, or -1 if its measurement is certain.</summary>
    public int RandomRow(int qubit)
    {
        var x = X(qubit)[_half..];
        for (var w = 0; w < x.Length; w++)
        {
            if (x[w] != 0)
            {
                return 64 * w + BitOperations.TrailingZeroCount(x[w]);
            }
        }

        return -1;
    }

    /// <summary>The outcome of measuring a qubit whose measurement is certain.</summary>
    public bool CertainOutcome(int qubit)
    {
        // The product of the stabilizers whose destabilizer partners anticommute with Z_qubit is ± Z_qubit.
        X(qubit)[.._half].CopyTo(_mask);
        return SelectsOnlyZ() ? SignParity() : ProductSign(_mask.AsSpan(0, _half));
    }

    /// <summary>Collapses a qubit whose measurement is random (<paramref name="row"/> from <see cref="RandomRow"/>) onto an outcome.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Project(int qubit, int row, bool outcome)
    {
        _rowsWithXAreKnown = false;
        X(qubit).CopyTo(_mask);
        var pivotWord = _half + (row >> 6);
        var pivotBit = 1UL << row;

        // The partner destabilizer is overwritten below, the pivot itself replaced: neither is multiplied.
        _mask[pivotWord] &= ~pivotBit;
        _mask[row >> 6] &= ~pivotBit;
        Array.Clear(_low);
        Array.Clear(_high);
        for (var q = 0; q < NumQubits; q++)
        {
            Span<ulong> x = X(q), z = Z(q);
            bool px = (x[pivotWord] & pivotBit) != 0, pz = (z[pivotWord] & pivotBit) != 0;
            if (px || pz)
            {
                TableauKernels.MultiplyColumn(px, pz, _mask, x, z, _low, _high);
            }

            SetBit(x, row >> 6, pivotBit, px);
            SetBit(z, row >> 6, pivotBit, pz);
            x[pivotWord] &= ~pivotBit;
            z[pivotWord] &= ~pivotBit;
        }

        Z(qubit)[pivotWord] |= pivotBit;
        var sign = (_signs[pivotWord] & pivotBit) != 0;
        if (sign)
        {
            TableauKernels.Xor(_mask, _signs);
        }

        TableauKernels.XorAnd(_high, _mask, _signs);
        SetBit(_signs, row >> 6, pivotBit, sign);
        SetBit(_signs, pivotWord, pivotBit, outcome);
    }

    /// <summary>Whether a stabilizer row has X or Y on a qubit.</summary>
    public bool StabilizerHasX(int row, int qubit) => (X(qubit)[_half + (row >> 6)] >> row & 1) != 0;

    /// <summary>
    /// The expectation value, 0 or ±1, of a product of Paulis given as qubits with X and Z flags.
    /// </summary>
    public int Expectation(IReadOnlyList<(int Qubit, Circuits.Pauli Operator)> factors)
    {
        // A row anticommutes with the product where the number of anticommuting factors is odd.
        Array.Clear(_low);
        foreach (var (qubit, op) in factors)
        {
            if ((op & Circuits.Pauli.X) != 0)
            {
                TableauKernels.Xor(Z(qubit), _low);
            }

            if ((op & Circuits.Pauli.Z) != 0)
            {
                TableauKernels.Xor(X(qubit), _low);
            }
        }

        if (_low.AsSpan(_half).ContainsAnyExcept(0UL))
        {
            return 0;
        }

        _low.AsSpan(0, _half).CopyTo(_mask);
        return ProductSign(_mask.AsSpan(0, _half)) ? -1 : 1;
    }

    // Whether the selected stabilizers are products of Z alone: then their signs multiply, and nothing else is to be done.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool SelectsOnlyZ()
    {
        if (!_rowsWithXAreKnown)
        {
            Array.Clear(_rowsWithX);
            for (var q = 0; q < NumQubits; q++)
            {
                TableauKernels.Or(X(q)[_half..], _rowsWithX);
            }

            _rowsWithXAreKnown = true;
        }

        for (var w = 0; w < _half; w++)
        {
            if ((_mask[w] & _rowsWithX[w]) != 0)
            {
                return false;
            }
        }

        return true;
    }

    private bool SignParity()
    {
        var parity = 0UL;
        for (var w = 0; w < _half; w++)
        {
            parity ^= _mask[w] & _signs[_half + w];
        }

        return (BitOperations.PopCount(parity) & 1) != 0;
    }

    // The sign of the product of the stabilizers selected by mask; they commute, so the product is ± a Pauli.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool ProductSign(ReadOnlySpan<ulong> mask)
    {
        var phase = 0;
        var used = 0;
        for (var w = 0; w < mask.Length; w++)
        {
            if (mask[w] != 0)
            {
                phase += 2 * BitOperations.PopCount(_signs[_half + w] & mask[w]);
                _used[used++] = w;
            }
        }

        var words = _used.AsSpan(0, used);
        for (var q = 0; q < NumQubits; q++)
        {
            phase += TableauKernels.ProductPhase(words, mask, X(q)[_half..], Z(q)[_half..], out var x, out var z);
            phase -= x && z ? 1 : 0;
        }

        return (phase & 2) != 0;
    }

    private static void SetBit(Span<ulong> column, int word, ulong bit, bool value) =>
        column[word] = value ? column[word] | bit : column[word] & ~bit;

    private Span<ulong> X(int qubit) => _words.AsSpan(_x[qubit] * _length, _length);

    private Span<ulong> Z(int qubit) => _words.AsSpan(_z[qubit] * _length, _length);
}
