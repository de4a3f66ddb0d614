using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Circuits.OpenQasm;

public sealed class ReaderTests
{
    private const string Two = "OPENQASM 2.0;\ninclude \"qelib1.inc\";\n";
    private const string Three = "OPENQASM 3.0;\ninclude \"stdgates.inc\";\n";

    [Fact]
    public void Read_SeveralErrors_ReportsAllWithTheirPlaces()
    {
        var result = OpenQasmReader.Read(Two + "qreg q[2];\nh q[5];\ncx q[0];\nfoo q[1];\nh q[0]\nx q[1];", null, "bad.qasm");
        var errors = result.Diagnostics.Select(d => (d.Code, d.Line)).ToList();
        errors.Should().Equal((OpenQasmCodes.IndexRange, 4), (OpenQasmCodes.WrongCount, 5), (OpenQasmCodes.Undeclared, 6), (OpenQasmCodes.UnexpectedToken, 7));
        var first = result.Diagnostics[0];
        (first.File, first.Column, first.Text).Should().Be(("bad.qasm", 5, "5];"));
        first.Remedy.Should().Contain("0 to 1");
        first.ToString().Should().StartWith("bad.qasm(4,5): error OQ2004:");
    }

    [Theory]
    [InlineData("2 ^ 3 ^ 2", 512)]
    [InlineData("-2 ^ 2", -4)]
    [InlineData("1 - 2 - 3", -4)]
    [InlineData("8 / 4 / 2", 1)]
    [InlineData("1 / 2", 0.5)]
    [InlineData("sin(pi / 2) + cos(0) + ln(exp(2)) + sqrt(4)", 6)]
    [InlineData("-(3 - 5) * 2", 4)]
    public void Read_Version2Expressions_HaveTheirValue(string expression, double value) =>
        Parameter(Two + $"qreg q[1]; rx({expression}) q[0];").Should().BeApproximately(value, 1e-12);

    [Theory]
    [InlineData("2 ** 3 % 5", 3)]
    [InlineData("7 & 3 | 8 ^ 1", 11)]
    [InlineData("1 << 4 >> 1", 8)]
    [InlineData("mod(7, 4) + floor(2.7) + ceiling(1.2)", 7)]
    [InlineData("float(3 > 2) + int(2.9)", 3)]
    [InlineData("popcount(0b1011) + 0x10 + 0o17 + 1_000", 1034)]
    [InlineData("arcsin(1) + arccos(1) + arctan(0) - pi / 2", 0)]
    [InlineData("tau / π", 2)]
    public void Read_Version3Expressions_HaveTheirValue(string expression, double value) =>
        Parameter(Three + $"qubit q; rx({expression}) q;").Should().BeApproximately(value, 1e-12);

    [Fact]
    public void Read_RunTimeArithmetic_RunsWithTheShot()
    {
        // A counter of ones, kept in a variable, turns the last qubit by π for each: its parity is measured.
        var circuit = Read(Three + """
            qubit[3] q; bit[3] c; bit out;
            int count = 0;
            h q[0]; h q[1];
            c[0] = measure q[0]; c[1] = measure q[1];
            if (c[0]) { count += 1; }
            if (c[1]) { count += 1; }
            rx(pi * count) q[2];
            out = measure q[2];
            """);
        circuit.IsDynamic.Should().BeTrue();
        var distribution = OracleSimulator.OutcomeDistribution(circuit);
        distribution.Should().HaveCount(4);
        distribution.Should().OnlyContain(p => Math.Abs(p.Value - 0.25) < 1e-12 && (p.Key[0] == '1') == (p.Key[2] != p.Key[3]));
    }

    [Fact]
    public async Task Read_WhileOnMeasurement_RepeatsUntilZero()
    {
        var circuit = Read(Three + "qubit q; bit c = \"1\"; while (c == 1) { reset q; h q; c = measure q; }");
        circuit.Operations.ToArray().Should().Contain(op => op.Kind == OperationKind.While);
        var result = await new PredictiveOrchestration.Simulation.Sparse.SparseStateSimulator().ExecuteAsync(new() { Circuit = circuit, Shots = 200 });
        result.Counts.Keys.Should().ContainSingle().Which.ToString().Should().Be("0");
    }

