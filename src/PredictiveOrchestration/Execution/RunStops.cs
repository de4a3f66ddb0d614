using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Execution;

/// <summary>Where a run in parts stops next, to look at its state or to write it down.</summary>
internal sealed class RunStops(HotSwapPlanner planner, ConversionCosts conversions, SwapPolicy policy, bool isControlled, Checkpointer? checkpointer, RunView view, RunAccount account)
{
    /// <summary>
    /// A run is looked at only where so many seconds are left by prediction: a look at a state that stores all amplitudes takes about as long as a gate, breaks what is fused on other
    /// engines, and finding out whether it is worth it takes some plans.
    /// </summary>
    public const double LeastSecondsToLook = 5e-3;

    /// <summary>The share of a run that planning anew may take.</summary>
    public const double MostPlanning = 0.01;
    private const int LeastStep = 128;
    private const int DenseLooks = 4;
    private const double LeastPromise = 0.5;

    // Most looks at such a state find nothing: the share of the run that they may take together, and of what could be saved that one may.
    private const double MostLooking = 0.03, MostOfPromise = 0.1;

    // Such a look breaks what is fused, half a pass on average, and reads a sixteenth of the state.
    private const double PassPerLook = 0.5, CopyPerLook = 1.0 / 16;

    // Where a caller may ask for a swap at any time, its wish is looked for so often.
    private const int ControlStep = 16;

    // A run that has gone on for long is looked at more seldom: by default when half as much more may have passed.
    private const double ElapsedWeight = 25;

    // With checkpoints a run stops at least so often, by prediction: the prediction may be wrong.
    private const double LeastStops = 8;
    private const double LeastSecondsBetweenStops = 0.1;
    private double _looking;

    // An engine that is slower than predicted is not believed to be faster from here on.
    private double Slowness => Math.Max(1, view.Pace);

    /// <summary>Where to stop next; null to run to the end.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="engine">The engine that holds the state.</param>
    /// <param name="session">The session.</param>
    /// <param name="whole">The predicted seconds of the run.</param>
    public int? Next(HotSwapPlan plan, int engine, IBackendSession session, double whole)
    {
        var position = session.Position;
        var end = planner.Walk.LastPosition(position);
        if (position >= end)
        {
            return null;
        }

        var look = NextLook(plan, engine, session, whole, end);
        if (checkpointer is null || UntilCheckpoint(position, engine) is not (< double.PositiveInfinity and var due))
        {
            return look;
        }

        var least = Math.Min(LeastSecondsBetweenStops, checkpointer.Interval.TotalSeconds);
        var seconds = Math.Max(least, Math.Min(due, whole / LeastStops));
        var stop = planner.Reach(engine, position, look ?? end, seconds / view.Pace, view.Outlook);
        return stop < end ? stop : look;
    }

    /// <summary>The seconds until the state should be written down.</summary>
    public double UntilCheckpoint(int position, int engine)
    {
        // What a tableau does in no time is not worth writing as amplitudes.
        if (checkpointer is null || planner.Engines[engine].Descriptor.Capabilities.CliffordOnly)
        {
            return double.PositiveInfinity;
        }

        var support = planner.Walk.Expected(view.Outlook.Position <= position ? view.Outlook : StateOutlook.AtStart, position);
        return checkpointer.SecondsUntilDue(planner.StateBytes(engine, support, position), planner.SnapshotBytes(support));
    }

    // Where to look at the state next; null to run to the end.
    private int? NextLook(HotSwapPlan plan, int engine, IBackendSession session, double whole, int end)
    {
        var position = session.Position;
        var planned = plan.IsSingle ? end : plan.Segments[0].End;
        var capabilities = planner.Engines[engine].Descriptor.Capabilities;
        var atMost = planned < end ? planned : (int?)null;
        if (capabilities.StoresAllAmplitudes)
        {
            return isControlled ? Math.Min(planned, position + 1) : NextCount(engine, position, planned, end, whole) ?? atMost;
        }

        if (capabilities.CliffordOnly)
        {
            return isControlled ? Math.Min(planned, position + ControlStep) : atMost;
        }

        if (session.Observe().NonZeros is null)
        {
            // Its amplitudes cannot be counted, and each stop breaks its blocks of gates: it is looked at for its time and memory.
            if (!isControlled && planner.BoundSeconds(engine, position, planned, planner.Walk.Outlook(position, 0)) < LeastSecondsToLook)
            {
                return atMost;
            }

            var step = isControlled ? ControlStep : Math.Max(LeastStep, (end + DenseLooks - 1) / DenseLooks);
            return Math.Min(planned, position + step) is var at && at < end ? at : null;
        }

        if (!isControlled && plan.IsSingle && view.Outlook.GrowthPerMixing >= 1)
        {
            // That it takes as long as the bound says is reckoned with; only its pace is of interest, and each stop takes passes over the state.
            var at = planner.Reach(engine, position, end, Math.Max(LeastSecondsToLook, whole / DenseLooks) / Slowness, view.Outlook);
            return at < end ? at : null;
        }

        return NextWithinShare(engine, position, planned, end, whole);
    }

    // Each stop of an engine that stores all amplitudes costs a pass, and gates are fused only between stops.
    private int? NextCount(int engine, int position, int planned, int end, double whole)
    {
        var step = Math.Max(LeastStep, (end + DenseLooks - 1) / DenseLooks);
        var left = planner.BoundSeconds(engine, position, end, planner.Walk.Outlook(position, 0));
        if (end - position < 2 * step || left < LeastSecondsToLook)
        {
            return null;
        }

        // It looks only where another engine would save much if next to nothing were left of the amplitudes, which is seldom so.
        var copy = conversions.OutSecondsPerByte(planner.Engines[engine].Descriptor.Id) * planner.StateBytes(engine, planner.Walk.Bound(position), position);
        var passes = planner.Walk.Passes(position, end);
        var look = (CopyPerLook * copy) + (passes > 0 ? PassPerLook * left / Math.Max(1, passes) : 0);
        for (var stop = position + step; stop < Math.Min(planned, end - step + 1) && view.Planning <= MostPlanning * whole && _looking + look <= MostLooking * whole; stop += step)
        {
            if (view.PlanIfFew(stop, engine) is { } other && other.StaySeconds - other.Seconds is var promise
                && promise > Math.Max(LeastPromise, policy.MinGain) * other.StaySeconds && look <= MostOfPromise * promise)
            {
                _looking += look;
                return stop;
            }
        }

        return null;
    }

    // As far as the bound lets the engine go within its share of the time.
    private int NextWithinShare(int engine, int position, int planned, int end, double whole)
    {
        var positions = planner.Walk.Positions(position);
        var budget = policy.PresolveShare * Math.Max(whole, ElapsedWeight * account.Elapsed.TotalSeconds);
        var ahead = view.Outlook;
        for (var i = 1; i < positions.Count; i++)
        {
            budget -= Slowness * planner.BoundSeconds(engine, positions[i - 1], positions[i], ahead);
            ahead = new StateOutlook(positions[i], planner.Walk.Expected(ahead with { GrowthPerMixing = 1 }, positions[i]), 1);
            if (positions[i] >= planned || (budget < 0 && i > 1))
            {
                return budget < 0 && i > 1 ? positions[i - 1] : positions[i];
            }
        }

        return end;
    }
}
