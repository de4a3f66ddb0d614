using System.Globalization;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Execution;

/// <summary>
/// Runs a circuit in parts: at each checkpoint it looks at the state, plans anew from what it sees, and hands the state over if that saves time by more than the
/// policy's margin. What a cheap engine runs between two checkpoints is bounded by a share of the predicted time, so that trying it where the bound is loose is
/// never dear, and its state is carried on.
/// </summary>
internal sealed class SegmentedRun(HotSwapPlanner planner, ConversionCosts conversions, SwapPolicy policy, ExecutionRequest request, SwapControl? control, double memoryBytes, TimeProvider time,
    Checkpointer? checkpointer = null)
{
    private readonly RunView _view = new(planner, time);
    private readonly RunAccount _account = new(time);
    private readonly HashSet<int> _failed = [];
    private readonly HashSet<int> _leftForMemory = [];
    private StateSnapshot? _kept;
    private double _alone = double.PositiveInfinity;
    private bool _isCommitted;

    // The engine that has the state, or was about to take it when it failed.
    private int _holder;

    private long KeptBytes => _kept?.SizeBytes ?? 0;

    private RunStops Stops => field ??= new RunStops(planner, conversions, policy, control is not null, checkpointer, _view, _account);

    /// <summary>Runs. Blocks.</summary>
    /// <param name="first">The plan to begin with.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <param name="from">Where an earlier process left off, or null.</param>
    /// <param name="unplanned">How to begin without a plan, or null; <paramref name="first"/> then is the chosen engine alone.</param>
    public SegmentedReport Run(HotSwapPlan first, CancellationToken cancellationToken, Checkpoint? from = null, UnplannedStart? unplanned = null)
    {
        var engine = planner.IndexOf(first.Segments[0].Backend);
        var plan = first;
        IBackendSession? session = null;
        try
        {
            (_alone, _isCommitted) = (first.StaySeconds, first.IsCommitted);
            _account.Start();
            Begin(from?.Snapshot.OperationIndex ?? 0);
            if (from is not null)
            {
                Resume(from, engine);
            }

            session = Open(engine, from?.Snapshot, cancellationToken);
            from = null;
            var isWatched = unplanned is null;
            if (unplanned is not null && !unplanned.Steps.Run(session))
            {
                (isWatched, plan, engine, session) = PlanLate(unplanned, first, session, engine, cancellationToken);
            }

            while (true)
            {
                try
                {
                    if (!isWatched || Stops.Next(plan, engine, session, first.Seconds) is not { } stop)
                    {
                        var result = _account.Whole(session.Finish(), KeptBytes);
                        _account.End(planner.Engines[engine], request.Circuit.Operations.Length, null);
                        return _account.Report(result);
                    }

                    Look(session, engine, plan);
                    _view.Advancing(engine, session.Position, stop);
                    session.Advance(stop);
                    Keep(session, engine, cancellationToken);
                    (plan, engine, session) = Consider(session, engine, plan, cancellationToken);
                }
                catch (BackendException exception) when (MayGoOn(exception))
                {
                    engine = _holder;
                    _account.End(planner.Engines[engine], session?.Position ?? _account.PartFrom, exception);
                    session?.Dispose();
                    session = null;
                    _failed.Add(engine);
                    if (Recover(exception, engine) is not { } recovered)
                    {
                        return _account.Report(null);
                    }

                    (plan, engine, var state) = recovered;
                    session = Open(engine, state, cancellationToken);
                }
            }
        }
        catch (Exception exception) when (exception is BackendException or OperationCanceledException)
        {
            if (!_account.HasEndedWith(exception))
            {
                _account.End(planner.Engines[_holder], session?.Position ?? _account.PartFrom, exception);
            }

            return _account.Report(null);
        }
        finally
        {
            session?.Dispose();
        }
    }

    private IBackendSession Open(int engine, StateSnapshot? state, CancellationToken cancellationToken)
    {
        _holder = engine;
        var left = request.Limits.Time is { } limit ? limit - _account.Elapsed : (TimeSpan?)null;
        var rest = left is null ? request : request with { Limits = request.Limits with { Time = left > TimeSpan.Zero ? left : TimeSpan.Zero } };
        if (_kept is { } kept)
        {
            // What is kept counts.
            rest = rest with { Limits = rest.Limits with { MemoryBytes = Math.Max(1, (rest.Limits.MemoryBytes ?? (long)Math.Min(long.MaxValue / 2, memoryBytes)) - kept.SizeBytes) } };
        }

        return planner.Engines[engine].OpenAsync(rest, state, cancellationToken).GetAwaiter().GetResult();
    }

    // The run was not over soon: it is planned as others are before they begin. What has been done is carried on, unless beginning anew on another engine takes less.
    private (bool IsWatched, HotSwapPlan Plan, int Engine, IBackendSession Session) PlanLate(
        UnplannedStart unplanned, HotSwapPlan alone, IBackendSession session, int engine, CancellationToken cancellationToken)
    {
        _view.Begin();
        if (unplanned.Plan() is not { } plan)
        {
            return (false, alone, engine, session);
        }

        _alone = plan.StaySeconds;
        var isBegun = session.Position > 0;
        if (!isBegun && !plan.IsCommitted)
        {
            return (true, plan, engine, session);
        }

        var here = !plan.IsCommitted ? plan : isBegun ? _view.Plan(Look(session, engine, plan), engine) : null;
        if (here is not null && here.Seconds <= plan.Seconds)
        {
            var (next, to, state) = Consider(session, engine, here, cancellationToken, isDue: true);
            return (true, next, to, state);
        }

        session.Dispose();
        _isCommitted = true;
        _view.Begin();
        engine = planner.IndexOf(plan.Segments[0].Backend);
        return (true, plan, engine, Open(engine, null, cancellationToken));
    }

    // Looks at the state, plans from it, and swaps if it pays.
    private (HotSwapPlan Plan, int Engine, IBackendSession Session) Consider(IBackendSession session, int engine, HotSwapPlan plan, CancellationToken cancellationToken, bool isDue = false)
    {
        var expected = planner.Walk.Expected(_view.Outlook, session.Position);
        var outlook = Look(session, engine, plan);
        _view.SeePace();
        var manual = control?.Take() is { } id ? Enumerable.Range(0, planner.Engines.Count).Where(e => planner.Engines[e].Descriptor.Id == id && e != engine).Cast<int?>().FirstOrDefault() : null;
        var seen = session.Observe();
        var held = seen.MemoryBytes;
        var pressed = held > policy.MemoryShare * memoryBytes && session.Position < planner.Walk.LastPosition(session.Position);

        // As foreseen, and nothing is to be decided here: the plan stands. Nor is it changed if planning has had its share of the time.
        var atBoundary = !plan.IsSingle && session.Position >= plan.Segments[0].End;
        var mayStand = !isDue && !atBoundary && manual is null && !pressed;
        if (mayStand && ((Math.Abs(expected - outlook.SupportLog2) < 0.5 && !_view.IsSlower) || _view.Planning > RunStops.MostPlanning * Math.Max(_account.Elapsed.TotalSeconds, plan.Seconds)))
        {
            return (plan, engine, session);
        }

        var best = _view.Plan(outlook, engine, manual ?? -1);
        if (best is null)
        {
            return (plan, engine, session);
        }

        // Short of memory, only what takes far less is of use, and never an engine that was left for it.
        var to = planner.IndexOf(best.Segments[0].Backend);
        pressed = pressed && !_leftForMemory.Contains(to) && 2 * planner.StateBytes(to, outlook.SupportLog2, session.Position) < held;
        var staySeconds = best.StaySeconds;
        var gain = staySeconds - best.Seconds;

        // A run that began where it would not run alone has been weighed as a whole: it goes where it seems best.
        var pays = _isCommitted ? gain > 0 : gain > policy.MinSaving.TotalSeconds && gain > policy.MinGain * Math.Min(1e9, staySeconds) && best.LeastSaving > 0;
        if (to == engine || _failed.Contains(to) || _account.Swaps >= policy.MaxSwaps || !(manual is not null || pays || pressed))
        {
            return (to == engine ? best : Alone(engine, session.Position, staySeconds), engine, session);
        }

        var trigger = manual is not null ? SwapTrigger.Manual
            : planner.Engines[engine].Descriptor.Capabilities.CliffordOnly ? SwapTrigger.OptimizationOpportunity
            : pressed ? SwapTrigger.MemoryThreshold
            : _view.Pace > policy.Overrun && !atBoundary ? SwapTrigger.TimeOverrun
            : seen.BondDimension is not null ? SwapTrigger.Entanglement
            : SwapTrigger.SparsityChange;
        if (pressed)
        {
            _leftForMemory.Add(engine);
        }

        _isCommitted = false;
        var start = time.GetTimestamp();
        StateSnapshot snapshot;
        try
        {
            snapshot = session.TakeSnapshot(compact: true);
        }
        catch (BackendException) when (!pressed)
        {
            // The state cannot be handed over now; the engine that has it goes on.
            return (Alone(engine, session.Position, staySeconds), engine, session);
        }

        conversions.ObserveOut(planner.Engines[engine].Descriptor.Id, held, snapshot.SizeBytes, time.GetElapsedTime(start).TotalSeconds);
        return (best, to, HandOver(session, snapshot, start, engine, to, trigger, staySeconds, best.Seconds, cancellationToken));
    }

    // The new engine takes the state when the old one has let it go: both are never held besides the copy between them.
    private IBackendSession HandOver(IBackendSession session, StateSnapshot snapshot, long start, int engine, int to, SwapTrigger trigger, double stay, double best, CancellationToken cancellationToken)
    {
        var (from, next) = (planner.Engines[engine].Descriptor, planner.Engines[to].Descriptor);
        var position = session.Position;
        _account.Leaves(session.Observe(), snapshot.SizeBytes, KeptBytes, from.Capabilities.IsExact);
        session.Dispose();
        _account.End(planner.Engines[engine], position, null);
        checkpointer?.EngineChanged();
        var half = time.GetTimestamp();
        Begin(position);
        Retain(snapshot, to);
        var opened = Open(to, snapshot, cancellationToken);
        _account.Held(snapshot.SizeBytes + opened.Observe().MemoryBytes);
        conversions.ObserveIn(next.Id, snapshot.SizeBytes, time.GetElapsedTime(half).TotalSeconds);
        var alone = double.IsFinite(stay) ? string.Create(CultureInfo.InvariantCulture, $"{stay * 1e3:G3} ms more on '{from.Id}'") : $"'{from.Id}' cannot go on";
        if (double.IsInfinity(stay) && double.IsFinite(_alone))
        {
            // An engine for a part: what counts is the one that would have run it all.
            stay = Math.Max(0, _alone - _account.Until(start).TotalSeconds);
            alone += string.Create(CultureInfo.InvariantCulture, $", {_alone * 1e3:G3} ms on the engine chosen for the whole");
        }

        var reason = string.Create(CultureInfo.InvariantCulture, $"{snapshot.Amplitudes.Length} amplitudes are not zero: {alone}, {best * 1e3:G3} ms by way of '{next.Id}'");
        var swap = new SwapEvent(position, from.Id, next.Id, trigger, reason)
        {
            PredictedGain = double.IsFinite(stay) ? TimeSpan.FromSeconds(Math.Min(1e8, stay - best)) : null,
            BytesMoved = snapshot.SizeBytes,
            Duration = time.GetElapsedTime(start),
        };
        _account.Swapped(swap, stay, start);
        return opened;
    }

    private (HotSwapPlan Plan, int Engine, StateSnapshot State)? Recover(BackendException exception, int engine)
    {
        // The later of what is kept and what is on disk.
        if (checkpointer?.Read() is { } written && written.Snapshot.OperationIndex >= (_kept?.OperationIndex ?? 0))
        {
            Resume(written, engine);
            _kept = written.Snapshot;
        }

        if (_kept is not { } snapshot || _account.Swaps >= policy.MaxSwaps)
        {
            return null;
        }

        var outlook = planner.Walk.Outlook(snapshot.OperationIndex, Math.Log2(Math.Max(1, snapshot.Amplitudes.Length)));
        var best = Enumerable.Range(0, planner.Engines.Count)
            .Where(e => !_failed.Contains(e) && !planner.Engines[e].Descriptor.Capabilities.CliffordOnly)
            .Select(e => (Engine: e, Plan: planner.Plan(outlook, -1, 1, e)))
            .Where(p => p.Plan is not null)
            .OrderBy(p => p.Plan!.Seconds)
            .FirstOrDefault();
        if (best.Plan is null)
        {
            return null;
        }

        Begin(snapshot.OperationIndex);
        var trigger = exception.Kind == BackendErrorKind.OutOfMemory ? SwapTrigger.MemoryThreshold : SwapTrigger.Fault;
        var (from, to) = (planner.Engines[engine].Descriptor.Id, planner.Engines[best.Engine].Descriptor.Id);
        _account.Swapped(
            new SwapEvent(snapshot.OperationIndex, from, to, trigger, $"resumed from the last snapshot: {exception.Message}") { BytesMoved = snapshot.SizeBytes }, double.NaN, time.GetTimestamp());
        return (best.Plan, best.Engine, snapshot);
    }

    // A state is kept for the case of a fault only where there is room for it beside the one that goes on.
    private void Retain(StateSnapshot snapshot, int engine)
    {
        var most = planner.StateBytes(engine, planner.Walk.Expected(_view.Outlook, planner.Walk.LastPosition(snapshot.OperationIndex)), snapshot.OperationIndex);
        _kept = snapshot.SizeBytes <= policy.MaxKeptBytes && most + snapshot.SizeBytes <= policy.MemoryShare * memoryBytes ? snapshot : null;
    }

    private void Resume(Checkpoint from, int engine)
    {
        _account.Resume(from);
        _view.Resume(from.Snapshot);
        Retain(from.Snapshot, engine);
    }

    // Writes the state down if that is due.
    private void Keep(IBackendSession session, int engine, CancellationToken cancellationToken)
    {
        if (checkpointer is null || Stops.UntilCheckpoint(session.Position, engine) > 0)
        {
            return;
        }

        var descriptor = planner.Engines[engine].Descriptor;
        var (discarded, fidelity, isExact) = _account.Lost(session.Observe(), descriptor.Capabilities.IsExact);
        checkpointer.Write(session, s => new Checkpoint(descriptor.Id, s, discarded, fidelity, isExact), cancellationToken);
    }

    private HotSwapPlan Alone(int engine, int position, double seconds) =>
        new([new PlannedSegment(planner.Engines[engine], position, request.Circuit.Operations.Length)], seconds, 0, seconds);

    private StateOutlook Look(IBackendSession session, int engine, HotSwapPlan plan) =>
        _view.Look(session, count: planner.Engines[engine].Descriptor.Capabilities.StoresAllAmplitudes && plan.Seconds > RunStops.LeastSecondsToLook);

    private void Begin(int position)
    {
        _account.Begin(position);
        _view.Begin();
    }

    // The caller's own limits end the run wherever it is.
    private bool MayGoOn(BackendException exception) =>
        exception.Kind != BackendErrorKind.TimeLimit && (_kept is not null || checkpointer is { Written: > 0 });
}
