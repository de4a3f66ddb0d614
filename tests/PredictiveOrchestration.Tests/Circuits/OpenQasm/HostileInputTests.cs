using System.Globalization;
using System.Text;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Circuits.OpenQasm;

/// <summary>Sources made to exhaust time, memory or the stack end in an error with its code, whatever thread they are read on.</summary>
public sealed class HostileInputTests
{
    private const string Two = "OPENQASM 2.0;\ninclude \"qelib1.inc\";\n";
    private const string Three = "OPENQASM 3.0;\ninclude \"stdgates.inc\";\n";
    private const long MostBytes = 3L << 30;

    public static TheoryData<string, string, string> Hostile => new()
    {
        { "a register of a gigabyte", Two + "qreg q[1073741824];", OpenQasmCodes.TooManyBits },
        { "a size beyond integers", Two + "qreg q[99999999999999999999];", OpenQasmCodes.BadNumber },
        { "an integer of five million digits", Three + "qubit[" + new string('9', 5_000_000) + "] q;", OpenQasmCodes.BadNumber },
        { "a name of five million letters", Three + "qubit q; " + new string('a', 5_000_000) + " q;", OpenQasmCodes.Undeclared },
        { "a huge power", Three + "qubit q; pow(10 ** 9) @ h q;", OpenQasmCodes.TooManyOperations },
        { "a huge power of a definition", Three + "gate g a { h a; x a; } qubit q; pow(1000000000) @ g q;", OpenQasmCodes.TooManyOperations },
        { "a controlled huge power", Three + "qubit[2] q; ctrl @ pow(4999999) @ x q[0], q[1];", OpenQasmCodes.TooManySteps },
        { "many large powers", Three + "qubit q;" + Repeat("pow(1000) @ h q;", 100_000), OpenQasmCodes.TooManyOperations },
        { "many fractional powers", Three + "gate g a,b,c,d,e { ccx a,b,c; h d; cx d,e; } qubit[5] q; for int i in [0:1000000] { pow(0.3) @ g q[0],q[1],q[2],q[3],q[4]; }", OpenQasmCodes.TooManySteps },
        { "a million controls", Three + "qubit q; ctrl(1000000) @ x q;", OpenQasmCodes.WrongCount },
        { "a million modifiers", Three + "qubit q; " + Repeat("inv @ ", 1_000_000) + "x q;", OpenQasmCodes.TooDeep },
        { "a recursive subroutine", Three + "def f(int n) -> int { return f(n + 1); } int a = f(0);", OpenQasmCodes.TooDeep },
        { "a recursive subroutine in long sums", Three + "def f(int n) -> int { return f(n + 1)" + Repeat("+1", 1900) + "; } int a = f(0);", OpenQasmCodes.TooDeep },
        { "a recursive subroutine in blocks", Three + "def f(int n) -> int { " + Repeat("if (true) {", 60) + "return " + new string('(', 50) + "f(n+1)" + new string(')', 50) + ";" + new string('}', 60) + " } int a = f(0);", OpenQasmCodes.TooDeep },
        { "exponential calls", Three + "def f(int n) -> int { if (n > 40) { return 1; } return f(n + 1) + f(n + 1); } int a = f(0);", OpenQasmCodes.TooManySteps },
        { "an endless loop", Three + "int a = 1; while (a > 0) { a = 1; }", OpenQasmCodes.TooManySteps },
        { "an endless loop of nothing", Three + "while (true) {}", OpenQasmCodes.TooManySteps },
        { "a huge loop of nothing", Three + "for int i in [0:9000000000000000000] {}", OpenQasmCodes.TooManySteps },
        { "a huge loop of nothing in a gate", Three + "gate g a { for int i in [0:9000000000000000000] {} } qubit q; g q;", OpenQasmCodes.TooManySteps },
        { "a long expression in a long loop", Three + "int a; for int i in [0:1000000] { a = 1" + Repeat("+1", 1900) + "; }", OpenQasmCodes.TooManySteps },
        { "run-time branches in a long loop", Three + "qubit q; bit c; c = measure q; int a = 0; for int i in [0:4000000] { if (c) { a += 1; } }", OpenQasmCodes.TooManySteps },
        { "deep parentheses", Two + "qreg q[1]; rx(" + new string('(', 100_000) + "1" + new string(')', 100_000) + ") q[0];", OpenQasmCodes.TooDeep },
        { "deep blocks", Three + new string('{', 100_000), OpenQasmCodes.TooDeep },
        { "a million ifs in one another", Three + Repeat("if (true) ", 1_000_000) + ";", OpenQasmCodes.TooDeep },
        { "a hundred thousand else-ifs", Three + "qubit q; bit[8] c; if (c == 1) {x q;} " + Repeat("else if (c == 2) {x q;} ", 100_000), OpenQasmCodes.TooDeep },
        { "deep sets", Three + "array[int, 2] a = " + new string('{', 1000) + "1" + new string('}', 1000) + ";", OpenQasmCodes.TooDeep },
        { "a hundred thousand indices", Three + "qubit[2] q; h q" + Repeat("[0:1]", 100_000) + ";", OpenQasmCodes.TooDeep },
        { "many signs", Three + "qubit q; rx(" + new string('-', 100_000) + "1) q;", OpenQasmCodes.TooDeep },
        { "a long sum", Two + "qreg q[1]; rx(" + string.Join('+', Enumerable.Repeat("1", 500_000)) + ") q[0];", OpenQasmCodes.TooDeep },
        { "a tower of powers", Two + "qreg q[1]; rx(" + string.Join('^', Enumerable.Repeat("1", 100_000)) + ") q[0];", OpenQasmCodes.TooDeep },
        { "exponential nesting of empty gates", Three + Nested("", 40) + "qubit q; g39 q;", OpenQasmCodes.TooManySteps },
        { "exponential nesting", Two + Nested("x a;", 40) + "qreg q[1]; g39 q[0];", OpenQasmCodes.TooManyOperations },
        { "exponential nesting of powers", Three + "gate g0 a {}" + string.Concat(Enumerable.Range(1, 50).Select(i => $"gate g{i} a {{ pow(2) @ g{i - 1} a; }}")) + "qubit q; for int i in [0:10000000] { g50 q; }", OpenQasmCodes.TooManySteps },
        { "an exponential run-time parameter", Three + "qubit q; bit c; c = measure q; float t = c; gate g0(a) b { rx(a) b; }" + string.Concat(Enumerable.Range(1, 100).Select(i => $"gate g{i}(a) b {{ g{i - 1}(a + a) b; }}")) + "g100(t) q;", OpenQasmCodes.TooDeep },
        { "a switch of a hundred thousand labels", Three + "qubit[10] q; bit[10] c; c = measure q; switch (c) { case " + string.Join(',', Enumerable.Range(0, 100_000)) + " { x q[0]; } }", OpenQasmCodes.TooDeep },
        { "aliases that double", Three + "qubit[2] q; let a0 = q ++ q;" + string.Concat(Enumerable.Range(1, 60).Select(i => $"let a{i} = a{i - 1} ++ a{i - 1};")), OpenQasmCodes.TooManySteps },
        { "wide slices in a loop", Three + "qubit[1000000] q; for int i in [0:1000000] { let s = q[0:999999]; }", OpenQasmCodes.TooManySteps },
        { "wide barriers", Three + "qubit[1000000] q;" + Repeat("barrier q;", 20_000), OpenQasmCodes.TooManySteps },
        { "wide resets", Three + "qubit[1000000] q;" + Repeat("reset q;", 20_000), OpenQasmCodes.TooManyOperations },
        { "discarded measurements", Three + "qubit[1000000] q;" + Repeat("measure q;", 20_000), OpenQasmCodes.TooManyBits },
        { "many large arrays", Three + string.Concat(Enumerable.Range(0, 1000).Select(i => $"array[int, 1000, 1000] a{i};")), OpenQasmCodes.TooManySteps },
        { "a million tokens without an end", Two + "qreg q[2]; h " + Repeat("q[0],", 250_000), OpenQasmCodes.UnexpectedToken },
        { "a million bad tokens", Two + Repeat("% ; ", 500_000), OpenQasmCodes.TooManyErrors },
        { "half a million bad tokens on one line", Two + Repeat("% ", 500_000), OpenQasmCodes.UnexpectedToken },
        { "a million NUL characters", new string('\0', 1_000_000), OpenQasmCodes.UnexpectedCharacter },
        { "bytes that are not text", Encoding.UTF8.GetString([0xff, 0xfe, 0xfd, 0x80, 0x00]), OpenQasmCodes.UnexpectedCharacter },
        { "an unterminated comment", Three + "/* " + new string('x', 1_000_000), OpenQasmCodes.Unterminated },
        { "an unterminated string", Three + "include \"" + new string('x', 1_000_000), OpenQasmCodes.Unterminated },
        { "an index beyond integers", Three + "qubit[2] q; h q[4294967296];", OpenQasmCodes.IndexRange },
        { "a range beyond integers", Three + "qubit[10] q; h q[1:9223372036854775807:99];", OpenQasmCodes.IndexRange },
        { "a physical qubit beyond all", Three + "h $1000000000;", OpenQasmCodes.IndexRange },
        { "broadcasting again and again", Three + "qubit[1000000] q; for int i in [0:1000000] { h q; }", OpenQasmCodes.TooManyOperations },
        { "path traversal", Two + "include \"../../etc/passwd\";", OpenQasmCodes.UnknownInclude },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Read_HostileInput_EndsInItsErrorWithBoundedMemory(string what, string source, string code)
    {
        // On the smallest stack that threads commonly have, where running out would end the process. What nests there leaves room for code that is not yet optimised.
        OpenQasmReadResult? result = null;
        long allocated = 0;
        var thread = new Thread(
            () =>
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                result = OpenQasmReader.Read(source);
                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            },
            512 << 10);
        thread.Start();
        thread.Join();
        result!.Success.Should().BeFalse(what);
        result.Diagnostics.Should().Contain(d => d.Code == code, "{0}: {1}", what, result.Diagnostics.FirstOrDefault());
        result.Diagnostics.Count.Should().BeLessThanOrEqualTo(101);
        result.Diagnostics.Should().OnlyContain(d => d.Message.Length < 500 && d.Text.Length <= 80 && d.Line >= 1 && d.Column >= 1);
        allocated.Should().BeLessThan(MostBytes, what);
    }

