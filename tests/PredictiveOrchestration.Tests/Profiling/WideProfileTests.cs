using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>What is found for many qubits at once is what is found for few, one by one.</summary>
public sealed class WideProfileTests
{
    [Theory]
    [InlineData(9)]
    [InlineData(63)]
    [InlineData(65)]
    [InlineData(200)]
    [InlineData(511)]
    public void Profile_FewQubitsScatteredAmongMany_SupportAndRandomBitsAreThoseOfTheFew(int width)
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var few = RandomCircuits.Create(seed, new RandomCircuitOptions
            {
                Qubits = 2 + (seed % 7), Clbits = 8, Operations = 40, Gates = seed % 2 == 0 ? RandomCircuits.CliffordGates : ["h", "s", "x", "swap", "iswap", "ry", "t"],
                CliffordAngles = seed % 2 == 0, MaxControls = 1, Unitaries = false, MidCircuit = seed % 3 == 0, MeasureAtEnd = true,
            });
            var places = Enumerable.Range(0, width).ToArray();
            new Random(seed + width).Shuffle(places);
            var many = Scatter(few, places, width);
            CircuitFeatures expected = CircuitProfiler.Profile(few).Features!, found = CircuitProfiler.Profile(many).Features!;
            found.SupportTrajectory.ToArray().Should().Equal(expected.SupportTrajectory.ToArray(), "seed {0}", seed);
            found.FinalSupportLog2.Should().Be(expected.FinalSupportLog2, "seed {0}", seed);
            found.RandomBits.Should().Be(expected.RandomBits, "seed {0}", seed);
        }
    }

    [Fact]
    public void Bonds_GatesAcrossManyCuts_GrowAsCutByCut()
    {
        for (var seed = 0; seed < 80; seed++)
        {
            var qubits = 3 + (seed * 7 % 90);
            var circuit = RandomCircuits.Create(seed, seed % 4 == 1
                ? new RandomCircuitOptions { Qubits = qubits, Operations = 300, Gates = RandomCircuits.CliffordGates, CliffordAngles = true, MaxControls = 1, Unitaries = false }
                : new RandomCircuitOptions { Qubits = qubits, Operations = 150, MaxControls = 2, Unitaries = seed % 2 == 0 });
            var bound = new BondDimensionBound(qubits);
            var plain = new CutByCut(qubits);
            var support = CircuitProfiler.Profile(circuit).Features!.SupportTrajectory.Span;
            for (var i = 0; i < circuit.Operations.Length; i++)
            {
                ref readonly var op = ref circuit.Operations[i];
                if (op.Kind is not (OperationKind.Gate or OperationKind.Unitary))
                {
                    continue;
                }

                bound.Apply(circuit, op, support[i], false, false);
                plain.Apply(circuit, op, support[i]);
                for (var cut = 0; cut + 1 < qubits; cut++)
                {
                    bound[cut].Should().Be((plain.Now[cut], plain.Typical[cut] / 8.0), "seed {0}, operation {1}, cut {2}", seed, i, cut);
                }
            }

            bound.Peak.Should().Equal(plain.Peak.Select(b => (byte)b), "seed {0}", seed);
            bound.Greatest.Should().Be(plain.Peak.Max());
            bound.GreatestTypical.Should().Be(plain.TypicalPeak / 8.0);
            if (plain.Work < 1e18)
            {
                bound.Work.Should().BeApproximately(plain.Work, 1e-12 * plain.Work, "seed {0}", seed);
            }
            else
            {
                bound.Work.Should().BeGreaterThanOrEqualTo(1e18, "seed {0}", seed);
            }
        }
    }

    private static Circuit Scatter(Circuit circuit, int[] places, int width)
    {
        var builder = new CircuitBuilder(width, circuit.NumClbits);
        foreach (ref readonly var op in circuit.Operations)
        {
            var qubits = circuit.QubitsOf(op).ToArray().Select(q => places[q]).ToArray();
            switch (op.Kind)
            {
                case OperationKind.Gate:
                    builder.Gate(circuit.GateOf(op), op.ControlCount, circuit.ParametersOf(op), qubits);
                    break;
                case OperationKind.Measure:
                    builder.Measure(qubits[0], op.Argument);
                    break;
                case OperationKind.Reset:
                    builder.Reset(qubits[0]);
                    break;
                default:
                    builder.Barrier(qubits);
                    break;
            }
        }

        return builder.Build();
    }

    // The rule of a bond's growth, written down once for one cut at a time. What a gate can add is asked of the same source.
    private sealed class CutByCut(int qubits)
    {
        private readonly GateEntanglement _gates = new(qubits);

        public int[] Now { get; } = new int[qubits - 1];

        public int[] Peak { get; } = new int[qubits - 1];

        public int[] Typical { get; } = new int[qubits - 1];

        public int TypicalPeak { get; private set; }

        public double Work { get; private set; }

        public void Apply(Circuit circuit, in Operation op, int support)
        {
            if (op.QubitCount == 1)
            {
                _gates.Turn(circuit, op, circuit.QubitsOf(op)[0], false);
            }

            if (op.QubitCount < 2)
            {
                return;
            }

            _gates.Join(circuit, op, false);
            var acting = _gates.Acting.ToArray();
            var all = circuit.QubitsOf(op).ToArray();
            if (acting.Length < 2)
            {
                AddWork(all.Min(), all.Max(), Typical, Typical);
                return;
            }

            var before = (int[])Typical.Clone();
            AddWork(all.Min(), acting.Min(), before, before);
            AddWork(acting.Max(), all.Max(), before, before);
            if (support == 0 && Peak.Max() == 0)
            {
                AddWork(acting.Min(), acting.Max(), new int[qubits - 1], new int[qubits - 1]);
                _gates.Restart();
                return;
            }

            // Where every bond is as large as the smaller side nothing changes, and nothing is held back.
            if (Enumerable.Range(0, qubits - 1).All(c => Typical[c] == 8 * Size(c)) && support >= qubits / 2)
            {
                AddWork(acting.Min(), acting.Max(), before, before);
                return;
            }

            var held = false;
            for (var cut = acting.Min(); cut < acting.Max(); cut++)
            {
                var left = acting.Count(q => q <= cut);
                var pairs = 2 * Math.Min(left, acting.Length - left);
                var (growth, typical) = acting.Length == 2 ? (_gates.Exact, _gates.Typical) : op.QubitCount - op.ControlCount > 1 ? (pairs, 8 * pairs) : (1, 8);
                var free = Math.Min(Now[cut] + growth, Size(cut));
                var bound = Math.Min(free, support);
                var soft = Math.Max(0, Math.Min(Typical[cut] + typical, int.MaxValue));
                if (acting.Max() - acting.Min() == 1)
                {
                    bound = Math.Min(bound, 1 + Math.Min(At(Now, cut - 1), At(Now, cut + 1)));
                    soft = Math.Min(soft, 8 + Math.Min(At(Typical, cut - 1), At(Typical, cut + 1)));
                }

                held |= bound < free;
                Now[cut] = bound;
                Peak[cut] = Math.Max(Peak[cut], bound);
                Typical[cut] = Math.Max(0, Math.Min(soft, 8 * bound));
                TypicalPeak = Math.Max(TypicalPeak, Typical[cut]);
            }

            AddWork(acting.Min(), acting.Max(), Typical, before);
            if (held)
            {
                _gates.Restart();
            }
        }

        // From left to right: what is left of a cut has grown, what is right of it has not.
        private void AddWork(int low, int high, int[] left, int[] right)
        {
            for (var cut = low; cut < high; cut++)
            {
                double l = Math.Pow(2, At(left, cut - 1) / 8.0), r = Math.Pow(2, At(right, cut + 1) / 8.0);
                Work += (high - low == 1 ? 8 : 16) * l * r * 2 * Math.Min(l, r);
            }
        }

        private static int At(int[] cuts, int cut) => cut < 0 || cut >= cuts.Length ? 0 : cuts[cut];

        private int Size(int cut) => Math.Min(cut + 1, qubits - 1 - cut);
    }
}
