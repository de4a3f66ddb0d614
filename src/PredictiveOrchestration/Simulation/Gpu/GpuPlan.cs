using System.Numerics;
using System.Runtime.InteropServices;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>
/// A run of operations as passes of steps for the device: three tables that are copied there, and the passes. May be filled with several
/// circuits one after the other; not thread-safe.
/// </summary>
internal sealed class GpuPlan
{
    private readonly GateFuser _fused = new();
    private readonly List<GpuStep> _steps = [];
    private readonly List<int> _lists = [];
    private readonly List<Complex> _values = [];
    private readonly List<GpuPass> _passes = [];
    private readonly int[] _local = new int[64];
    private long _tileMask;
    private int _tileBits;

    public ReadOnlySpan<GpuStep> Steps => CollectionsMarshal.AsSpan(_steps);

    /// <summary>Positions of rows, and of bits beyond the tile.</summary>
    public ReadOnlySpan<int> Lists => CollectionsMarshal.AsSpan(_lists);

    /// <summary>Matrices, row by row, and factors.</summary>
    public ReadOnlySpan<Complex> Values => CollectionsMarshal.AsSpan(_values);

    public ReadOnlySpan<GpuPass> Passes => CollectionsMarshal.AsSpan(_passes);

    public void Clear()
    {
        _steps.Clear();
        _lists.Clear();
        _values.Clear();
        _passes.Clear();
    }

    /// <summary>Room at the beginning of the lists for the caller's own.</summary>
    public void ReserveLists(int count) => CollectionsMarshal.SetCount(_lists, count);

    public void SetList(int index, int value) => _lists[index] = value;

    /// <summary>Adds operations <paramref name="start"/> to <paramref name="end"/>.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="start">The first operation.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="classical">The memory that dynamic parameters read.</param>
    /// <param name="bits">The index bits of the state.</param>
    /// <param name="bitOfQubit">The index bit of each qubit; changed by swaps.</param>
    /// <returns>What the state's global phase is multiplied by.</returns>
    public Complex Add(Circuit circuit, int start, int end, ClassicalState? classical, int bits, int[] bitOfQubit)
    {
        _fused.Fuse(circuit, start, end, classical, bits, bitOfQubit);
        var tileBits = Math.Min(bits, GpuKernels.TileBits);
        foreach (var (mask, operations) in PassPlanner.Plan(_fused.Operations, bits, tileBits))
        {
            var first = _steps.Count;
            BeginPass(mask);
            long moved = 0;
            foreach (var index in operations)
            {
                Add(_fused.Operations[index]);
                moved |= _fused.Operations[index].Moved;
            }

            var (rowBits, rows) = AddRows();
            _passes.Add(new GpuPass(mask, moved, tileBits, rowBits, rows, first, _steps.Count));
        }

        var phase = _fused.Phase;
        _fused.Clear();
        return phase;
    }

    private void BeginPass(long mask)
    {
        _tileMask = mask;
        _tileBits = 0;
        for (var bit = 0; bit < _local.Length; bit++)
        {
            _local[bit] = (mask >> bit & 1) != 0 ? _tileBits++ : -1;
        }
    }

    // Where the contiguous rows of a tile begin, relative to its first amplitude.
    private (int RowBits, int First) AddRows()
    {
        int rowBits = BitOperations.TrailingZeroCount(~_tileMask), first = _lists.Count;
        for (var row = 0; row < 1 << (_tileBits - rowBits); row++)
        {
            var position = 0;
            var value = row;
            for (var mask = _tileMask >> rowBits << rowBits; mask != 0; mask &= mask - 1, value >>= 1)
            {
                position |= (value & 1) != 0 ? (int)(mask & -mask) : 0;
            }

            _lists.Add(position);
        }

        return (rowBits, first);
    }

    private void Add(in FusedOperation operation)
    {
        switch (operation.Kind)
        {
            case FusedKind.Phase:
                AddMultiply(operation.Controls, operation.Controls, _fused.ValuesOf(operation)[0]);
                break;
            case FusedKind.Polynomial:
                AddPolynomial(_fused.PolynomialOf(operation));
                break;
            case FusedKind.Single when operation.Moved == 0:
                var bit = 1L << _fused.TargetsOf(operation)[0];
                AddMultiply(bit, 0, _fused.ValuesOf(operation)[0]);
                AddMultiply(bit, bit, _fused.ValuesOf(operation)[3]);
                break;
            default:
                AddMatrix(operation);
                break;
        }
    }

    // A phase where the bits of the mask have the given value.
    private void AddMultiply(long mask, long value, Complex factor)
    {
        if (factor == Complex.One)
        {
            return;
        }

        _steps.Add(Begin(GpuStep.Multiply, 0, mask, value));
        _values.Add(factor);
    }

