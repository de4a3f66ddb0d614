using System.Globalization;
using System.Text.Json;
using PredictiveOrchestration.AspNetCore.Http;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>
/// Reads IonQ's gate lists: <c>qis</c> with angles in radians, <c>native</c> with phases and angles in turns. Qubit 0 is the least significant bit of a
/// result, as everywhere here; every qubit is read out at the end.
/// </summary>
internal static class IonQGates
{
    private const int MaxGates = 2_000_000;

    /// <summary>Reads a list of gates.</summary>
    /// <exception cref="ProblemException">400: a gate is not known, or its operands are wrong.</exception>
    public static Circuit Read(JsonElement gates, int qubits, string gateset)
    {
        var builder = new CircuitBuilder(qubits);
        if (gates.ValueKind != JsonValueKind.Array || gates.GetArrayLength() > MaxGates)
        {
            throw Wrong($"'circuit' is no list of at most {MaxGates} gates");
        }

        var index = 0;
        foreach (var gate in gates.EnumerateArray())
        {
            try
            {
                Add(builder, new IonQGate(gate), gateset == "native");
            }
            catch (Exception exception) when (exception is CircuitException or FormatException)
            {
                throw Wrong($"gate {index} of the circuit: {exception.Message}");
            }

            index++;
        }

        return builder.Build();
    }

    private static void Add(CircuitBuilder builder, IonQGate gate, bool native)
    {
        switch (native ? gate.Name switch { "gpi" or "gpi2" or "ms" or "nop" => gate.Name, "zz" => "native zz", _ => throw new FormatException($"'{gate.Name}' is no native gate; accepted are gpi, gpi2, ms, zz and nop") } : gate.Name)
        {
            case "nop": break;
            case "x" or "not": Single(builder, gate, GateCatalog.X); break;
            case "cnot": Single(builder, gate, GateCatalog.X, leastControls: 1); break;
            case "y": Single(builder, gate, GateCatalog.Y); break;

            // Qiskit's phase gate comes as a z with an angle.
            case "z": Single(builder, gate, gate.OptionalNumber("rotation") is null ? GateCatalog.Z : GateCatalog.P, gate.OptionalNumber("rotation")); break;
            case "h": Single(builder, gate, GateCatalog.H); break;
            case "s": Single(builder, gate, GateCatalog.S); break;
            case "si": Single(builder, gate, GateCatalog.Sdg); break;
            case "t": Single(builder, gate, GateCatalog.T); break;
            case "ti": Single(builder, gate, GateCatalog.Tdg); break;
            case "v": Single(builder, gate, GateCatalog.SX); break;
            case "vi": Single(builder, gate, GateCatalog.SXdg); break;
            case "rx": Single(builder, gate, GateCatalog.RX, gate.Number("rotation")); break;
            case "ry": Single(builder, gate, GateCatalog.RY, gate.Number("rotation")); break;
            case "rz": Single(builder, gate, GateCatalog.RZ, gate.Number("rotation")); break;
            case "swap": Pair(builder, gate, GateCatalog.Swap); break;
            case "xx": Pair(builder, gate, GateCatalog.RXX, gate.Number("rotation")); break;
            case "yy": Pair(builder, gate, GateCatalog.RYY, gate.Number("rotation")); break;
            case "zz": Pair(builder, gate, GateCatalog.RZZ, gate.Number("rotation")); break;
            case "native zz": Pair(builder, gate, GateCatalog.RZZ, Math.Tau * gate.Number("angle")); break;
            case "pauliexp": PauliExponentials(builder, gate); break;
            case "gpi": Gpi(builder, gate, Math.PI); break;
            case "gpi2": Gpi(builder, gate, Math.PI / 2); break;
            case "ms": MolmerSorensen(builder, gate); break;
            default: throw new FormatException($"'{Clip(gate.Name)}' is not known");
        }
    }

    private static void Single(CircuitBuilder builder, IonQGate gate, GateDefinition definition, double? angle = null, int leastControls = 0)
    {
        var (targets, controls) = (gate.Targets, gate.Controls);
        if (controls.Count < leastControls || targets.Count == 0)
        {
            throw new FormatException($"'{gate.Name}' needs a target{(leastControls > 0 ? " and a control" : string.Empty)}");
        }

        foreach (var target in targets)
        {
            builder.Gate(definition, controls.Count, angle is { } a ? [a] : [], [.. controls, target]);
        }
    }

    private static void Pair(CircuitBuilder builder, IonQGate gate, GateDefinition definition, double? angle = null) =>
        builder.Gate(definition, gate.Controls.Count, angle is { } a ? [a] : [], [.. gate.Controls, .. Two(gate)]);

    // A turn by θ about cos φ X + sin φ Y: rz(φ) rx(θ) rz(-φ). The global phase of GPI, i, does not show.
    private static void Gpi(CircuitBuilder builder, IonQGate gate, double theta)
    {
        var phi = Math.Tau * gate.Number("phase");
        foreach (var target in gate.Targets)
        {
            builder.Gate(GateCatalog.RZ, 0, [-phi], [target]).Gate(GateCatalog.RX, 0, [theta], [target]).Gate(GateCatalog.RZ, 0, [phi], [target]);
        }
    }

