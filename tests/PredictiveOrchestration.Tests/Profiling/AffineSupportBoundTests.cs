using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>The affine space of basis states is compared with the set of basis states itself, moved one by one.</summary>
public sealed class AffineSupportBoundTests
{
    // One qubit is left alone, so that the space never is the whole one and every operation is followed; and so many operations that directions run out again and again.
    private const int Qubits = 8, Moved = 7, Operations = 12_000;

    [Theory]
    [InlineData(8)]
    [InlineData(70)]
    [InlineData(300)]
    public void Dimension_MixingAndResets_IsThatOfTheSetOfBasisStates(int width)
    {
        for (var seed = 0; seed < 2; seed++)
        {
            var random = new Random(seed);
            var places = Enumerable.Range(0, width).ToArray();
            random.Shuffle(places);
            var bound = new AffineSupportBound(width);
            HashSet<int> states = [0];
            for (var i = 0; i < Operations; i++)
            {
                int a = random.Next(Moved), b = (a + 1 + random.Next(Moved - 1)) % Moved;
                var builder = new CircuitBuilder(width);
                var kind = random.Next(6);
                switch (kind)
                {
                    case 0:
                        builder.H(places[a]);
                        states = [.. states, .. states.Select(s => s ^ (1 << a))];
                        break;
                    case 1:
                        builder.X(places[a]);
                        states = [.. states.Select(s => s ^ (1 << a))];
                        break;
                    case 2 or 3:
                        builder.CX(places[a], places[b]);
                        states = [.. states.Select(s => s ^ ((s >> a & 1) << b))];
                        break;
                    case 4:
                        builder.Swap(places[a], places[b]);
                        states = [.. states.Select(s => (s >> a & 1) == (s >> b & 1) ? s : s ^ (1 << a) ^ (1 << b))];
                        break;
                    default:
                        states = [.. states.Select(s => s & ~(1 << a))];
                        break;
                }

                if (kind == 5)
                {
                    bound.Reset(places[a], false);
                }
                else
                {
                    var circuit = builder.Build();
                    bound.Apply(circuit, circuit.Operations[0], false);
                }

                (1 << bound.Dimension).Should().Be(states.Count, "seed {0}, operation {1}", seed, i);
                var first = states.First();
                for (var q = 0; q < Qubits && i % 5 == 0; q++)
                {
                    bound.IsKnown(places[q]).Should().Be(states.All(s => ((s ^ first) >> q & 1) == 0), "seed {0}, operation {1}, qubit {2}", seed, i, q);
                }
            }
        }
    }
}
