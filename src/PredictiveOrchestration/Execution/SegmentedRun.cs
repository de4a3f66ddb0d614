using System.Globalization;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Execution;

/// <summary>A part that a backend has run.</summary>
internal sealed record SegmentReport(ISegmentedBackend Backend, int Start, int End, TimeSpan Elapsed, Exception? Error);

/// <summary>How a run in parts went; no result if a backend failed and nothing was left to go on from.</summary>
internal sealed record SegmentedReport(ExecutionResult? Result, IReadOnlyList<SegmentReport> Parts, IReadOnlyList<SwapEvent> Swaps);

/// <summary>
/// Runs a circuit in parts: at each checkpoint it looks at the state, plans anew from what it sees, and hands the state over if that saves time by more than the
/// policy's margin. What a cheap engine runs between two checkpoints is bounded by a share of the predicted time, so that trying it where the bound is loose is
/// never dear, and its state is carried on.
/// </summary>
internal sealed class SegmentedRun(HotSwapPlanner planner, ConversionCosts conversions, SwapPolicy policy, ExecutionRequest request, SwapControl? control, double memoryBytes, TimeProvider time,
    Checkpointer? checkpointer = null)
{
    /// <summary>
    /// A run is looked at only where so many seconds are left by prediction: a look at a state that stores all amplitudes takes about as long as a gate, breaks what is fused on other
    /// engines, and finding out whether it is worth it takes some plans.
    /// </summary>
    public const double LeastSecondsToLook = 5e-3;
    private const int LeastStep = 128;
    private const int DenseLooks = 4;
    private const double LeastPromise = 0.5;

    // Most looks at such a state find nothing: the share of the run that they may take together, and of what could be saved that one may.
    private const double MostLooking = 0.05, MostOfPromise = 0.1;

    // Where a caller may ask for a swap at any time, its wish is looked for so often.
    private const int ControlStep = 16;

    // A run that has gone on for long is looked at more seldom: by default when half as much more may have passed.
    private const double ElapsedWeight = 25;
    private const double MostPlanning = 0.01;

    // A time from which on the pace is believed, and one below which it says nothing.
    private const double LongSeconds = 0.2, ShortSeconds = 1e-3;

    // With checkpoints a run stops at least so often, by prediction: the prediction may be wrong.
    private const double LeastStops = 8;
    private const double LeastSecondsBetweenStops = 0.1;
    private readonly List<SegmentReport> _parts = [];
    private readonly List<(SwapEvent Event, double StaySeconds, long At)> _swaps = [];
    private readonly HashSet<int> _failed = [];
    private readonly HashSet<int> _leftForMemory = [];
    private StateSnapshot? _kept;
    private StateOutlook _outlook = StateOutlook.AtStart;
    private double _pace = 1;
    private double _plannedPace = 1;
    private double _predicted;
    private long _start;
    private long _segmentStart;
    private SessionObservation _before;
    private double _alone = double.PositiveInfinity;
    private int _plans;
    private double _looking;
    private bool _isCommitted;
    private double _leastPlan = double.PositiveInfinity;
    private double _discarded;
    private long _peakBytes;
    private double _fidelity = 1;
    private bool _isExact = true;
    private int _segmentFrom;

    // The engine that has the state, or was about to take it when it failed.
    private int _holder;

    /// <summary>Runs. Blocks.</summary>
    /// <param name="first">The plan to begin with.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <param name="from">Where an earlier process left off, or null.</param>
    public SegmentedReport Run(HotSwapPlan first, CancellationToken cancellationToken, Checkpoint? from = null)
    {
        var engine = planner.IndexOf(first.Segments[0].Backend);
        var plan = first;
        IBackendSession? session = null;
        try
        {
            _start = time.GetTimestamp();
            (_alone, _isCommitted) = (first.StaySeconds, first.IsCommitted);
            Begin(from?.Snapshot.OperationIndex ?? 0);
            if (from is not null)
            {
                Resume(from, engine);
            }

            session = Open(engine, from?.Snapshot, cancellationToken);
            from = null;
            while (true)
            {
                try
                {
                    var next = NextStop(plan, engine, session, first.Seconds);
                    if (next is not { } stop)
                    {
                        var result = Whole(session.Finish());
                        End(engine, request.Circuit.Operations.Length, null);
                        return Report(result);
                    }

                    var outlook = Look(session, engine, plan);
                    _predicted += planner.Seconds(engine, session.Position, stop, outlook);
                    session.Advance(stop);
                    Keep(session, engine, cancellationToken);
                    (plan, engine, session) = Consider(session, engine, plan, cancellationToken);
                }
                catch (BackendException exception) when (MayGoOn(exception))
                {
                    engine = _holder;
                    End(engine, session?.Position ?? _segmentFrom, exception);
                    session?.Dispose();
                    session = null;
                    _failed.Add(engine);
                    if (Recover(exception, engine) is not { } recovered)
                    {
                        return Report(null);
                    }

                    (plan, engine, var state) = recovered;
                    session = Open(engine, state, cancellationToken);
                }
            }
        }
        catch (Exception exception) when (exception is BackendException or OperationCanceledException)
        {
            if (_parts.Count == 0 || _parts[^1].Error != exception)
            {
                End(_holder, session?.Position ?? _segmentFrom, exception);
            }

            return Report(null);
        }
        finally
        {
            session?.Dispose();
        }
    }

    private IBackendSession Open(int engine, StateSnapshot? state, CancellationToken cancellationToken)
    {
        _holder = engine;
        var left = request.Limits.Time is { } limit ? limit - time.GetElapsedTime(_start) : (TimeSpan?)null;
        var rest = left is null ? request : request with { Limits = request.Limits with { Time = left > TimeSpan.Zero ? left : TimeSpan.Zero } };
        if (_kept is { } kept)
        {
            // What is kept counts.
            rest = rest with { Limits = rest.Limits with { MemoryBytes = Math.Max(1, (rest.Limits.MemoryBytes ?? (long)Math.Min(long.MaxValue / 2, memoryBytes)) - kept.SizeBytes) } };
        }

        return planner.Engines[engine].OpenAsync(rest, state, cancellationToken).GetAwaiter().GetResult();
    }

    // Looks at the state, plans from it, and swaps if it pays.
    private (HotSwapPlan Plan, int Engine, IBackendSession Session) Consider(IBackendSession session, int engine, HotSwapPlan plan, CancellationToken cancellationToken)
    {
        var expected = planner.Expected(_outlook, session.Position);
        var outlook = Look(session, engine, plan);
        var elapsed = time.GetElapsedTime(_segmentStart).TotalSeconds;
        if (elapsed > ShortSeconds)
        {
            // Of a short time much may be just-in-time compilation and chance: half of the deviation is believed.
            var pace = Math.Clamp(elapsed / Math.Max(1e-5, _predicted), 0.25, 100);
            _pace = elapsed > LongSeconds ? pace : Math.Sqrt(pace);
        }

        var manual = control?.Take() is { } id ? Enumerable.Range(0, planner.Engines.Count).Where(e => planner.Engines[e].Descriptor.Id == id && e != engine).Cast<int?>().FirstOrDefault() : null;
        var seen = session.Observe();
        var held = seen.MemoryBytes;
        var pressed = held > policy.MemoryShare * memoryBytes && session.Position < planner.Positions(session.Position)[^1];

        // As foreseen, and nothing is to be decided here: the plan stands.
        var atBoundary = !plan.IsSingle && session.Position >= plan.Segments[0].End;
        if (!atBoundary && manual is null && !pressed && Math.Abs(expected - outlook.SupportLog2) < 0.5 && _pace < Math.Max(1.5, 1.5 * _plannedPace))
        {
            return (plan, engine, session);
        }

        // Nor is it if planning has had its share of the time.
        if (!atBoundary && manual is null && !pressed && Planning > MostPlanning * Math.Max(time.GetElapsedTime(_start).TotalSeconds, plan.Seconds))
        {
            return (plan, engine, session);
        }

        var begun = time.GetTimestamp();
        _plannedPace = _pace;
        var best = planner.Plan(outlook, engine, _pace, manual ?? -1, known: Doubt(elapsed));
        Planned(begun);
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
        if (to == engine || _failed.Contains(to) || _swaps.Count >= policy.MaxSwaps || !(manual is not null || pays || pressed))
        {
            return (to == engine ? best : Alone(engine, session.Position, staySeconds), engine, session);
        }

        var trigger = manual is not null ? SwapTrigger.Manual
            : planner.Engines[engine].Descriptor.Capabilities.CliffordOnly ? SwapTrigger.OptimizationOpportunity
            : pressed ? SwapTrigger.MemoryThreshold
            : _pace > policy.Overrun && !atBoundary ? SwapTrigger.TimeOverrun
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
        return (best, to, HandOver(session, snapshot, start, engine, to, trigger, outlook, staySeconds, best.Seconds, cancellationToken));
    }

    // What is left of the doubt about the current engine's time: of a short time as much as is believed of it, of a long one how much its gates differ.
    private static double Doubt(double elapsed) => elapsed > LongSeconds ? 0.4 : elapsed > ShortSeconds ? Math.Sqrt(0.5) : 1;

    // What planning has taken, pauses of the thread left out.
    private double Planning => _plans == 0 ? 0 : _plans * _leastPlan;

    private void Planned(long begun)
    {
        _plans++;
        _leastPlan = Math.Min(_leastPlan, time.GetElapsedTime(begun).TotalSeconds);
    }

    // A state is kept for the case of a fault only where there is room for it beside the one that goes on.
    private void Retain(StateSnapshot snapshot, int engine)
    {
        var most = planner.StateBytes(engine, planner.Expected(_outlook, planner.Positions(snapshot.OperationIndex)[^1]), snapshot.OperationIndex);
        _kept = snapshot.SizeBytes <= policy.MaxKeptBytes && most + snapshot.SizeBytes <= policy.MemoryShare * memoryBytes ? snapshot : null;
    }

    private HotSwapPlan Alone(int engine, int position, double seconds) =>
        new([new PlannedSegment(planner.Engines[engine], position, request.Circuit.Operations.Length)], seconds, 0, seconds);

    private void Resume(Checkpoint from, int engine)
    {
        (_discarded, _fidelity, _isExact) = (from.DiscardedWeight, from.FidelityLowerBound, from.IsExact);
        _outlook = planner.Outlook(from.Snapshot.OperationIndex, Math.Log2(Math.Max(1, from.Snapshot.Amplitudes.Length)));
        Retain(from.Snapshot, engine);
    }

    // Writes the state down if that is due.
    private void Keep(IBackendSession session, int engine, CancellationToken cancellationToken)
    {
        if (checkpointer is null || UntilCheckpoint(session.Position, engine) > 0)
        {
            return;
        }

        var seen = session.Observe();
        var descriptor = planner.Engines[engine].Descriptor;
        checkpointer.Write(
            session,
            s => new Checkpoint(descriptor.Id, s, _discarded + seen.DiscardedWeight, Both(_fidelity, seen.FidelityLowerBound), _isExact && descriptor.Capabilities.IsExact),
            cancellationToken);
    }

    private double UntilCheckpoint(int position, int engine)
    {
        // What a tableau does in no time is not worth writing as amplitudes.
        if (planner.Engines[engine].Descriptor.Capabilities.CliffordOnly)
        {
            return double.PositiveInfinity;
        }

        var support = planner.Expected(_outlook.Position <= position ? _outlook : StateOutlook.AtStart, position);
        return checkpointer!.SecondsUntilDue(planner.StateBytes(engine, support, position), planner.SnapshotBytes(support));
    }

    // Angles between states add up at most.
    private static double Both(double fidelity, double another)
    {
        var angle = Math.Acos(Math.Sqrt(fidelity)) + Math.Acos(Math.Sqrt(another));
        return angle >= Math.PI / 2 ? 0 : fidelity >= 1 ? another : another >= 1 ? fidelity : Math.Pow(Math.Cos(angle), 2);
    }

    // The parts before belong to the result.
    private ExecutionResult Whole(ExecutionResult result)
    {
        var earlier = time.GetElapsedTime(_start, _segmentStart);
        return result with
        {
            Timings = result.Timings with { Run = result.Timings.Run + earlier },
            PeakMemoryBytes = Math.Max(result.PeakMemoryBytes + (_kept?.SizeBytes ?? 0), _peakBytes),
            PeakNonZeros = result.PeakNonZeros is { } peak ? Math.Max(peak, _before.NonZeros ?? 0) : _before.NonZeros,
            DiscardedWeight = result.DiscardedWeight + _discarded,
            FidelityLowerBound = Both(result.FidelityLowerBound, _fidelity),
            IsExact = result.IsExact && _isExact,
        };
    }

    // The new engine takes the state when the old one has let it go: both are never held besides the copy between them.
    private IBackendSession HandOver(IBackendSession session, StateSnapshot snapshot, long start, int engine, int to, SwapTrigger trigger, StateOutlook outlook, double stay, double best, CancellationToken cancellationToken)
    {
        var (from, next) = (planner.Engines[engine].Descriptor, planner.Engines[to].Descriptor);
        var position = session.Position;
        var seen = session.Observe();
        var held = seen.MemoryBytes;
        _peakBytes = Math.Max(_peakBytes, Math.Max(seen.PeakMemoryBytes, held + snapshot.SizeBytes) + (_kept?.SizeBytes ?? 0));
        _before = new SessionObservation(
            position, Math.Max(_before.NonZeros ?? 0, seen.NonZeros ?? 0), null, held, Math.Max(_before.PeakMemoryBytes, seen.PeakMemoryBytes), seen.Elapsed, 0);
        _discarded += seen.DiscardedWeight;
        _fidelity = Both(_fidelity, seen.FidelityLowerBound);
        _isExact &= planner.Engines[engine].Descriptor.Capabilities.IsExact;
        session.Dispose();
        End(engine, position, null);
        checkpointer?.EngineChanged();
        var half = time.GetTimestamp();
        Begin(position);
        Retain(snapshot, to);
        var opened = Open(to, snapshot, cancellationToken);
        _peakBytes = Math.Max(_peakBytes, snapshot.SizeBytes + opened.Observe().MemoryBytes);
        conversions.ObserveIn(next.Id, snapshot.SizeBytes, time.GetElapsedTime(half).TotalSeconds);
        var alone = double.IsFinite(stay) ? string.Create(CultureInfo.InvariantCulture, $"{stay * 1e3:G3} ms more on '{from.Id}'") : $"'{from.Id}' cannot go on";
        if (double.IsInfinity(stay) && double.IsFinite(_alone))
        {
            // An engine for a part: what counts is the one that would have run it all.
            stay = Math.Max(0, _alone - time.GetElapsedTime(_start, start).TotalSeconds);
            alone += string.Create(CultureInfo.InvariantCulture, $", {_alone * 1e3:G3} ms on the engine chosen for the whole");
        }

        var reason = string.Create(CultureInfo.InvariantCulture, $"{snapshot.Amplitudes.Length} amplitudes are not zero: {alone}, {best * 1e3:G3} ms by way of '{next.Id}'");
        _swaps.Add((
            new SwapEvent(position, from.Id, next.Id, trigger, reason)
            {
                PredictedGain = double.IsFinite(stay) ? TimeSpan.FromSeconds(Math.Min(1e8, stay - best)) : null,
                BytesMoved = snapshot.SizeBytes,
                Duration = time.GetElapsedTime(start),
            },
            stay, start));
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

        if (_kept is not { } snapshot || _swaps.Count >= policy.MaxSwaps)
        {
            return null;
        }

        var outlook = planner.Outlook(snapshot.OperationIndex, Math.Log2(Math.Max(1, snapshot.Amplitudes.Length)));
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
        _swaps.Add((
            new SwapEvent(snapshot.OperationIndex, planner.Engines[engine].Descriptor.Id, planner.Engines[best.Engine].Descriptor.Id, trigger, $"resumed from the last snapshot: {exception.Message}") { BytesMoved = snapshot.SizeBytes },
            double.NaN, time.GetTimestamp()));
        return (best.Plan, best.Engine, snapshot);
    }

    // Where to stop next; null to run to the end.
    private int? NextStop(HotSwapPlan plan, int engine, IBackendSession session, double whole)
    {
        var position = session.Position;
        var look = NextLook(plan, engine, session, whole);
        var end = planner.Positions(position)[^1];
        if (checkpointer is null || position >= end)
        {
            return look;
        }

        var due = UntilCheckpoint(position, engine);
        if (double.IsInfinity(due))
        {
            return look;
        }

        var least = Math.Min(LeastSecondsBetweenStops, checkpointer.Interval.TotalSeconds);
        var seconds = Math.Max(least, Math.Min(due, whole / LeastStops));
        var stop = planner.Reach(engine, position, look ?? end, seconds / _pace, _outlook);
        return stop < end ? stop : look;
    }

    // Where to look at the state next; null to run to the end.
    private int? NextLook(HotSwapPlan plan, int engine, IBackendSession session, double whole)
    {
        var position = session.Position;
        var positions = planner.Positions(position);
        var end = positions[^1];
        if (position >= end)
        {
            return null;
        }

        var planned = plan.IsSingle ? end : plan.Segments[0].End;
        var outlook = planner.Outlook(position, 0);
        if (StoresAll(engine))
        {
            // Each stop costs a pass, and gates are fused only between stops.
            var step = Math.Max(LeastStep, (end + DenseLooks - 1) / DenseLooks);
            if (control is null && (end - position < 2 * step || planner.BoundSeconds(engine, position, end, outlook) < LeastSecondsToLook))
            {
                return planned < end ? planned : null;
            }

            if (control is not null)
            {
                return Math.Min(planned, position + 1);
            }

            // It looks only where another engine would save much if next to nothing were left of the amplitudes, which is seldom so.
            var look = conversions.OutSecondsPerByte(planner.Engines[engine].Descriptor.Id) * planner.StateBytes(engine, planner.Bound(position), position);
            for (var stop = position + step; stop < Math.Min(planned, end - step + 1) && Planning <= MostPlanning * whole && _looking + look <= MostLooking * whole; stop += step)
            {
                var begun = time.GetTimestamp();
                var other = planner.Plan(new StateOutlook(stop, 0, 1), engine);
                Planned(begun);
                if (other is not null && other.StaySeconds - other.Seconds is var promise && promise > Math.Max(LeastPromise, policy.MinGain) * other.StaySeconds && look <= MostOfPromise * promise)
                {
                    _looking += look;
                    return stop;
                }
            }

            return planned < end ? planned : null;
        }

        if (planner.Engines[engine].Descriptor.Capabilities.CliffordOnly)
        {
            return control is not null ? Math.Min(planned, position + ControlStep) : planned < end ? planned : null;
        }

        if (session.Observe().NonZeros is null)
        {
            // Its amplitudes cannot be counted, and each stop breaks its blocks of gates: it is looked at for its time and memory.
            if (control is null && planner.BoundSeconds(engine, position, planned, outlook) < LeastSecondsToLook)
            {
                return planned < end ? planned : null;
            }

            var step = control is not null ? ControlStep : Math.Max(LeastStep, (end + DenseLooks - 1) / DenseLooks);
            return Math.Min(planned, position + step) is var at && at < end ? at : null;
        }

        if (control is null && plan.IsSingle && _outlook.GrowthPerMixing >= 1)
        {
            // That it takes as long as the bound says is reckoned with; only its pace is of interest, and each stop takes passes over the state.
            var at = planner.Reach(engine, position, end, Math.Max(LeastSecondsToLook, whole / DenseLooks), _outlook);
            return at < end ? at : null;
        }

        // As far as the bound lets the engine go within its share of the time.
        var budget = policy.PresolveShare * Math.Max(whole, ElapsedWeight * time.GetElapsedTime(_start).TotalSeconds);
        var ahead = _outlook;
        for (var i = 1; i < positions.Count; i++)
        {
            budget -= planner.BoundSeconds(engine, positions[i - 1], positions[i], ahead);
            ahead = new StateOutlook(positions[i], planner.Expected(ahead with { GrowthPerMixing = 1 }, positions[i]), 1);
            if (positions[i] >= planned || (budget < 0 && i > 1))
            {
                return budget < 0 && i > 1 ? positions[i - 1] : positions[i];
            }
        }

        return end;
    }

    private StateOutlook Look(IBackendSession session, int engine, HotSwapPlan plan)
    {
        if (session.Position == 0)
        {
            return _outlook = StateOutlook.AtStart;
        }

        if (_outlook.Position == session.Position)
        {
            return _outlook;
        }

        var seen = session.Observe(count: StoresAll(engine) && plan.Seconds > LeastSecondsToLook);
        var support = seen.NonZeros is { } stored ? Math.Log2(Math.Max(1, stored)) : planner.Bound(session.Position);
        return _outlook = planner.Outlook(session.Position, support);
    }

    private bool StoresAll(int engine) => planner.Engines[engine].Descriptor.Capabilities.StoresAllAmplitudes;

    private void Begin(int position) => (_segmentStart, _segmentFrom, _predicted, _pace, _plannedPace) = (time.GetTimestamp(), position, 0, 1, 1);

    private void End(int engine, int position, Exception? error) =>
        _parts.Add(new SegmentReport(planner.Engines[engine], _segmentFrom, position, time.GetElapsedTime(_segmentStart), error));

    // The caller's own limits end the run wherever it is.
    private bool MayGoOn(BackendException exception) =>
        exception.Kind != BackendErrorKind.TimeLimit && (_kept is not null || checkpointer is { Written: > 0 });

    private SegmentedReport Report(ExecutionResult? result) => new(
        result,
        _parts,
        [
            .. _swaps.Select(s => result is null || !double.IsFinite(s.StaySeconds) ? s.Event : s.Event with
            {
                ActualGain = TimeSpan.FromSeconds(Math.Min(1e8, s.StaySeconds - time.GetElapsedTime(s.At).TotalSeconds)),
            }),
        ]);
}
