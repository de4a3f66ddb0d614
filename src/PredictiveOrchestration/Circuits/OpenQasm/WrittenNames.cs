namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>Names of registers that OpenQASM can express: those that it cannot are changed, and stay different from one another.</summary>
internal static class WrittenNames
{
    private static readonly HashSet<string> Reserved2 = new(StringComparer.Ordinal)
    {
        "OPENQASM", "include", "qreg", "creg", "gate", "opaque", "measure", "reset", "barrier", "if", "pi", "sin", "cos", "tan", "exp", "ln", "sqrt", "U", "CX",
    };

    private static readonly HashSet<string> Reserved3 = new(Reserved2, StringComparer.Ordinal)
    {
        "defcalgrammar", "def", "cal", "defcal", "extern", "box", "let", "break", "continue", "else", "end", "return", "for", "while", "in", "switch", "case", "default", "nop", "pragma",
        "input", "output", "const", "readonly", "mutable", "qubit", "bool", "bit", "int", "uint", "float", "angle", "complex", "array", "void", "duration", "stretch",
        "gphase", "inv", "pow", "ctrl", "negctrl", "durationof", "delay", "true", "false", "tau", "euler",
    };

    /// <summary>The circuit with names that can be written; itself if all can.</summary>
    public static Circuit Apply(Circuit circuit, bool three)
    {
        if (circuit.QuantumRegisters.Concat(circuit.ClassicalRegisters).All(r => IsWritable(r.Name, three)))
        {
            return circuit;
        }

        var taken = circuit.QuantumRegisters.Concat(circuit.ClassicalRegisters).Select(r => r.Name).Where(n => IsWritable(n, three)).ToHashSet(StringComparer.Ordinal);
        Register Rename(Register register)
        {
            if (IsWritable(register.Name, three))
            {
                return register;
            }

            var stem = "r_" + string.Concat(register.Name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
            var name = stem;
            for (var i = 1; !taken.Add(name); i++)
            {
                name = $"{stem}_{i}";
            }

            return register with { Name = name };
        }

        return circuit.WithRegisters([.. circuit.QuantumRegisters.Select(Rename)], [.. circuit.ClassicalRegisters.Select(Rename)]);
    }

    private static bool IsWritable(string name, bool three) =>
        (name[0] == '$' && three)
        || (!(three ? Reserved3 : Reserved2).Contains(name)
            && (three ? Lexer.IsNameStart(name[0]) && name.All(Lexer.IsNamePart) : name[0] == '$' || (char.IsAsciiLetterLower(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))));
}
