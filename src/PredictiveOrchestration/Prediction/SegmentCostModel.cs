using System.Runtime.CompilerServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// Costs of parts of one job from the models of whole runs: the terms are linear in the work, so a part is what the terms say with its work less what they
/// say with none. Where it is known what arises where, for a state vector by its sketch and where a backend planned the circuit, a part is what is done there. Each backend is scaled so
/// that its parts add up to its prediction for the whole.
/// </summary>
/// <param name="model">The model of whole runs.</param>
/// <param name="profile">The circuit's profile.</param>
/// <param name="job">The job.</param>
/// <param name="fused">How the amounts of fused work add up over the circuit, or null.</param>
internal sealed class SegmentCostModel(PerformancePredictor model, CircuitProfile profile, JobShape job, PlannedProgress? fused = null) : ISegmentCostModel
{
    private readonly WorkEstimate _whole = WorkEstimate.Of(profile);
    private readonly Lock _lock = new();
    private volatile Costs[] _costs = [];

    public double OpenSeconds(BackendDescriptor backend) => Of(backend).Empty;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public double SegmentSeconds(BackendDescriptor backend, in SegmentWork work)
    {
        if (backend.Capabilities.CliffordOnly && !work.IsClifford)
        {
            return double.PositiveInfinity;
        }

        var c = Of(backend);
        if (c.Progress is { } progress && work.End > work.Start)
        {
            return (c.PerGate * work.Gates) + Math.Max(0, progress.Part(work.Start, work.End, c.PerAmount));
        }

        var sparse = c.Sparse(work.SupportLog2);
        return (c.PerGate * work.Gates) + (c.PerDense * work.DenseWork) + (sparse.PerMove * (work.SparseWork - work.SparseBranchingWork)) + (sparse.PerMix * work.SparseBranchingWork)
            + (c.PerBond * work.BondWork);
    }

