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

    // Of weak runs, those with gates that turn by little: how much they turn across each cut, in shares of what entangles most. Far cuts are one.
    private const int Window = 128;

    // What a run is worth, from nothing to a bit.
    private const int WorthSteps = 256;
    private static readonly double[] Worths = [.. Enumerable.Range(0, WorthSteps + 1).Select(i => Math.Pow(2, (double)i / WorthSteps))];
    private bool[] _isWeak = [];
    private float[] _turned = [];

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

    /// <summary>Whether a gate, known by its index, changes no value.</summary>
    public static bool IsDiagonal(int gateIndex) => Axes[gateIndex] == Axis.Z;

    /// <summary>Whether a gate, known by its index, is a Pauli matrix.</summary>
    public static bool IsPauli(int gateIndex) => ArePauli[gateIndex];

    /// <summary>Begins anew.</summary>
    public void Clear(int numSites)
    {
        if (_axis.Length < numSites)
        {
            (_axis, _low, _high, _isWeak) = (new Axis[numSites], new int[numSites], new int[numSites], new bool[numSites]);
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

    /// <summary>About the base-2 logarithm of a number above zero: its exponent, and the mantissa in between.</summary>
    public static double Log2(float number) => (BitConverter.SingleToInt32Bits(number) * (1.0 / (1 << 23))) - 127;

    /// <summary>The cuts across which a gate between two sites adds what it is worth, where one of its runs was not counted before.</summary>
    /// <param name="low">The left site.</param>
    /// <param name="lowAxis">The Pauli matrix on it.</param>
    /// <param name="high">The right site.</param>
    /// <param name="highAxis">The Pauli matrix on it.</param>
    /// <param name="strength">The share of what entangles most that the gate is.</param>
    public Joined Join(int low, Axis lowAxis, int high, Axis highAxis, float strength)
    {
        bool isLowRun = Begin(low, lowAxis), isHighRun = Begin(high, highAxis);
        var isWeak = strength < 1 | _isWeak[low] | _isWeak[high];
        if (isWeak)
        {
            Weaken(low);
            Weaken(high);
        }

        int from = Math.Min(high, Math.Max(low, _high[low])), to = Math.Max(from, Math.Min(high, _low[high]));
        var isOfHigh = false;
        if (from < to)
        {
            // What is counted now belongs to one run: to one that goes on, or to that of a control.
            isOfHigh = lowAxis == Axis.None || (isLowRun == isHighRun ? lowAxis != Axis.Z && highAxis == Axis.Z : isHighRun);
            if (isOfHigh)
            {
                _low[high] = highAxis == Axis.None ? high : from;
            }
            else
            {
                _high[low] = to;
            }
        }

        return new Joined(from, to, isOfHigh, isWeak);
    }

    /// <summary>A weak run turns more across a cut; gives how much more, at most as much as entangles most.</summary>
    /// <param name="site">The site of the run.</param>
    /// <param name="cut">The cut.</param>
    /// <param name="strength">The share of what entangles most.</param>
    /// <param name="isNew">Whether the run was not counted there before.</param>
    /// <param name="factor">What more the run is worth there.</param>
    public double Turn(int site, int cut, float strength, bool isNew, out double factor)
    {
        ref var turned = ref _turned[(site * Window) + Math.Clamp(cut - site, -Window / 2, (Window / 2) - 1) + (Window / 2)];
        var before = isNew ? 0 : turned;
        turned = Math.Min(1, before + strength);
        factor = Worths[Worth(turned) - Worth(before)];
        return turned - before;
    }

    // A place in the table of what a run is worth that turns so much.
    private static int Worth(float turned) => Math.Max(0, (int)(WorthSteps * (1 + (Log2(turned) / GateEntanglement.Fade))));

    // Tells whether a run goes on.
    private bool Begin(int site, Axis axis)
    {
        if (axis == Axis.None || _axis[site] != axis)
        {
            (_axis[site], _low[site], _high[site], _isWeak[site]) = (axis, site, site, false);
            return false;
        }

        return true;
    }

    // From here on it is known for each cut how much a run turns: so far all that it can.
    private void Weaken(int site)
    {
        if (_isWeak[site])
        {
            return;
        }

        _isWeak[site] = true;
        if (_turned.Length < _axis.Length * Window)
        {
            _turned = new float[_axis.Length * Window];
        }

        int from = Math.Max(_low[site] - site, -Window / 2), to = Math.Min(_high[site] - site, (Window / 2) - 1);
        if (from < to)
        {
            _turned.AsSpan((site * Window) + (Window / 2) + from, to + 1 - from).Fill(1);
        }
    }

    private static Axis AxisOfGate(GateDefinition gate) =>
        gate.NumQubits == 0 || gate.Structure == GateStructure.Diagonal ? Axis.Z
        : gate == GateCatalog.X || gate == GateCatalog.RX || gate == GateCatalog.SX || gate == GateCatalog.SXdg ? Axis.X
        : gate == GateCatalog.Y || gate == GateCatalog.RY ? Axis.Y : Axis.None;
}

/// <summary>Where a gate adds what it is worth.</summary>
/// <param name="From">The site right of which the cuts begin.</param>
/// <param name="To">The site up to which they go; those left of <paramref name="From"/> were counted for the run of the left site, those right of it for that of the right one.</param>
/// <param name="IsOfHigh">Whether they are counted for the run of the right site.</param>
/// <param name="IsWeak">Whether it, or what it goes on with, turns by less than entangles most.</param>
internal readonly record struct Joined(int From, int To, bool IsOfHigh, bool IsWeak);
