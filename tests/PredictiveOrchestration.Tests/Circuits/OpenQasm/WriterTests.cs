using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Circuits.OpenQasm;

public sealed class WriterTests
{
    [Fact]
    public void Write_RandomGates_ReadsBackTheSame()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 6, Operations = 25, Unitaries = false, MaxControls = 3, Gates = [.. GateCatalog.All.Where(g => g.Name is not "u4").Select(g => g.Name)], MeasureAtEnd = true });
            var read = Read(OpenQasmWriter.Write(circuit), seed);

            // A controlled global phase is read as the phase gate that it is; all else must be the same to the bit.
            var again = Read(OpenQasmWriter.Write(read), seed);
            again.StructurallyEquals(read).Should().BeTrue("seed {0}", seed);
            StateComparison.Distance(State(read), State(circuit)).Should().BeLessThan(1e-12, "seed {0}", seed);
        }
    }

    [Fact]
    public void Write_EveryGateWithItsDefinition_IsRecognisedInBothVersions()
    {
        foreach (var gate in GateCatalog.All.Where(g => g.Name is not ("gphase" or "u4")))
        {
            var parameters = Enumerable.Range(0, gate.NumParameters).Select(i => 0.3 + i).ToArray();
            var circuit = new CircuitBuilder(5).Gate(gate, 0, parameters, [.. Enumerable.Range(0, gate.NumQubits)]).Build();
            foreach (var version in new[] { OpenQasmVersion.Version2, OpenQasmVersion.Version3 })
            {
                Read(OpenQasmWriter.Write(circuit, version), 0).StructurallyEquals(circuit).Should().BeTrue("{0} in {1}", gate.Name, version);
            }
        }
    }

    [Fact]
    public void Write_RunTimeControl_ReadsBackTheSame()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var options = new RandomCircuitOptions { Qubits = 3, Clbits = 3, Operations = 15, Unitaries = false, MidCircuit = true, ControlFlow = true, Gates = ["h", "x", "rx", "s"] };
            var circuit = RandomCircuits.Create(seed, options);
            var read = Read(OpenQasmWriter.Write(circuit), seed);
            var expected = OracleSimulator.OutcomeDistribution(circuit);
            var actual = OracleSimulator.OutcomeDistribution(read);
            foreach (var (outcome, p) in expected)
            {
                actual.GetValueOrDefault(outcome).Should().BeApproximately(p, 1e-12, "seed {0}", seed);
            }

            Read(OpenQasmWriter.Write(read), seed).StructurallyEquals(read).Should().BeTrue("seed {0}", seed);
        }
    }

    [SkippableFact]
    public void Write_CircuitsOfOthers_ReadBackTheSame()
    {
        Skip.If(SharedFiles.CircuitsFolder is null, SharedFiles.SkipReason);
        var written = 0;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(SharedFiles.CircuitsFolder, "dev"), "*.qasm").Concat(Directory.EnumerateFiles(Path.Combine(SharedFiles.CircuitsFolder, "dev-parser"), "*.qasm")))
        {
            var source = File.ReadAllText(file);
            if (source.Length > 500_000 || OpenQasmReader.Read(source).Circuit is not { } circuit)
            {
                continue;
            }

            foreach (var version in new[] { OpenQasmVersion.Version2, OpenQasmVersion.Version3 })
            {
                string text;
                try
                {
                    text = OpenQasmWriter.Write(circuit, version);
                }
                catch (OpenQasmException exception) when (exception.Diagnostics[0].Code == OpenQasmCodes.CannotWrite)
                {
                    continue;
                }

                var read = OpenQasmReader.Read(text);
                read.Success.Should().BeTrue("{0} in {1}: {2}", file, version, read.Diagnostics.FirstOrDefault());
                read.Circuit!.StructurallyEquals(WrittenNames.Apply(circuit, version == OpenQasmVersion.Version3)).Should().BeTrue("{0} in {1}", file, version);
                written++;
            }
        }

        written.Should().BeGreaterThan(400);
    }

    [Theory]
    [InlineData("Upper")]
    [InlineData("with space")]
    [InlineData("if")]
    [InlineData("2q")]
    [InlineData("größe")]
    [InlineData("qubit")]
    public void Write_NamesThatCannotBeWritten_AreChanged(string name)
    {
        var builder = new CircuitBuilder();
        builder.AddQubits(name, 2);
        builder.AddQubits("r_if", 1);
        builder.AddClbits("c " + name, 3);
        var circuit = builder.H(0).CX(0, 2).Measure(2, 1).Build();
        foreach (var version in new[] { OpenQasmVersion.Version2, OpenQasmVersion.Version3 })
        {
            var read = Read(OpenQasmWriter.Write(circuit, version), 0);
            (read.NumQubits, read.NumClbits, read.Operations.Length).Should().Be((3, 3, 3));
            read.QubitsOf(read.Operations[1]).ToArray().Should().Equal(0, 2);
        }
    }

    [Fact]
    public void Write_ArbitraryUnitary_IsRefusedWithItsCode()
    {
        var act = () => OpenQasmWriter.Write(new CircuitBuilder(1).Unitary([0, 1, 1, 0], [0]).Build());
        act.Should().Throw<OpenQasmException>().Which.Diagnostics.Should().ContainSingle().Which.Code.Should().Be("OQ5001");
    }

    private static System.Numerics.Complex[] State(Circuit circuit)
    {
        var builder = new CircuitBuilder(circuit.NumQubits);
        foreach (var op in circuit.Operations)
        {
            if (op.Kind == OperationKind.Gate)
            {
                builder.Gate(circuit.GateOf(op), op.ControlCount, circuit.ParametersOf(op), circuit.QubitsOf(op));
            }
        }

        return OracleSimulator.FinalState(builder.Build());
    }

    private static Circuit Read(string text, int seed)
    {
        var result = OpenQasmReader.Read(text);
        result.Success.Should().BeTrue("seed {0}: {1}\n{2}", seed, result.Diagnostics.FirstOrDefault(), text);
        return result.Circuit!;
    }
}
