using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation;
using PredictiveOrchestration.Simulation.Fusion;
using PredictiveOrchestration.Simulation.Kernels;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Simulation;

/// <summary>What engines say they would do is what they do.</summary>
public sealed class ForecastTests
{
    private static readonly DenseSettings Settings = new(DenseKernelSelector.Best(StateVectorPrecision.Double));

    [Fact]
    public void Dense_ClosedFormulas_CountAmplitudes()
    {
        const int n = 20, block = 1 << DenseSettings.CacheBlockBits;

        // One exchange visits the one block that is not zero, all of it: in place for a low qubit; for a high one it is a copy, of whose two rows only one is not zero before. Runs of 2^11 amplitudes are read out.
        Amounts(new CircuitBuilder(n).X(3).Build()).Should().Equal(1, 0, 0, block, block, 0, block, 0, 0, 1 << 11);
        Amounts(new CircuitBuilder(n).X(n - 1).Build()).Should().Equal(1, 0, 0, block, 0, (block / 2 + block) / 2, block, 0, 0, 1 << 12);

        Amounts(States.Ghz(n))[6..].Should().Equal([0, 1 << n, 0, 1 << n], "all are touched, on huge pages, and read out");
        var few = new CircuitBuilder(n).H(2).CX(2, 7).CX(7, 19).Build();
        Amounts(few)[^1].Should().Be(1 << 12, "of three qubits that may be one one tells runs apart");
        Amounts(new CircuitBuilder(4).H(0).H(1).H(2).H(3).Build())[4..6].Should().Equal([0, 0], "a small state is worked on in place, all of it in cache");
    }

    [Fact]
    public void Dense_LongerCircuits_CountsGrow()
    {
        var once = Amounts(RandomFamilies.Random(18, 5, 1));
        var twice = Amounts(RandomFamilies.Random(18, 5, 1).Compose(RandomFamilies.Random(18, 5, 2)));
        twice.Zip(once).Should().OnlyContain(p => p.First >= p.Second);
        twice[1].Should().BeGreaterThan(1.5 * once[1]);
    }

