using System.Numerics;
using System.Runtime.InteropServices;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>Applies plans to amplitudes: pass by pass, block by block, in place where a block is contiguous and through a copy where not.</summary>
internal sealed unsafe class PlanRunner : IDisposable
{
    /// <summary>Bytes between the planes of a block's copy, so that equal indices do not fall into the same cache set.</summary>
    public const int PlaneGap = 64;

    private const int StepsBetweenChecks = 128;
    private readonly AmplitudeMemory _amplitudes;
    private readonly DenseKernelSet _kernels;
    private readonly int _elementBytes;
    private readonly RunContext _context;
    private readonly int _blockBits;
    private readonly int _threads;
    private readonly AlignedBuffer?[] _scratch;
    private readonly long _scratchLength;
    private readonly long _copyBytes;

    public PlanRunner(AmplitudeMemory amplitudes, int bits, int threads, DenseSettings settings, RunContext context)
    {
        _amplitudes = amplitudes;
        _kernels = settings.Kernels;
        _elementBytes = _kernels.ElementBytes;
        _context = context;
        _blockBits = settings.BlockBits(bits);
        _threads = ThreadsOf(bits, threads, settings);
        _scratch = new AlignedBuffer?[_threads];
        _copyBytes = settings.CopyBytes(bits);
        _scratchLength = (settings.ScratchBytes(bits) + sizeof(double) - 1) / sizeof(double);
    }

    /// <summary>The threads that work on a state: one where it is a single block.</summary>
    public static int ThreadsOf(int bits, int threads, DenseSettings settings) => settings.BlockBits(bits) == bits ? 1 : threads;

    /// <summary>Runs all passes.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="live">The index bits that are 1 in some amplitude that is not zero; widened by what the plan moves.</param>
    /// <param name="firstOperation">The plan's first operation, for progress.</param>
    /// <param name="lastOperation">One past the plan's last operation.</param>
    public void Run(DensePlan plan, ref long live, int firstOperation, int lastOperation)
    {
        for (var p = 0; p < plan.Passes.Length; p++)
        {
            RunPass(plan, plan.Passes[p], live, firstOperation);
            live |= plan.Passes[p].Moved;
            _context.ReportOperations(firstOperation + (int)((long)(lastOperation - firstOperation) * (p + 1) / plan.Passes.Length));
        }

        // The kernels hold pointers into its tables.
        GC.KeepAlive(plan);
    }

    public void Dispose()
    {
        foreach (var scratch in _scratch)
        {
            scratch?.Dispose();
        }
    }

    private void RunPass(DensePlan plan, DensePass pass, long live, int operation)
    {
        // Blocks whose number has a bit that no amplitude has are zero throughout, and stay so.
        var outer = live & ~pass.BlockMask;
        var blocks = 1L << BitOperations.PopCount((ulong)outer);
        if (blocks == 1)
        {
            RunBlock(plan, pass, live, 0, 0, Rows(pass.BlockMask), operation);
            return;
        }

        var rows = Rows(pass.BlockMask);
        var chunk = Math.Clamp(blocks / (16L * _threads), 1, 8);
        ParallelRange.Run(blocks, chunk, _threads, _context, operation, (thread, first, last) =>
        {
            for (var block = first; block < last; block++)
            {
                RunBlock(plan, pass, live, Deposit(block, outer), thread, rows, operation);
            }
        });
    }

    private void RunBlock(DensePlan plan, DensePass pass, long live, long block, int thread, (int RowBits, long[] Starts) rows, int operation)
    {
        byte* re = _amplitudes.Re + block * _elementBytes, im = _amplitudes.Im + block * _elementBytes;
        if (rows.Starts.Length == 1)
        {
            RunSteps(plan, pass, block, re, im, thread, operation);
            return;
        }

        var scratch = Scratch(thread);
        byte* copyRe = scratch, copyIm = scratch + _copyBytes / 2;
        var rowBytes = (long)_elementBytes << rows.RowBits;
        for (var row = 0; row < rows.Starts.Length; row++)
        {
            // A row whose number has such a bit is zero as well. A page that is read before it is written takes the system three times as long as one that is not.
            if ((rows.Starts[row] & ~live) != 0)
            {
                NativeMemory.Clear(copyRe + row * rowBytes, (nuint)rowBytes);
                NativeMemory.Clear(copyIm + row * rowBytes, (nuint)rowBytes);
                continue;
            }

            var start = rows.Starts[row] * _elementBytes;
            Buffer.MemoryCopy(re + start, copyRe + row * rowBytes, rowBytes, rowBytes);
            Buffer.MemoryCopy(im + start, copyIm + row * rowBytes, rowBytes, rowBytes);
        }

        RunSteps(plan, pass, block, copyRe, copyIm, thread, operation);
        for (var row = 0; row < rows.Starts.Length; row++)
        {
            if ((rows.Starts[row] & ~(live | pass.Moved)) != 0)
            {
                continue;
            }

            var start = rows.Starts[row] * _elementBytes;
            Buffer.MemoryCopy(copyRe + row * rowBytes, re + start, rowBytes, rowBytes);
            Buffer.MemoryCopy(copyIm + row * rowBytes, im + start, rowBytes, rowBytes);
        }
    }

    private void RunSteps(DensePlan plan, DensePass pass, long block, byte* re, byte* im, int thread, int operation)
    {
        var coefficients = plan.Coefficients.Pointer;
        for (var s = pass.FirstStep; s < pass.LastStep; s++)
        {
            if ((s - pass.FirstStep) % StepsBetweenChecks == StepsBetweenChecks - 1)
            {
                _context.Check(operation);
            }

            ref readonly var step = ref plan.Steps[s];
            if ((block & step.OuterMask) != step.OuterValue)
            {
                continue;
            }

            if (step.Kind == KernelKind.Phase)
            {
                _kernels.RunPhase(plan.Programs[step.Coefficients], block, re, im, Scratch(thread) + _copyBytes);
            }
            else
            {
                _kernels.Run(step, _blockBits, re, im, coefficients);
            }
        }
    }

    // A thread's room: the copy of a block, where there are several, and the rows of phases. Few small circuits need any.
    private byte* Scratch(int thread) => (byte*)(_scratch[thread] ??= new AlignedBuffer(_scratchLength)).Pointer;

    // Where the contiguous rows of a block begin, relative to the block.
    private (int RowBits, long[] Starts) Rows(long blockMask)
    {
        var rowBits = BitOperations.TrailingZeroCount(~blockMask);
        var starts = new long[1 << (_blockBits - rowBits)];
        for (var row = 0; row < starts.Length; row++)
        {
            starts[row] = Deposit(row, blockMask >> rowBits << rowBits);
        }

        return (rowBits, starts);
    }

    /// <summary>Spreads the low bits of a number over the set bits of a mask.</summary>
    public static long Deposit(long value, long mask)
    {
        long result = 0;
        for (; mask != 0; mask &= mask - 1, value >>= 1)
        {
            result |= (value & 1) != 0 ? mask & -mask : 0;
        }

        return result;
    }
}
