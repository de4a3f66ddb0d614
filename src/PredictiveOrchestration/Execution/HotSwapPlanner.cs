using System.Runtime.CompilerServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Execution;

/// <summary>What plans of one job rest on.</summary>
/// <param name="Walk">How the state grows along the circuit.</param>
/// <param name="Costs">What parts take.</param>
internal sealed record PlanningGrounds(CircuitWalk Walk, EngineCosts Costs);

/// <summary>
/// Finds the parts and hand-overs with the least predicted time: a dynamic programme over positions × engines; a single part is a plan too. The circuit is walked through when the
/// first plan is asked for.
/// </summary>
internal sealed class HotSwapPlanner(Lazy<PlanningGrounds> grounds, IReadOnlyList<ISegmentedBackend> engines, double tailPasses)
{
    /// <summary>A planner for a circuit that has been walked through.</summary>
    public HotSwapPlanner(
        WorkTrajectory work, int numQubits, ISegmentCostModel costs, ConversionCosts conversions, IReadOnlyList<ISegmentedBackend> engines, double memoryBytes, double tailPasses)
        : this(new Lazy<PlanningGrounds>(new PlanningGrounds(new CircuitWalk(work, numQubits), new EngineCosts(costs, conversions, engines, numQubits, memoryBytes))), engines, tailPasses)
    {
    }

    /// <summary>The engines that plans are made of.</summary>
    public IReadOnlyList<ISegmentedBackend> Engines => engines;

    /// <summary>How the state grows along the circuit.</summary>
    public CircuitWalk Walk => grounds.Value.Walk;

    private EngineCosts Costs => grounds.Value.Costs;

    /// <summary>Finds the best plan from a state on.</summary>
    /// <param name="outlook">Where the run stands, and how the state grows.</param>
    /// <param name="current">The engine that holds the state; negative at the start.</param>
    /// <param name="pace">How many times slower than predicted the current engine has been.</param>
    /// <param name="only">The one engine to use; negative for any.</param>
    /// <param name="stay">The engine whose time alone is asked; negative for the current one.</param>
    /// <param name="known">What is left of the current engine's uncertainty when its pace has been seen, 0 to 1.</param>
    /// <returns>The plan, or null if no engine can go on.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public HotSwapPlan? Plan(StateOutlook outlook, int current = -1, double pace = 1, int only = -1, int stay = -1, double known = 1)
    {
        var (walk, costs) = (Walk, Costs);
        stay = stay < 0 ? current : stay;
        var staySeconds = stay < 0 ? double.PositiveInfinity : stay == current ? 0 : costs.Open(stay);
        var positions = walk.Positions(outlook.Position);
        var count = positions.Count - 1;
        var cost = new double[(count + 1) * engines.Count];
        var runs = new double[(count + 1) * engines.Count];
        var from = new int[(count + 1) * engines.Count];
        Array.Fill(cost, double.PositiveInfinity);
        double Pace(int e) => e == current ? pace : 1;
        for (var e = 0; e < engines.Count; e++)
        {
            if (only >= 0 && e != only)
            {
                continue;
            }

            cost[e] = current < 0 ? costs.Open(e) : e == current ? 0 : costs.HandOver(current, e, outlook.SupportLog2, walk.Bond(outlook.Position));
            from[e] = e;
        }

        var support = outlook.SupportLog2;
        var bytes = new double[engines.Count];
        for (var p = 1; p <= count; p++)
        {
            var part = walk.Part(positions[p - 1], positions[p], ref support, outlook);
            var snapshot = costs.SnapshotBytes(part.SupportBefore);
            for (var e = 0; e < engines.Count; e++)
            {
                bytes[e] = costs.StateBytes(e, part.SupportBefore, walk.Bond(positions[p - 1]));
            }

            for (var e = 0; e < engines.Count; e++)
            {
                if (only >= 0 && e != only && e != stay)
                {
                    continue;
                }

                var run = runs[p * engines.Count + e] = Pace(e) * costs.SecondsIfFits(e, part);
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
                    if (f != e && before < least && before + costs.HandOver(f, e, bytes[f], snapshot, bytes[e], part.SupportBefore) is var total && total < least)
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
        return Costs.Seconds(engine, Walk.Part(start, end, ref support, outlook));
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
                outlook = new StateOutlook(at + step, Walk.Expected(outlook, at + step), outlook.GrowthPerMixing);
                at += step;
            }
        }

        return Math.Clamp(at, Math.Min(limit, start + 1), limit);
    }

    /// <summary>The bytes that a state takes on an engine.</summary>
    public double StateBytes(int engine, double supportLog2, int position) => Costs.StateBytes(engine, supportLog2, Walk.Bond(position));

    /// <summary>The bytes of a snapshot: dense, or indices and amplitudes.</summary>
    public double SnapshotBytes(double supportLog2) => Costs.SnapshotBytes(supportLog2);

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

    private HotSwapPlan? Best(
        List<int> positions, double[] cost, double[] runs, int[] from, double support, StateOutlook outlook, Func<int, double> pace, int stay, double staySeconds, int current, double known)
    {
        var (walk, costs) = (Walk, Costs);

        // What comes after the first measurement is done where the state then is.
        var last = positions.Count - 1;
        var tailSupport = support;
        var tail = walk.Part(walk.UnitaryEnd, walk.Length, ref tailSupport, outlook);
        var best = -1;
        double least = double.PositiveInfinity, end = 0;
        for (var e = 0; e < engines.Count; e++)
        {
            // How fast gates go says nothing of reading out.
            var finish = costs.Finish(e, tailSupport) + (tail.Work.Gates == 0 ? 0 : tailPasses * costs.SecondsIfFits(e, tail));
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

        var parts = new List<(int Engine, int Start)>();
        var segments = new List<PlannedSegment>();
        var takes = new double[engines.Count];
        takes[best] = end;
        double peak = 0, handOvers = 0;
        for (int p = last, e = best, until = walk.Length; p >= 1; p--)
        {
            var (f, run) = (from[p * engines.Count + e], runs[p * engines.Count + e]);
            peak = Math.Max(peak, StateBytes(e, Math.Min(walk.Bound(positions[p]), support), positions[p]));
            takes[e] += run;
            handOvers += Math.Max(0, cost[p * engines.Count + e] - cost[(p - 1) * engines.Count + f] - run);
            if (f != e || p == 1)
            {
                parts.Insert(0, (e, positions[p - 1]));
                segments.Insert(0, new PlannedSegment(engines[e], positions[p - 1], until));
                until = positions[p - 1];
            }

            e = f;
        }

        handOvers += cost[parts[0].Engine];
        var sure = new SureSaving(walk, costs);
        var saving = sure.OfTimes((takes, handOvers), least, stay, staySeconds, current, known);
        if (saving > 0 && stay >= 0 && double.IsFinite(staySeconds))
        {
            saving = Math.Min(saving, sure.IfLess(parts, outlook, positions, pace, stay, current));
        }

        return new HotSwapPlan(segments, least, peak, staySeconds) { LeastSaving = saving };
    }
}