    [Fact]
    public void Read_LongRegisterTestOfVersion2_RunsOnAnyStack()
    {
        var circuit = OpenQasmReader.Read(Two + "qreg q[1]; creg c[1000000]; if (c == 0) x q[0];").GetCircuitOrThrow();
        var condition = circuit.ConditionOf(circuit.Operations[0]);
        condition.Evaluate(new ClassicalState(circuit)).ToBool().Should().BeTrue();
    }

    [Fact]
    public void Read_RandomlyDamagedSources_NeverThrows()
    {
        var samples = Directory.EnumerateFiles(Path.Combine(SharedFiles.RepositoryRoot, "samples", "circuits"), "*.qasm").Select(File.ReadAllText).Where(s => s.Length < 20_000).ToList();
        samples.AddRange(ReaderFeatureTests.Sources);
        var pieces = new[] { ";", "{", "}", "(", ")", "[", "]", ",", "0", "-1", "1e400", "0x", "9223372036854775807", "q", "c", "if", "for", "while", "def", "gate", "measure", "->", "++", "**", "%", "@", "ctrl @", "pow(0.5) @", "inv @", "let", "int", "bit", "bit[3]", "array[int, 2]", "\"", "/*", "$0", "end;", "break;", "return;", "switch", "in", "\0", "π", ":" };
        for (var seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            var text = new StringBuilder(samples[random.Next(samples.Count)]);
            for (var edits = random.Next(1, 6); edits > 0; edits--)
            {
                var at = random.Next(text.Length + 1);
                var length = Math.Min(random.Next(8), text.Length - at);
                text.Remove(at, random.Next(2) * length).Insert(at, random.Next(3) == 0 ? string.Empty : pieces[random.Next(pieces.Length)]);
            }

            var source = text.ToString();
            var act = () => OpenQasmReader.Read(source, new OpenQasmReaderOptions { MaxSteps = 20_000, MaxUnrolledOperations = 20_000 });
            act.Should().NotThrow("seed {0}:\n{1}", seed, source);
        }
    }

    private static string Repeat(string text, int count) => new StringBuilder().Insert(0, text, count).ToString();

    private static string Nested(string body, int depth)
    {
        var text = new StringBuilder($"gate g0 a {{ {body} }} ");
        for (var i = 1; i < depth; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"gate g{i} a {{ g{i - 1} a; g{i - 1} a; }} ");
        }

        return text.ToString();
    }
}