    [Theory]
    [InlineData(4, 2)]
    [InlineData(8, 1)]
    [InlineData(13, 1)]
    public void Chain_BeforeAnythingIsCompressed_HasTheBondsOfRealTensors(int qubits, int depth)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var (real, counted) = Both(RandomCircuits.Pairs(seed, qubits, depth));
            Enumerable.Range(0, qubits + 1).Select(counted.Bond).Should().Equal(Enumerable.Range(0, qubits + 1).Select(real.Bond), "seed {0}", seed);
            counted.GreatestBond.Should().BeGreaterThan(1);
        }
    }

    [Fact]
    public void Chain_LibraryAndRandomCircuits_CountsWhatKernelsOfTheRealChainDo()
    {
        var known = new CoreCache();
        var compared = 0;
        foreach (var circuit in Shallow())
        {
            var kernels = new CountingKernels(MatrixKernelSelector.Best);
            var formula = new FormulaChain(circuit.NumQubits);
            Run(circuit, formula, MatrixKernelSelector.Best, null);
            if (formula.IsCompressed)
            {
                continue;
            }

            compared++;
            Run(circuit, null, kernels, null);
            var counted = new CountingChain(circuit.NumQubits, new TruncationPolicy(), new BondDimensionBound(circuit.NumQubits));

            // With what was found for the circuits before.
            Run(circuit, counted, MatrixKernelSelector.Best, known);
            counted.Calls.Should().Be(formula.Calls, circuit.Name);
            counted.Moved.Should().Be(kernels.Combined + formula.Moved, circuit.Name);
        }

        compared.Should().BeGreaterThan(200);
    }

    [Fact]
    public void ForecastSeconds_KnowsWhatTakesLonger()
    {
        IWorkForecaster engine = new MatrixProductStateSimulator();
        double Of(Circuit circuit) => engine.ForecastSeconds(CircuitProfiler.Profile(circuit));
        var neighbours = RandomFamilies.Brickwork(24, 8);
        var order = Enumerable.Range(0, 24).ToArray();
        new Random(1).Shuffle(order);

        // Between neighbours no other order is looked for.
        Of(neighbours).Should().BeLessThan(0.5 * Of(new CircuitBuilder(24).Build().Compose(neighbours, order)));
        Of(RandomFamilies.Random(16, 20)).Should().BeGreaterThan(Of(RandomFamilies.Random(16, 10)));
        Of(RandomFamilies.Brickwork(24, 8)).Should().BeLessThan(Of(RandomFamilies.Brickwork(24, 16)));
        Of(States.Ghz(4)).Should().BeInRange(1e-6, 2e-5);
        engine.ForecastSeconds(CircuitProfiler.FromValues(20, 10, 100, 0.5, 1 << 20)).Should().BeInRange(1e-5, 1e-3);
    }

    [Fact]
    public void Chain_Compressed_HasNoLargerBondsThanTheStateNeeds()
    {
        // Rotations and entanglers of all qubits again and again: bonds are as large as the smaller side allows.
        var (real, counted) = Both(RandomCircuits.Pairs(1, 8, 12));
        real.Compress();
        counted.Compress();
        Enumerable.Range(0, 9).Select(counted.Bond).Should().Equal(Enumerable.Range(0, 9).Select(real.Bond)).And.Equal(1, 2, 4, 8, 16, 8, 4, 2, 1);
    }

    [Fact]
    public void Chain_Ghz_CountsWhatAFormulaSays()
    {
        IWorkForecaster engine = new MatrixProductStateSimulator();
        double[] AmountsOf(int n) => engine.Forecast(States.Ghz(n), CircuitProfiler.Profile(States.Ghz(n)))!.Amounts;

        // Bonds of two between all neighbours: 2 · (2 + 4 (n - 2) + 2) numbers, of which half are for one and are gone over in half of all cases.
        AmountsOf(50)[ChainAmounts.Read].Should().Be(1.5 * (2 + (4 * 48) + 2));
        AmountsOf(100)[0].Should().BeApproximately(2 * AmountsOf(50)[0], 8);
    }

    [Fact]
    public void Progress_AllParts_AddUpToTheAmounts()
    {
        var circuit = RandomFamilies.Random(16, 9, 1);
        var profile = CircuitProfiler.Profile(circuit);
        var planned = ((IWorkForecaster)new MatrixProductStateSimulator()).Forecast(circuit, profile)!;
        foreach (var (amounts, progress) in ((double[], PlannedProgress)[])[(planned.Amounts, planned.Progress!), (profile.Features!.FusedWork, new WorkTrajectory(circuit).Fused!)])
        {
            for (var k = 0; k < amounts.Length; k++)
            {
                var one = new double[amounts.Length];
                one[k] = 1;
                double sum = 0, before = 0;
                for (var i = 0; i < circuit.Operations.Length; i += 10)
                {
                    var part = progress.Part(i, Math.Min(circuit.Operations.Length, i + 10), one);
                    part.Should().BeGreaterThanOrEqualTo(-1e-6 * amounts[k]);
                    sum += part;
                    before = i < circuit.Operations.Length / 2 ? sum : before;
                }

                sum.Should().BeApproximately(amounts[k], 1e-9 * amounts[k], "{0} amounts, amount {1}", amounts.Length, k);
                before.Should().BeLessThanOrEqualTo(sum);
            }
        }
    }

    [Fact]
    public void Forecast_WhatDependsOnMeasurements_IsNone()
    {
        var circuit = new CircuitBuilder(3, 1).H(0).Measure(0, 0).X(1).Build();
        var profile = CircuitProfiler.Profile(circuit);
        ((IWorkForecaster)new StateVectorSimulator()).Forecast(circuit, profile).Should().BeNull();
        ((IWorkForecaster)new MatrixProductStateSimulator()).Forecast(circuit, profile).Should().BeNull();
    }

    [Theory]
    [InlineData(10, 0b11_1111_1111, 1024)] // All on two small pages.
    [InlineData(20, 0, 512)] // The first small page.
    [InlineData(20, 0x3FF, 1024)] // Ten low bits: two small pages, an eighth and less of a huge one.
    [InlineData(20, 0xFFFFF, 1 << 20)]
    [InlineData(20, 0xE01FF, 4096)] // Eight small pages, on all four of the huge ones.
    [InlineData(24, 0x1FFFF, 1 << 18)] // Half of a huge page.
    [InlineData(24, 0xC0001F, 2048)] // A small page on each of four huge ones.
    public void Touched_SomeIndexBits_CountsPages(int bits, long live, double amplitudes)
    {
        var pages = new MemoryPages(bits, sizeof(double), live);
        pages.Touch(live);
        pages.Touched.Should().Be(amplitudes);
        pages.Touch(live);
        pages.Touched.Should().Be(amplitudes, "a page is new once");
    }

    [Fact]
    public void Touched_SpacesThatOverlap_CountPagesOnce()
    {
        var pages = new MemoryPages(20, sizeof(double), 0);
        foreach (var (space, amplitudes) in ((long, double)[])[(0, 512), (1 << 18, 1024), (1 << 19, 1536), (3 << 18, 2048), (1 << 10, 2048)])
        {
            pages.Touch(space);
            pages.Touched.Should().BeGreaterThanOrEqualTo(amplitudes).And.BeLessThanOrEqualTo(amplitudes + 1024);
        }
    }

    private static IEnumerable<Circuit> Shallow()
    {
        for (var n = 2; n <= 9; n++)
        {
            yield return States.Ghz(n);
            yield return States.W(n);
            yield return RandomFamilies.Brickwork(n, 2);
            yield return Dynamics.Heisenberg(n, 1);
            yield return Fourier.Qft(Math.Min(n, 4));
        }

        for (var seed = 0; seed < 400; seed++)
        {
            yield return RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 2 + (seed % 9), Operations = 4 + (seed % 14), MaxControls = seed % 4, Unitaries = seed % 2 == 0, CliffordAngles = seed % 3 == 0 });
        }
    }

    // On a real chain where none is given.
    private static void Run(Circuit circuit, BondChain? chain, MatrixKernelSet kernels, CoreCache? known)
    {
        var context = new RunContext("test", new ExecutionRequest { Circuit = circuit }, long.MaxValue, TimeProvider.System, CancellationToken.None);
        using var pool = new MatrixPool(context);
        var algebra = new MatrixAlgebra(pool, kernels, context);
        int[] sites = [.. Enumerable.Range(0, circuit.NumQubits)];
        using var real = chain is null ? new TensorChain(circuit.NumQubits, new TruncationPolicy(), algebra, new SiteMap(sites), "test") : null;
        var blocks = new GateBlocks(chain ?? real!, new OperatorFactory(algebra, known, forCounting: chain is CountingChain), new SiteMap(sites), false);
        foreach (ref readonly var op in circuit.Operations)
        {
            if (op.Kind != OperationKind.Barrier)
            {
                blocks.Apply(circuit, op, null);
            }
        }

        blocks.Finish();
    }

    private static double[] Amounts(Circuit circuit) => DenseForecast.Of(circuit, Settings, "dense")!.Amounts;

    private static (TensorChain Real, CountingChain Counted) Both(Circuit circuit)
    {
        var n = circuit.NumQubits;
        var context = new RunContext("test", new ExecutionRequest { Circuit = circuit }, long.MaxValue, TimeProvider.System, CancellationToken.None);
        var pool = new MatrixPool(context);
        var algebra = new MatrixAlgebra(pool, MatrixKernelSelector.Best, context);
        int[] sites = [.. Enumerable.Range(0, n)];
        var bound = new BondDimensionBound(n, sites);
        var real = new TensorChain(n, new TruncationPolicy(), algebra, new SiteMap(sites), "test");
        var counted = new CountingChain(n, new TruncationPolicy(), bound);
        foreach (var chain in (BondChain[])[real, counted])
        {
            var blocks = new GateBlocks(chain, new OperatorFactory(algebra), new SiteMap(sites), false);
            foreach (ref readonly var op in circuit.Operations)
            {
                if (op.Kind == OperationKind.Barrier)
                {
                    continue;
                }

                if (chain == counted)
                {
                    bound.Apply(circuit, op, n, false, false);
                }

                blocks.Apply(circuit, op, null);
            }

            blocks.Finish();
        }

        return (real, counted);
    }

    // What is touched besides the numbers that kernels combine, by the formulas; of no use once bonds are taken down.
    private sealed class FormulaChain(int qubits) : BondChain(qubits, new TruncationPolicy())
    {
        public double Calls { get; private set; }

        public double Moved { get; private set; }

        public bool IsCompressed { get; private set; }

        protected override void ApplySingle(int qubit, ReadOnlySpan<Complex> matrix) => Add(4, qubit);

        protected override void Expand(int qubit, OperatorCore core) => Add(2 * core.Left * core.Right, qubit);

        protected override void HandOn(int qubit, int factor)
        {
            if (factor > 1)
            {
                Add(2 * factor * (1 + factor), qubit);
            }
        }

        protected override void ShiftRight(int qubit) => IsCompressed = true;

        protected override void ShiftLeft(int qubit) => IsCompressed = true;

        protected override double Truncate(int qubit)
        {
            IsCompressed = true;
            Bonds[qubit] = 1;
            return 0;
        }

        protected override void Lose(double share)
        {
        }

        protected override void Renormalise(int centre)
        {
        }

        private void Add(double factor, int qubit)
        {
            Calls++;
            Moved += factor * Bonds[qubit] * Bonds[qubit + 1];
        }
    }
}
