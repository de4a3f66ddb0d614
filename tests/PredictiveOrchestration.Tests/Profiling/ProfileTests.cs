using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>Every formula of the profile against a slow computation from lists of operations.</summary>
public sealed class ProfileTests
{
    private static readonly string[] OneQubitGates = ["h", "x", "z", "s", "t", "tdg", "rx", "rz", "p", "sx"];

    [Theory]
    [InlineData(20)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(4096)]
    [InlineData(4097)]
    public void QubitPairs_AnyWidth_CountEachPairOnce(int qubits)
    {
        var random = new Random(qubits);
        var pairs = new QubitPairs(qubits);
        var expected = new HashSet<(int, int)>();
        for (var i = 0; i < 5000; i++)
        {
            int a = random.Next(qubits), b = (a + 1 + random.Next(i % 2 == 0 ? 3 : qubits - 1)) % qubits;
            if (a != b)
            {
                pairs.Add(a, b);
                expected.Add((Math.Min(a, b), Math.Max(a, b)));
            }
        }

        pairs.Count.Should().Be(expected.Count);
    }

    [Fact]
    public void SparseWork_MixingGates_IsToldApartByHowPartnersAreFound()
    {
        static (double Ordered, double Unordered, double Groups) Mixing(CircuitBuilder builder)
        {
            var f = CircuitProfiler.Profile(builder.Build()).Features!;
            return (f.SparseBranchingWork - f.SparseGroupWork - f.SparseUnorderedWork, f.SparseUnorderedWork, f.SparseGroupWork);
        }

        CircuitBuilder Turned() => new CircuitBuilder(3).RY(0.3, 0).RY(0.3, 1).RY(0.3, 2);
        CircuitBuilder Plus() => new CircuitBuilder(3).H(0).H(1).H(2);

        // 2, 4 and 8 amplitudes, then 8 for each gate that mixes; of Hadamard gates that are put off two cancel.
        Mixing(Plus().H(0)).Should().Be((6, 0, 0));
        Mixing(Plus().S(0).H(0)).Should().Be((22, 0, 0));
        Mixing(Plus().T(0).RX(0.3, 0).H(1)).Should().Be((30, 0, 0), "magnitudes differ, and do not cancel");
        Mixing(Plus().T(0).CZ(0, 1).H(0).H(1)).Should().Be((12, 18, 0), "magnitudes are alike, and phases let some cancel");
        Mixing(Plus().T(0).CX(0, 1).H(0).H(1)).Should().Be((30, 0, 0), "the qubits are on their own");
        CircuitProfiler.Profile(Plus().CP(Math.PI / 8, 0, 1).H(0).H(1).Build()).Features!.SparseCancellingWork.Should().Be(16);
        CircuitProfiler.Profile(Plus().CP(0.3, 0, 1).H(0).H(1).Build()).Features!.SparseCancellingWork.Should().Be(0, "no sum of such phases is zero");
        Mixing(Plus().CP(Math.PI / 8, 0, 1).H(0).RX(0.3, 1)).Should().Be((22, 8, 0), "what canceled has left gaps, and nothing cancels any more");
        Mixing(Turned().CCX(0, 1, 2).RX(0.3, 2).RX(0.3, 1)).Should().Be((22, 8, 0), "a gate on a control meets what the Toffoli gate moved");
        Mixing(Turned().CCX(0, 1, 2).CX(2, 0).RX(0.3, 2)).Should().Be((14, 8, 0), "a controlled X passes that on");
        Mixing(new CircuitBuilder(2).RY(0.3, 0).CX(0, 1).RX(0.3, 0)).Should().Be((4, 2, 0), "partners are looked for among two amplitudes, in vain");
        Mixing(Plus().RXX(0.3, 0, 1).RZZ(0.3, 0, 1)).Should().Be((22, 0, 0));
        Mixing(Plus().RXX(0.3, 0, 1).RYY(0.3, 0, 1)).Should().Be((22, 8, 0), "what one brings about the other takes away");
        Mixing(Plus().Unitary(RandomCircuits.Unitary(new Random(1), 2), [0, 1])).Should().Be((14, 0, 8));
    }

