using static PredictiveOrchestration.Circuits.GateCatalog;

namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>How the parameters as written become those of the catalogue's gate.</summary>
internal enum ParameterMap : byte
{
    Same,

    /// <summary>u2(φ, λ) = u(π/2, φ, λ).</summary>
    U2,

    /// <summary>u0(duration) = id.</summary>
    Drop,

    /// <summary>OpenQASM 3's U(θ, φ, λ) = e^{iθ/2} u(θ, φ, λ).</summary>
    PhasedU,
}

/// <summary>A gate that files may use by name.</summary>
/// <param name="Name">The name in OpenQASM.</param>
/// <param name="Gate">The catalogue's gate.</param>
/// <param name="Controls">The number of controls that the name implies.</param>
/// <param name="NumParameters">The number of parameters as written.</param>
/// <param name="Map">How they are mapped.</param>
/// <param name="Libraries">Where the name is defined.</param>
internal sealed record BuiltInGate(string Name, GateDefinition Gate, int Controls, int NumParameters, ParameterMap Map, GateLibraries Libraries)
{
    public int NumQubits => Gate.NumQubits + Controls;
}

/// <summary>Where a gate's name comes from.</summary>
[Flags]
internal enum GateLibraries
{
    /// <summary>Known everywhere without an include.</summary>
    Language2 = 1,

    /// <summary>Known everywhere in OpenQASM 3.</summary>
    Language3 = 2,

    /// <summary>qelib1.inc as published with OpenQASM 2.</summary>
    Qelib1 = 4,

    /// <summary>stdgates.inc.</summary>
    StdGates = 8,

    /// <summary>Not in either, or in later copies of qelib1.inc only: usable after an include, and files may define it themselves.</summary>
    Extension = 16,
}

/// <summary>The gates that files may use without defining them.</summary>
internal static class BuiltInGates
{
    private const GateLibraries Both = GateLibraries.Qelib1 | GateLibraries.StdGates;
    private const GateLibraries Later = GateLibraries.StdGates | GateLibraries.Extension;

    /// <summary>All of them by name; where a name differs between versions, version 3's is under the key with a trailing '3'.</summary>
    public static Dictionary<string, BuiltInGate> ByName { get; } = Create();

    private static Dictionary<string, BuiltInGate> Create()
    {
        var all = new Dictionary<string, BuiltInGate>(StringComparer.Ordinal);
        void Add(string name, GateDefinition gate, int controls, GateLibraries libraries, int parameters = -1, ParameterMap map = ParameterMap.Same, string? key = null) =>
            all.Add(key ?? name, new BuiltInGate(name, gate, controls, parameters < 0 ? gate.NumParameters : parameters, map, libraries));

        Add("U", U, 0, GateLibraries.Language2);
        Add("U", U4, 0, GateLibraries.Language3, 3, ParameterMap.PhasedU, "U#3");
        Add("CX", X, 1, GateLibraries.Language2 | GateLibraries.StdGates);
        Add("gphase", GlobalPhase, 0, GateLibraries.Language3);
        foreach (var gate in new[] { Id, X, Y, Z, H, S, Sdg, T, Tdg, RX, RY, RZ })
        {
            Add(gate.Name, gate, 0, Both);
        }

        Add("u1", P, 0, Both);
        Add("u2", U, 0, Both, 2, ParameterMap.U2);
        Add("u3", U, 0, Both);
        Add("u0", Id, 0, GateLibraries.Qelib1, 1, ParameterMap.Drop);
        foreach (var gate in new[] { X, Y, Z, H })
        {
            Add("c" + gate.Name, gate, 1, Both);
        }

        Add("crz", RZ, 1, Both);
        Add("ccx", X, 2, Both);
        Add("cu1", P, 1, GateLibraries.Qelib1);
        Add("cu3", U, 1, GateLibraries.Qelib1);
        Add("p", P, 0, Later);
        Add("phase", P, 0, GateLibraries.StdGates);
        Add("sx", SX, 0, Later);
        Add("cp", P, 1, Later);
        Add("cphase", P, 1, GateLibraries.StdGates);
        Add("crx", RX, 1, Later);
        Add("cry", RY, 1, Later);
        Add("swap", Swap, 0, Later);
        Add("cswap", Swap, 1, Later);
        Add("cu", U4, 1, Later);
        foreach (var gate in new[] { U, U4, SXdg, ISwap, ISwapDg, RXX, RYY, RZZ, RZX, Ecr, RCCX, RC3X })
        {
            Add(gate.Name, gate, 0, GateLibraries.Extension);
        }

        Add("rcccx", RC3X, 0, GateLibraries.Extension);
        Add("cs", S, 1, GateLibraries.Extension);
        Add("csdg", Sdg, 1, GateLibraries.Extension);
        Add("csx", SX, 1, GateLibraries.Extension);
        Add("ccz", Z, 2, GateLibraries.Extension);
        Add("c3x", X, 3, GateLibraries.Extension);
        Add("c4x", X, 4, GateLibraries.Extension);
        Add("c3sqrtx", SX, 3, GateLibraries.Extension);
        Add("c3sx", SX, 3, GateLibraries.Extension);
        return all;
    }
}
