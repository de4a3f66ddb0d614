using System.Runtime.CompilerServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Execution;

/// <summary>What a part of a circuit is for each engine.</summary>
/// <param name="Work">The work.</param>
/// <param name="SupportBefore">The base-2 logarithm of the amplitudes that are not zero before it.</param>
internal readonly record struct WalkedPart(SegmentWork Work, double SupportBefore);

/// <summary>
/// How the state grows along a circuit, by its bounds and by what was seen of it, and the places at which plans may change engines: where the support bound changes, where the
/// Clifford prefix ends, and enough others that no part is long.
/// </summary>
internal sealed class CircuitWalk(WorkTrajectory work, int numQubits)
{
    private const int MostPositions = 96;
    private readonly int[] _positions = AllPositions(work);

    /// <summary>The number of operations.</summary>
    public int Length => work.Length;

    /// <summary>The first operation that measures, resets or depends on a measurement.</summary>
    public int UnitaryEnd => work.UnitaryEnd;

    /// <summary>The base-2 logarithm of the support bound before an operation.</summary>
    public double Bound(int position) => Math.Min(numQubits, (int)work.Support[position]);

    /// <summary>The base-2 logarithm of the bound on the greatest bond before an operation.</summary>
    public int Bond(int position) => work.Bond[position];

    /// <summary>The passes over a state vector that a part takes; 0 where that is not known.</summary>
    public double Passes(int start, int end) => work.Passes(start, end);

    /// <summary>The positions from one on at which a plan may change engines, itself and the last one included.</summary>
    public List<int> Positions(int start)
    {
        var at = Array.BinarySearch(_positions, start + 1);
        List<int> rest = [start, .. _positions.AsSpan(at < 0 ? ~at : at)];
        if (rest.Count == 1)
        {
            rest.Add(Math.Max(start, work.UnitaryEnd));
        }

        return rest;
    }

    /// <summary>The last position at which a plan may change engines.</summary>
    public int LastPosition(int start) => Math.Max(start, _positions[^1]);

    /// <summary>How the support goes on from an observation: where the bound has been reached it is believed, else the support grows by as much for each mixing gate as so far, and where the bound grows.</summary>
    public StateOutlook Outlook(int position, double supportLog2)
    {
        var mixing = work.Mixing(0, position);
        return new StateOutlook(position, supportLog2, mixing == 0 || supportLog2 > Bound(position) - 0.5 ? 1 : Math.Clamp(supportLog2 / mixing, 0.1, 1));
    }

    /// <summary>The support expected before an operation.</summary>
    public double Expected(StateOutlook outlook, int position)
    {
        var support = outlook.SupportLog2;
        Part(outlook.Position, position, ref support, outlook);
        return support;
    }

    /// <summary>The work of a part.</summary>
    /// <param name="start">Its first operation.</param>
    /// <param name="end">The operation after it.</param>
    /// <param name="support">The base-2 logarithm of the amplitudes that are not zero before it; afterwards, after it.</param>
    /// <param name="outlook">How it grows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public WalkedPart Part(int start, int end, ref double support, StateOutlook outlook)
    {
        double sparse = 0, branching = 0, before = support, most = support, power = double.NaN, amplitudes = 0;
        for (var i = start; i < end; i++)
        {
            // Where a gate that mixes raises the bound itself, that is new superposition: bounds are loose because they seldom fall again, not because they rise.
            var mixes = work.Mixes(i);
            support = Math.Min(work.Support[i + 1], support + outlook.Share * Math.Max(mixes * outlook.GrowthPerMixing, Math.Min(mixes, work.Support[i + 1] - work.Support[i])));
            most = Math.Max(most, support);
            if (work.IsGate(i))
            {
                if (support != power)
                {
                    (power, amplitudes) = (support, Math.Pow(2, support));
                }

                sparse += amplitudes;
                branching += mixes > 0 ? amplitudes : 0;
            }
        }

        return new WalkedPart(
            new SegmentWork(
                work.Gates(start, end), work.DenseWork(start, end), most, sparse, branching, end > start ? work.Bond[end] : 0, work.BondWork(start, end), work.IsClifford(start, end)) { Start = start, End = end },
            before);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int[] AllPositions(WorkTrajectory work)
    {
        var positions = new List<int> { 0 };
        var end = work.UnitaryEnd;
        var longest = Math.Max(1, end / 32);
        for (var i = 1; i < end; i++)
        {
            var changes = work.Support[i] != work.Support[i - 1] || (!work.IsClifford(i, i + 1) && work.IsClifford(0, i));
            if (changes || i - positions[^1] >= longest)
            {
                positions.Add(i);
            }
        }

        while (positions.Count > MostPositions)
        {
            positions = [.. positions.Where((_, i) => i == 0 || i % 2 == 1)];
        }

        return [.. positions, end];
    }
}
