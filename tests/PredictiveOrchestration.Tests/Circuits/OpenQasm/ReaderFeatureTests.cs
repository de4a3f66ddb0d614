using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Circuits.OpenQasm;

/// <summary>Each feature of OpenQASM 3 that the guide lists: the source acts as the plain gates beside it.</summary>
public sealed class ReaderFeatureTests
{
    private const string Include = "include \"stdgates.inc\";\n";

    public static TheoryData<string, string, string> Features => new()
    {
        { "no version line", "qubit q; U(1, 2, 3) q;", "OPENQASM 3.0; qubit q; U(1, 2, 3) q;" },
        { "version 3.1", "OPENQASM 3.1; " + Include + "qubit q; h q;", "qubit q; h q;" },
        { "qelib1.inc in version 3", "OPENQASM 3.0; include \"qelib1.inc\"; qreg q[2]; cu1(1) q[0], q[1];", "qubit[2] q; cp(1) q[0], q[1];" },
        { "qreg and creg", "qreg q[2]; creg c[2]; h q[0];", "qubit[2] q; bit[2] c; h q[0];" },
        { "gphase under control", "qubit[2] q; h q; ctrl @ gphase(0.7) q[0];", "qubit[2] q; h q; p(0.7) q[0];" },
        { "ctrl with a count", "qubit[3] q; h q; ctrl(2) @ x q[0], q[1], q[2];", "qubit[3] q; h q; ccx q[0], q[1], q[2];" },
        { "negctrl", "qubit[2] q; h q[0]; negctrl @ x q[0], q[1];", "qubit[2] q; h q[0]; x q[0]; cx q[0], q[1]; x q[0];" },
        { "ctrl and negctrl in order", "qubit[3] q; h q; ctrl @ negctrl @ ry(0.4) q[0], q[1], q[2];", "qubit[3] q; h q; x q[1]; ctrl(2) @ ry(0.4) q[0], q[1], q[2]; x q[1];" },
        { "inv", "qubit q; h q; inv @ t q;", "qubit q; h q; tdg q;" },
        { "inv of a definition", "gate g a { h a; t a; } qubit q; inv @ g q;", "qubit q; tdg q; h q;" },
        { "pow", "qubit q; h q; pow(3) @ s q;", "qubit q; h q; s q; s q; s q;" },
        { "negative pow", "qubit q; h q; pow(-2) @ t q;", "qubit q; h q; tdg q; tdg q;" },
        { "half pow", "qubit q; pow(1/2) @ x q;", "qubit q; sx q;" },
        { "half pow of a repeated eigenvalue", "gate g a, b { z a; z b; } qubit[2] q; h q; pow(0.5) @ g q[0], q[1];", "qubit[2] q; h q; s q[0]; s q[1]; cz q[0], q[1];" },
        { "modifiers together", "qubit[2] q; h q; inv @ ctrl @ pow(2) @ t q[0], q[1];", "qubit[2] q; h q; cp(-pi/2) q[0], q[1];" },
        { "gate definition with parameters", "gate g(a, b) x1, y1 { rx(a) x1; ry(a + 2 * b) y1; cx x1, y1; } qubit[2] q; g(0.1, 0.2) q[1], q[0];", "qubit[2] q; rx(0.1) q[1]; ry(0.5) q[0]; cx q[1], q[0];" },
        { "loop in a gate definition", "gate g a { for int i in [1:3] { rx(0.1 * i) a; } } qubit q; g q;", "qubit q; rx(0.6) q;" },
        { "broadcast", "qubit[3] q; h q;", "qubit[3] q; h q[0]; h q[1]; h q[2];" },
        { "broadcast of a qubit over a register", "qubit a; qubit[2] b; h a; cx a, b;", "qubit a; qubit[2] b; h a; cx a, b[0]; cx a, b[1];" },
        { "slice", "qubit[5] q; x q[1:3];", "qubit[5] q; x q[1]; x q[2]; x q[3];" },
        { "slice with a step", "qubit[5] q; x q[0:2:4];", "qubit[5] q; x q[0]; x q[2]; x q[4];" },
        { "slice backwards", "qubit[3] q; qubit[3] r; h q; cx q[2:-1:0], r;", "qubit[3] q; qubit[3] r; h q; cx q[2], r[0]; cx q[1], r[1]; cx q[0], r[2];" },
        { "open slice", "qubit[4] q; x q[2:];", "qubit[4] q; x q[2]; x q[3];" },
        { "index set", "qubit[5] q; x q[{0, 3}];", "qubit[5] q; x q[0]; x q[3];" },
        { "negative index", "qubit[5] q; x q[-1];", "qubit[5] q; x q[4];" },
        { "alias", "qubit[4] q; let a = q[1:2]; x a[1];", "qubit[4] q; x q[2];" },
        { "alias of joined registers", "qubit[2] q; qubit[2] r; let a = r ++ q[0:0]; x a[2];", "qubit[2] q; qubit[2] r; x q[0];" },
        { "physical qubits", "x $1;", "qubit[2] q; x q[1];" },
        { "const", "const int n = 2 + 1; qubit[n] q; x q[n - 1];", "qubit[3] q; x q[2];" },
        { "int", "qubit q; int a = 7; a -= 4; rx(a) q;", "qubit q; rx(3) q;" },
        { "int of a width wraps around", "qubit q; int[4] a = 9; rx(a) q;", "qubit q; rx(-7) q;" },
        { "uint of a width wraps around", "qubit q; uint[3] a = 9; rx(a) q;", "qubit q; rx(1) q;" },
        { "float", "qubit q; float[64] a = 0.5; a *= 3; rx(a) q;", "qubit q; rx(1.5) q;" },
        { "angle", "qubit q; angle[20] a = pi / 2; rx(a) q;", "qubit q; rx(pi / 2) q;" },
        { "bool", "qubit q; bool b = 3 > 2 && !(1 == 2); if (b) { x q; }", "qubit q; x q;" },
        { "cast", "qubit q; rx(int(2.9) + float(1)) q;", "qubit q; rx(3) q;" },
        { "array", "qubit q; array[float, 2, 2] a = {{1, 2}, {3, 4}}; a[1][0] = 5; rx(a[1, 0] + a[0][1]) q;", "qubit q; rx(7) q;" },
        { "bits of an integer", "qubit[3] q; uint[3] a = 5; for int i in [0:2] { if (a[i]) { x q[i]; } }", "qubit[3] q; x q[0]; x q[2];" },
        { "if and else", "qubit q; if (1 > 2) { x q; } else { h q; }", "qubit q; h q;" },
        { "if without braces", "qubit q; if (true) x q;", "qubit q; x q;" },
        { "for over a range with a step", "qubit[7] q; for int i in [0:3:6] { x q[i]; }", "qubit[7] q; x q[0]; x q[3]; x q[6];" },
        { "for over a set", "qubit[7] q; for uint i in {1, 5} { x q[i]; }", "qubit[7] q; x q[1]; x q[5];" },
        { "for over an array", "qubit q; array[float, 2] a = {0.25, 0.5}; for float f in a { rx(f) q; }", "qubit q; rx(0.25) q; rx(0.5) q;" },
        { "while, break, continue", "qubit q; int n = 0; while (true) { n += 1; if (n == 2) { continue; } if (n > 3) { break; } rx(n) q; }", "qubit q; rx(1) q; rx(3) q;" },
        { "switch", "qubit q; int n = 2; switch (n) { case 0, 1 { x q; } case 2 { h q; } default { z q; } }", "qubit q; h q;" },
        { "switch by default", "qubit q; int n = 5; switch (n) { case 0 { x q; } default { z q; h q; } }", "qubit q; z q; h q;" },
        { "def", "def twice(qubit a, float t) { rx(t) a; rx(t) a; } qubit[2] q; twice(q[1], 0.2);", "qubit[2] q; rx(0.2) q[1]; rx(0.2) q[1];" },
        { "def that returns", "def square(int n) -> int { return n * n; } qubit q; rx(square(3)) q;", "qubit q; rx(9) q;" },
        { "recursive def that ends", "def f(int n) -> int { if (n < 2) { return 1; } return n * f(n - 1); } qubit q; rx(f(5)) q;", "qubit q; rx(120) q;" },
        { "def of registers", "def all(qubit[3] a) { h a; } qubit[3] q; all(q);", "qubit[3] q; h q;" },
        { "end", "qubit q; x q; end; h q;", "qubit q; x q;" },
        { "block comment and π", "qubit q; /* a\nb */ rx(π) q; // c", "qubit q; rx(pi) q;" },
    };

