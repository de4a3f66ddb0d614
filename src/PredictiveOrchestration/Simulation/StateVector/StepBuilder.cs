using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PredictiveOrchestration.Simulation.Fusion;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// Turns fused operations into kernel steps for the blocks of a pass: index bits become bits within the block, lanes, or bits of the
/// block's number; coefficients are spread over the lanes. May be used again after <see cref="Clear"/>; not thread-safe.
/// </summary>
[SkipLocalsInit]
internal sealed class StepBuilder(GateFuser fused, DenseKernelSet kernels)
{
    private readonly List<KernelStep> _steps = [];
    private readonly List<double> _coefficients = [];
    private readonly List<PhaseProgram> _programs = [];
    private readonly int _laneBits = kernels.LaneBits;
    private readonly int _lanes = 1 << kernels.LaneBits;
    private readonly int[] _local = new int[64];
    private long _blockMask;
    private int _blockBits;

    public int StepCount => _steps.Count;

    public KernelStep[] Steps() => [.. _steps];

    public PhaseProgram[] Programs() => [.. _programs];

    public CoefficientTable Coefficients(CoefficientTable? room = null) => kernels.Table(CollectionsMarshal.AsSpan(_coefficients), room);

    /// <summary>Forgets all steps.</summary>
    public void Clear()
    {
        _steps.Clear();
        _coefficients.Clear();
        _programs.Clear();
    }

    /// <summary>The steps that follow are for blocks of these index bits.</summary>
    public void BeginPass(long blockMask)
    {
        _blockMask = blockMask;
        _blockBits = 0;
        for (var bit = 0; bit < _local.Length; bit++)
        {
            _local[bit] = (blockMask >> bit & 1) != 0 ? _blockBits++ : -1;
        }
    }

    public void Add(in FusedOperation operation)
    {
        switch (operation.Kind)
        {
            case FusedKind.Phase:
                AddMultiply(operation.Controls, operation.Controls, fused.ValuesOf(operation)[0]);
                break;
            case FusedKind.Polynomial:
                AddPolynomial(fused.PolynomialOf(operation));
                break;
            case FusedKind.Single when operation.Moved == 0:
                var bit = 1L << fused.TargetsOf(operation)[0];
                AddMultiply(bit, 0, fused.ValuesOf(operation)[0]);
                AddMultiply(bit, bit, fused.ValuesOf(operation)[3]);
                break;
            case FusedKind.Single or FusedKind.Exchange:
                AddSingle(operation);
                break;
            default:
                AddMatrix(operation);
                break;
        }
    }

    private void AddPolynomial(PhasePolynomial polynomial)
    {
        if (polynomial.Count == 1)
        {
            var (first, second, factor) = polynomial.Factors.First();
            var mask = 1L << first | 1L << second;
            AddMultiply(mask, mask, factor);
            return;
        }

        var (program, condition) = PhaseProgramBuilder.Create(polynomial, _blockMask, _local, _blockBits, kernels);
        _programs.Add(program);
        _steps.Add(new KernelStep { Kind = KernelKind.Phase, Coefficients = _programs.Count - 1, OuterMask = condition, OuterValue = condition });
    }

    // A phase where the bits of the mask have the given value.
    private void AddMultiply(long mask, long value, Complex factor)
    {
        if (factor == Complex.One)
        {
            return;
        }

        var step = Begin(KernelKind.Multiply, mask, value, out var laneMask, out var laneValue);
        Span<double> re = stackalloc double[_lanes], im = stackalloc double[_lanes];
        for (var lane = 0; lane < _lanes; lane++)
        {
            var element = (lane & laneMask) == laneValue ? factor : Complex.One;
            (re[lane], im[lane]) = (element.Real, element.Imaginary);
        }

        _coefficients.AddRange(re);
        _coefficients.AddRange(im);
        _steps.Add(step);
    }

    private void AddSingle(in FusedOperation operation)
    {
        var step = Begin(KernelKind.Pair, operation.Controls, operation.Controls, out var laneMask, out _);
        var target = _local[fused.TargetsOf(operation)[0]];
        var matrix = fused.ValuesOf(operation);
        if (target < _laneBits)
        {
            step.Kind = KernelKind.Lane;
            step.LaneExchange = (byte)(1 << target);
            AddLaneCoefficients(matrix, target, laneMask, 0);
            AddLaneCoefficients(matrix, target, laneMask, 1);
            _steps.Add(step);
            return;
        }

        step.Stride = 1L << target;
        step.FixedMask |= step.Stride;
        if (operation.Kind == FusedKind.Exchange && laneMask == 0)
        {
            step.Kind = KernelKind.Exchange;
            _steps.Add(step);
            return;
        }

        var real = true;
        Span<double> re = stackalloc double[_lanes], im = stackalloc double[_lanes];
        for (var i = 0; i < 4; i++)
        {
            for (var lane = 0; lane < _lanes; lane++)
            {
                var element = (lane & laneMask) == laneMask ? matrix[i] : i is 0 or 3 ? Complex.One : Complex.Zero;
                (re[lane], im[lane]) = (element.Real, element.Imaginary);
                real &= element.Imaginary == 0;
            }

            _coefficients.AddRange(re);
            _coefficients.AddRange(im);
        }

        step.Kind = real ? KernelKind.RealPair : KernelKind.Pair;
        _steps.Add(step);
    }

