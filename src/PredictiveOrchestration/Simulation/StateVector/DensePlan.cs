using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Fusion;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// A run of operations, ready to be applied to a state: a sequence of passes over the memory, each with kernel steps for blocks of
/// amplitudes. Immutable once made, and free of the state, so it may be kept and shared between threads; or it borrows the room of its
/// coefficients, and is used once and disposed.
/// </summary>
internal sealed class DensePlan : IDisposable
{
    [ThreadStatic]
    private static Planner? _planner;

    private Planner? _lender;

    private DensePlan(DensePass[] passes, KernelStep[] steps, CoefficientTable coefficients, PhaseProgram[] programs, int[] bitOfQubit, Complex phase)
    {
        Passes = passes;
        Steps = steps;
        Coefficients = coefficients;
        Programs = programs;
        BitOfQubit = bitOfQubit;
        Phase = phase;
    }

    public DensePass[] Passes { get; }

    public KernelStep[] Steps { get; }

    /// <summary>Lane-wise coefficients of all steps.</summary>
    public CoefficientTable Coefficients { get; }

    public PhaseProgram[] Programs { get; }

    /// <summary>The index bit of each qubit afterwards.</summary>
    public int[] BitOfQubit { get; }

    /// <summary>What the state's global phase is multiplied by.</summary>
    public Complex Phase { get; }

    /// <summary>Makes the plan for operations <paramref name="start"/> to <paramref name="end"/>.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="start">The first operation.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="classical">The memory that dynamic parameters read.</param>
    /// <param name="bits">The index bits of the state.</param>
    /// <param name="bitOfQubit">The index bit of each qubit before.</param>
    /// <param name="settings">The kernels that will run it, and the blocks.</param>
    /// <param name="keep">Whether it will be used more than once.</param>
    public static DensePlan Create(Circuit circuit, int start, int end, ClassicalState? classical, int bits, ReadOnlySpan<int> bitOfQubit, DenseSettings settings, bool keep = true)
    {
        // Each thread keeps its tools: for small circuits their allocation would cost as much as the planning.
        var planner = _planner is { } kept && kept.Kernels == settings.Kernels ? kept : new Planner(settings.Kernels);
        _planner = null;
        var plan = planner.Plan(circuit, start, end, classical, bits, bitOfQubit.ToArray(), settings, keep);
        if (keep)
        {
            Return(planner);
        }
        else
        {
            plan._lender = planner;
        }

        return plan;
    }

    /// <summary>Gives back what was borrowed; nothing for a plan that is kept.</summary>
    public void Dispose()
    {
        if (_lender is { } lender)
        {
            _lender = null;
            Return(lender);
        }
    }

    private static void Return(Planner planner) => _planner = planner.IsSmall ? planner : null;

    private static DensePlan Create(GateFuser fused, StepBuilder builder, int bits, int[] labels, DenseSettings settings, CoefficientTable? room)
    {
        var blockBits = settings.BlockBits(bits);
        if (blockBits == bits)
        {
            // The state is one block: everything is one pass.
            long all = (1L << bits) - 1, moves = 0;
            builder.BeginPass(all);
            foreach (ref readonly var operation in fused.Operations)
            {
                builder.Add(operation);
                moves |= operation.Moved;
            }

            DensePass[] one = fused.Operations.IsEmpty ? [] : [new DensePass(all, moves, 0, builder.StepCount)];
            return new DensePlan(one, builder.Steps(), builder.Coefficients(room), builder.Programs(), labels, fused.Phase);
        }

        var passes = new List<DensePass>();
        foreach (var (blockMask, operations) in PassPlanner.Plan(fused.Operations, bits, blockBits))
        {
            var firstStep = builder.StepCount;
            builder.BeginPass(blockMask);
            long moved = 0;
            foreach (var index in operations)
            {
                builder.Add(fused.Operations[index]);
                moved |= fused.Operations[index].Moved;
            }

            passes.Add(new DensePass(blockMask, moved, firstStep, builder.StepCount));
        }

        return new DensePlan([.. passes], builder.Steps(), builder.Coefficients(room), builder.Programs(), labels, fused.Phase);
    }

    private sealed class Planner
    {
        private const int MostKeptSteps = 1024;
        private const int MostKeptBytes = 256 << 10;
        private readonly GateFuser _fuser = new();
        private readonly StepBuilder _builder;
        private CoefficientTable? _room;

        public Planner(DenseKernelSet kernels)
        {
            Kernels = kernels;
            _builder = new StepBuilder(_fuser, kernels);
        }

        public DenseKernelSet Kernels { get; }

        /// <summary>Whether the room of the last plan is worth keeping.</summary>
        public bool IsSmall { get; private set; }

        public DensePlan Plan(Circuit circuit, int start, int end, ClassicalState? classical, int bits, int[] labels, DenseSettings settings, bool keep)
        {
            _fuser.Fuse(circuit, start, end, classical, bits, labels);
            var plan = Create(_fuser, _builder, bits, labels, settings, keep ? null : _room);
            _room = keep || plan.Coefficients.Bytes > MostKeptBytes ? _room : plan.Coefficients;
            IsSmall = end - start <= MostKeptSteps && plan.Programs.Length == 0;
            _fuser.Clear();
            _builder.Clear();
            return plan;
        }
    }
}

/// <summary>One pass over the memory: blocks are brought into the cache, every step runs on them, and they are put back.</summary>
/// <param name="BlockMask">The index bits within a block.</param>
/// <param name="Moved">The index bits that the steps move amplitudes across.</param>
/// <param name="FirstStep">The first step.</param>
/// <param name="LastStep">One past the last step.</param>
internal readonly record struct DensePass(long BlockMask, long Moved, int FirstStep, int LastStep);
