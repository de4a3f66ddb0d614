using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>What each gate of a circuit is, whatever it meets: found once, as all that walks through the circuit asks for it.</summary>
internal sealed class GateKinds
{
    // In the byte that is noted for each gate: what it does to basis states, and this bit if it is a Clifford gate.
    private const byte Clifford = 4;

    private static readonly byte[] Structures = [.. GateCatalog.Table.Select(g => (byte)g.Structure)];
    private static readonly bool[] MayBeT = [.. GateCatalog.Table.Select(g => g == GateCatalog.T || g == GateCatalog.Tdg || g == GateCatalog.P || g == GateCatalog.RZ)];

    private readonly byte[] _noted;

    /// <summary>Finds what they are.</summary>
    public GateKinds(Circuit circuit)
    {
        var operations = circuit.Operations;
        _noted = new byte[operations.Length];
        for (var i = 0; i < operations.Length; i++)
        {
            ref readonly var op = ref operations[i];
            if (op.Kind is not (OperationKind.Gate or OperationKind.Unitary))
            {
                continue;
            }

            Gates++;
            var isClifford = CliffordCheck.IsClifford(circuit, op);
            _noted[i] = (byte)((byte)StructureOf(op) | (isClifford ? Clifford : 0));
            Cliffords += isClifford ? 1 : 0;
            if (!isClifford)
            {
                Other(circuit, i, op);
            }
        }

        CliffordPrefix = FirstOther == int.MaxValue ? Gates : CliffordPrefix;
    }

    public int Gates { get; }

    public int Cliffords { get; }

    public int Ts { get; private set; }

    /// <summary>The place of the first T gate; beyond the last operation where there is none.</summary>
    public int FirstT { get; private set; } = int.MaxValue;

    /// <summary>The place of the first gate that is no Clifford gate; beyond the last operation where there is none.</summary>
    public int FirstOther { get; private set; } = int.MaxValue;

    /// <summary>The gates before that.</summary>
    public int CliffordPrefix { get; private set; }

    /// <summary>Whether any has parameters that depend on results.</summary>
    public bool HaveDynamicParameters { get; private set; }

    /// <summary>What a gate does to basis states.</summary>
    /// <param name="at">Its place among the operations.</param>
    public GateStructure StructureAt(int at) => (GateStructure)(_noted[at] & (Clifford - 1));

    /// <summary>Whether a gate is a Clifford gate.</summary>
    /// <param name="at">Its place among the operations.</param>
    public bool IsCliffordAt(int at) => (_noted[at] & Clifford) != 0;

    /// <summary>What a gate does to basis states.</summary>
    public static GateStructure StructureOf(in Operation op) => op.Kind == OperationKind.Gate ? (GateStructure)Structures[op.GateIndex] : GateStructure.Generic;

    private void Other(Circuit circuit, int at, in Operation op)
    {
        HaveDynamicParameters |= op.HasDynamicParameters;
        if (FirstOther == int.MaxValue)
        {
            (FirstOther, CliffordPrefix) = (at, Gates - 1);
        }

        if (op.Kind == OperationKind.Gate && op.ControlCount == 0 && MayBeT[op.GateIndex] && !op.HasDynamicParameters && IsT(circuit, op))
        {
            Ts++;
            FirstT = Math.Min(FirstT, at);
        }
    }

    // Of gates that are not Clifford gates.
    private static bool IsT(Circuit circuit, in Operation op)
    {
        if (circuit.GateOf(op).NumParameters == 0)
        {
            return true;
        }

        var eighths = circuit.FirstParameterOf(op) / (Math.PI / 4);
        return Math.Abs(eighths - Math.Round(eighths)) < 1e-12 * Math.Max(1, Math.Abs(eighths)) && ((long)Math.Round(eighths) & 1) != 0;
    }
}
