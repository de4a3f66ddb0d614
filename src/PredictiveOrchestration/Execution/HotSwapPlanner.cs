using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Execution;

/// <summary>A part of a plan.</summary>
/// <param name="Backend">The backend.</param>
/// <param name="Start">The first operation.</param>
/// <param name="End">The operation before which the next part takes over.</param>
internal sealed record PlannedSegment(ISegmentedBackend Backend, int Start, int End);

/// <summary>Parts in their order, and what they take together.</summary>
/// <param name="Segments">The parts.</param>
/// <param name="Seconds">The predicted time.</param>
/// <param name="PeakBytes">The most memory that a state takes.</param>
/// <param name="StaySeconds">The predicted time of one engine alone, the one that was asked about; infinite if it cannot go on.</param>
internal sealed record HotSwapPlan(IReadOnlyList<PlannedSegment> Segments, double Seconds, double PeakBytes, double StaySeconds)
{
    public bool IsSingle => Segments.Count == 1;

    /// <summary>Gets what the plan surely saves against <see cref="StaySeconds"/>: the lower end of the interval of the difference; negative if it may lose.</summary>
    public double LeastSaving { get; init; } = StaySeconds - Seconds;

    /// <summary>Gets a value indicating whether the plan begins on another engine than the one chosen for the whole: it was surely better as a whole, and to stop half way is not.</summary>
    public bool IsCommitted { get; init; }
}

/// <summary>What is known of a state in mid-circuit.</summary>
/// <param name="Position">The first operation not yet executed.</param>
/// <param name="SupportLog2">The base-2 logarithm of the amplitudes that are not zero.</param>
/// <param name="GrowthPerMixing">By how much it grows with each gate that mixes basis states but does not raise the bound, 0 to 1; the bound holds besides.</param>
internal readonly record struct StateOutlook(int Position, double SupportLog2, double GrowthPerMixing)
{
    /// <summary>The share of the growth from now on that comes true, 0 to 1.</summary>
    public double Share { get; init; } = 1;

    /// <summary>Nothing but the bound.</summary>
    public static StateOutlook AtStart { get; } = new(0, 0, 1);
}

