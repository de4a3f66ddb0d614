using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Circuits.OpenQasm;

namespace PredictiveOrchestration.Benchmarks.Micro;

/// <summary>Reading and writing OpenQASM. The mean time and the length of the source give megabytes a second.</summary>
[MemoryDiagnoser]
public class ReaderBenchmarks
{
    private string _flat = string.Empty;
    private string _structured = string.Empty;
    private Circuit _circuit = null!;

    /// <summary>Writes the sources: ten megabytes of flat gate lines, and one megabyte through definitions.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var text = new StringBuilder("OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[32];\n");
        var random = new Random(1);
        while (text.Length < 10_000_000)
        {
            var (a, b) = (random.Next(32), random.Next(31));
            b += b >= a ? 1 : 0;
            text.AppendLine(random.Next(4) switch
            {
                0 => $"h q[{a}];",
                1 => $"cx q[{a}],q[{b}];",
                2 => string.Create(CultureInfo.InvariantCulture, $"rz({random.NextDouble() * 6:R}) q[{a}];"),
                _ => string.Create(CultureInfo.InvariantCulture, $"u3({random.NextDouble():F6},pi/2,-pi/4) q[{a}];"),
            });
        }

        _flat = text.ToString();
        text = new StringBuilder("OPENQASM 3.0;\ninclude \"stdgates.inc\";\ngate pair(t) a, b { cx a, b; rz(t / 2) b; cx a, b; }\nqubit[32] q;\n");
        while (text.Length < 1_000_000)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"pair({random.NextDouble():F4}) q[{random.Next(16)}], q[{16 + random.Next(16)}];");
        }

        _structured = text.ToString();
        _circuit = RandomFamilies.Random(32, 1000);
        Console.WriteLine($"flat: {_flat.Length / 1e6:F2} MB; definitions: {_structured.Length / 1e6:F2} MB");
    }

    /// <summary>Ten megabytes of flat gate lines.</summary>
    [Benchmark]
    public int FlatTenMegabytes() => OpenQasmReader.Read(_flat).GetCircuitOrThrow().Operations.Length;

    /// <summary>One megabyte of calls of a defined gate, each unrolled to three operations.</summary>
    [Benchmark]
    public int DefinitionsOneMegabyte() => OpenQasmReader.Read(_structured).GetCircuitOrThrow().Operations.Length;

    /// <summary>Writing 48,000 gates.</summary>
    [Benchmark]
    public int Write() => OpenQasmWriter.Write(_circuit).Length;
}
