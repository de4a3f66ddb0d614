using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Simulation.MatrixProductState;

/// <summary>What profiles and plans say of a chain of tensors, against what the engine's kernels do.</summary>
public sealed class ChainSketchTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Plan_CircuitsThatFillTheirBonds_ReflectsTheRowsOfARun()
    {
        // A factorisation of m rows to rank r reflects m · r of them, so that the count tells every bond at every compression.
        foreach (var circuit in Generic())
        {
            var planned = ((IWorkForecaster)new MatrixProductStateSimulator()).Forecast(circuit, CircuitProfiler.Profile(circuit))!.Amounts[ChainAmounts.Reflected];
            var reflected = await ReflectedAsync(circuit);
            output.WriteLine($"{circuit.Name}: {planned / reflected:F3}");
            planned.Should().BeInRange(0.9 * reflected, 1.1 * reflected, circuit.Name);
        }
    }

    [Fact]
    public async Task Sketch_CircuitsThatFillTheirBonds_ReflectsAboutTheRowsOfARun()
    {
        foreach (var circuit in Generic())
        {
            var sketched = Sketch(circuit)[ChainAmounts.Reflected];
            var reflected = await ReflectedAsync(circuit);
            output.WriteLine($"{circuit.Name}: {sketched / reflected:F3}");
            sketched.Should().BeInRange(reflected / 2, 2 * reflected, circuit.Name);
        }
    }

    [Fact]
    public void Sketch_Ghz_CountsWhatAFormulaSays()
    {
        // Each gate touches two tensors, and each bond is gone over once on the way to the readout; all bonds are two.
        var amounts = Sketch(States.Ghz(50));
        amounts[ChainAmounts.Tensors].Should().Be((2 * 49) + 49);
        amounts[ChainAmounts.Reflected].Should().Be(49 * 2 * 2);
        amounts[ChainAmounts.Read].Should().Be(1.5 * (2 + (4 * 48) + 2), "a row for zero, and for one in half of all cases");

        // Two outcomes: many shots are one row at first, and two in the end, wherever they come apart.
        amounts[ChainAmounts.Read + 3].Should().BeInRange(1.3 * amounts[ChainAmounts.Read], 2 * amounts[ChainAmounts.Read]);
    }

    [Fact]
    public void Sketch_OrderThatKeepsBondsSmall_IsFound()
    {
        // A chain of neighbours whose names are shuffled is a chain.
        var order = Enumerable.Range(0, 24).ToArray();
        new Random(3).Shuffle(order);
        var chain = RandomFamilies.Brickwork(24, 6, 1);
        var shuffled = new CircuitBuilder(24).Build().Compose(chain, order);
        var (straight, mixed) = (Sketch(chain), Sketch(shuffled));
        output.WriteLine($"{straight[ChainAmounts.Factored]} and {mixed[ChainAmounts.Factored]}");
        mixed[ChainAmounts.Factored].Should().BeLessThan(1e9, "in the order of the names bonds are 2^12");
        mixed[ChainAmounts.Factored].Should().BeGreaterThanOrEqualTo(0.99 * straight[ChainAmounts.Factored]);
    }

    [Fact]
    public async Task Sketch_FewLayersBetweenAnyQubits_ReflectsAboutTheRowsOfARunInItsOrder()
    {
        // What orders promise differs a hundredfold, also that of two that look good: the one that the engine finds counts.
        foreach (var n in (int[])[12, 13, 14, 16, 17, 19])
        {
            var circuit = RandomFamilies.QuantumVolume(n, 3, (ulong)n);
            var (sketched, reflected) = (Sketch(circuit)[ChainAmounts.Reflected], await ReflectedAsync(circuit));
            output.WriteLine($"{n}: {sketched / reflected:F3}");
            sketched.Should().BeInRange(reflected / 2, 2 * reflected, $"of {n} qubits");
        }
    }

    [Fact]
    public void Sketch_SwapsAndGatesThatUndoEachOther_MoveNothing()
    {
        var plain = Sketch(new CircuitBuilder(8).H(0).CX(0, 1).Build());
        Sketch(new CircuitBuilder(8).H(0).CX(0, 1).Swap(1, 7).Swap(3, 5).Build()).Should().Equal(plain);
        Sketch(new CircuitBuilder(4).H(0).H(2).CX(0, 1).CX(0, 1).Build())[ChainAmounts.Read].Should().Be(1.5 * 4, "all bonds are one");
        Sketch(new CircuitBuilder(4).H(0).H(1).CX(0, 1).RZ(0.3, 1).CX(0, 1).Build())[ChainAmounts.Read].Should().Be(1.5 * (2 + 2 + 1 + 1), "a rotation about ZZ has rank two");
    }

    [Fact]
    public async Task Sketch_CircuitsWhoseBondsShrink_ReflectsAboutTheRowsOfARun()
    {
        // Swaps under one control, and a Fourier transform of a generic product state.
        var swaps = new CircuitBuilder(21).H(0);
        var product = new CircuitBuilder(16);
        for (var q = 0; q < 10; q++)
        {
            swaps.RY(0.3 + q, 1 + q).RY(0.7 + (2 * q), 11 + q);
        }

        for (var q = 0; q < 10; q++)
        {
            swaps.CSwap(0, 1 + q, 11 + q);
        }

        for (var q = 0; q < 16; q++)
        {
            product.RY(0.3 + (0.1 * q), q);
        }

        // Some qubits in superposition, which follow one another in no order.
        var some = new CircuitBuilder(18);
        for (var q = 0; q < 9; q++)
        {
            some.H(((7 * q) + 1) % 18);
        }

        // Bonds that the control's two values join alone were taken for 2^10 each.
        // Those of a walk, that few positions need few, for 2^5 each, and in an order in which every gate goes across all of them.
        (Circuit, double)[] all =
        [
            (swaps.H(0).Build(), 16.0), (product.Build().Compose(Fourier.Qft(16, inverse: true)), 1.3), (some.Build().Compose(Fourier.Qft(18)), 1.6), (Fourier.PhaseEstimation(17, 1 / 3.0), 1.3),
            (Dynamics.QuantumWalk(13, 15), 2),
        ];
        foreach (var (circuit, factor) in all)
        {
            var (sketched, reflected) = (Sketch(circuit)[ChainAmounts.Reflected], await ReflectedAsync(circuit));
            output.WriteLine($"{circuit.NumQubits}: {sketched / reflected:F3}");
            sketched.Should().BeInRange(reflected / factor, factor * reflected);
        }
    }

    [Fact]
    public async Task SketchAndPlan_QubitsThatHaveOneValue_ReflectAboutTheRowsOfARun()
    {
        // Half of the tensor of a site in a basis state is zero, and a factorisation has no more rows than what is not: of 9 to 40 times too many.
        var numbers = new CircuitBuilder(20);
        for (var q = 0; q < 20; q += 7)
        {
            numbers.X(q);
        }

        foreach (var circuit in (Circuit[])[Fourier.Qft(12), Fourier.Qft(20), numbers.Build().Compose(Fourier.Qft(20, inverse: true))])
        {
            var planned = ((IWorkForecaster)new MatrixProductStateSimulator()).Forecast(circuit, CircuitProfiler.Profile(circuit))!.Amounts[ChainAmounts.Reflected];
            var (sketched, reflected) = (Sketch(circuit)[ChainAmounts.Reflected], await ReflectedAsync(circuit));
            output.WriteLine($"{circuit.Name}: sketch {sketched / reflected:F3}, plan {planned / reflected:F3}");
            sketched.Should().BeInRange(reflected / 1.25, 1.25 * reflected);
            planned.Should().BeInRange(reflected / 1.25, 1.25 * reflected);
        }
    }

    [Fact]
    public void Sketch_GatesWithSeveralControls_LeaveControlsThatHaveOneValue()
    {
        // What is done behind a gate with several controls to a qubit that has one value tells as much as before it.
        var controls = new CircuitBuilder(24);
        for (var q = 0; q < 24; q += 3)
        {
            controls.H(q).CCX(q, q + 1, q + 2);
        }

        for (var q = 1; q + 3 < 24; q += 3)
        {
            controls.CZ(q, q + 3);
        }

        Reflected(controls.Build()).Should().BeLessThan(Reflected(Turned(controls)), "no more than where they have both values");

        static double Reflected(Circuit circuit) => Sketch(circuit)[ChainAmounts.Reflected];
        static Circuit Turned(CircuitBuilder before)
        {
            var turn = new CircuitBuilder(24);
            for (var q = 1; q < 24; q += 3)
            {
                turn.H(q);
            }

            return turn.Build().Compose(before.Build());
        }
    }

    [Fact]
    public void Plan_FourierTransformOfManyValues_IsLeftToTheSketch()
    {
        var circuit = new CircuitBuilder(12).H(1).H(8).H(3).Build().Compose(Fourier.Qft(12));
        ((IWorkForecaster)new MatrixProductStateSimulator()).Forecast(circuit, CircuitProfiler.Profile(circuit)).Should().BeNull();
    }

    [Fact]
    public async Task Plan_CountsFarBeyondTheSketch_IsLeftToTheSketch()
    {
        // What gates of one control in a row join is taken for a bit of each.
        var random = new Random(19);
        var graph = new CircuitBuilder(19);
        for (var q = 0; q < 19; q++)
        {
            graph.H(q);
        }

        for (var q = 0; q < 19; q++)
        {
            graph.CZ(q, (q + 1) % 19).CZ(q, (q + 1 + random.Next(18)) % 19);
        }

        var circuit = graph.Build();
        var profile = CircuitProfiler.Profile(circuit);
        IWorkForecaster engine = new MatrixProductStateSimulator();
        engine.Forecast(circuit, profile).Should().BeNull();
        var planned = engine.Forecast(circuit, profile.WithChain([]))!.Amounts[ChainAmounts.Reflected];
        var (sketched, reflected) = (Sketch(circuit)[ChainAmounts.Reflected], await ReflectedAsync(circuit));
        output.WriteLine($"sketch {sketched / reflected:F2}, plan {planned / reflected:F2}");
        Math.Abs(Math.Log(sketched / reflected)).Should().BeLessThan(Math.Log(planned / reflected), "where no sketch says anything against it");
    }

    [Fact]
    public void Readout_ShotsBetweenTheCounts_GrowWithShots()
    {
        var amounts = Sketch(RandomFamilies.Brickwork(14, 6, 1));
        var before = 0.0;
        foreach (var shots in (double[])[0, 1, 7, 32, 100, 256, 1000, 2048, 5000, 1e6])
        {
            var products = ChainAmounts.ReadoutProducts(amounts, shots);
            products.Should().BeGreaterThanOrEqualTo(before).And.BeLessThanOrEqualTo(shots * amounts[ChainAmounts.Read]);
            before = products;
        }

        ChainAmounts.ReadoutProducts(amounts, 2048 * 10).Should().BeApproximately(10 * amounts[^1], 1);
        ChainAmounts.ReadoutRows(30, 1, 1000).Should().BeInRange(30, 30 * 2, "two outcomes");
        ChainAmounts.ReadoutRows(12, 12, 1e6).Should().BeApproximately(1e6 / 2048 * Enumerable.Range(1, 12).Sum(q => Math.ScaleB(1, q) * (1 - Math.Exp(-2048 / Math.ScaleB(1, q)))), 1, "each site brings a bit");
        ChainAmounts.ReadoutRows(30, 30, 1).Should().Be(30, "one shot is one row at each site");
    }

    [Fact]
    public void ReadoutRows_StatesWithFewerOutcomes_AreTheBeginningsOfShots()
    {
        // Random bits are anywhere on the chain: taken for the first ones, shots came apart at once, and rows were up to twice as many.
        const int n = 12, shots = 300;
        var log = 0.0;
        for (var seed = 0; seed < 20; seed++)
        {
            var circuit = RandomFamilies.RandomClifford(n, 4 * n, (ulong)seed);
            var state = OracleSimulator.FinalState(circuit);
            var outcomes = Enumerable.Range(0, state.Length).Where(i => state[i].Magnitude > 1e-9).ToArray();
            var random = new Random(seed);
            var drawn = Enumerable.Range(0, shots).Select(_ => outcomes[random.Next(outcomes.Length)]).ToArray();
            var rows = Enumerable.Range(1, n).Sum(q => drawn.Select(i => i & ((1 << q) - 1)).Distinct().Count());
            log += Math.Log(ChainAmounts.ReadoutRows(n, Math.Log2(outcomes.Length), shots) / rows);
        }

        output.WriteLine($"{Math.Exp(log / 20):F3}");
        Math.Exp(log / 20).Should().BeInRange(0.85, 1.15);
    }

    [Fact]
    public void Sketch_TooManyQubits_IsEmpty()
    {
        Sketch(States.Ghz(ChainSketch.MostQubits)).Should().HaveCount(ChainAmounts.Count);
        Sketch(States.Ghz(ChainSketch.MostQubits + 1)).Should().BeEmpty();
    }

    [Fact]
    public async Task Sketch_AfterOtherCircuitsOnTheThread_CountsAsTheFirstTime()
    {
        Circuit[] circuits =
        [
            .. Generic(), States.Ghz(3), States.Ghz(200), Fourier.Qft(12), RandomFamilies.Random(20, 33), RandomFamilies.RandomClifford(40, 500),
            new CircuitBuilder(9).H(0).CCX(0, 1, 2).CCX(6, 7, 8).CX(2, 8).Build(),
        ];

        // Each on a thread of its own, on which there was no sketch before.
        var alone = await Task.WhenAll(circuits.Select(c => Task.Factory.StartNew(() => Sketch(c), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        for (var i = 0; i < 2 * circuits.Length; i++)
        {
            var k = i < circuits.Length ? i : (2 * circuits.Length) - 1 - i;
            Sketch(circuits[k]).Should().Equal(alone[k], circuits[k].Name);
        }
    }

    [Fact]
    public void Sketch_AsLargeAsOneBefore_AllocatesTheCountsAlone()
    {
        var circuit = RandomFamilies.Random(20, 33);
        var known = new GateEntanglement(20);
        Allocated();
        Allocated().Should().BeLessThan(200, "nine counts");

        long Allocated()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var sketch = ChainSketch.Begin(20)!;
            foreach (ref readonly var op in circuit.Operations)
            {
                if (op.QubitCount > 1)
                {
                    sketch.Join(circuit, op, known, 20);
                }
                else
                {
                    sketch.Turn(op, circuit.QubitsOf(op)[0]);
                }
            }

            sketch.Finish(20);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static IEnumerable<Circuit> Generic()
    {
        yield return RandomFamilies.Brickwork(16, 12, 1);
        yield return RandomFamilies.Brickwork(24, 12, 2);
        yield return RandomFamilies.Random(11, 10, 1);
        yield return RandomFamilies.QuantumVolume(10, 8, 1);
        yield return Dynamics.Ising(16, 10, 1.4);
    }

    private static double[] Sketch(Circuit circuit) => CircuitProfiler.Profile(circuit).Features!.ChainWork;

    private static async Task<double> ReflectedAsync(Circuit circuit)
    {
        var kernels = new CountingKernels(MatrixKernelSelector.Best);
        await new MatrixProductStateSimulator(null, null, kernels).ExecuteAsync(new ExecutionRequest { Circuit = circuit, Shots = 1, Seed = 1 });
        return kernels.Reflected;
    }
}
