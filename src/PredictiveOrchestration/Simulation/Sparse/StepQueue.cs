using System.Numerics;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>Permutations and phases that wait to be run together, a cache-sized part of the entries at a time.</summary>
internal sealed class StepQueue(SparseKernelSet kernels)
{
    private const int MostSteps = 128;
    private const int ChunkLength = 512;
    private const int CheckWork = 1 << 20;
    private SparseStep[] _steps = new SparseStep[32];
    private int _count;

    public bool IsFull => _count == MostSteps;

    /// <summary>Whether any waiting step may change in which index bits the entries differ.</summary>
    public bool ChangesVariation { get; private set; }

    public void Flip(BasisIndex mask, BasisIndex value, BasisIndex other, BasisIndex flip)
    {
        ChangesVariation |= !mask.IsZero;
        if (mask.IsZero && _count > 0 && _steps[_count - 1] is { Kind: SparseStepKind.Flip } last && last.Mask.IsZero)
        {
            _steps[_count - 1] = last with { Flip = last.Flip ^ flip };
            return;
        }

        Add(new SparseStep(SparseStepKind.Flip, mask, value, other, flip, 0, 0));
    }

    public void Multiply(BasisIndex mask, BasisIndex value, BasisIndex other, Complex factor)
    {
        if (_count > 0 && _steps[_count - 1] is { Kind: SparseStepKind.Negate or SparseStepKind.Multiply } last && last.Mask == mask && last.Value == value && last.Other == other)
        {
            factor *= new Complex(last.Re, last.Im);
            _count--;
        }

        if (factor != Complex.One)
        {
            // The wide kernel multiplies where it might negate: it differs in time only.
            var kind = factor == -Complex.One && (mask.Low == 0 || mask.High == 0) ? SparseStepKind.Negate : SparseStepKind.Multiply;
            Add(new SparseStep(kind, mask, value, other, BasisIndex.Zero, factor.Real, factor.Imaginary));
        }
    }

    public void Map(BasisIndex controls, SparseStepTable table)
    {
        ChangesVariation = true;
        Add(new SparseStep(SparseStepKind.Table, controls, controls, controls, BasisIndex.Zero, 0, 0, table));
    }

    /// <summary>Runs all steps and empties the queue.</summary>
    public void Run(EntryStore entries, RunContext context, int operation)
    {
        if (_count == 0)
        {
            return;
        }

        var steps = _steps.AsSpan(0, _count);
        var length = entries.PaddedCount;
        var work = 0;
        for (var first = 0; first < length; first += ChunkLength)
        {
            var part = Math.Min(ChunkLength, length - first);
            kernels.Run(steps, entries.Planes.From(first), part);
            work += part * steps.Length;
            if (work > CheckWork)
            {
                work = 0;
                context.Check(operation);
            }
        }

        _count = 0;
        ChangesVariation = false;
    }

    private void Add(in SparseStep step)
    {
        if (_count == _steps.Length)
        {
            Array.Resize(ref _steps, 2 * _count);
        }

        _steps[_count++] = step;
    }
}