    public double FinishSeconds(BackendDescriptor backend, double supportLog2)
    {
        var costs = Of(backend);
        var end = costs.End with { SupportLog2 = supportLog2, EntriesLog2 = supportLog2, FinalSupportLog2 = supportLog2 };
        return Math.Max(0, costs.Seconds(end, costs.Job) - costs.Seconds(end, costs.Silent));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public double StateBytes(BackendDescriptor backend, double supportLog2, double bondLog2)
    {
        var costs = Of(backend);
        var (support, bond) = ((int)Math.Ceiling(supportLog2 * 4), (int)bondLog2);
        ref var place = ref costs.Bytes[(support + (7 * bond)) & (Costs.Places - 1)];
        if (Volatile.Read(ref place) is not { } known || known.Support != support || known.Bond != bond)
        {
            var bonds = 32 * _whole.Qubits * Math.Pow(4, bondLog2);
            var work = costs.None with { SupportLog2 = support / 4.0, BondLog2 = bond, MatrixProductBytes = bonds, MatrixProductElements = bonds / 16, TypicalBondLog2 = bondLog2 };
            known = new KnownBytes(support, bond, costs.Basis.Evaluate(work, costs.Silent).BoundBytes);
            Volatile.Write(ref place, known);
        }

        return known.Bytes;
    }

    public double LogSecondsSigma(BackendDescriptor backend) => Of(backend).Sigma;

    // A handful, asked for some thousand times in each plan.
    private Costs Of(BackendDescriptor backend)
    {
        foreach (var costs in _costs)
        {
            if (ReferenceEquals(costs.Backend, backend))
            {
                return costs;
            }
        }

        lock (_lock)
        {
            var costs = new Costs(model, backend, profile, _whole, job, fused);
            _costs = [.. _costs, costs];
            return costs;
        }
    }

    private sealed record KnownBytes(int Support, int Bond, double Bytes);

    private sealed class Costs
    {
        // The basis whose work is fused.
        private const string StateVector = "dense";

        // Large enough for what is fixed to be lost beside it.
        private const double Unit = 1e9;
        private const double LeastSigma = 0.1;

        // Sizes of states are told apart by so many powers of two.
        private const int Level = 4;

        /// <summary>The number of sizes that are kept.</summary>
        public const int Places = 64;
        private readonly AnalyticCostModel _analytic;
        private readonly SparseCosts?[] _sparse = new SparseCosts?[8];
        private readonly double _scale = 1;
        private readonly double _bytes;
        private readonly double _groups;
        private readonly double _unordered;
        private readonly double _cancelling;

        public Costs(PerformancePredictor model, BackendDescriptor backend, CircuitProfile profile, WorkEstimate whole, JobShape job, PlannedProgress? fused)
        {
            Backend = backend;
            Job = job with { Threads = Math.Min(backend.MaxThreads, Math.Max(1, job.Threads)) };
            Silent = Job with { Shots = 0, Observables = 0, TopProbabilities = 0 };
            var known = model.ModelOf(backend.Id, backend.CostModel);
            _analytic = known.Analytic;
            Basis = _analytic.Basis;
            var planned = Planned(profile, Basis);
            Progress = planned?.Progress ?? (Basis.Name == StateVector ? fused : null);
            whole = whole with { Profile = With(profile, planned) };
            None = whole with
            {
                Gates = 0, FusedGates = 0, DenseWork = 0, FusedWork = new double[whole.FusedWork.Length], SparseWork = 0, SparseBranchingWork = 0, SparseGroupWork = 0, SparseUnorderedWork = 0, SparseCancellingWork = 0, MatrixProductWork = 0, ChainWork = new double[whole.ChainWork.Length], StabilizerWork = 0, SupportLog2 = 0, EntriesLog2 = 0, BondLog2 = 0, TypicalBondLog2 = 0,
                MatrixProductSteps = 0, Branchings = 0, HasLoops = false,
                Profile = planned is null ? whole.Profile : With(profile, new PlannedWork(planned.CostModel, new double[planned.Amounts.Length])),
            };
            var end = new double[whole.FusedWork.Length];
            end[^1] = whole.FusedWork[^1];
            var chainEnd = new double[whole.ChainWork.Length];
            whole.ChainWork.AsSpan(ChainAmounts.Read).CopyTo(chainEnd.AsSpan(ChainAmounts.Read));
            End = None with { Profile = whole.Profile, FusedWork = end, ChainWork = chainEnd };
            var all = Basis.Evaluate(whole, Job);
            _bytes = all.WorkingBytes;
            _groups = Math.Min(1, whole.SparseGroupWork / Math.Max(1, whole.SparseBranchingWork));
            _unordered = Math.Min(1 - _groups, whole.SparseUnorderedWork / Math.Max(1, whole.SparseBranchingWork));
            _cancelling = Math.Min(1 - _groups - _unordered, whole.SparseCancellingWork / Math.Max(1, whole.SparseBranchingWork));
            var prediction = model.Predict(backend, profile, Job);
            Sigma = prediction.LogSecondsSigma;
            if (known.Residual is null)
            {
                // What is learned has the looseness of bounds among its errors; else it was added.
                var (loose, least) = (all.Looseness, Basis.Evaluate(whole with { SupportLog2 = 0 }, Job).Looseness);
                Sigma = Math.Sqrt(Math.Max(LeastSigma * LeastSigma, (Sigma * Sigma) - (loose * loose) + (least * least)));
            }

            var scale = prediction.Seconds.Median / Seconds(whole, Job);
            _scale = double.IsFinite(scale) && scale > 0 ? Math.Clamp(scale, 0.1, 10) : 1;
            Empty = Seconds(None, Silent);

            // The terms are linear: one unit of each kind of work says all.
            PerGate = Of(None with { Gates = Unit, FusedGates = Unit * Math.Min(1, whole.FusedGates / Math.Max(1, whole.Gates)), MatrixProductSteps = Unit * whole.MatrixProductSteps / Math.Max(1, whole.Gates) });
            PerAmount = new double[Progress?.Kinds ?? 0];
            for (var k = 0; k < PerAmount.Length; k++)
            {
                var amounts = new double[PerAmount.Length];
                amounts[k] = Unit;
                PerAmount[k] = Of(planned is null ? None with { FusedWork = amounts } : None with { Profile = With(profile, planned with { Amounts = amounts }) });
            }

            if (Progress is not null)
            {
                return;
            }

            var unit = Unit / Math.Max(1, whole.DenseWork);
            PerDense = Of(None with { DenseWork = Unit, FusedWork = Array.ConvertAll(whole.FusedWork, amount => amount * unit) });
            var bondUnit = Unit / Math.Max(1, whole.MatrixProductWork);
            PerBond = Of(None with { MatrixProductWork = Unit, ChainWork = Array.ConvertAll(whole.ChainWork, amount => amount * bondUnit) });
        }

        public BackendDescriptor Backend { get; }

        public CostBasis Basis { get; }

        /// <summary>How wrong the prediction is, in log time, the looseness of the support bound left out.</summary>
        public double Sigma { get; }

        public double PerGate { get; }

        public double PerDense { get; }

        public double PerBond { get; }

        /// <summary>How the work adds up over the circuit, or null.</summary>
        public PlannedProgress? Progress { get; }

        /// <summary>The seconds for each unit of it.</summary>
        public double[] PerAmount { get; }

        /// <summary>Sizes of states that were asked for.</summary>
        public KnownBytes?[] Bytes { get; } = new KnownBytes?[Places];

        public JobShape Job { get; }

        public JobShape Silent { get; }

        public WorkEstimate None { get; }

        /// <summary>No work, but the state that the whole ends with.</summary>
        public WorkEstimate End { get; }

        public double Empty { get; }

        /// <summary>What the sparse terms say of a state of that size, and so in the cache that it lives in.</summary>
        public SparseCosts Sparse(double supportLog2)
        {
            var level = Math.Clamp((int)Math.Ceiling(supportLog2 / Level), 0, _sparse.Length - 1);
            if (_sparse[level] is { } known)
            {
                return known;
            }

            var bytes = Basis.Evaluate(None with { EntriesLog2 = level * Level }, Silent).WorkingBytes;
            return _sparse[level] = new SparseCosts(
                Of(None with { SparseWork = Unit }, bytes), Of(None with { SparseWork = Unit, SparseBranchingWork = Unit, SparseGroupWork = Unit * _groups, SparseUnorderedWork = Unit * _unordered, SparseCancellingWork = Unit * _cancelling }, bytes));
        }

        // The state's size, and so the cache it lives in, is that of the whole job.
        public double Seconds(WorkEstimate work, JobShape shape) => Seconds(work, shape, _bytes);

        private double Seconds(WorkEstimate work, JobShape shape, double bytes) =>
            _scale * _analytic.Predict(Breakpoints.Split(Basis, Basis.Evaluate(work, shape) with { WorkingBytes = bytes }, work, shape));

        private double Of(WorkEstimate work) => Of(work, _bytes);

        private double Of(WorkEstimate work, double bytes) => Math.Max(0, Seconds(work, Silent, bytes) - Empty) / Unit;

        // Amounts of which is not known where in the circuit they arise are of no use for its parts.
        private static PlannedWork? Planned(CircuitProfile profile, CostBasis basis)
        {
            foreach (var planned in profile.Planned)
            {
                if (planned.CostModel == basis.Name && planned.Progress is not null)
                {
                    return planned;
                }
            }

            return null;
        }

        private static CircuitProfile With(CircuitProfile profile, PlannedWork? planned) =>
            planned is null && profile.Planned.IsEmpty ? profile : profile with { Planned = planned is null ? [] : [planned] };
    }

    // Seconds for each amplitude that a gate moves, and that it mixes with others.
    private sealed record SparseCosts(double PerMove, double PerMix);
}
