using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.Fusion;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Simulation.StateVector;

/// <summary>What a profile says of fused work, against what fusing and planning the circuit gives.</summary>
public sealed class FusionSketchTests(ITestOutputHelper output)
{
    private static readonly DenseSettings Settings = new(DenseKernelSelector.Best(StateVectorPrecision.Double));

    [Fact]
    public void Sketch_LibraryCircuits_CostsWhatThePlanCosts()
    {
        var ratios = new List<double>();
        foreach (var n in (int[])[5, 12, 16, 18, 21])
        {
            foreach (var (name, circuit) in Library(n))
            {
                var (sketched, planned) = (Cost(Sketch(circuit)), Cost(Plan(circuit)));
                output.WriteLine($"{name} {n}: {sketched / planned:F3}");
                ratios.Add(Math.Max(sketched / planned, planned / sketched));
            }
        }

        // Of products of matrices is known what kind they are, of passes what the first choice is.
        ratios.Sort();
        ratios[ratios.Count / 2].Should().BeLessThan(1.02);
        ratios[ratios.Count * 9 / 10].Should().BeLessThan(1.3);
        ratios[^1].Should().BeLessThan(3);
    }

    [Fact]
    public void Sketch_RandomCircuits_CountsStepsOfThePlan()
    {
        var ratios = new List<double>();
        for (var seed = 0; seed < 60; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 4 + (seed % 15), Operations = 80 });
            if (Plan(circuit) is { } planned)
            {
                ratios.Add(Sketch(circuit)[FusedWork.Steps] / planned[FusedWork.Steps]);
            }
        }

        ratios.Should().HaveCountGreaterThan(30);
        ratios.Sort();
        ratios[ratios.Count / 2].Should().BeInRange(0.9, 1.1);
        ratios.Should().OnlyContain(r => r > 0.6 && r < 1.6);
    }

    [Fact]
    public void Progress_LibraryCircuits_CostsWhatTheBeginningAloneWould()
    {
        var ratios = new List<double>();
        foreach (var n in (int[])[12, 16, 18, 21])
        {
            foreach (var (name, once) in Library(n).Where(c => c.Circuit.NumClbits == 0))
            {
                // Long enough for what a cut tears apart to be little.
                var circuit = once.Power(6);
                var progress = new WorkTrajectory(circuit).Fused!;
                var (prices, length) = (Prices(), circuit.Operations.Length);
                prices[FusedWork.Read] = 0;
                for (var k = 1; k < 4; k++)
                {
                    // The plan of the beginning by itself; where it ends falls short of a place by less than one.
                    var end = (k * length / 4) + (length / 128);
                    var alone = Plan(Beginning(circuit, end)).Zip(prices, (a, p) => a * p).Sum();
                    var part = progress.Part(0, end, prices);
                    output.WriteLine($"{name} {n}, {k} of 4: {part / alone:F3}");
                    ratios.Add(Math.Max(part / alone, alone / part));
                }
            }
        }

        ratios.Sort();
        ratios[ratios.Count / 2].Should().BeLessThan(1.1);
        ratios[ratios.Count * 9 / 10].Should().BeLessThan(1.5);
        ratios[^1].Should().BeLessThan(3);
    }

    [Fact]
    public void Sketch_MeasurementsBetween_AreRunsOfTheirOwn()
    {
        // Two gates on a qubit become one matrix, unless a measurement stands between them.
        Sketch(new CircuitBuilder(3, 1).H(0).T(0).RX(0.3, 0).Build())[FusedWork.Steps].Should().Be(1);
        Sketch(new CircuitBuilder(3, 1).H(0).T(0).Measure(1, 0).RX(0.3, 0).Build())[FusedWork.Steps].Should().Be(3);
    }

    [Fact]
    public void Sketch_Measurements_GoOverAmplitudesThatMayNotBeZero()
    {
        // Runs are of a page of 2^9 amplitudes, or longer where all their bits are used; a bit that is 0 in all amplitudes is not looked for.
        const int n = 20, page = 1 << 9;
        static double Measured(CircuitBuilder builder) => Sketch(builder.Build())[FusedWork.Measured];
        Measured(new CircuitBuilder(n, 1).X(0).Reset(1)).Should().Be(0);
        Measured(new CircuitBuilder(n, 1).X(0).Reset(0)).Should().Be(page);
        Measured(new CircuitBuilder(n, 1).H(0).H(15).H(16).Reset(15)).Should().Be(4 * page);
        Measured(new CircuitBuilder(n, 1).H(0).H(15).H(16).Reset(15).Reset(16)).Should().Be((4 + 2) * page, "after a reset a bit is 0");
        var all = new CircuitBuilder(n, 1);
        for (var q = 0; q < n; q++)
        {
            all.H(q);
        }

        Measured(all.Reset(3)).Should().Be(1 << n);

        // A measurement may wait for the end unless its qubit is used again, or something depends on results.
        Measured(new CircuitBuilder(n, 1).H(0).H(1).Measure(0, 0).X(1)).Should().Be(0);
        Measured(new CircuitBuilder(n, 1).H(0).H(1).Measure(0, 0).X(0)).Should().Be(page);
        Measured(new CircuitBuilder(n, 1).H(0).H(1).Measure(0, 0).If(new BitExpression(0)).X(1).EndIf()).Should().Be(page);
    }

    [Fact]
    public void Progress_MeasurementsBetween_AddsUpToTheWhole()
    {
        foreach (var circuit in (Circuit[])[ErrorCorrection.Repetition(8, 3, 1), ErrorCorrection.SurfaceCode(3, 2), new CircuitBuilder(20, 1).X(0).X(18).Reset(18).Reset(0).Build()])
        {
            var (progress, whole) = (new WorkTrajectory(circuit).Fused!, Sketch(circuit));
            for (var kind = 0; kind < whole.Length; kind++)
            {
                var one = new double[whole.Length];
                one[kind] = 1;
                progress.Part(0, circuit.Operations.Length, one).Should().BeApproximately(whole[kind], 1e-9 * (1 + whole[kind]), "{0}, amount {1}", circuit.Name, kind);
            }
        }
    }

    [Fact]
    public void Sketch_TooManyQubits_IsEmpty()
    {
        Sketch(States.Ghz(FusionSketch<Unnoted>.MostQubits)).Should().HaveCount(FusedWork.Count);
        Sketch(States.Ghz(FusionSketch<Unnoted>.MostQubits + 1)).Should().BeEmpty();
    }

    [Fact]
    public void BranchingBits_CliffordCircuits_AreTheRandomResults()
    {
        static CircuitFeatures Features(Circuit circuit) => CircuitProfiler.Profile(circuit).Features!;

        // Syndromes of a code without errors are certain; each kind of parity is random once.
        Features(ErrorCorrection.Repetition(5, 3)).BranchingBits.Should().Be(0);
        Features(ErrorCorrection.SurfaceCode(3, 1)).BranchingBits.Should().Be(Features(ErrorCorrection.SurfaceCode(3, 4)).BranchingBits).And.BeInRange(1, 4);
        Features(new CircuitBuilder(2).H(0).Reset(0).H(0).Reset(0).Build()).BranchingBits.Should().Be(2);

        // Elsewhere a bound: a qubit that surely is 0 is not random.
        Features(new CircuitBuilder(2).Reset(0).T(1).H(0).T(0).Reset(0).Build()).BranchingBits.Should().Be(1);
    }

    private static double[] Sketch(Circuit circuit) => CircuitProfiler.Profile(circuit).Features!.FusedWork;

    private static double[] Plan(Circuit circuit) => DenseForecast.Of(circuit, Settings, "dense")?.Amounts!;

    private static Circuit Beginning(Circuit circuit, int end)
    {
        var builder = new CircuitBuilder(circuit.NumQubits);
        var copier = new Circuit.OperationCopier(circuit, builder, null, null);
        for (var i = 0; i < end; i++)
        {
            copier.Append(i);
        }

        return builder.Build();
    }

    private static double Cost(double[] amounts) => amounts.Zip(Prices(), (a, p) => a * p).Sum();

    // Of the terms that are these amounts.
    private static double[] Prices()
    {
        var basis = CostBasisCatalog.Get("dense");
        return [.. Enumerable.Range(0, FusedWork.Count).Select(i => basis.PriorSeconds[Array.IndexOf(basis.TermNames, i == FusedWork.Read ? "readout" : "kernel steps") + (i == FusedWork.Read ? 0 : i)])];
    }

    private static IEnumerable<(string Name, Circuit Circuit)> Library(int n)
    {
        IReadOnlyList<double> Angles(int count) => Variational.RandomAngles(count, 3);
        yield return ("ghz", States.Ghz(n));
        yield return ("w", States.W(n));
        yield return ("qft", Fourier.Qft(n));
        yield return ("phase estimation", Fourier.PhaseEstimation(n - 1, 1 / 3.0));
        yield return ("phase estimation, a fraction of few bits", Fourier.PhaseEstimation(n - 1, 0.3125));
        yield return ("adder", Adders.Cuccaro((n - 1) / 2));
        yield return ("ising", Dynamics.Ising(n, 4, 0.4));
        yield return ("heisenberg", Dynamics.Heisenberg(n, 3, 0.5));
        yield return ("real amplitudes", Variational.RealAmplitudes(n, 3, Angles(4 * n)));
        yield return ("efficient su2", Variational.EfficientSU2(n, 2, Angles(6 * n), Entanglement.Circular));
        yield return ("quantum volume", RandomFamilies.QuantumVolume(n, 4, 1));
        yield return ("random", RandomFamilies.Random(n, 8, 1));
        yield return ("brickwork", RandomFamilies.Brickwork(n, 6, 1));
        yield return ("clifford", RandomFamilies.RandomClifford(n, 12 * n, 1));
    }
}
