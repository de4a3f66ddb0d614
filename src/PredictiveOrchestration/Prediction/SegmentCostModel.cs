using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// Costs of parts of one job from the models of whole runs: the terms are linear in the work, so a part is what the terms say with its work less what they
/// say with none. Each backend is scaled so that its parts add up to its prediction for the whole.
/// </summary>
internal sealed class SegmentCostModel(PerformancePredictor model, CircuitProfile profile, JobShape job) : ISegmentCostModel
{
    private readonly WorkEstimate _whole = WorkEstimate.Of(profile);
    private readonly Dictionary<string, Costs> _costs = new(StringComparer.Ordinal);

    public double OpenSeconds(BackendDescriptor backend) => Of(backend).Empty;

    public double SegmentSeconds(BackendDescriptor backend, in SegmentWork work)
    {
        if (backend.Capabilities.CliffordOnly && !work.IsClifford)
        {
            return double.PositiveInfinity;
        }

        var c = Of(backend);
        return (c.PerGate * work.Gates) + (c.PerDense * work.DenseWork) + (c.PerSparse * (work.SparseWork - work.SparseBranchingWork)) + (c.PerBranching * work.SparseBranchingWork)
            + (c.PerBond * work.BondWork);
    }

    public double FinishSeconds(BackendDescriptor backend, double supportLog2)
    {
        var costs = Of(backend);
        return Math.Max(0, costs.Seconds(costs.None with { SupportLog2 = supportLog2 }, costs.Job) - costs.Empty);
    }

    public double StateBytes(BackendDescriptor backend, double supportLog2, double bondLog2)
    {
        var costs = Of(backend);
        var key = ((int)Math.Ceiling(supportLog2 * 4), (int)bondLog2);
        lock (_costs)
        {
            if (!costs.Bytes.TryGetValue(key, out var bytes))
            {
                var bonds = 32 * _whole.Qubits * Math.Pow(4, bondLog2);
                bytes = costs.Basis.Evaluate(costs.None with { SupportLog2 = key.Item1 / 4.0, BondLog2 = (int)bondLog2, MatrixProductBytes = bonds, MatrixProductElements = bonds / 16, TypicalBondLog2 = bondLog2 }, costs.Silent).BoundBytes;
                costs.Bytes.Add(key, bytes);
            }

            return bytes;
        }
    }

    private Costs Of(BackendDescriptor backend)
    {
        lock (_costs)
        {
            if (!_costs.TryGetValue(backend.Id, out var costs))
            {
                _costs.Add(backend.Id, costs = new Costs(model, backend, profile, _whole, job));
            }

            return costs;
        }
    }

    private sealed class Costs
    {
        private readonly AnalyticCostModel _analytic;
        private readonly double _scale;
        private readonly double _bytes;

        public Costs(PerformancePredictor model, BackendDescriptor backend, CircuitProfile profile, WorkEstimate whole, JobShape job)
        {
            Job = job with { Threads = Math.Min(backend.MaxThreads, Math.Max(1, job.Threads)) };
            Silent = Job with { Shots = 0, Observables = 0, TopProbabilities = 0 };
            _analytic = model.ModelOf(backend.Id, backend.CostModel).Analytic;
            Basis = _analytic.Basis;
            None = whole with
            {
                Gates = 0, FusedGates = 0, DenseWork = 0, SparseWork = 0, SparseBranchingWork = 0, MatrixProductWork = 0, StabilizerWork = 0, SupportLog2 = 0, BondLog2 = 0, TypicalBondLog2 = 0, MatrixProductSteps = 0,
                Branchings = 0, HasLoops = false,
            };
            _bytes = Basis.Evaluate(whole, Job).BoundBytes;
            _scale = 1;
            var predicted = model.Predict(backend, profile, Job).Seconds.Median / Seconds(whole, Job);
            _scale = double.IsFinite(predicted) && predicted > 0 ? Math.Clamp(predicted, 0.1, 10) : 1;
            Empty = Seconds(None, Silent);

            // The terms are linear: one unit of each kind of work says all.
            const double unit = 1e9;
            PerGate = Unit(None with { Gates = unit, FusedGates = unit * Math.Min(1, whole.FusedGates / Math.Max(1, whole.Gates)), MatrixProductSteps = unit * whole.MatrixProductSteps / Math.Max(1, whole.Gates) });
            PerDense = Unit(None with { DenseWork = unit });
            PerSparse = Unit(None with { SparseWork = unit });
            PerBranching = Unit(None with { SparseWork = unit, SparseBranchingWork = unit });
            PerBond = Unit(None with { MatrixProductWork = unit });
            double Unit(WorkEstimate work) => Math.Max(0, Seconds(work, Silent) - Empty) / unit;
        }

        public CostBasis Basis { get; }

        public double PerGate { get; }

        public double PerDense { get; }

        public double PerSparse { get; }

        public double PerBranching { get; }

        public double PerBond { get; }

        public Dictionary<(int, int), double> Bytes { get; } = [];

        public JobShape Job { get; }

        public JobShape Silent { get; }

        public WorkEstimate None { get; }

        public double Empty { get; }

        // The state's size, and so the cache it lives in, is taken from the whole job.
        public double Seconds(WorkEstimate work, JobShape shape) =>
            _scale * _analytic.Predict(Breakpoints.Split(Basis, Basis.Evaluate(work, shape) with { BoundBytes = _bytes }, work, shape));
    }
}
