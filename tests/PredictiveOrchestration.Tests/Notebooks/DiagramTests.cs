using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Drawing;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Notebooks;

/// <summary>Circuits as text.</summary>
public sealed class DiagramTests
{
    [Fact]
    public void Bell_IsAsDrawnByHand() => new CircuitBuilder(2).H(0).CX(0, 1).Build().ToDiagram().Should().Be(
        """
        q[0]: ─[h]───●──
                     │
        q[1]: ──────[x]─

        """.ReplaceLineEndings("\n"));

    [Fact]
    public void Wire_BetweenControlAndTarget_IsCrossed() => new CircuitBuilder(3).CX(0, 2).Swap(0, 1).Build().ToDiagram().Should().Be(
        """
        q[0]: ──●───×─
                │   │
        q[1]: ──┼───×─
                │
        q[2]: ─[x]────

        """.ReplaceLineEndings("\n"));

    [Fact]
    public void Measurement_AndWhatDependsOnIt_AreNamed()
    {
        var circuit = OpenQasmReader.Read("OPENQASM 3.0; include \"stdgates.inc\"; qubit q; bit c; h q; c = measure q; if (c) { x q; } else { z q; }").GetCircuitOrThrow();
        circuit.ToDiagram().Should().Be(
            """
                                  if c[0] {       } else {       }
            q[0]: ─[h]──[M c[0]]──┊──────────[x]──┊─────────[z]──┊─

            """.ReplaceLineEndings("\n"));
    }

    // Along each wire the names come in the order of the operations, however they were packed.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomCircuit_EachWire_HasItsOperationsInOrder(int seed)
    {
        var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 5, Operations = 40 });
        var grid = Grid.Of(circuit);
        grid.Placed.Should().Be(circuit.Operations.Length);
        grid.Note.Should().BeNull();
        for (var wire = 0; wire < 5; wire++)
        {
            var columns = new List<int>();
            foreach (var operation in grid.Operations.Where(o => o.Top <= wire && o.Bottom >= wire))
            {
                columns.Add(operation.Column);
            }

            columns.Should().BeInAscendingOrder("seed {0}", seed).And.OnlyHaveUniqueItems("seed {0}: nothing is drawn over another", seed);
        }

        // And each wire shows one mark for each operation on it.
        var marks = circuit.ToDiagram(10_000).Split('\n').Where(l => l.Contains(": ")).ToList();
        marks.Should().HaveCount(5);
        for (var wire = 0; wire < 5; wire++)
        {
            var expected = 0;
            foreach (ref readonly var op in circuit.Operations)
            {
                expected += circuit.QubitsOf(op).Contains(wire) ? 1 : 0;
            }

            marks[wire][marks[wire].IndexOf(": ", StringComparison.Ordinal)..].Count(c => c is '●' or '×' or '░' or ')' or ']').Should().BeGreaterThanOrEqualTo(expected, "seed {0}", seed);
        }
    }

    [Fact]
    public void WideCircuit_GoesOnBelow_WithNoLineLongerThanAsked()
    {
        var text = Fourier.Qft(6).ToDiagram(60);
        text.Split('\n').Should().OnlyContain(l => l.Length <= 60);
        text.Split('\n').Count(l => l.StartsWith("q[0]: ", StringComparison.Ordinal)).Should().BeGreaterThan(1);
    }

    [Fact]
    public void LargeCircuit_IsCutAndSaysSo()
    {
        var builder = new CircuitBuilder(3000);
        for (var i = 0; i < 1_000_000; i++)
        {
            builder.CX(i % 2999, (i % 2999) + 1);
        }

        var circuit = builder.Build();
        var text = circuit.ToDiagram();
        text.Length.Should().BeLessThan(300_000);
        text.Should().EndWith(" operations are shown)\n").And.Contain("(qubits 48 to 2999 are not shown; only the first ");
        circuit.ToHtml().Length.Should().BeLessThan(2_000_000);
    }

    [Fact]
    public void CircuitWithNothing_IsItsWires()
    {
        new CircuitBuilder(1).Build().ToDiagram().Should().Be("q[0]:\n");
    }

    [Theory]
    [InlineData(Math.PI, "π")]
    [InlineData(-Math.PI, "-π")]
    [InlineData(3 * Math.PI / 4, "3π/4")]
    [InlineData(-Math.PI / 2, "-π/2")]
    [InlineData(2 * Math.PI, "2π")]
    [InlineData(0, "0")]
    [InlineData(1, "1")]
    [InlineData(3.1415, "3.142")]
    [InlineData(1e-9, "1E-09")]
    public void Angle_IsAMultipleOfPiOrANumber(double angle, string expected) => OperationNames.Angle(angle).Should().Be(expected);

    [Fact]
    public void RunTimeVariablesAndHiddenBits_HaveNames()
    {
        var circuit = OpenQasmReader.Read(
            "OPENQASM 3.0; include \"stdgates.inc\"; qubit[2] q; int[8] n = 0; def flip(qubit a) -> bit { bit b; b = measure a; return b; } if (flip(q[0])) { n = 3; } while (n > 0) { n -= 1; rx(0.5 * n) q[1]; }").GetCircuitOrThrow();
        circuit.ToDiagram().Should().Contain("while (n_0 > 0) {").And.Contain("n_0 = 3").And.Contain("[M scratch[0]]");
        circuit.ToHtml().Should().Contain("while");
    }
}