    /// <summary>All the sources, for tests that damage them.</summary>
    public static IEnumerable<string> Sources => Features.Select(f => Include + (string)f[1]);

    [Theory]
    [MemberData(nameof(Features))]
    public void Read_Feature_ActsAsThePlainGates(string what, string source, string plain)
    {
        var actual = Read(source);
        var expected = Read(plain);
        actual.NumQubits.Should().Be(expected.NumQubits, what);
        actual.IsDynamic.Should().BeFalse("{0} does not depend on a measurement", what);
        StateComparison.Distance(OracleSimulator.FinalState(actual), OracleSimulator.FinalState(expected)).Should().BeLessThan(1e-10, what);
    }

    [Theory]
    [InlineData("delay[100ns] q;", OpenQasmCodes.TimingIgnored)]
    [InlineData("duration d = 100ns;", OpenQasmCodes.TimingIgnored)]
    [InlineData("stretch s;", OpenQasmCodes.TimingIgnored)]
    [InlineData("cal { play(a); }", OpenQasmCodes.CalibrationIgnored)]
    [InlineData("defcal x $0 { play(a); }", OpenQasmCodes.CalibrationIgnored)]
    public void Read_Timing_IsAcceptedWithAWarning(string statement, string code)
    {
        var result = OpenQasmReader.Read($"{Include}qubit q; {statement} x q;");
        result.Success.Should().BeTrue();
        result.Diagnostics.Should().ContainSingle().Which.Should().Match<OpenQasmDiagnostic>(d => d.Code == code && d.Severity == DiagnosticSeverity.Warning);
        result.Circuit!.Operations.Length.Should().Be(1);
    }

