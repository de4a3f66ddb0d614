using System.Runtime.CompilerServices;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Execution;

/// <summary>What parts and hand-overs take on each of some engines, known by their place in the list.</summary>
internal sealed class EngineCosts(ISegmentCostModel costs, ConversionCosts conversions, IReadOnlyList<ISegmentedBackend> engines, int numQubits, double memoryBytes)
{
    // Amplitudes are copied one by one: more than so many are not.
    private const double MostHandedOverLog2 = 30;
    private readonly double[] _out = [.. engines.Select(e => conversions.OutSecondsPerByte(e.Descriptor.Id))];
    private readonly double[] _in = [.. engines.Select(e => conversions.InSecondsPerByte(e.Descriptor.Id))];

    /// <summary>How many there are.</summary>
    public int Count => engines.Count;

    /// <summary>How wrong an engine's times are, in log seconds.</summary>
    public double Sigma(int engine) => costs.LogSecondsSigma(engines[engine].Descriptor);

    /// <summary>What making a state takes.</summary>
    public double Open(int engine) => costs.OpenSeconds(engines[engine].Descriptor);

    /// <summary>What reading out takes.</summary>
    public double Finish(int engine, double supportLog2) => costs.FinishSeconds(engines[engine].Descriptor, supportLog2);

    /// <summary>What a part takes, whatever memory it needs.</summary>
    public double Seconds(int engine, in WalkedPart part) => costs.SegmentSeconds(engines[engine].Descriptor, part.Work);

    /// <summary>What a part takes; infinite if the engine has no room for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public double SecondsIfFits(int engine, in WalkedPart part)
    {
        var descriptor = engines[engine].Descriptor;
        return numQubits <= descriptor.Capabilities.MaxQubits
            && costs.StateBytes(descriptor, part.Work.SupportLog2, part.Work.BondLog2) <= Math.Min(memoryBytes, descriptor.Capabilities.MaxMemoryBytes ?? long.MaxValue)
            ? costs.SegmentSeconds(descriptor, part.Work) : double.PositiveInfinity;
    }

    /// <summary>The bytes that a state takes.</summary>
    public double StateBytes(int engine, double supportLog2, double bondLog2) => costs.StateBytes(engines[engine].Descriptor, supportLog2, bondLog2);

    /// <summary>The bytes of a snapshot: dense, or indices and amplitudes.</summary>
    public double SnapshotBytes(double supportLog2) => Math.Min(Math.ScaleB(16, Math.Min(1000, numQubits)), 32 * Math.Pow(2, supportLog2));

    /// <summary>What a hand-over takes; infinite if it is impossible.</summary>
    public double HandOver(int from, int to, double supportLog2, double bondLog2) =>
        HandOver(from, to, StateBytes(from, supportLog2, bondLog2), SnapshotBytes(supportLog2), StateBytes(to, supportLog2, bondLog2), supportLog2);

    /// <summary>The same where the sizes are known.</summary>
    public double HandOver(int from, int to, double left, double snapshot, double next, double supportLog2)
    {
        var target = engines[to].Descriptor;
        return target.Capabilities.CliffordOnly || Math.Max(left, next) + snapshot > memoryBytes || supportLog2 > MostHandedOverLog2 || numQubits > target.Capabilities.MaxQubits
            ? double.PositiveInfinity
            : ConversionCosts.LeastSeconds + _out[from] * (left + snapshot) + _in[to] * snapshot + costs.OpenSeconds(target);
    }
}
