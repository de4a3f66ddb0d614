using System.Globalization;
using System.Text.RegularExpressions;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.TestKit.Remote;

/// <summary>Reads Quil as its specification defines it, as far as a service of the tests needs it: each line once, nothing unknown.</summary>
public static partial class FakeQuil
{
    public static Circuit Read(string text)
    {
        CircuitBuilder? builder = null;
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var size = Declaration().Match(lines[0]) is { Success: true } declared ? Number(declared.Groups[1].Value) : throw new FormatException("The first line declares no register ro of bits.");
        foreach (var line in lines[1..])
        {
            builder ??= new CircuitBuilder(1 + lines[1..].Max(Highest), size);
            if (Measurement().Match(line) is { Success: true } measure)
            {
                builder.Measure(Number(measure.Groups[1].Value), Number(measure.Groups[2].Value));
                continue;
            }

            var gate = Gate().Match(line) is { Success: true } found ? found : throw new FormatException($"'{line}' is no line of Quil that is known here.");
            var (name, angle) = (gate.Groups[1].Value, gate.Groups[2].Success ? double.Parse(gate.Groups[2].Value, CultureInfo.InvariantCulture) : 0);
            int[] qubits = [.. gate.Groups[3].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Number)];
            _ = (name, qubits) switch
            {
                ("X", [var q]) => builder.X(q),
                ("Y", [var q]) => builder.Y(q),
                ("Z", [var q]) => builder.Z(q),
                ("H", [var q]) => builder.H(q),
                ("S", [var q]) => builder.P(Math.PI / 2, q),
                ("DAGGER S", [var q]) => builder.P(-Math.PI / 2, q),
                ("T", [var q]) => builder.P(Math.PI / 4, q),
                ("DAGGER T", [var q]) => builder.P(-Math.PI / 4, q),
                ("PHASE", [var q]) => builder.P(angle, q),
                ("RX", [var q]) => builder.RX(angle, q),
                ("RY", [var q]) => builder.RY(angle, q),
                ("RZ", [var q]) => builder.RZ(angle, q),
                ("CNOT", [var c, var q]) => builder.CX(c, q),
                ("CZ", [var c, var q]) => builder.CZ(c, q),
                ("CPHASE", [var c, var q]) => builder.Gate(GateCatalog.P, 1, [angle], [c, q]),
                ("SWAP", [var a, var b]) => builder.Swap(a, b),
                ("ISWAP", [var a, var b]) => builder.Gate(GateCatalog.ISwap, 0, [], [a, b]),
                ("CCNOT", [var a, var b, var q]) => builder.Gate(GateCatalog.X, 2, [], [a, b, q]),
                ("CSWAP", [var c, var a, var b]) => builder.Gate(GateCatalog.Swap, 1, [], [c, a, b]),
                _ => throw new FormatException($"'{line}' is no gate of Quil that is known here."),
            };
        }

        return builder!.Build();
    }

    private static int Highest(string line) => line.Split(' ').Skip(1).Select(w => int.TryParse(w, NumberStyles.None, CultureInfo.InvariantCulture, out var q) ? q : 0).Max();

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^DECLARE ro BIT\[(\d+)\]$")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^MEASURE (\d+) ro\[(\d+)\]$")]
    private static partial Regex Measurement();

    // Numbers as the grammar has them: digits before the point, and an exponent.
    [GeneratedRegex(@"^((?:DAGGER )?[A-Z]+)(?:\((-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\))?((?: \d+)+)$")]
    private static partial Regex Gate();
}
