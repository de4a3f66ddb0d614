using System.Numerics;
using System.Runtime.Intrinsics;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// One kernel call within blocks of 2^blockBits amplitudes. Index bits at and above blockBits are known from the block: the step
/// runs only in blocks whose number has <see cref="OutValue"/> under <see cref="OutMask"/>.
/// </summary>
internal abstract unsafe class DenseStep
{
    public long OutMask { get; init; }

    public long OutValue { get; init; }

    /// <summary>The parts that a block's work can be split into.</summary>
    public abstract long Units { get; }

    public abstract void Run(double* re, double* im, long first, long last);

    /// <summary>Prepares an operation for blocks; every bit it moves amplitudes across must be below <paramref name="blockBits"/>.</summary>
    public static void Prepare(DenseOperation operation, int blockBits, bool accelerated, List<DenseStep> steps)
    {
        if (operation.IsDiagonal)
        {
            PrepareDiagonal(operation, blockBits, accelerated, steps);
            return;
        }

        var controls = operation.Controls;
        long outMask = 0;
        foreach (var bit in controls)
        {
            outMask |= bit >= blockBits ? 1L << bit : 0;
        }

        if (!accelerated)
        {
            steps.Add(new ScalarStep(blockBits, [.. controls.Where(b => b < blockBits)], operation.Targets, operation.Matrix) { OutMask = outMask, OutValue = outMask });
            return;
        }

        var laneControls = LaneMask(controls);
        var inner = controls.Where(b => b >= 2 && b < blockBits).ToArray();
        if (operation.IsExchange && laneControls == 0 && operation.Targets[0] >= 2)
        {
            steps.Add(new ExchangeStep(Layout(blockBits, inner, operation.Targets), 1L << operation.Targets[0]) { OutMask = outMask, OutValue = outMask });
        }
        else
        {
            steps.Add(new MatrixStep(Layout(blockBits, inner, operation.Targets), operation, laneControls) { OutMask = outMask, OutValue = outMask });
        }
    }

    private static void PrepareDiagonal(DenseOperation operation, int blockBits, bool accelerated, List<DenseStep> steps)
    {
        // One step for each value of the target bits above the lanes, so that the phases of a step depend on the lane only.
        var high = operation.Targets.Where(b => b >= 2).ToArray();
        var size = 1 << operation.Targets.Length;
        var laneControls = LaneMask(operation.Controls);
        Span<double> phaseRe = stackalloc double[4], phaseIm = stackalloc double[4];
        for (var pattern = 0; pattern < 1 << high.Length; pattern++)
        {
            long value = 0, mask = 0;
            for (var j = 0; j < high.Length; j++)
            {
                mask |= 1L << high[j];
                value |= (long)(pattern >> j & 1) << high[j];
            }

            foreach (var bit in operation.Controls)
            {
                if (bit >= 2)
                {
                    mask |= 1L << bit;
                    value |= 1L << bit;
                }
            }

            var trivial = true;
            for (var lane = 0; lane < 4; lane++)
            {
                var index = 0;
                for (var j = 0; j < operation.Targets.Length; j++)
                {
                    var bit = operation.Targets[j];
                    index |= (int)((bit < 2 ? lane : value) >> bit & 1) << j;
                }

                var phase = (lane & laneControls) == laneControls ? operation.Matrix[index * size + index] : Complex.One;
                (phaseRe[lane], phaseIm[lane]) = (phase.Real, phase.Imaginary);
                trivial &= phase == Complex.One;
            }

            if (!trivial)
            {
                var inMask = mask & ((1L << blockBits) - 1);
                var layout = new RunLayout(blockBits, BitsOf(inMask), value & inMask);
                steps.Add(new MultiplyStep(layout, phaseRe, phaseIm, accelerated) { OutMask = mask & ~inMask, OutValue = value & ~inMask });
            }
        }
    }

    // The lanes 0 to 3 are index bits 0 and 1; a lane satisfies the controls there if it has these bits.
    private static int LaneMask(int[] controls)
    {
        var mask = 0;
        foreach (var bit in controls)
        {
            mask |= bit < 2 ? 1 << bit : 0;
        }

        return mask;
    }

    private static RunLayout Layout(int blockBits, int[] controls, int[] targets)
    {
        long value = 0, bits = 0;
        foreach (var bit in controls)
        {
            value |= 1L << bit;
        }

        foreach (var bit in targets)
        {
            bits |= bit >= 2 ? 1L << bit : 0;
        }

        return new RunLayout(blockBits, BitsOf(value | bits), value);
    }

    private static int[] BitsOf(long mask)
    {
        var bits = new int[BitOperations.PopCount((ulong)mask)];
        for (var i = 0; i < bits.Length; i++, mask &= mask - 1)
        {
            bits[i] = BitOperations.TrailingZeroCount(mask);
        }

        return bits;
    }

