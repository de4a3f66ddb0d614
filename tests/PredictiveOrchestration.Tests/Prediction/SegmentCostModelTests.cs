using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Tests.Prediction;

/// <summary>Parts of a circuit cost together what the whole does, planned or not, and a part what its own work costs.</summary>
public sealed class SegmentCostModelTests
{
    private static readonly JobShape Job = new(100, 1, 0, 0);
    private static readonly Circuit Layers = RandomFamilies.Random(16, 10, 3);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Parts_OfTheDenseEngine_AddUpToThePrediction(bool planned)
    {
        var engine = new StateVectorSimulator();
        var profile = ProfileOf(engine, Layers, planned);
        var (parts, whole) = Sum(engine.Descriptor, Layers, profile, 7);
        parts.Should().BeApproximately(whole, 0.02 * whole);
    }

    [Fact]
    public void Parts_OfTheMatrixProductState_AddUpToThePrediction()
    {
        var engine = new MatrixProductStateSimulator();
        var circuit = RandomFamilies.Random(12, 8, 3);
        var (parts, whole) = Sum(engine.Descriptor, circuit, ProfileOf(engine, circuit, true), 5);
        parts.Should().BeApproximately(whole, 0.02 * whole);
    }

    [Fact]
    public void Open_OfAPlannedCircuit_IsNotTheWhole()
    {
        var engine = new StateVectorSimulator();
        var profile = ProfileOf(engine, Layers, true);
        var model = FixedModel.Of([engine.Descriptor]);
        new SegmentCostModel(model, profile, Job, new WorkTrajectory(Layers).Fused).OpenSeconds(engine.Descriptor).Should().BeLessThan(0.2 * model.Predict(engine.Descriptor, profile, Job).Seconds.Median);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Part_OfTheDenseEngine_CostsWhatIsDoneThere(bool planned)
    {
        // Layers on four of sixteen qubits, then on all: the engine leaves out what is zero, so that the first half takes little beside its gates' overhead.
        var few = new CircuitBuilder(16);
        for (var i = 0; i < 200; i++)
        {
            few.RY(0.1 + i, i % 4).CX(i % 4, (i + 1) % 4);
        }

        var circuit = few.Build().Compose(Layers);
        var engine = new StateVectorSimulator();
        var profile = ProfileOf(engine, circuit, planned);
        var trajectory = new WorkTrajectory(circuit);
        var costs = new SegmentCostModel(FixedModel.Of([engine.Descriptor]), profile, Job, trajectory.Fused);

        // Gates take time to fuse, and each step that remains to plan and to begin.
        var prior = CostBasisCatalog.Get("dense").PriorSeconds;
        var steps = trajectory.Fused!.Part(0, 400, [1, .. new double[trajectory.Fused.Kinds - 1]]);
        var overhead = (400 * prior[1]) + (steps * (prior[2] + prior[3]));
        (Seconds(costs, engine.Descriptor, trajectory, 0, 400) - overhead).Should().BeLessThan(0.3 * Seconds(costs, engine.Descriptor, trajectory, 400, circuit.Operations.Length));
        trajectory.DenseWork(0, 400).Should().BeGreaterThan(trajectory.DenseWork(400, circuit.Operations.Length), "as if all amplitudes were visited");
    }

    [Fact]
    public void Sigma_OfTheSparseEngine_LeavesTheLooseBoundOut()
    {
        var sparse = new SparseStateSimulator().Descriptor;
        var profile = CircuitProfiler.Profile(Layers);
        var model = FixedModel.Of([sparse], sigma: 0.3);
        model.Predict(sparse, profile, Job).LogSecondsSigma.Should().BeGreaterThan(0.5, "up to 2^16 amplitudes are a bound");
        new SegmentCostModel(model, profile, Job).LogSecondsSigma(sparse).Should().BeApproximately(0.3, 1e-6);
    }

    private static CircuitProfile ProfileOf(IQuantumBackend engine, Circuit circuit, bool planned)
    {
        var profile = CircuitProfiler.Profile(circuit);
        return planned ? profile with { Planned = [((IWorkForecaster)engine).Forecast(circuit, profile)!] } : profile;
    }

    private static (double Parts, double Whole) Sum(BackendDescriptor backend, Circuit circuit, CircuitProfile profile, int count)
    {
        var model = FixedModel.Of([backend]);
        var trajectory = new WorkTrajectory(circuit);
        var costs = new SegmentCostModel(model, profile, Job, trajectory.Fused);
        var end = circuit.Operations.Length;
        var parts = Enumerable.Range(0, count).Sum(k => Seconds(costs, backend, trajectory, k * end / count, (k + 1) * end / count));
        return (costs.OpenSeconds(backend) + parts + costs.FinishSeconds(backend, trajectory.Support[^1]), model.Predict(backend, profile, Job).Seconds.Median);
    }

    private static double Seconds(SegmentCostModel costs, BackendDescriptor backend, WorkTrajectory work, int start, int end) => costs.SegmentSeconds(
        backend, new SegmentWork(work.Gates(start, end), work.DenseWork(start, end), 0, 0, 0, 0, work.BondWork(start, end), false) { Start = start, End = end });
}