    [Theory]
    [InlineData("qubit q; rx(2.5 ^ 1) q;")]
    [InlineData("qubit q; rx(1 << 0.5) q;")]
    [InlineData("float f = 1; f |= 2;")]
    [InlineData("float f = 1; f[0] = 1;")]
    [InlineData("qubit q; bit c; c = measure q; float f = c; if ((f & 1) == 1) { x q; }")]
    [InlineData("int a = rotl(1.5, 2);")]
    public void Read_BitsOfANumberThatIsNotAnInteger_IsAnError(string source) =>
        OpenQasmReader.Read(Include + source).Diagnostics.Should().ContainSingle().Which.Code.Should().Be(OpenQasmCodes.WrongKind);

    [Fact]
    public void Read_Box_RunsItsBody() => Read("qubit q; box { x q; } box[1us] { h q; }").Operations.Length.Should().Be(2);

    [Fact]
    public void Read_AnnotationsAndPragmas_AreKeptWithTheirPlace()
    {
        var circuit = Read("pragma vendor option\nqubit q;\nx q;\n@note here\nh q;");
        circuit.Annotations.Select(a => a.Text).Should().Equal("pragma vendor option", "@note here");
        circuit.Annotations[1].OperationIndex.Should().Be(1);
    }

    [Fact]
    public void Read_ErrorsInsideBlocks_AreAllReportedOnceAndNothingElse()
    {
        var result = OpenQasmReader.Read("""
            include "stdgates.inc";
            qubit[2] q;
            gate g a { foo a; h a }
            if (true) {
                h q[2];
                int ok = ;
                for int i in [0:100] { x q[i + 5]; z q[0]; }
            }
            def f(qubit a) { h b; x a; }
            f(q[0]);
            int bad = nothing;
            rx(bad) q[0];
            g q[0];
            x q[7];
            """);
        result.Diagnostics.Select(d => (d.Code, d.Line)).Should().BeEquivalentTo(new[]
        {
            (OpenQasmCodes.Undeclared, 3), (OpenQasmCodes.UnexpectedToken, 3), (OpenQasmCodes.IndexRange, 5), (OpenQasmCodes.UnexpectedToken, 6),
            (OpenQasmCodes.IndexRange, 7), (OpenQasmCodes.Undeclared, 9), (OpenQasmCodes.Undeclared, 11), (OpenQasmCodes.IndexRange, 14),
        });
    }

    private static Circuit Read(string source) =>
        OpenQasmReader.Read(source.StartsWith("OPENQASM", StringComparison.Ordinal) ? source : Include + source).GetCircuitOrThrow();
}