    private sealed class MultiplyStep(RunLayout runs, ReadOnlySpan<double> phaseRe, ReadOnlySpan<double> phaseIm, bool accelerated) : DenseStep
    {
        private readonly Vector256<double> _re = Vector256.Create(phaseRe);
        private readonly Vector256<double> _im = Vector256.Create(phaseIm);

        public override long Units => runs.RunCount;

        public override void Run(double* re, double* im, long first, long last)
        {
            if (accelerated)
            {
                DenseKernels.Multiply(re, im, runs, first, last, _re, _im);
                return;
            }

            for (var run = first; run < last; run++)
            {
                var start = runs.Start(run);
                for (var k = start; k < start + runs.RunLength; k++)
                {
                    var phase = new Complex(_re.GetElement((int)(k & 3)), _im.GetElement((int)(k & 3)));
                    var value = new Complex(re[k], im[k]) * phase;
                    (re[k], im[k]) = (value.Real, value.Imaginary);
                }
            }
        }
    }

    private sealed class ExchangeStep(RunLayout runs, long stride) : DenseStep
    {
        public override long Units => runs.RunCount;

        public override void Run(double* re, double* im, long first, long last) => DenseKernels.Exchange(re, im, runs, first, last, stride);
    }

    private sealed class ScalarStep : DenseStep
    {
        private readonly int[] _fixedBits;
        private readonly long _controlMask;
        private readonly int[] _targets;
        private readonly Complex[] _matrix;

        public ScalarStep(int blockBits, int[] controls, int[] targets, Complex[] matrix)
        {
            _fixedBits = [.. controls.Concat(targets).Order()];
            _controlMask = controls.Aggregate(0L, (mask, bit) => mask | 1L << bit);
            _targets = targets;
            _matrix = matrix;
            Units = 1L << (blockBits - _fixedBits.Length);
        }

        public override long Units { get; }

        public override void Run(double* re, double* im, long first, long last) =>
            DenseScalarKernels.Matrix(re, im, _fixedBits, _controlMask, _targets, _matrix, first, last);
    }

    private sealed class MatrixStep : DenseStep
    {
        private readonly RunLayout _runs;
        private readonly long[] _offsets;
        private readonly int[] _shuffles;
        private readonly Vector256<double>[] _re;
        private readonly Vector256<double>[] _im;

        public MatrixStep(RunLayout runs, DenseOperation operation, int laneControls)
        {
            _runs = runs;
            var targets = operation.Targets;
            var low = Enumerable.Range(0, targets.Length).Where(j => targets[j] < 2).ToArray();
            var high = Enumerable.Range(0, targets.Length).Where(j => targets[j] >= 2).ToArray();
            _offsets = new long[1 << high.Length];
            for (var h = 0; h < _offsets.Length; h++)
            {
                for (var j = 0; j < high.Length; j++)
                {
                    _offsets[h] |= (long)(h >> j & 1) << targets[high[j]];
                }
            }

            _shuffles = new int[1 << low.Length];
            for (var s = 0; s < _shuffles.Length; s++)
            {
                for (var j = 0; j < low.Length; j++)
                {
                    _shuffles[s] |= (s >> j & 1) << targets[low[j]];
                }
            }

            var count = _offsets.Length * _offsets.Length * _shuffles.Length;
            _re = new Vector256<double>[count];
            _im = new Vector256<double>[count];
            var size = 1 << targets.Length;
            Span<double> re = stackalloc double[4], im = stackalloc double[4];
            for (int h = 0, t = 0; h < _offsets.Length; h++)
            {
                for (var g = 0; g < _offsets.Length; g++)
                {
                    for (var s = 0; s < _shuffles.Length; s++, t++)
                    {
                        for (var lane = 0; lane < 4; lane++)
                        {
                            var element = (lane & laneControls) != laneControls
                                ? (h == g && s == 0 ? Complex.One : Complex.Zero)
                                : operation.Matrix[Index(h, lane) * size + Index(g, lane ^ _shuffles[s])];
                            (re[lane], im[lane]) = (element.Real, element.Imaginary);
                        }

                        _re[t] = Vector256.Create<double>(re);
                        _im[t] = Vector256.Create<double>(im);
                    }
                }
            }

            int Index(int highValue, int lane)
            {
                var index = 0;
                for (var j = 0; j < high.Length; j++)
                {
                    index |= (highValue >> j & 1) << high[j];
                }

                foreach (var j in low)
                {
                    index |= (lane >> targets[j] & 1) << j;
                }

                return index;
            }
        }

        public override long Units => _runs.RunCount;

        public override void Run(double* re, double* im, long first, long last)
        {
            if (_offsets.Length == 2 && _shuffles.Length == 1)
            {
                DenseKernels.Pair(re, im, _runs, first, last, _offsets[1], _re, _im);
                return;
            }

            fixed (Vector256<double>* cr = _re, ci = _im)
            {
                DenseKernels.Matrix(re, im, _runs, first, last, _offsets, _shuffles, cr, ci);
            }
        }
    }
}