    // exp(-iθ/2 (cos φ0 X + sin φ0 Y) ⊗ (cos φ1 X + sin φ1 Y)), θ = 2π · angle.
    private static void MolmerSorensen(CircuitBuilder builder, IonQGate gate)
    {
        var targets = Two(gate);
        var phases = gate.Numbers("phases");
        if (phases.Count != 2)
        {
            throw new FormatException("'ms' needs two phases");
        }

        // PennyLane calls the angle a rotation.
        var angle = Math.Tau * (gate.OptionalNumber("angle") ?? gate.OptionalNumber("rotation") ?? 0.25);
        for (var i = 0; i < 2; i++)
        {
            builder.Gate(GateCatalog.RZ, 0, [-Math.Tau * phases[i]], [targets[i]]);
        }

        builder.Gate(GateCatalog.RXX, 0, [angle], [targets[0], targets[1]]);
        for (var i = 0; i < 2; i++)
        {
            builder.Gate(GateCatalog.RZ, 0, [Math.Tau * phases[i]], [targets[i]]);
        }
    }

    // One exponential e^{-i t c P} after the other; letter i of a term belongs to target i.
    private static void PauliExponentials(CircuitBuilder builder, IonQGate gate)
    {
        var targets = gate.Targets;
        var (terms, coefficients) = (gate.Texts("terms"), gate.Numbers("coefficients"));
        var time = gate.OptionalNumber("time") ?? 1;
        if (terms.Count != coefficients.Count)
        {
            throw new FormatException($"'pauliexp' has {terms.Count} terms and {coefficients.Count} coefficients");
        }

        for (var t = 0; t < terms.Count; t++)
        {
            if (terms[t].Length != targets.Count || terms[t].AsSpan().ContainsAnyExcept("IXYZ"))
            {
                throw new FormatException($"the term '{Clip(terms[t])}' is no string of {targets.Count} of the letters I, X, Y and Z");
            }

            var factors = targets.Select((q, i) => (Qubit: q, Letter: terms[t][i])).Where(f => f.Letter != 'I').ToList();
            var angle = 2 * time * coefficients[t];
            if (factors.Count == 0)
            {
                continue;
            }

            factors.ForEach(f => Basis(builder, f.Qubit, f.Letter, inverse: false));
            for (var i = 0; i + 1 < factors.Count; i++)
            {
                builder.Gate(GateCatalog.X, 1, [], [factors[i].Qubit, factors[i + 1].Qubit]);
            }

            builder.Gate(GateCatalog.RZ, 0, [angle], [factors[^1].Qubit]);
            for (var i = factors.Count - 2; i >= 0; i--)
            {
                builder.Gate(GateCatalog.X, 1, [], [factors[i].Qubit, factors[i + 1].Qubit]);
            }

            factors.ForEach(f => Basis(builder, f.Qubit, f.Letter, inverse: true));
        }
    }

    private static void Basis(CircuitBuilder builder, int qubit, char letter, bool inverse)
    {
        if (letter == 'X')
        {
            builder.H(qubit);
        }
        else if (letter == 'Y')
        {
            builder.Gate(GateCatalog.RX, 0, [inverse ? -Math.PI / 2 : Math.PI / 2], [qubit]);
        }
    }

    private static IReadOnlyList<int> Two(IonQGate gate) => gate.Targets is { Count: 2 } two ? two : throw new FormatException($"'{gate.Name}' needs two targets");

    private static ProblemException Wrong(string message) => new(400, "invalid-program", $"The job cannot be read: {message}.") { IonQCode = "InvalidInput" };

    private static string Clip(string text) => text.Length <= 40 ? text : text[..40] + "…";
}

/// <summary>One gate of a list; every accessor says what is missing or wrong.</summary>
internal readonly struct IonQGate
{
    private readonly JsonElement _json;

    public IonQGate(JsonElement json)
    {
        _json = json.ValueKind == JsonValueKind.Object ? json : throw new FormatException("it is no object");
        Name = json.TryGetProperty("gate", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString()! : throw new FormatException("it has no 'gate'");
    }

    public string Name { get; }

    public IReadOnlyList<int> Targets => Qubits("targets", "target");

    public IReadOnlyList<int> Controls => Qubits("controls", "control");

    public double Number(string name) => OptionalNumber(name) ?? throw new FormatException($"'{Name}' needs '{name}'");

    public double? OptionalNumber(string name) => _json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? Double(value, name) : null;

    public IReadOnlyList<double> Numbers(string name)
    {
        var owner = this;
        return [.. Items(name).Select(e => owner.Double(e, name))];
    }

    public IReadOnlyList<string> Texts(string name) => [.. Items(name).Select(e => e.ValueKind == JsonValueKind.String ? e.GetString()! : throw new FormatException($"'{name}' holds something that is no text"))];

    private IEnumerable<JsonElement> Items(string name) => _json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];

    // Clients send the one, the other, and either with one value or a list.
    private List<int> Qubits(string plural, string singular)
    {
        var qubits = new List<int>();
        foreach (var name in (ReadOnlySpan<string>)[plural, singular])
        {
            if (_json.TryGetProperty(name, out var value))
            {
                foreach (var item in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : value.ValueKind == JsonValueKind.Null ? [] : [value])
                {
                    qubits.Add(item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var qubit) ? qubit : throw new FormatException($"'{name}' holds something that is no qubit"));
                }

                if (qubits.Count > 0)
                {
                    break;
                }
            }
        }

        return qubits;
    }

    private double Double(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number
        : value.ValueKind == JsonValueKind.String && double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number) ? number
        : throw new FormatException($"'{name}' of '{Name}' is no finite number");
}
