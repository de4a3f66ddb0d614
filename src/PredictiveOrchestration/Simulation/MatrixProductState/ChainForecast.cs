using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Layout;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// What the matrix-product-state engine would do with a circuit: gates are gathered, and bonds grow and are taken down, as in a run and in its order of qubits, on a chain
/// without tensors.
/// </summary>
internal static class ChainForecast
{
    // What a forecast may count until it is plain that the circuit is beyond the engine, in multiply-adds.
    private const double Enough = 1e13;

    // What is planned is what is typical for single gates, the sketch follows what they have in common: a plan of so many times the rows that the sketch counts, and more than a few, missed that. Over 323 circuits
    // plans are off the rows of a run by 1.065 in the median, 3.0 at the 90th percentile and 8.6 at the 97th, by 1.065, 2.9 and 4.5 with the sketch in place of those; bounds of 2 and 4 do nearly as well.
    private const double BeyondSketch = 2.5, FewRows = 1000;

    // Each, for circuits not seen before: what is set up; a qubit; a gate; what it takes more on several qubits; an operator on two that is not known, which only Clifford gates repeat.
    private const double SetUp = 3e-6, PerQubit = 3e-8, PerGate = 8e-8, PerGroup = 2.5e-7, PerDecomposition = 4e-7;

    // Layers of a circuit, and circuits, repeat the same gates.
    [ThreadStatic]
    private static CoreCache? _cores;

    /// <summary>The seconds that a forecast takes, about: within a factor of two for nine circuits in ten.</summary>
    public static double Seconds(CircuitProfile profile)
    {
        if (profile.Features is not { } features)
        {
            return SetUp + ((PerGate + PerGroup + PerDecomposition) * profile.GateCount);
        }

        double groups = features.TwoQubitGateCount + features.MultiQubitGateCount;
        return SetUp + (PerQubit * profile.NumQubits) + (PerGate * profile.GateCount) + (PerGroup * groups)
            + (PerDecomposition * Math.Min(groups, profile.GateCount - features.CliffordCount)) + ChainLayout.Seconds(
                profile.NumQubits, profile.GateCount, groups, features.MatrixProductSteps, features.Supermarq.ProgramCommunication * profile.NumQubits * (profile.NumQubits - 1) / 2);
    }

    /// <summary>What <see cref="ChainAmounts"/> says of a run; null where the circuit measures before its end, and where the sketch in the profile knows more of ranks.</summary>
    public static PlannedWork? Of(Circuit circuit, CircuitProfile profile, TruncationPolicy policy, MatrixKernelSet kernels, Func<ChainLayout> layoutOf, string costModel)
    {
        if (profile.Features is not { } features || features.SupportTrajectory.Length != circuit.Operations.Length || !circuit.IsMeasuredAtEnd(out var end))
        {
            return null;
        }

        var layout = layoutOf();
        var context = new RunContext("forecast", new ExecutionRequest { Circuit = circuit }, long.MaxValue, TimeProvider.System, CancellationToken.None);
        using var pool = new MatrixPool(context);
        var bound = new BondDimensionBound(circuit.NumQubits, layout.SiteOf, layout.RelabelSwaps);
        var chain = new CountingChain(circuit.NumQubits, policy, bound);
        var blocks = new GateBlocks(chain, new OperatorFactory(new MatrixAlgebra(pool, kernels, context), _cores ??= new CoreCache(), forCounting: true), new SiteMap(layout.SiteOf), layout.RelabelSwaps);
        var support = features.SupportTrajectory.Span;
        var progress = new PlannedProgress(circuit.Operations.Length, ChainAmounts.Count);
        Span<double> seen = stackalloc double[ChainAmounts.Count];
        var place = 0;
        var most = !profile.IsChainRough && features.ChainWork is { Length: ChainAmounts.Count } sketched ? FewRows + (BeyondSketch * sketched[ChainAmounts.Reflected]) : double.PositiveInfinity;
        for (var i = 0; i < end && GoesOn(); i++)
        {
            if (progress.PlaceAt(i) is var here && here != place)
            {
                Note(place, seen);
                place = here;
            }

            ref readonly var op = ref circuit.Operations[i];
            if (op.Kind != OperationKind.Barrier)
            {
                bound.Apply(circuit, op, Math.Max(i == 0 ? (byte)0 : support[i - 1], support[i]), false, false);
                if (op.QubitCount > 1 && bound.IsInCascade)
                {
                    return null;
                }

                blocks.Apply(circuit, op, null);
            }
        }

        Note(place, seen);
        if (GoesOn())
        {
            blocks.Finish();
            chain.Finish();
            chain.MoveCentre(0);
        }

        if (chain.Amounts[ChainAmounts.Reflected] > most)
        {
            return null;
        }

        chain.AddReadout(Math.Min(features.FinalSupportLog2, circuit.NumQubits));
        Note(progress.PlaceAt(end), seen);
        return new PlannedWork(costModel, chain.Amounts.ToArray()) { Progress = progress.Sum() };

        bool GoesOn() => chain.Work < Enough && chain.Amounts[ChainAmounts.Reflected] <= most;

        void Note(int at, Span<double> seen)
        {
            var now = chain.Amounts;
            for (var k = 0; k < now.Length; k++)
            {
                progress.AddTo(at, k, now[k] - seen[k]);
            }

            now.CopyTo(seen);
        }
    }
}
