using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// Gates between two sites that are functions of one Pauli matrix on a site (those that one qubit controls, those that turn one target about the same axis) and follow one another there
/// are together a sum over the two values of that matrix: whatever is done to other sites between them, they are worth one bit across any cut, not one each, and less where all that they
/// turn together is little. Here is known across which cuts the run of a site was counted, and how much it turns.
/// </summary>
internal sealed class PauliRuns
{
    /// <summary>All Pauli matrices, a bit for each.</summary>
    public const int All = 0b1110;

    // By the index of a gate: the matrix that it commutes with, whether it is one, and all that it keeps up to a sign.
    private static readonly Axis[] Axes = [.. GateCatalog.Table.ToArray().Select(AxisOfGate)];
    private static readonly bool[] ArePauli = [.. GateCatalog.Table.ToArray().Select(g => g == GateCatalog.X || g == GateCatalog.Y || g == GateCatalog.Z)];
    private static readonly byte[] KeptBy = [.. GateCatalog.Table.ToArray().Select(g =>
        g == GateCatalog.X || g == GateCatalog.Y || g == GateCatalog.Z || g == GateCatalog.Id ? (byte)All : (byte)(1 << (int)AxisOfGate(g)))];

    private static readonly (Axis First, Axis Second)[] PairOf = [.. GateCatalog.Table.ToArray().Select(g =>
        g == GateCatalog.RZZ ? (Axis.Z, Axis.Z) : g == GateCatalog.RXX ? (Axis.X, Axis.X) : g == GateCatalog.RYY ? (Axis.Y, Axis.Y)
        : g == GateCatalog.RZX ? (Axis.Z, Axis.X) : (Axis.None, Axis.None))];

    private Axis[] _axis = [];
    private int[] _low = [];
    private int[] _high = [];

    // What the gates of a run turn together, in shares of what entangles most.
    private double[] _power = [];

    public PauliRuns(int numSites = 0)
    {
        Clear(numSites);
    }

    /// <summary>A Pauli matrix.</summary>
    public enum Axis : byte
    {
        /// <summary>None, or not one alone.</summary>
        None,

        /// <summary>Z, as of a control.</summary>
        Z,

        /// <summary>X, as of the target of a CX.</summary>
        X,

        /// <summary>Y.</summary>
        Y,
    }

    /// <summary>The Pauli matrix that a gate on one qubit commutes with; none where it does with none alone.</summary>
    public static Axis AxisOf(GateDefinition gate) => Axes[gate.Index];

    /// <summary>Whether a gate, known by its index, is a Pauli matrix.</summary>
    public static bool IsPauli(int gateIndex) => ArePauli[gateIndex];

    /// <summary>Begins anew.</summary>
    public void Clear(int numSites)
    {
        if (_axis.Length < numSites)
        {
            (_axis, _low, _high, _power) = (new Axis[numSites], new int[numSites], new int[numSites], new double[numSites]);
        }

        // Where a run goes matters only where there is one.
        _axis.AsSpan(0, numSites).Clear();
    }

    /// <summary>Something is done to a site that changes all Pauli matrices but some.</summary>
    /// <param name="site">The site.</param>
    /// <param name="kept">The matrices that it commutes with up to a sign, a bit for each.</param>
    public void Turn(int site, int kept)
    {
        if ((kept >> (int)_axis[site] & 1) == 0)
        {
            _axis[site] = Axis.None;
        }
    }

    /// <summary>What an operation on one qubit keeps: all where it is a Pauli matrix itself.</summary>
    public static byte Kept(in Operation op) => op.Kind == OperationKind.Gate ? KeptBy[op.GateIndex] : (byte)0;

    /// <summary>The same of a gate.</summary>
    public static byte KeptOf(GateDefinition gate) => KeptBy[gate.Index];

    /// <summary>The Pauli matrix that alone was kept, if one was.</summary>
    public static Axis Only(int kept) => BitOperations.IsPow2(kept) ? (Axis)BitOperations.Log2((uint)kept) : Axis.None;

    /// <summary>The Pauli matrices in a gate between two qubits, on each in the order of the gate.</summary>
    public static (Axis First, Axis Second) Of(in Operation op)
    {
        if (op.Kind != OperationKind.Gate || op.QubitCount != 2)
        {
            return (Axis.None, Axis.None);
        }

        return op.ControlCount == 0 ? PairOf[op.GateIndex] : (Axis.Z, op.ControlCount > 1 ? Axis.Z : Axes[op.GateIndex]);
    }

    /// <summary>The cuts across which a gate between two sites adds what it is worth, and what it adds across the others that it spans, where one of its runs was counted before.</summary>
    public Joined Join(int low, Axis lowAxis, int high, Axis highAxis, double power)
    {
        var (isLowRun, lowMore) = Begin(low, lowAxis, power);
        var (isHighRun, highMore) = Begin(high, highAxis, power);
        int from = Math.Min(high, Math.Max(low, _high[low])), to = Math.Max(from, Math.Min(high, _low[high]));
        if (from < to)
        {
            // What is counted now belongs to one run: to one that goes on, or to that of a control.
            var isOfHigh = isLowRun == isHighRun ? lowAxis != Axis.Z && highAxis == Axis.Z : isHighRun;
            if (isOfHigh || lowAxis == Axis.None)
            {
                _low[high] = highAxis == Axis.None ? high : from;
            }
            else
            {
                _high[low] = to;
            }
        }

        return new Joined(from, to, lowMore, highMore);
    }

    // Tells whether a run goes on, and how many more eighths of a bit it is worth then.
    private (bool IsRun, int More) Begin(int site, Axis axis, double power)
    {
        ref var turned = ref _power[site];
        if (axis == Axis.None || _axis[site] != axis)
        {
            (_axis[site], _low[site], _high[site], turned) = (axis, site, site, Math.Min(1, power));
            return (false, 0);
        }

        if (turned >= 1)
        {
            return (true, 0);
        }

        var before = GateEntanglement.Bits(turned);
        turned = Math.Min(1, turned + power);
        return (true, GateEntanglement.Bits(turned) - before);
    }

    private static Axis AxisOfGate(GateDefinition gate) =>
        gate.NumQubits == 0 || gate.Structure == GateStructure.Diagonal ? Axis.Z
        : gate == GateCatalog.X || gate == GateCatalog.RX || gate == GateCatalog.SX || gate == GateCatalog.SXdg ? Axis.X
        : gate == GateCatalog.Y || gate == GateCatalog.RY ? Axis.Y : Axis.None;
}

/// <summary>What a gate adds: from one site to another what it is worth, left and right of them what the runs of its sites are worth more by it, in eighths of a bit.</summary>
internal readonly record struct Joined(int From, int To, int Left, int Right);