    private void AddMatrix(in FusedOperation operation)
    {
        var targets = _fused.TargetsOf(operation);
        var step = Begin(
            operation.Kind == FusedKind.Exchange ? GpuStep.Exchange : targets.Length switch { 1 => GpuStep.Pair, 2 => GpuStep.Quad, _ => GpuStep.Matrix },
            operation.Moved, operation.Controls, operation.Controls);
        step.Length = targets.Length;
        Span<int> local = stackalloc int[5];
        for (var t = 0; t < targets.Length; t++)
        {
            local[t] = 1 << _local[targets[t]];
        }

        (step.Target0, step.Target1, step.Target2, step.Target3, step.Target4) = (local[0], local[1], local[2], local[3], local[4]);
        _steps.Add(step);
        if (operation.Kind != FusedKind.Exchange)
        {
            _values.AddRange(_fused.ValuesOf(operation));
        }
    }

    // The part within the tile is one table for all tiles; what looks beyond it is worked out by each group for its own tile.
    private void AddPolynomial(PhasePolynomial polynomial)
    {
        if (polynomial.Count == 1)
        {
            var (first, second, factor) = polynomial.Factors.First();
            var mask = 1L << first | 1L << second;
            AddMultiply(mask, mask, factor);
            return;
        }

        var outer = new List<int>();
        for (var rest = polynomial.Bits & ~_tileMask; rest != 0; rest &= rest - 1)
        {
            outer.Add(BitOperations.TrailingZeroCount(rest));
        }

        AddTable(polynomial);
        if (outer.Count > 0)
        {
            AddOuter(polynomial, outer);
        }
    }

    private void AddTable(PhasePolynomial polynomial)
    {
        var within = polynomial.Factors.Where(f => _local[f.First] >= 0 && _local[f.Second] >= 0).ToList();
        if (within.Count == 0)
        {
            return;
        }

        // By doubling: the upper half is the lower one, times the new bit's factor with each of its partners below.
        var table = new Complex[1 << _tileBits];
        var row = new Complex[1 << _tileBits];
        table[0] = Complex.One;
        for (var bit = 0; bit < _tileBits; bit++)
        {
            row[0] = Factor(bit, bit);
            for (var below = 0; below < bit; below++)
            {
                var pair = Factor(below, bit);
                for (var i = 0; i < 1 << below; i++)
                {
                    row[i + (1 << below)] = row[i] * pair;
                }
            }

            for (var i = 0; i < 1 << bit; i++)
            {
                table[i + (1 << bit)] = table[i] * row[i];
            }
        }

        _steps.Add(new GpuStep { Kind = GpuStep.Table, Values = _values.Count, Count = 1 << _tileBits });
        _values.AddRange(table);

        Complex Factor(int low, int high)
        {
            foreach (var (first, second, factor) in within)
            {
                if (_local[first] == low && _local[second] == high)
                {
                    return factor;
                }
            }

            return Complex.One;
        }
    }

    private void AddOuter(PhasePolynomial polynomial, List<int> outer)
    {
        var m = outer.Count;
        var numbers = new Complex[m * (m + 1) + _tileBits * m];
        Array.Fill(numbers, Complex.One);
        foreach (var (first, second, factor) in polynomial.Factors)
        {
            int a = outer.IndexOf(first), b = outer.IndexOf(second);
            if (a >= 0 && b >= 0)
            {
                numbers[a * (m + 1) + (a == b ? 0 : 1 + b)] = factor;
            }
            else if (a >= 0 || b >= 0)
            {
                numbers[m * (m + 1) + _local[a >= 0 ? second : first] * m + Math.Max(a, b)] = factor;
            }
        }

        var step = new GpuStep { Kind = GpuStep.PhaseFactors, Values = _values.Count, Count = 1 << _tileBits, Length = m, Target0 = _lists.Count };
        _values.AddRange(numbers);
        _lists.AddRange(outer);
        _steps.Add(step);
        _steps.Add(step with { Kind = GpuStep.PhaseTables });
        _steps.Add(step with { Kind = GpuStep.Phases });
    }

    // Splits a condition on index bits into bits of the tile and bits of its number.
    private GpuStep Begin(int kind, long targets, long mask, long value)
    {
        var step = new GpuStep { Kind = kind, Values = _values.Count, OuterMask = (int)(mask & ~_tileMask), OuterValue = (int)(value & ~_tileMask) };
        for (var rest = (mask | targets) & _tileMask; rest != 0; rest &= rest - 1)
        {
            var bit = BitOperations.TrailingZeroCount(rest);
            step.Fixed |= 1 << _local[bit];
            step.Ones |= (int)(value >> bit & 1) << _local[bit];
        }

        step.Count = 1 << (_tileBits - BitOperations.PopCount((uint)step.Fixed));
        return step;
    }
}

/// <summary>One pass over the memory.</summary>
/// <param name="TileMask">The index bits within a tile.</param>
/// <param name="Moved">The index bits that the steps move amplitudes across.</param>
/// <param name="TileBits">The number of index bits within a tile.</param>
/// <param name="RowBits">The base-2 logarithm of the length of its contiguous rows.</param>
/// <param name="Rows">Where the list of the rows' positions begins.</param>
/// <param name="FirstStep">The first step.</param>
/// <param name="LastStep">One past the last step.</param>
internal readonly record struct GpuPass(long TileMask, long Moved, int TileBits, int RowBits, int Rows, int FirstStep, int LastStep);