    [Fact]
    public void Read_Switch_TakesTheRightArmAtRunTime()
    {
        var circuit = Read(Three + """
            qubit[3] q; bit[2] c; bit r;
            h q[0]; h q[1];
            c = measure q[0:1];
            switch (c) { case 0, 3 { x q[2]; } case 1 { } default { z q[2]; } }
            r = measure q[2];
            """);
        OracleSimulator.OutcomeDistribution(circuit).Keys.Should().BeEquivalentTo(["100", "001", "010", "111"]);
    }

    [Fact]
    public void Read_FractionalPower_IsTheRoot()
    {
        var circuit = Read(Three + "qubit[2] q; h q[0]; pow(0.5) @ ctrl @ x q[0], q[1]; pow(0.5) @ ctrl @ x q[0], q[1];");
        StateComparison.Distance(OracleSimulator.FinalState(circuit), OracleSimulator.FinalState(new CircuitBuilder(2).H(0).CX(0, 1).Build())).Should().BeLessThan(1e-10);
    }

    [Fact]
    public void Read_PhaseOfU_FollowsTheOption()
    {
        const string source = "OPENQASM 3.0; qubit[2] q; U(pi / 2, 0, pi) q[0]; ctrl @ U(pi, 0, pi) q[0], q[1]; ctrl @ U(pi, 0, pi) q[0], q[1]; U(pi / 2, 0, pi) q[0];";
        Math.Round(OracleSimulator.FinalState(Read(source))[1].Magnitude, 9).Should().Be(1, "a controlled iX twice is Z on the control");
        var free = OpenQasmReader.Read(source, new OpenQasmReaderOptions { PhaseFreeU = true }).GetCircuitOrThrow();
        Math.Round(OracleSimulator.FinalState(free)[0].Magnitude, 9).Should().Be(1);
    }

    [Fact]
    public void Read_Inputs_AreBoundOrMissed()
    {
        const string source = Three + "input float theta; qubit q; rx(theta) q;";
        OpenQasmReader.Read(source).Diagnostics.Should().ContainSingle().Which.Code.Should().Be(OpenQasmCodes.UnboundInput);
        var bound = OpenQasmReader.Read(source, new OpenQasmReaderOptions { Inputs = new Dictionary<string, double> { ["theta"] = 0.25 } }).GetCircuitOrThrow();
        bound.ParametersOf(bound.Operations[0])[0].Should().Be(0.25);
    }

    [Fact]
    public void Read_Lenient_AcceptsCommonDepartures()
    {
        const string source = Two + "/* note */ qreg Q[1]; creg c[2]; measure Q[0] -> c[0]; if (c[0] == 1) x Q[0];";
        OpenQasmReader.Read(source).Success.Should().BeFalse();
        OpenQasmReader.Read(source, new OpenQasmReaderOptions { Lenient = true }).Success.Should().BeTrue();
    }

    [Fact]
    public void Codes_AllInTheSource_AreInTheTableOfTheGuide()
    {
        var guide = File.ReadAllText(Path.Combine(SharedFiles.RepositoryRoot, "docs", "openqasm.md"));
        foreach (var field in typeof(OpenQasmCodes).GetFields())
        {
            guide.Should().Contain($"| `{field.GetValue(null)}` |");
        }
    }

    [Fact]
    public async Task SampleCircuits_All_GiveTheirKnownResult()
    {
        foreach (var (file, expected) in new[] { ("adder-20-bit", "0" + new string('1', 20)), ("phase-estimation", "01010010") })
        {
            var read = await OpenQasmReader.ReadFileAsync(Path.Combine(SharedFiles.RepositoryRoot, "samples", "circuits", file + ".qasm"));
            var result = await new PredictiveOrchestration.Simulation.Sparse.SparseStateSimulator().ExecuteAsync(new() { Circuit = read.GetCircuitOrThrow(), Shots = 0, TopProbabilities = 1 });
            result.Probabilities.Single().Outcome.ToString().Should().Be(expected);
            result.Probabilities.Single().Probability.Should().BeApproximately(1, 1e-9);
        }
    }

    private static Circuit Read(string source) => OpenQasmReader.Read(source).GetCircuitOrThrow();

    private static double Parameter(string source)
    {
        var circuit = Read(source);
        return circuit.ParametersOf(circuit.Operations[0])[0];
    }
}
