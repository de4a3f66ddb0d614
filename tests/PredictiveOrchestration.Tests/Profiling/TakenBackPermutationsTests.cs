using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>Arithmetic that is computed and computed away: the bound on basis states is compared with the set of basis states itself, moved one by one.</summary>
public sealed class TakenBackPermutationsTests
{
    private const int Qubits = 9;

    [Fact]
    public void Dimension_RandomPermutationsAndTheirInverses_IsNeverTooSmallAndOftenExact()
    {
        int exact = 0, all = 0;
        for (var seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            var bound = new AffineSupportBound(Qubits);
            HashSet<int> states = [0];
            for (var q = 0; q < 3; q++)
            {
                Apply(new Step(Kind.H, [random.Next(Qubits - 1)]));
            }

            for (var round = 0; round < 12; round++)
            {
                // Something is computed, looked at, and computed away; now and then not all of it, or in another order.
                List<Step> steps = [.. Enumerable.Range(0, 1 + random.Next(5)).Select(_ => Random(random))];
                steps.ForEach(Apply);
                for (var k = random.Next(3); k > 0; k--)
                {
                    Apply(random.Next(4) > 0 ? new Step(Kind.T, [random.Next(Qubits)]) : random.Next(2) == 0 ? Random(random) : new Step(Kind.H, [random.Next(Qubits - 1)]));
                }

                steps.Reverse();
                if (random.Next(4) == 0 && steps.Count > 1)
                {
                    (steps[0], steps[1]) = (steps[1], steps[0]);
                }

                steps.Skip(random.Next(8) == 0 ? 1 : 0).ToList().ForEach(Apply);
                if (random.Next(3) == 0)
                {
                    Apply(new Step(Kind.Reset, [random.Next(Qubits)]));
                }

                (exact, all) = (exact + (1 << bound.Dimension == states.Count ? 1 : 0), all + 1);
            }

            void Apply(Step step)
            {
                var known = bound.IsKnown(step.Qubits[0]);
                states = [.. states.SelectMany(step.Of)];
                if (step.Kind == Kind.Reset)
                {
                    bound.Reset(step.Qubits[0], false);
                }
                else
                {
                    var circuit = step.Build(Qubits);
                    bound.Apply(circuit, circuit.Operations[0], false);
                }

                states.Count.Should().BeLessThanOrEqualTo(1 << bound.Dimension, "seed {0}, {1}", seed, step);
                for (var q = 0; q < Qubits; q++)
                {
                    (bound.IsKnown(q) && states.Select(s => s >> q & 1).Distinct().Count() > 1).Should().BeFalse("seed {0}, {1}, qubit {2}", seed, step, q);
                }
            }
        }

        // By itself the space of an affine bound is full after a few of these.
        ((double)exact / all).Should().BeGreaterThan(0.3);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(40)]
    public void Profile_ManyControlsByAncillas_CountsTheSuperposedQubitsAlone(int controls)
    {
        // A phase on the state of all ones by a ladder of ancillas, which are reset where they are 0 again; then Grover's reflection.
        int ancilla = controls, n = (2 * controls) - 1;
        var builder = new CircuitBuilder(n);
        for (var round = 0; round < 3; round++)
        {
            for (var q = 0; q < controls; q++)
            {
                builder.H(q);
            }

            builder.CCX(0, 1, ancilla);
            for (var k = 1; k < controls - 1; k++)
            {
                builder.CCX(ancilla + k - 1, k + 1, ancilla + k);
            }

            builder.Z(n - 1);
            for (var k = controls - 2; k > 0; k--)
            {
                builder.CCX(k + 1, ancilla + k - 1, ancilla + k);
            }

            builder.CCX(0, 1, ancilla);
            for (var k = 0; k < controls - 1; k++)
            {
                builder.Reset(ancilla + k);
            }
        }

        var features = CircuitProfiler.Profile(builder.Build()).Features!;
        features.PeakSupportLog2.Should().Be(controls);
        features.BranchingBits.Should().Be(0, "ancillas that are 0 again leave nothing to chance");
    }

    [Fact]
    public void TryRead_EveryGateThatPermutes_IsItsOwnInverseAndDoesWhatItSays()
    {
        foreach (var gate in GateCatalog.All.Where(g => g.Structure == GateStructure.Monomial))
        {
            var matrix = OracleGates.Matrix(gate.Name, []);
            var builder = new CircuitBuilder(gate.NumQubits);
            builder.Gate(gate, 0, [], [.. Enumerable.Range(0, gate.NumQubits)]);
            var circuit = builder.Build();
            TakenBackPermutations.TryRead(circuit, circuit.Operations[0], out var permutation).Should().BeTrue(gate.Name);
            for (var from = 0; from < 1 << gate.NumQubits; from++)
            {
                int controls = (int)permutation.Controls, moved = (int)permutation.Moved;
                var moves = (from & controls) == controls && (!permutation.IsSwap || (from & moved) is not 0 && (from & moved) != moved);
                var to = moves ? from ^ moved : from;
                matrix[to, from].Magnitude.Should().BeApproximately(1, 1e-12, "{0} takes {1} to {2}", gate.Name, from, to);
            }
        }
    }

    private static Step Random(Random random)
    {
        var qubits = Enumerable.Range(0, Qubits).ToArray();
        random.Shuffle(qubits);
        return random.Next(6) switch
        {
            0 => new Step(Kind.X, qubits[..1]),
            1 => new Step(Kind.X, qubits[..2]),
            2 => new Step(Kind.Swap, qubits[..(2 + random.Next(2))]),
            _ => new Step(Kind.X, qubits[..(3 + random.Next(2))]),
        };
    }

    private enum Kind
    {
        H,
        T,
        X,
        Swap,
        Reset,
    }

    // The targets come last.
    private sealed record Step(Kind Kind, int[] Qubits)
    {
        public Circuit Build(int width)
        {
            var gate = Kind switch { Kind.H => GateCatalog.H, Kind.T => GateCatalog.T, Kind.Swap => GateCatalog.Swap, _ => GateCatalog.X };
            return new CircuitBuilder(width).Gate(gate, Qubits.Length - gate.NumQubits, [], Qubits).Build();
        }

        public IEnumerable<int> Of(int state)
        {
            var moved = Kind == Kind.Swap ? 2 : 1;
            var bits = Qubits[^moved..].Sum(q => 1 << q);
            var isActive = Qubits[..^moved].All(q => (state >> q & 1) == 1) && (Kind != Kind.Swap || ((state & bits) is not 0 && (state & bits) != bits));
            return Kind switch
            {
                Kind.H => [state, state ^ bits],
                Kind.Reset => [state & ~bits],
                Kind.T => [state],
                _ => [isActive ? state ^ bits : state],
            };
        }
    }
}