    [Fact]
    public void Profile_RandomCircuits_AgreesWithTheDefinitions()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 1 + seed % 9, Operations = 5 + seed % 60, Gates = OneQubitGates, MaxControls = 1, Unitaries = false });
            var operations = circuit.Operations.ToArray().Where(o => o.Kind == OperationKind.Gate).Select(o => (Gate: circuit.GateOf(o).Name, Controls: (int)o.ControlCount, Qubits: circuit.QubitsOf(o).ToArray())).ToList();
            var n = circuit.NumQubits;

            // Layers, each operation as early as possible, and the two-qubit gates on the longest way to each qubit.
            var layers = new int[n];
            var pairsOnPath = new int[n];
            var cells = new HashSet<(int, int)>();
            foreach (var (_, _, qubits) in operations)
            {
                var layer = 1 + qubits.Max(q => layers[q]);
                var pairs = qubits.Where(q => layers[q] == layer - 1).Max(q => pairsOnPath[q]) + (qubits.Length == 2 ? 1 : 0);
                foreach (var q in qubits)
                {
                    (layers[q], pairsOnPath[q]) = (layer, pairs);
                    cells.Add((q, layer));
                }
            }

            var depth = layers.Max();
            var two = operations.Count(o => o.Qubits.Length == 2);
            var edges = operations.Where(o => o.Qubits.Length == 2).Select(o => (o.Qubits.Min(), o.Qubits.Max())).Distinct().Count();
            var critical = two == 0 ? 0 : (double)Enumerable.Range(0, n).Where(q => layers[q] == depth).Max(q => pairsOnPath[q]) / two;
            var profile = CircuitProfiler.Profile(circuit);
            var f = profile.Features!;
            (profile.NumQubits, profile.CircuitDepth, profile.GateCount).Should().Be((n, depth, operations.Count), "seed {0}", seed);
            (f.OneQubitGateCount, f.TwoQubitGateCount, f.MultiQubitGateCount).Should().Be((operations.Count - two, two, 0), "seed {0}", seed);
            Close(f.Supermarq.ProgramCommunication, n < 2 ? 0 : 2.0 * edges / (n * (n - 1)), seed);
            Close(f.Supermarq.CriticalDepth, critical, seed);
            Close(f.Supermarq.EntanglementRatio, (double)two / operations.Count, seed);
            Close(f.Supermarq.Parallelism, n < 2 ? 0 : Math.Max(0, ((double)operations.Count / depth - 1) / (n - 1)), seed);
            Close(f.Supermarq.Liveness, (double)cells.Count / (n * depth), seed);
            Close(f.Supermarq.Measurement, 0, seed);
            f.DenseWork.Should().BeApproximately(operations.Sum(o => Math.Pow(2, n - o.Controls) * (o.Gate is "z" or "s" or "t" or "tdg" or "rz" or "p" ? 0.5 : 1)), 1e-6, "seed {0}", seed);
            f.TCount.Should().BeGreaterThanOrEqualTo(operations.Count(o => o.Gate is "t" or "tdg" && o.Controls == 0), "seed {0}", seed);
            var blocks = Blocks(n, operations.Select(o => o.Qubits));
            (f.BlockCount, f.LargestBlockQubits).Should().Be((blocks.Count, blocks.Max()), "seed {0}", seed);
            (profile.ExecutionTimeEstimate, profile.CostEstimate).Should().Be((null, null), "no backend is known yet");
        }
    }

    [Fact]
    public void Profile_LightCone_IsWhatReachesTheMeasuredQubit()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var gates = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 6, Operations = 10, Gates = OneQubitGates, MaxControls = 1, Unitaries = false });
            var builder = new CircuitBuilder(6, 1);
            var qubitsOf = new List<int[]>();
            foreach (var op in gates.Operations)
            {
                if (op.Kind != OperationKind.Gate)
                {
                    continue;
                }

                builder.Gate(gates.GateOf(op), op.ControlCount, gates.ParametersOf(op), gates.QubitsOf(op));
                qubitsOf.Add(gates.QubitsOf(op).ToArray());
            }

            // A gate reaches the measured qubit if a later gate that does shares a qubit with it.
            var last = seed % 6;
            var reaches = new bool[qubitsOf.Count];
            for (var i = qubitsOf.Count - 1; i >= 0; i--)
            {
                reaches[i] = qubitsOf[i].Contains(last) || Enumerable.Range(i + 1, qubitsOf.Count - i - 1).Any(j => reaches[j] && qubitsOf[j].Intersect(qubitsOf[i]).Any());
            }

            var features = CircuitProfiler.Profile(builder.Measure(last, 0).Build()).Features!;
            features.LightConeGates.Should().Be(reaches.Count(r => r), "seed {0}", seed);
            features.LightConeQubits.Should().Be(Enumerable.Range(0, qubitsOf.Count).Where(i => reaches[i]).SelectMany(i => qubitsOf[i]).Append(last).Distinct().Count(), "seed {0}", seed);
        }
    }

    [Fact]
    public void Profile_LightConeOfMeasurementsAndResets_IsWhatReachesAny()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions
            {
                Qubits = 1 + (seed % 6), Clbits = 6, Operations = 25, Gates = OneQubitGates, MaxControls = 1, Unitaries = false, MidCircuit = seed % 2 == 0, MeasureAtEnd = seed % 3 > 0,
            });
            var operations = circuit.Operations.ToArray();
            if (!operations.Any(o => o.Kind == OperationKind.Measure))
            {
                continue;
            }

            // From a place on, whether what is on some qubits then comes to a measurement.
            bool Reaches(int from, IEnumerable<int> start)
            {
                var reached = start.ToHashSet();
                foreach (var op in operations.Skip(from))
                {
                    var qubits = circuit.QubitsOf(op).ToArray();
                    if (op.Kind == OperationKind.Measure && reached.Contains(qubits[0]))
                    {
                        return true;
                    }

                    if (op.Kind == OperationKind.Reset)
                    {
                        reached.Remove(qubits[0]);
                    }
                    else if (op.Kind == OperationKind.Gate && reached.Overlaps(qubits))
                    {
                        reached.UnionWith(qubits);
                    }
                }

                return false;
            }

            var features = CircuitProfiler.Profile(circuit).Features!;
            features.LightConeGates.Should().Be(operations.Where((op, i) => op.Kind == OperationKind.Gate && Reaches(i, circuit.QubitsOf(op).ToArray())).Count(), "seed {0}", seed);
            features.LightConeQubits.Should().Be(Enumerable.Range(0, circuit.NumQubits).Count(q => Reaches(0, [q])), "seed {0}", seed);
            features.MidCircuitMeasurementCount.Should().Be(new MeasurementPlan(circuit).MidCircuitCount, "seed {0}", seed);
        }
    }

    [Fact]
    public void Profile_KnownCircuits_HaveTheirBounds()
    {
        var ghz = CircuitProfiler.Profile(States.Ghz(10)).Features!;
        (ghz.PeakSupportLog2, ghz.PeakBondLog2, ghz.CliffordCount, ghz.CliffordPrefixLength, ghz.TCount).Should().Be((1, 1, 10, 10, 0));
        var t = CircuitProfiler.Profile(new CircuitBuilder(2).H(0).T(0).Tdg(0).P(Math.PI / 4, 1).P(Math.PI / 2, 1).CX(0, 1).Build()).Features!;
        (t.TCount, t.CliffordCount, t.CliffordPrefixLength, t.DiagonalCount).Should().Be((3, 3, 1, 4));
        var product = CircuitProfiler.Profile(new CircuitBuilder(8).H(0).H(1).H(2).H(3).Build());
        (product.EntanglementComplexity, product.Features!.BlockCount, product.Features.LargestBlockQubits, product.Features.PeakSupportLog2).Should().Be((0, 4, 1, 4));
        var toffoli = CircuitProfiler.Profile(new CircuitBuilder(4).CCX(0, 1, 2).RZZ(0.3, 0, 3).Swap(1, 2).Build()).Features!;
        toffoli.DenseWork.Should().Be(4 + 8 + 32, "2^(4-2)·1 for two controls, 2^4/2 for a diagonal gate, 2^4·2 for two targets");
        (toffoli.MultiQubitGateCount, toffoli.TwoQubitGateCount).Should().Be((1, 2));
    }

    [Fact]
    public void Profile_MeasurementFlags_TellTerminalFromMidCircuit()
    {
        var end = CircuitProfiler.Profile(new CircuitBuilder(2, 2).H(0).CX(0, 1).Measure(0, 0).Measure(1, 1).Build()).Features!;
        (end.MeasurementCount, end.MidCircuitMeasurementCount, end.ResetCount, end.IsDynamic).Should().Be((2, 0, 0, false));
        var middle = CircuitProfiler.Profile(new CircuitBuilder(2, 2).H(0).Measure(0, 0).H(0).Measure(0, 1).Build()).Features!;
        (middle.MidCircuitMeasurementCount, middle.IsDynamic).Should().Be((1, false));
        var forward = CircuitProfiler.Profile(new CircuitBuilder(2, 2).H(0).Measure(0, 0).If(new BitExpression(0)).X(1).EndIf().Reset(0).Measure(1, 1).Build()).Features!;
        (forward.MidCircuitMeasurementCount, forward.ResetCount, forward.IsDynamic).Should().Be((1, 1, true));
    }

    [Fact]
    public void StructuralHash_Parameters_DoNotCountAndStructureDoes()
    {
        ulong Hash(Func<CircuitBuilder, CircuitBuilder> build) => CircuitProfiler.Profile(build(new CircuitBuilder(3)).Build()).Features!.StructuralHash;
        var one = Hash(b => b.RX(0.1, 0).CX(0, 1).RZ(0.2, 2));
        Hash(b => b.RX(1.1, 0).CX(0, 1).RZ(-4, 2)).Should().Be(one);
        new[]
        {
            one, Hash(b => b.RY(0.1, 0).CX(0, 1).RZ(0.2, 2)), Hash(b => b.RX(0.1, 0).CX(1, 0).RZ(0.2, 2)), Hash(b => b.RX(0.1, 0).CX(0, 2).RZ(0.2, 2)),
            Hash(b => b.RX(0.1, 0).RZ(0.2, 2).CX(0, 1)), Hash(b => b.RX(0.1, 0).CX(0, 1)), Hash(b => b.RX(0.1, 0).CZ(0, 1).RZ(0.2, 2)),
        }.Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void FromValues_EvenInconsistent_KeepsThemAndRefusesOnlyNonsense()
    {
        var profile = CircuitProfiler.FromValues(8, 50, 25, 0.6, 1024L << 20, TimeSpan.FromMilliseconds(100), 0.05m);
        (profile.NumQubits, profile.CircuitDepth, profile.GateCount, profile.EntanglementComplexity, profile.MemoryRequirement).Should().Be((8, 50, 25, 0.6, 1024L << 20));
        (profile.ExecutionTimeEstimate, profile.CostEstimate, profile.Features).Should().Be((TimeSpan.FromMilliseconds(100), 0.05m, null));
        Action[] wrong =
        [
            () => CircuitProfiler.FromValues(-1, 0, 0, 0, 0), () => CircuitProfiler.FromValues(1, -1, 0, 0, 0), () => CircuitProfiler.FromValues(1, 0, -1, 0, 0),
            () => CircuitProfiler.FromValues(1, 0, 0, 1.01, 0), () => CircuitProfiler.FromValues(1, 0, 0, double.NaN, 0), () => CircuitProfiler.FromValues(1, 0, 0, 0, -1),
            () => CircuitProfiler.FromValues(1, 0, 0, 0, 0, TimeSpan.FromTicks(-1)), () => CircuitProfiler.FromValues(1, 0, 0, 0, 0, null, -0.01m),
        ];
        wrong.Should().AllSatisfy(w => w.Should().Throw<ArgumentOutOfRangeException>());
    }

    [Fact]
    public void Profile_EmptyCircuits_HaveNoDivisionByZero()
    {
        foreach (var circuit in new[] { new CircuitBuilder().Build(), new CircuitBuilder(1).Build(), new CircuitBuilder(5, 2).Build(), new CircuitBuilder(2, 1).Measure(0, 0).Build() })
        {
            var profile = CircuitProfiler.Profile(circuit);
            var s = profile.Features!.Supermarq;
            new[] { s.ProgramCommunication, s.CriticalDepth, s.EntanglementRatio, s.Parallelism, s.Liveness, s.Measurement, profile.EntanglementComplexity }
                .Should().OnlyContain(v => v >= 0 && v <= 1);
        }
    }

    private static void Close(double actual, double expected, int seed) => actual.Should().BeApproximately(expected, 1e-12, "seed {0}", seed);

    // Sizes of the groups of qubits that operations connect; idle qubits are in none.
    private static List<int> Blocks(int n, IEnumerable<int[]> operations)
    {
        var group = Enumerable.Repeat(-1, n).ToArray();
        foreach (var qubits in operations)
        {
            var joined = qubits.Select(q => group[q]).Where(g => g >= 0).ToHashSet();
            for (var q = 0; q < n; q++)
            {
                if (qubits.Contains(q) || joined.Contains(group[q]))
                {
                    group[q] = qubits[0];
                }
            }
        }

        return [.. group.Where(g => g >= 0).GroupBy(g => g).Select(g => g.Count())];
    }
}
