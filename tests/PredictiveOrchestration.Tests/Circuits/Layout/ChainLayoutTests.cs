using System.Numerics;
using MathNet.Numerics.LinearAlgebra;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Layout;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Circuits.Layout;

public sealed class ChainLayoutTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Forecast_AnyOrderOfTheQubits_IsNotBelowTheSchmidtRanks(bool relabel)
    {
        var exact = 0;
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 2 + seed % 6, Operations = 4 + seed % 20, Gates = seed % 2 == 0 ? null : ["h", "ry", "swap", "rzz", "x", "iswap"] });
            var site = Enumerable.Range(0, circuit.NumQubits).ToArray();
            random.Shuffle(site);
            var forecast = BondForecast.Of(new InteractionList(circuit, relabel), site, byte.MaxValue);
            foreach (var op in circuit.Operations)
            {
                if (relabel && op.Kind == OperationKind.Gate && op.ControlCount == 0 && circuit.GateOf(op).Name == "swap")
                {
                    var q = circuit.QubitsOf(op);
                    (site[q[0]], site[q[1]]) = (site[q[1]], site[q[0]]);
                }
            }

            var state = OracleSimulator.FinalState(circuit);
            for (var cut = 0; cut + 1 < circuit.NumQubits; cut++)
            {
                var rank = SchmidtRank(state, site, cut);
                rank.Should().BeLessThanOrEqualTo(1 << forecast.FinalLog2[cut], "seed {0}, cut {1}", seed, cut);
                exact += rank == 1 << forecast.FinalLog2[cut] ? 1 : 0;
            }
        }

        exact.Should().BeGreaterThan(200, "a bound that is never met says nothing");
    }

    [Fact]
    public void Arrangement_AfterAnyMoves_CostsWhatAFreshOneOfItsOrderCosts()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var graph = new WireGraph(new InteractionList(RandomPairs(seed, 3 + seed % 12, 30), true));
            var order = Enumerable.Range(0, graph.NumWires).ToArray();
            var line = new LineArrangement(graph, 5, order);
            var random = new SeededRandom((ulong)seed);
            for (var round = 0; round < 5; round++)
            {
                line.Disturb(random, 3);
                var disturbed = line.Cost;
                disturbed.Should().BeApproximately(new LineArrangement(graph, 5, line.Order).Cost, 1e-9 * disturbed, "seed {0}", seed);
                long steps = 100_000;
                line.Improve(ref steps);
                line.Cost.Should().BeLessThanOrEqualTo(disturbed * (1 + 1e-12), "seed {0}", seed);
                line.Cost.Should().BeApproximately(new LineArrangement(graph, 5, line.Order).Cost, 1e-9 * disturbed, "seed {0}", seed);
                line.Order.Order().Should().Equal(order, "seed {0}", seed);
            }
        }
    }

    [Theory]
    [InlineData(20)]
    [InlineData(300)]
    public void Edges_AddedInAnyOrder_AreThoseOfADictionary(int wires)
    {
        var random = new Random(wires);
        using var edges = new EdgeTable(wires);
        var expected = new Dictionary<(int, int), int>();
        for (var k = 0; k < 2000; k++)
        {
            var a = random.Next(wires);
            var b = (a + 1 + random.Next(wires - 1)) % wires;
            var weight = 1 + random.Next(2);
            edges.Add(a, b, weight);
            expected[(Math.Min(a, b), Math.Max(a, b))] = expected.GetValueOrDefault((Math.Min(a, b), Math.Max(a, b))) + weight;
        }

        edges.All.ToArray().Should().Equal(expected.Select(e => new WireEdge(e.Key.Item1, e.Key.Item2, e.Value)));
    }

    [Fact]
    public void Arrangement_SixWires_OftenFindsTheBestOfAllOrders()
    {
        var found = 0;
        for (var seed = 0; seed < 40; seed++)
        {
            var graph = new WireGraph(new InteractionList(RandomPairs(seed, 6, 9), true));
            var least = Orders([0, 1, 2, 3, 4, 5], 0).Min(o => new LineArrangement(graph, byte.MaxValue, o).Cost);
            var line = new LineArrangement(graph, byte.MaxValue, graph.BySpectrum(graph.ByLevels(), 40));
            long steps = 10_000;
            line.Improve(ref steps);
            line.Cost.Should().BeGreaterThanOrEqualTo(least * (1 - 1e-12), "seed {0}", seed);
            found += line.Cost <= least * (1 + 1e-12) ? 1 : 0;
        }

        found.Should().BeGreaterThan(20);
    }

    [Fact]
    public void Choose_ChainWithItsQubitsShuffled_FindsTheChain()
    {
        foreach (var n in new[] { 16, 40 })
        {
            var name = Enumerable.Range(0, n).ToArray();
            new Random(n).Shuffle(name);
            var builder = new CircuitBuilder(n);
            for (var layer = 0; layer < 6; layer++)
            {
                for (var q = layer % 2; q + 1 < n; q += 2)
                {
                    builder.RY(0.3 + q, name[q]).CX(name[q], name[q + 1]);
                }
            }

            var layout = ChainLayout.Choose(builder.Build());
            layout.Forecast.PeakLog2.Should().BeLessThanOrEqualTo(3, "every bond of the chain has three gates; {0} qubits", n);
        }
    }

    [Fact]
    public void Choose_NothingToGain_KeepsTheOrderOfTheCaller()
    {
        foreach (var circuit in new[] { States.Ghz(100), RandomFamilies.Random(10, 20, 1), new CircuitBuilder(0).Build(), new CircuitBuilder(3).H(1).Build(), Variational.Qaoa(40, Variational.Ring(40), [.1, .2], [.2, .1]) })
        {
            ChainLayout.Choose(circuit).SiteOf.Should().Equal(Enumerable.Range(0, circuit.NumQubits));
        }
    }

    [Fact]
    public void Choose_SwapsAcrossTheChain_AreTakenAsNames()
    {
        var builder = new CircuitBuilder(30).H(0);
        for (var q = 0; q + 1 < 30; q++)
        {
            builder.CX(q, q + 1);
        }

        for (var q = 0; q < 15; q++)
        {
            builder.Swap(q, 29 - q);
        }

        var layout = ChainLayout.Choose(builder.Build());
        layout.RelabelSwaps.Should().BeTrue();
        layout.Forecast.PeakLog2.Should().Be(1);
    }

    [Fact]
    public void Choose_LongCircuit_AsksWhetherToGoOn()
    {
        var circuit = RandomPairs(1, 50, 5000);
        var act = () => ChainLayout.Choose(circuit, null, () => throw new OperationCanceledException());
        act.Should().Throw<OperationCanceledException>();
    }

    private static Circuit RandomPairs(int seed, int qubits, int gates)
    {
        var random = new Random(seed);
        var builder = new CircuitBuilder(qubits);
        for (var k = 0; k < gates; k++)
        {
            var a = random.Next(qubits);
            builder.CX(a, (a + 1 + random.Next(qubits - 1)) % qubits);
        }

        return builder.Build();
    }

    private static IEnumerable<int[]> Orders(int[] items, int from)
    {
        if (from == items.Length)
        {
            yield return [.. items];
        }

        for (var k = from; k < items.Length; k++)
        {
            (items[from], items[k]) = (items[k], items[from]);
            foreach (var order in Orders(items, from + 1))
            {
                yield return order;
            }

            (items[from], items[k]) = (items[k], items[from]);
        }
    }

    private static int SchmidtRank(Complex[] state, int[] site, int cut)
    {
        var left = Enumerable.Range(0, site.Length).Where(q => site[q] <= cut).ToArray();
        var right = Enumerable.Range(0, site.Length).Where(q => site[q] > cut).ToArray();
        return Matrix<Complex>.Build.Dense(1 << right.Length, 1 << left.Length, (r, l) => state[Spread(r, right) | Spread(l, left)]).Svd(false).S.Count(s => s.Real > 1e-9);
    }

    private static int Spread(int value, int[] qubits)
    {
        var index = 0;
        for (var k = 0; k < qubits.Length; k++)
        {
            index |= (value >> k & 1) << qubits[k];
        }

        return index;
    }
}
