using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Execution;

/// <summary>What a run knows of its state and of the engine that holds it: how the amplitudes grow, and how fast the engine is against its prediction; and what looking and planning have taken.</summary>
internal sealed class RunView(HotSwapPlanner planner, TimeProvider time)
{
    // A time from which on the pace is believed, and one below which it says nothing.
    private const double LongSeconds = 0.2, ShortSeconds = 1e-3;

    // How much slower an engine must be than when it was planned for the last time.
    private const double Slower = 1.5;
    private double _predicted, _plannedPace = 1, _leastPlan = double.PositiveInfinity;
    private int _plans;
    private long _since = time.GetTimestamp();

    /// <summary>The state as it was seen last.</summary>
    public StateOutlook Outlook { get; private set; } = StateOutlook.AtStart;

    /// <summary>How many times slower than predicted the current engine has been.</summary>
    public double Pace { get; private set; } = 1;

    /// <summary>Whether the engine is slower than when it was planned for the last time.</summary>
    public bool IsSlower => Pace >= Math.Max(Slower, Slower * _plannedPace);

    /// <summary>The seconds that planning has taken, pauses of the thread left out.</summary>
    public double Planning => _plans == 0 ? 0 : _plans * _leastPlan;

    /// <summary>Another engine, or the same anew, begins.</summary>
    public void Begin() => (_predicted, Pace, _plannedPace, _since) = (0, 1, 1, time.GetTimestamp());

    /// <summary>The state that an earlier process left.</summary>
    public void Resume(StateSnapshot from) => Outlook = planner.Walk.Outlook(from.OperationIndex, Math.Log2(Math.Max(1, from.Amplitudes.Length)));

    /// <summary>The engine goes on to an operation.</summary>
    public void Advancing(int engine, int from, int to) => _predicted += planner.Seconds(engine, from, to, Outlook);

    /// <summary>Looks at the state.</summary>
    /// <param name="session">The session.</param>
    /// <param name="count">Whether amplitudes are counted where all are stored.</param>
    public StateOutlook Look(IBackendSession session, bool count)
    {
        if (session.Position == 0)
        {
            return Outlook = StateOutlook.AtStart;
        }

        if (Outlook.Position == session.Position)
        {
            return Outlook;
        }

        var seen = session.Observe(count);
        var support = seen.NonZeros is { } stored ? Math.Log2(Math.Max(1, stored)) : planner.Walk.Bound(session.Position);
        return Outlook = planner.Walk.Outlook(session.Position, support);
    }

    /// <summary>Sees how fast the engine has been until now.</summary>
    public void SeePace()
    {
        var seconds = time.GetElapsedTime(_since).TotalSeconds;
        if (seconds > ShortSeconds)
        {
            // Of a short time much may be just-in-time compilation and chance: half of the deviation is believed.
            var pace = Math.Clamp(seconds / Math.Max(1e-5, _predicted), 0.25, 100);
            Pace = seconds > LongSeconds ? pace : Math.Sqrt(pace);
        }
    }

    /// <summary>Plans anew from what is seen.</summary>
    public HotSwapPlan? Plan(StateOutlook outlook, int engine, int only = -1)
    {
        var begun = time.GetTimestamp();
        _plannedPace = Pace;
        var plan = planner.Plan(outlook, engine, Pace, only, known: Doubt(time.GetElapsedTime(_since).TotalSeconds));
        Planned(begun);
        return plan;
    }

    /// <summary>Plans as if little were left of the amplitudes at an operation further on.</summary>
    public HotSwapPlan? PlanIfFew(int position, int engine)
    {
        var begun = time.GetTimestamp();
        var plan = planner.Plan(new StateOutlook(position, 0, 1), engine);
        Planned(begun);
        return plan;
    }

    // What is left of the doubt about the current engine's time: of a short time as much as is believed of it, of a long one how much its gates differ.
    private static double Doubt(double seconds) => seconds > LongSeconds ? 0.4 : seconds > ShortSeconds ? Math.Sqrt(0.5) : 1;

    private void Planned(long begun)
    {
        _plans++;
        _leastPlan = Math.Min(_leastPlan, time.GetElapsedTime(begun).TotalSeconds);
    }
}
