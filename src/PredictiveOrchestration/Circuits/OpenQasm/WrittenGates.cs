namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>The names and definitions under which gates are written.</summary>
internal static class WrittenGates
{
    // Definitions of gates that are in neither library, in terms of gates that are in both. The reader knows them by their matrix.
    private static readonly Dictionary<string, string> Definitions = new(StringComparer.Ordinal)
    {
        ["sxdg"] = "gate sxdg a { inv @ sx a; }",
        ["rxx"] = "gate rxx(theta) a, b { h a; h b; cx a, b; rz(theta) b; cx a, b; h b; h a; }",
        ["ryy"] = "gate ryy(theta) a, b { rx(pi/2) a; rx(pi/2) b; cx a, b; rz(theta) b; cx a, b; rx(-pi/2) a; rx(-pi/2) b; }",
        ["rzz"] = "gate rzz(theta) a, b { cx a, b; rz(theta) b; cx a, b; }",
        ["rzx"] = "gate rzx(theta) a, b { h b; cx a, b; rz(theta) b; cx a, b; h b; }",
        ["iswap"] = "gate iswap a, b { s a; s b; h a; cx a, b; cx b, a; h b; }",
        ["iswapdg"] = "gate iswapdg a, b { h b; cx b, a; cx a, b; h a; sdg b; sdg a; }",
        ["ecr"] = "gate ecr a, b { h b; cx a, b; rz(pi/4) b; cx a, b; h b; x a; h b; cx a, b; rz(-pi/4) b; cx a, b; h b; }",
        ["rccx"] = "gate rccx a, b, c { h c; t c; cx b, c; tdg c; cx a, c; t c; cx b, c; tdg c; h c; }",
        ["rc3x"] = "gate rc3x a, b, c, d { h d; t d; cx c, d; tdg d; h d; cx a, d; t d; cx b, d; tdg d; cx a, d; t d; cx b, d; tdg d; h d; t d; cx c, d; tdg d; h d; }",
    };

    private static readonly HashSet<string> InLaterQelib1 = ["sxdg", "rxx", "rzz", "rccx", "rc3x"];

    private static readonly Dictionary<(string Gate, int Controls), string> Controlled = new()
    {
        [("x", 1)] = "cx", [("y", 1)] = "cy", [("z", 1)] = "cz", [("h", 1)] = "ch", [("rx", 1)] = "crx", [("ry", 1)] = "cry", [("rz", 1)] = "crz",
        [("p", 1)] = "cp", [("u4", 1)] = "cu", [("swap", 1)] = "cswap", [("x", 2)] = "ccx",
    };

    private static readonly Dictionary<(string Gate, int Controls), string> Controlled2 = new()
    {
        [("u", 1)] = "cu3", [("sx", 1)] = "csx", [("x", 3)] = "c3x", [("x", 4)] = "c4x", [("sx", 3)] = "c3sqrtx",
    };

    /// <summary>The name of a gate with controls, how many controls the name implies, and how many trailing parameters are left out; no name if it cannot be written.</summary>
    public static (string? Name, int Implied, int Dropped) Find(GateDefinition gate, int controls, bool three)
    {
        var name = gate.Name;
        if (name == "gphase")
        {
            return (three ? "gphase" : null, 0, 0);
        }

        if (three)
        {
            var implied = controls;
            while (implied > 0 && !Controlled.ContainsKey((name, implied)))
            {
                implied--;
            }

            return implied > 0 ? (Controlled[(name, implied)], implied, 0) : (name == "u" ? "u3" : name == "u4" ? null : name, 0, 0);
        }

        if (controls == 0)
        {
            return (name == "u4" ? null : name == "u" ? "u3" : name, 0, 0);
        }

        return (Controlled.GetValueOrDefault((name, controls)) ?? Controlled2.GetValueOrDefault((name, controls)), controls, 0);
    }

    /// <summary>The definition that must stand at the top for a name, or null if the version's library has it.</summary>
    public static string? Definition(string name, bool three) => !three && InLaterQelib1.Contains(name) ? null : Definitions.GetValueOrDefault(name);
}
