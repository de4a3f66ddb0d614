using System.Numerics;
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
        _x = (int[])other._x.Clone();
        _z = (int[])other._z.Clone();
    }

    public int NumQubits { get; }

    /// <summary>Bytes that a tableau of n qubits holds.</summary>
    public static long SizeBytes(int numQubits)
    {
        var alignment = TableauKernels.Alignment;
        var half = ((numQubits + 63L) / 64 + alignment - 1) / alignment * alignment;
        return 8 * (2L * numQubits * 2 * half + 4 * 2 * half) + 8L * numQubits;
    }

    public StabilizerTableau Clone() => new(this);

    public void H(int q)
    {
        TableauKernels.XorAnd(X(q), Z(q), _signs);
        (_x[q], _z[q]) = (_z[q], _x[q]);
    }

    public void S(int q) => TableauKernels.PhaseGate(X(q), Z(q), _signs);

    public void PauliX(int q) => TableauKernels.Xor(Z(q), _signs);

    public void PauliZ(int q) => TableauKernels.Xor(X(q), _signs);

    public void CX(int control, int target) => TableauKernels.ControlledX(X(control), Z(control), X(target), Z(target), _signs);

    public void CZ(int a, int b) => TableauKernels.ControlledZ(X(a), Z(a), X(b), Z(b), _signs);

    public void Swap(int a, int b)
    {
        (_x[a], _x[b]) = (_x[b], _x[a]);
        (_z[a], _z[b]) = (_z[b], _z[a]);
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
        return ProductSign(_mask.AsSpan(0, _half));
    }

    /// <summary>Collapses a qubit whose measurement is random (<paramref name="row"/> from <see cref="RandomRow"/>) onto an outcome.</summary>
    public void Project(int qubit, int row, bool outcome)
    {
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

    // The sign of the product of the stabilizers selected by mask; they commute, so the product is ± a Pauli.
    private bool ProductSign(ReadOnlySpan<ulong> mask)
    {
        var phase = 0;
        for (var w = 0; w < _half; w++)
        {
            phase += 2 * BitOperations.PopCount(_signs[_half + w] & mask[w]);
        }

        for (var q = 0; q < NumQubits; q++)
        {
            phase += TableauKernels.ProductPhase(mask, X(q)[_half..], Z(q)[_half..], out var x, out var z);
            phase -= x && z ? 1 : 0;
        }

        return (phase & 2) != 0;
    }

    private static void SetBit(Span<ulong> column, int word, ulong bit, bool value) =>
        column[word] = value ? column[word] | bit : column[word] & ~bit;

    private Span<ulong> X(int qubit) => _words.AsSpan(_x[qubit] * _length, _length);

    private Span<ulong> Z(int qubit) => _words.AsSpan(_z[qubit] * _length, _length);
}
