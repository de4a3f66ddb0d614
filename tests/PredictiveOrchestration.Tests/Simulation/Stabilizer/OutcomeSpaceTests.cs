using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Simulation;
using PredictiveOrchestration.Simulation.Stabilizer;

namespace PredictiveOrchestration.Tests.Simulation.Stabilizer;

/// <summary>Outcomes that draws select, which must stay the same from version to version: they are what a seed stands for.</summary>
public sealed class OutcomeSpaceTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(53)]
    [InlineData(54)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(117)]
    [InlineData(118)]
    [InlineData(300)]
    public void Select_AnyDraw_AddsTheDirectionsOfItsBits(int qubits)
    {
        var circuit = RandomFamilies.RandomClifford(qubits, 20 * qubits, (ulong)qubits);
        var context = new RunContext("test", new ExecutionRequest { Circuit = circuit }, long.MaxValue, TimeProvider.System, CancellationToken.None);
        var tableau = new StabilizerTableau(qubits);
        var program = new CliffordProgram("test");
        for (var i = 0; i < circuit.Operations.Length; i++)
        {
            if (circuit.Operations[i].Kind == OperationKind.Gate)
            {
                var on = circuit.QubitsOf(circuit.Operations[i]);
                foreach (var step in program.StepsOf(circuit, i, null))
                {
                    tableau.Apply(step.Gate, on[step.A], on[step.B]);
                }
            }
        }

        var space = new OutcomeSpace(tableau, [.. Enumerable.Range(0, qubits)], context);
        space.Dimension.Should().BeGreaterThan(qubits / 2);
        var random = new Random(qubits);
        ulong[] found = new ulong[space.Words], expected = new ulong[space.Words];
        for (var k = 0; k < 200; k++)
        {
            var draw = k == 0 ? 0 : k == 1 ? 1 - Math.ScaleB(1, -53) : random.NextDouble();
            space.Select(draw, found);

            // Bit by bit: the 53 of the draw from the most significant down, then those of a Philox stream that they seed from the least significant up.
            var digits = (ulong)(draw * (1UL << 53)) << 11;
            space.CopyOffset(expected);
            for (var i = 0; i < space.Dimension; i++)
            {
                var bit = i < 53 ? digits >> (63 - i) & 1 : Philox.UInt64(digits, 0x5AB1, (ulong)(i - 53) / 64) >> ((i - 53) % 64) & 1;
                if (bit != 0)
                {
                    space.Add(i, expected);
                }
            }

            found.Should().Equal(expected, "draw {0}", k);
        }
    }
}