/// <summary>
/// Finds the parts and hand-overs with the least predicted time: a dynamic programme over positions × engines. Positions are where the support bound changes, where the
/// Clifford prefix ends, and enough others that no part is long; a single part is a plan too.
/// </summary>
internal sealed class HotSwapPlanner(
    WorkTrajectory work, int numQubits, ISegmentCostModel costs, ConversionCosts conversions, IReadOnlyList<ISegmentedBackend> engines, double memoryBytes, double tailPasses)
{
    private const int MostPositions = 96;

    // A saving is sure if nine in ten are larger than its lower end; and how wrong the time of a hand-over may be, in log seconds.
    private const double Quantile = 1.2816, ConversionSigma = 0.5;

    // A swap must pay even if so much of the growth that is reckoned with comes true.
    private const double LeastShare = 0.5;
    private readonly int[] _positions = AllPositions(work);
    private readonly double[] _out = [.. engines.Select(e => conversions.OutSecondsPerByte(e.Descriptor.Id))];
    private readonly double[] _in = [.. engines.Select(e => conversions.InSecondsPerByte(e.Descriptor.Id))];

    /// <summary>The engines that plans are made of.</summary>
    public IReadOnlyList<ISegmentedBackend> Engines => engines;

    /// <summary>Finds the best plan from a state on.</summary>
    /// <param name="outlook">Where the run stands, and how the state grows.</param>
    /// <param name="current">The engine that holds the state; negative at the start.</param>
    /// <param name="pace">How many times slower than predicted the current engine has been.</param>
    /// <param name="only">The one engine to use; negative for any.</param>
    /// <param name="stay">The engine whose time alone is asked; negative for the current one.</param>
    /// <param name="known">What is left of the current engine's uncertainty when its pace has been seen, 0 to 1.</param>
    /// <returns>The plan, or null if no engine can go on.</returns>
    public HotSwapPlan? Plan(StateOutlook outlook, int current = -1, double pace = 1, int only = -1, int stay = -1, double known = 1)
    {
        stay = stay < 0 ? current : stay;
        var staySeconds = stay < 0 ? double.PositiveInfinity : stay == current ? 0 : costs.OpenSeconds(engines[stay].Descriptor);
        var positions = Positions(outlook.Position);
        var count = positions.Count - 1;
        var cost = new double[(count + 1) * engines.Count];
        var runs = new double[(count + 1) * engines.Count];
        var from = new int[(count + 1) * engines.Count];
        Array.Fill(cost, double.PositiveInfinity);
        double Pace(int e) => e == current ? pace : 1;
        double Run(int e, in Segment segment) => Fits(e, segment) ? Pace(e) * costs.SegmentSeconds(engines[e].Descriptor, segment) : double.PositiveInfinity;
        for (var e = 0; e < engines.Count; e++)
        {
            if (only >= 0 && e != only)
            {
                continue;
            }

            cost[e] = current < 0 ? costs.OpenSeconds(engines[e].Descriptor) : e == current ? 0 : Conversion(
                current, e, StateBytes(current, outlook.SupportLog2, outlook.Position), SnapshotBytes(outlook.SupportLog2), StateBytes(e, outlook.SupportLog2, outlook.Position), outlook.SupportLog2);
            from[e] = e;
        }

        var support = outlook.SupportLog2;
        var bytes = new double[engines.Count];
        for (var p = 1; p <= count; p++)
        {
            var segment = Work(positions[p - 1], positions[p], ref support, outlook);
            var snapshot = SnapshotBytes(segment.SupportBefore);
            for (var e = 0; e < engines.Count; e++)
            {
                bytes[e] = StateBytes(e, segment.SupportBefore, positions[p - 1]);
            }

            for (var e = 0; e < engines.Count; e++)
            {
                if (only >= 0 && e != only && e != stay)
                {
                    continue;
                }

                var run = runs[p * engines.Count + e] = Run(e, segment);
                staySeconds += e == stay ? run : 0;
                if (only >= 0 && e != only)
                {
                    continue;
                }

                // Going on comes first: a hand-over is reckoned only where it could be less.
                var (least, by) = (cost[(p - 1) * engines.Count + e] + run, e);
                for (var f = 0; f < engines.Count && p > 1 && !double.IsInfinity(run); f++)
                {
                    var before = cost[(p - 1) * engines.Count + f] + run;
                    if (f != e && before < least && before + Conversion(f, e, bytes[f], snapshot, bytes[e], segment.SupportBefore) is var total && total < least)
                    {
                        (least, by) = (total, f);
                    }
                }

                (cost[p * engines.Count + e], from[p * engines.Count + e]) = (least, by);
            }
        }

        return Best(positions, cost, runs, from, support, outlook, Pace, stay, staySeconds, current, known);
    }

    /// <summary>The time of a part on one engine by the bound alone.</summary>
    public double BoundSeconds(int engine, int start, int end, StateOutlook outlook) => Seconds(engine, start, end, outlook with { GrowthPerMixing = 1 });

    /// <summary>The predicted time of a part on one engine.</summary>
    public double Seconds(int engine, int start, int end, StateOutlook outlook)
    {
        var support = outlook.SupportLog2;
        return costs.SegmentSeconds(engines[engine].Descriptor, Work(start, end, ref support, outlook));
    }

    /// <summary>How far an engine comes in a time by prediction: at least one operation, at most to the limit.</summary>
    public int Reach(int engine, int start, int limit, double seconds, StateOutlook outlook)
    {
        var at = start;
        for (var step = limit - start; step > 0; step /= 4)
        {
            while (at + step <= limit && Seconds(engine, at, at + step, outlook) is var takes && takes <= seconds)
            {
                seconds -= takes;
                outlook = new StateOutlook(at + step, Expected(outlook, at + step), outlook.GrowthPerMixing);
                at += step;
            }
        }

        return Math.Clamp(at, Math.Min(limit, start + 1), limit);
    }

    /// <summary>The base-2 logarithm of the support bound before an operation.</summary>
    public double Bound(int position) => Math.Min(numQubits, (int)work.Support[position]);

    /// <summary>The bytes that a state takes on an engine.</summary>
    public double StateBytes(int engine, double supportLog2, int position) => costs.StateBytes(engines[engine].Descriptor, supportLog2, work.Bond[position]);

    /// <summary>The bytes of a snapshot: dense, or indices and amplitudes.</summary>
    public double SnapshotBytes(double supportLog2) => Math.Min(Math.ScaleB(16, Math.Min(1000, numQubits)), 32 * Math.Pow(2, supportLog2));

    /// <summary>How the support goes on from an observation: where the bound has been reached it is believed, else the support grows by as much for each mixing gate as so far, and where the bound grows.</summary>
    public StateOutlook Outlook(int position, double supportLog2)
    {
        var mixing = work.Mixing(0, position);
        return new StateOutlook(position, supportLog2, mixing == 0 || supportLog2 > Bound(position) - 0.5 ? 1 : Math.Clamp(supportLog2 / mixing, 0.1, 1));
    }

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

    /// <summary>The support expected before an operation.</summary>
    public double Expected(StateOutlook outlook, int position)
    {
        var support = outlook.SupportLog2;
        Work(outlook.Position, position, ref support, outlook);
        return support;
    }

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

    private HotSwapPlan? Best(
        List<int> positions, double[] cost, double[] runs, int[] from, double support, StateOutlook outlook, Func<int, double> pace, int stay, double staySeconds, int current, double known)
    {
        // What comes after the first measurement is done where the state then is.
        var last = positions.Count - 1;
        var tailSupport = support;
        var tail = Work(work.UnitaryEnd, work.Length, ref tailSupport, outlook);
        var best = -1;
        double least = double.PositiveInfinity, end = 0;
        for (var e = 0; e < engines.Count; e++)
        {
            var descriptor = engines[e].Descriptor;
            var finish = pace(e) * costs.FinishSeconds(descriptor, tailSupport);
            finish += tail.Gates == 0 ? 0 : tailPasses * (Fits(e, tail) ? costs.SegmentSeconds(descriptor, tail) : double.PositiveInfinity);
            var total = cost[last * engines.Count + e] + finish;
            staySeconds += e == stay ? finish : 0;
            if (total < least)
            {
                (best, least, end) = (e, total, finish);
            }
        }

        if (best < 0)
        {
            return null;
        }

        var segments = new List<PlannedSegment>();
        var parts = new double[engines.Count];
        parts[best] = end;
        double peak = 0, conversion = 0;
        for (int p = last, e = best, until = work.Length; p >= 1; p--)
        {
            var (f, run) = (from[p * engines.Count + e], runs[p * engines.Count + e]);
            peak = Math.Max(peak, StateBytes(e, Math.Min(work.Support[positions[p]], support), positions[p]));
            parts[e] += run;
            conversion += Math.Max(0, cost[p * engines.Count + e] - cost[(p - 1) * engines.Count + f] - run);
            if (f != e || p == 1)
            {
                segments.Insert(0, new PlannedSegment(engines[e], positions[p - 1], until));
                until = positions[p - 1];
            }

            e = f;
        }

        conversion += cost[IndexOf(segments[0].Backend)];
        var saving = staySeconds - least - Deviation(parts, conversion, stay, staySeconds, e => costs.LogSecondsSigma(engines[e].Descriptor) * (e == current ? known : 1));
        if (saving > 0 && stay >= 0 && double.IsFinite(staySeconds))
        {
            saving = Math.Min(saving, SavingIfLess(segments, outlook with { Share = LeastShare }, positions, pace, stay, current));
        }

        return new HotSwapPlan(segments, least, peak, staySeconds) { LeastSaving = saving };
    }

    // What a plan saves if fewer amplitudes come about than thought: engines that store those alone then take less.
    private double SavingIfLess(List<PlannedSegment> segments, StateOutlook outlook, List<int> positions, Func<int, double> pace, int stay, int current)
    {
        double support = outlook.SupportLog2, saving = 0;
        for (int p = 1, s = 0, before = current; p < positions.Count; p++)
        {
            s += s + 1 < segments.Count && positions[p - 1] >= segments[s + 1].Start ? 1 : 0;
            var e = IndexOf(segments[s].Backend);
            saving -= e == before || before < 0 ? 0 : Conversion(before, e, StateBytes(before, support, positions[p - 1]), SnapshotBytes(support), StateBytes(e, support, positions[p - 1]), support);
            var segment = Work(positions[p - 1], positions[p], ref support, outlook);
            saving += e == stay ? 0 : pace(stay) * costs.SegmentSeconds(engines[stay].Descriptor, segment) - pace(e) * costs.SegmentSeconds(engines[e].Descriptor, segment);
            before = e;
        }

        var last = segments[^1].Backend.Descriptor;
        return saving + pace(stay) * costs.FinishSeconds(engines[stay].Descriptor, support) - pace(IndexOf(segments[^1].Backend)) * costs.FinishSeconds(last, support);
    }

    // By how much less a plan may save than it seems. What one engine takes is wrong by one factor, wherever in the circuit; the errors of different engines are independent of each other.
    private static double Deviation(double[] parts, double conversion, int stay, double staySeconds, Func<int, double> sigma)
    {
        if (stay < 0 || !double.IsFinite(staySeconds))
        {
            return 0;
        }

        var sum = Math.Pow(conversion * (Math.Exp(Quantile * ConversionSigma) - 1), 2);
        for (var e = 0; e < parts.Length; e++)
        {
            // Of the engine that is left, only the time that it no longer takes is in doubt.
            var deviation = e == stay ? Math.Max(0, staySeconds - parts[e]) * (1 - Math.Exp(-Quantile * sigma(e))) : parts[e] == 0 ? 0 : parts[e] * (Math.Exp(Quantile * sigma(e)) - 1);
            sum += deviation * deviation;
        }

        return Math.Sqrt(sum);
    }

    /// <summary>The place of an engine among <see cref="Engines"/>.</summary>
    public int IndexOf(ISegmentedBackend backend)
    {
        for (var i = 0; i < engines.Count; i++)
        {
            if (engines[i] == backend)
            {
                return i;
            }
        }

        throw new ArgumentException($"Backend '{backend.Descriptor.Id}' is not in the plan.", nameof(backend));
    }

    private double Conversion(int from, int to, double left, double snapshot, double next, double supportLog2)
    {
        var target = engines[to].Descriptor;
        return target.Capabilities.CliffordOnly || Math.Max(left, next) + snapshot > memoryBytes || supportLog2 > 30 || numQubits > target.Capabilities.MaxQubits
            ? double.PositiveInfinity
            : ConversionCosts.LeastSeconds + _out[from] * (left + snapshot) + _in[to] * snapshot + costs.OpenSeconds(target);
    }

    private bool Fits(int engine, in Segment segment) =>
        numQubits <= engines[engine].Descriptor.Capabilities.MaxQubits
        && costs.StateBytes(engines[engine].Descriptor, segment.Work.SupportLog2, segment.Work.BondLog2) <= Math.Min(memoryBytes, engines[engine].Descriptor.Capabilities.MaxMemoryBytes ?? long.MaxValue);

    private Segment Work(int start, int end, ref double support, StateOutlook outlook)
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

        return new Segment(
            new SegmentWork(
                work.Gates(start, end), work.DenseWork(start, end), most, sparse, branching, end > start ? work.Bond[end] : 0, work.BondWork(start, end), work.IsClifford(start, end)) { Start = start, End = end },
            before);
    }

    private readonly record struct Segment(SegmentWork Work, double SupportBefore)
    {
        public double Gates => Work.Gates;

        public static implicit operator SegmentWork(Segment segment) => segment.Work;
    }
}
