using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Tests.Execution;

/// <summary>Costs per amplitude and gate, so large that measured times and hand-overs do not matter.</summary>
internal sealed class FakeCosts : ISegmentCostModel
{
    public double Dense { get; init; } = 1e-4;

    public double Sparse { get; init; } = 1e-3;

    public double Bond { get; init; } = 1;

    public double DenseBytes { get; init; } = 65_536;

    public double Sigma { get; init; } = 0.1;

    public double OpenSeconds(BackendDescriptor backend) => 1e-6;

    public double SegmentSeconds(BackendDescriptor backend, in SegmentWork work) => backend.CostModel switch
    {
        "dense" or "gpu" => Dense * work.DenseWork,
        "sparse" => Sparse * work.SparseWork,
        "mps" => Bond * work.BondWork,
        _ => work.IsClifford ? 1e-6 * work.Gates : double.PositiveInfinity,
    };

    public double FinishSeconds(BackendDescriptor backend, double supportLog2) => 1e-6;

    public double StateBytes(BackendDescriptor backend, double supportLog2, double bondLog2) => backend.CostModel switch
    {
        "dense" or "gpu" => DenseBytes,
        "sparse" => 24 * Math.Pow(2, supportLog2),
        _ => 4096,
    };

    public double LogSecondsSigma(BackendDescriptor backend) => Sigma;
}