    // For each lane the element of its own row in its own column (other = 0) or in the other one (other = 1).
    private void AddLaneCoefficients(ReadOnlySpan<Complex> matrix, int target, int laneMask, int other)
    {
        Span<double> re = stackalloc double[_lanes], im = stackalloc double[_lanes];
        for (var lane = 0; lane < _lanes; lane++)
        {
            var row = lane >> target & 1;
            var element = (lane & laneMask) == laneMask ? matrix[row * 2 + (row ^ other)] : other == 0 ? Complex.One : Complex.Zero;
            (re[lane], im[lane]) = (element.Real, element.Imaginary);
        }

        _coefficients.AddRange(re);
        _coefficients.AddRange(im);
    }

    private void AddMatrix(in FusedOperation operation)
    {
        var step = Begin(KernelKind.Matrix, operation.Controls, operation.Controls, out var laneMask, out _);
        var targets = fused.TargetsOf(operation);
        var matrix = fused.ValuesOf(operation);
        var size = 1 << targets.Length;
        Span<int> low = stackalloc int[targets.Length], high = stackalloc int[targets.Length];
        int lowCount = 0, highCount = 0;
        for (var j = 0; j < targets.Length; j++)
        {
            if (_local[targets[j]] < _laneBits)
            {
                low[lowCount++] = j;
            }
            else
            {
                high[highCount++] = j;
                step.FixedMask |= 1L << _local[targets[j]];
            }
        }

        step.VectorCount = (byte)(1 << highCount);
        step.ExchangeCount = (byte)(1 << lowCount);

        // The matrix index of each vector of a group, and of each lane.
        Span<int> vectorIndex = stackalloc int[step.VectorCount], laneIndex = stackalloc int[_lanes];
        vectorIndex.Clear();
        laneIndex.Clear();
        for (var h = 0; h < step.VectorCount; h++)
        {
            for (var j = 0; j < highCount; j++)
            {
                step.VectorOffsets[h] |= (h >> j & 1) << _local[targets[high[j]]];
                vectorIndex[h] |= (h >> j & 1) << high[j];
            }
        }

        for (var e = 0; e < step.ExchangeCount; e++)
        {
            for (var j = 0; j < lowCount; j++)
            {
                step.LaneExchanges[e] |= (byte)((e >> j & 1) << _local[targets[low[j]]]);
            }
        }

        for (var lane = 0; lane < _lanes; lane++)
        {
            for (var j = 0; j < lowCount; j++)
            {
                laneIndex[lane] |= (lane >> _local[targets[low[j]]] & 1) << low[j];
            }
        }

        // Where each lane finds its element, relative to the elements of a pair of vectors.
        Span<int> offsets = stackalloc int[step.ExchangeCount * _lanes];
        for (var e = 0; e < step.ExchangeCount; e++)
        {
            for (var lane = 0; lane < _lanes; lane++)
            {
                offsets[e * _lanes + lane] = laneIndex[lane] * size + laneIndex[lane ^ step.LaneExchanges[e]];
            }
        }

        var coefficients = Room(2 * _lanes * step.VectorCount * step.VectorCount * step.ExchangeCount);
        for (var h = 0; h < step.VectorCount; h++)
        {
            for (var g = 0; g < step.VectorCount; g++)
            {
                var elements = matrix[(vectorIndex[h] * size + vectorIndex[g])..];
                for (var e = 0; e < step.ExchangeCount; e++)
                {
                    Span<double> re = coefficients[.._lanes], im = coefficients.Slice(_lanes, _lanes);
                    coefficients = coefficients[(2 * _lanes)..];
                    var at = offsets.Slice(e * _lanes, _lanes);
                    if (lowCount == 0)
                    {
                        re.Fill(elements[0].Real);
                        im.Fill(elements[0].Imaginary);
                    }

                    // Most of the time of planning a small circuit goes here: no checks, the offsets are all within the matrix.
                    ref var origin = ref MemoryMarshal.GetReference(elements);
                    for (var lane = 0; lowCount != 0 && lane < at.Length; lane++)
                    {
                        ref var element = ref Unsafe.Add(ref origin, at[lane]);
                        Unsafe.Add(ref MemoryMarshal.GetReference(re), lane) = element.Real;
                        Unsafe.Add(ref MemoryMarshal.GetReference(im), lane) = element.Imaginary;
                    }

                    for (var lane = 0; laneMask != 0 && lane < _lanes; lane++)
                    {
                        if ((lane & laneMask) != laneMask)
                        {
                            (re[lane], im[lane]) = (h == g && e == 0 ? 1 : 0, 0);
                        }
                    }
                }
            }
        }

        _steps.Add(step);
    }

    // Makes room for coefficients at the end of the list.
    private Span<double> Room(int count)
    {
        var start = _coefficients.Count;
        CollectionsMarshal.SetCount(_coefficients, start + count);
        return CollectionsMarshal.AsSpan(_coefficients)[start..];
    }

    // Splits a condition on index bits into lanes, bits of the block and bits of the block's number.
    private KernelStep Begin(KernelKind kind, long mask, long value, out int laneMask, out int laneValue)
    {
        var step = new KernelStep { Kind = kind, Coefficients = _coefficients.Count, OuterMask = mask & ~_blockMask, OuterValue = value & ~_blockMask };
        laneMask = laneValue = 0;
        for (var rest = mask & _blockMask; rest != 0; rest &= rest - 1)
        {
            var bit = BitOperations.TrailingZeroCount(rest);
            var local = _local[bit];
            var set = (int)(value >> bit & 1);
            if (local < _laneBits)
            {
                laneMask |= 1 << local;
                laneValue |= set << local;
            }
            else
            {
                step.FixedMask |= 1L << local;
                step.FixedValue |= (long)set << local;
            }
        }

        return step;
    }
}
