using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.Learning;

/// <summary>How the learning loop works.</summary>
internal sealed record LearningOptions
{
    /// <summary>Records between refits, once past the early ones at 50, 100, 200, 400 … records.</summary>
    public int ModelUpdateFrequency { get; init; } = 1000;

    /// <summary>The most observations kept for each backend.</summary>
    public int ReservoirSize { get; init; } = 4000;

    /// <summary>The most observations kept on disk by this process.</summary>
    public int KeptRows { get; init; } = 10_000;

    public int Seed { get; init; } = 1;

    public ModelComplexity Complexity { get; init; } = ModelComplexity.Default;
}

/// <summary>
/// Learns from telemetry on a thread of its own: every record corrects the errors of its backend's model at once; from time to time models are fitted
/// anew, at a <see cref="FitPace"/>, and published if they would have predicted the latest records no worse. Never throws into the host.
/// </summary>
internal sealed partial class LearningLoop : IAsyncDisposable
{
    private const int KeptReservoirs = 8;
    private const double Surprise = 1.4, WorthLearning = 0.02, PriceScale = 0.05;
    private const int SurpriseRows = 10, SaveRows = 100, GatherMilliseconds = 20, LookMilliseconds = 100;
    private readonly TelemetryRingBuffer _ring;
    private readonly ModelPublisher _publisher;
    private readonly LearningOptions _options;
    private readonly RowLog? _log;
    private readonly ModelStore? _store;
    private readonly StateSlot? _slot;
    private readonly ILogger _logger;
    private readonly FitPace? _pace;
    private readonly IReadOnlyList<TrainingRow> _calibration;
    private readonly Dictionary<string, Reservoir> _rows = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ModelStatus> _status = new(StringComparer.Ordinal);
    private readonly PinnedJobs _pinned = new();
    private readonly SharedRuns _shared = new();
    private readonly List<string> _due = [];

    // What a drain has made of models so far: a model published for each record would have every decision made anew, and take as long as short runs do.
    private readonly Dictionary<string, BackendModel> _unpublished = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Lock _work = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;
    private long _learned;
    private long _savedAt;
    private int _trained;

    public LearningLoop(
        TelemetryRingBuffer ring, ModelPublisher publisher, IReadOnlyList<TrainingRow> calibration, LearningOptions options, string? directory, ILogger logger, FitPace? pace = null)
    {
        _pace = pace;
        _ring = ring;
        _publisher = publisher;
        _calibration = calibration;
        _options = options;
        _slot = directory is null ? null : StateSlot.Take(directory, logger);
        _log = _slot is null ? null : new RowLog(_slot, Math.Min(options.KeptRows, KeptReservoirs * options.ReservoirSize), logger);
        _store = _slot is null ? null : new ModelStore(_slot, logger);
        _logger = logger;
    }

    /// <summary>The number of models fitted and published.</summary>
    public int ModelsTrained => Volatile.Read(ref _trained);

    /// <summary>The number of models fitted, published or not.</summary>
    public int FitsTried { get; private set; }

    /// <summary>The number of records learned from.</summary>
    public long RecordsLearned => Interlocked.Read(ref _learned);

    /// <summary>How far learning about each backend has come; waits for nothing.</summary>
    public IReadOnlyDictionary<string, ModelStatus> Status => new Dictionary<string, ModelStatus>(_status, StringComparer.Ordinal);

    /// <summary>Starts the thread, with what earlier processes learned.</summary>
    public void Start()
    {
        if (_slot is not null)
        {
            lock (_work)
            {
                Resume(_store!.Load(), _log!.Load());
            }
        }

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _running = ended.Task;
        new Thread(() => Run(ended)) { IsBackground = true, Priority = ThreadPriority.BelowNormal, Name = "learning" }.Start();
    }

    /// <summary>Says that there are new records.</summary>
    public void Wake() => _wake.Release();

    /// <summary>Learns from everything written so far, and does the fits that are due, before it returns.</summary>
    public Task FlushAsync() => Task.Run(() => Drain(settle: true));

    /// <summary>Learns from everything written so far, and does those fits that are due and may begin.</summary>
    /// <returns>Whether a fit is still due.</returns>
    public bool Turn() => Drain(settle: false);

    /// <summary>What was learned so far, as bytes.</summary>
    public byte[] Export()
    {
        lock (_work)
        {
            Turn();
            return LearnedState.Write(Snapshot(withRows: true));
        }
    }

    /// <summary>Takes what was learned elsewhere: models replace those of the same backends, runs are added to theirs.</summary>
    public void Import(IReadOnlyDictionary<string, LearnedBackend> learned)
    {
        lock (_work)
        {
            Turn();
            foreach (var (id, backend) in learned)
            {
                var champion = _publisher.Current.ModelOf(id, backend.Model.Analytic.Basis.Name);
                var reservoir = ReservoirOf(id, backend.Model.Analytic.Basis.Name);
                foreach (var row in backend.Rows)
                {
                    reservoir.Add(row);
                    _pinned.Add(row);
                }

                reservoir.Resume(backend);
                reservoir.Keep(champion);
                reservoir.Contest.Clear();
                _due.Remove(id);
            }

            Publish(learned.Select(l => KeyValuePair.Create(l.Key, l.Value.Model)));
            Save();
        }
    }

    /// <summary>
    /// Fits models to the runs of other instances as well. A model counts only if its errors on this instance's runs, each held out, are no larger on average than those of one fitted without the others.
    /// </summary>
    public IReadOnlyList<MergeOutcome> Merge(IReadOnlyDictionary<string, IReadOnlyDictionary<string, LearnedBackend>> byInstance, Func<string, bool> isWanted)
    {
        lock (_work)
        {
            Turn();
            var outcomes = new List<MergeOutcome>();
            foreach (var id in byInstance.Values.SelectMany(l => l.Keys).Where(isWanted).Distinct().Order(StringComparer.Ordinal).ToList())
            {
                outcomes.Add(Merge(id, byInstance));
            }

            Save();
            return outcomes;
        }
    }

    private MergeOutcome Merge(string id, IReadOnlyDictionary<string, IReadOnlyDictionary<string, LearnedBackend>> byInstance)
    {
        var given = byInstance.Where(i => i.Value.ContainsKey(id)).ToDictionary(i => i.Key, i => i.Value[id], StringComparer.Ordinal);
        var reservoir = _rows.TryGetValue(id, out var known) ? known : ReservoirOf(id, given.First().Value.Model.Analytic.Basis.Name);
        var champion = _publisher.Current.ModelOf(id, reservoir.Basis);
        var share = Math.Max(1, _options.ReservoirSize / given.Count);
        var rows = given.ToDictionary(i => i.Key, i => SharedRuns.AtLevel(i.Value.Rows.Where(r => r.Basis == reservoir.Basis), champion, share), StringComparer.Ordinal);
        var counts = rows.ToDictionary(r => r.Key, r => r.Value.Count);
        if (rows.Values.All(r => r.Count == 0))
        {
            return new MergeOutcome(id, counts, "there are no runs of the same kind of backend", double.NaN, double.NaN);
        }

        var own = reservoir.Rows;
        var before = _shared.Get(id);
        _shared.Set(id, []);
        var alone = own.Count == 0 ? champion : Fit(id, reservoir, champion);
        _shared.Set(id, rows);
        var challenger = Fit(id, reservoir, champion);
        var (was, becomes) = (OwnError(own, alone), OwnError(own, challenger));
        var refusal = becomes > was ? FormattableString.Invariant($"the mean error on {own.Count} own runs would be {becomes:F3} instead of {was:F3}") : null;
        if (refusal is not null)
        {
            _shared.Set(id, before ?? []);
            ChallengerRejected(id, refusal);
            return new MergeOutcome(id, counts, refusal, was, becomes);
        }

        reservoir.Keep(champion);
        reservoir.Contest.Clear();
        Publish([new(id, challenger with { HeldOut = BackendModel.NoRows, Repeats = champion.Repeats, Fidelity = champion.Fidelity, Charges = champion.Charges })]);
        Interlocked.Increment(ref _trained);
        return new MergeOutcome(id, counts, null, was, becomes);
    }

    private BackendModel Fit(string backendId, Reservoir reservoir, BackendModel champion)
    {
        var calibration = _calibration.Where(r => r.BackendId == backendId && r.Basis == reservoir.Basis).ToList();
        List<TrainingRow> rows = [.. _shared.Of(backendId, reservoir.Basis), .. reservoir.Rows];
        return ModelBuilder.Fit(reservoir.Basis, calibration, rows, champion.Waits, Math.Max(champion.Observations, reservoir.Rows.Count), _options.Seed, _options.Complexity);
    }

    // Each run held out where the fit held it out; where it held out none, as fitted.
    private static double OwnError(IReadOnlyList<TrainingRow> own, BackendModel model)
    {
        var errors = own.Where(r => !r.IsCensored)
            .Select(r => Math.Min(3, Math.Abs(model.HeldOut.TryGetValue(r, out var error) ? error : Math.Log(r.Seconds) - model.Predict(r.Terms, r.Features, r.Kin).Median))).ToList();
        return errors.Count == 0 ? double.NaN : errors.Average();
    }

    /// <summary>Goes back to the model that the latest fit replaced; false if none is kept.</summary>
    public bool RollBack(string backendId)
    {
        lock (_work)
        {
            Turn();
            if (!_rows.TryGetValue(backendId, out var reservoir) || reservoir.TakeBack() is not { } earlier)
            {
                return false;
            }

            var champion = _publisher.Current.ModelOf(backendId, reservoir.Basis);
            Publish([new(backendId, earlier with { Repeats = champion.Repeats, Waits = champion.Waits, Fidelity = champion.Fidelity, Charges = champion.Charges })]);
            Note(backendId, s => s with { FittedVersion = _publisher.Current.Version });
            RolledBack(backendId);
            Save();
            return true;
        }
    }

    /// <summary>Learns from what is left, does the fits that are due, and ends.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        lock (_work)
        {
            Drain(settle: true);
            Save();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _stopping.Dispose();
        _wake.Dispose();
        _slot?.Dispose();
    }

    // A thread of its own: a fit takes long, and a thread of the pool would be missed by those who run jobs.
    private void Run(TaskCompletionSource ended)
    {
        try
        {
            var isDue = false;
            while (true)
            {
                // Where nothing runs any more no record comes either, and what is due may be done.
                _wake.Wait(isDue ? LookMilliseconds : Timeout.Infinite, _stopping.Token);

                // Several records go into one drain: a file opened for each would take as long as short runs do.
                _stopping.Token.WaitHandle.WaitOne(GatherMilliseconds);
                while (_wake.Wait(0))
                {
                }

                isDue = Turn();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping: StopAsync drains the rest.
            ended.SetResult();
        }
        catch (Exception exception)
        {
            ended.SetException(exception);
        }
    }

    // Settling does each fit as soon as it is due; otherwise they wait for their time, when all records that there are have been learned from.
    private bool Drain(bool settle)
    {
        lock (_work)
        {
            settle |= _pace is null;
            var fresh = new List<TrainingRow>();
            var begun = Environment.TickCount64;
            while (_ring.TryRead(out var record))
            {
                // Records may come as fast as they are learned from.
                if (Environment.TickCount64 - begun >= GatherMilliseconds)
                {
                    PublishLearned();
                    begun = Environment.TickCount64;
                }

                Guard(record.BackendId, () =>
                {
                    if (TrainingRow.From(record) is { } row)
                    {
                        fresh.Add(row);
                        Learn(row, record);
                    }
                });
                if (settle)
                {
                    RefitDue(settle, fresh.Count > 0);
                }
            }

            PublishLearned();
            _log?.Append(fresh);
            if (RefitDue(settle, fresh.Count > 0) || _learned - _savedAt >= SaveRows)
            {
                Save();
            }

            return _due.Count > 0;
        }
    }

    // Several that fell due for a backend meanwhile are one.
    private bool RefitDue(bool settle, bool jobsEnded)
    {
        var done = false;
        while (NextDue(settle, jobsEnded) is { } id)
        {
            PublishLearned();
            _due.Remove(id);
            void Fit() => Guard(id, () => Refit(id, judge: true));
            if (_pace is null)
            {
                Fit();
            }
            else
            {
                _pace.Fit(Fit);
            }

            done = true;
        }

        return done;
    }

    // The longest due first. A backend's first fit waits for nobody: it is small, and before it next to nothing is known.
    private string? NextDue(bool settle, bool jobsEnded) =>
        _due.Count == 0 ? null
        : settle ? _due[0]
        : _due.Find(id => _rows[id].RefittedAt == 0) ?? (_pace!.MayFit(jobsEnded) ? _due[0] : null);

    // What cannot be learned from, or a model that cannot be fitted, leaves the old model in place.
    private void Guard(string backendId, Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or ArithmeticException or IndexOutOfRangeException)
        {
            LearningFailed(exception, backendId);
        }
    }

    private void Learn(TrainingRow row, ExecutionRecord record)
    {
        Interlocked.Increment(ref _learned);
        var reservoir = ReservoirOf(row.BackendId, row.Basis);
        reservoir.Add(row);
        _pinned.Add(row);
        var model = LatestOf(row);
        var waitSeconds = record.QueueTime.TotalSeconds;
        var waits = waitSeconds > 0 && double.IsFinite(waitSeconds) ? [.. model.Waits.TakeLast(199), waitSeconds] : model.Waits;
        var time = model.Predict(row.Terms, row.Features, row.Kin);
        var error = Math.Log(row.Seconds) - time.Median;
        var next = model.With(row) with { Waits = waits };
        var drifted = false;
        if (!row.IsCensored || error > 0)
        {
            var (low, high) = model.Intervals[time.Group];
            reservoir.Contest.Note(row, error);
            if (reservoir.Drift.Add(error, time.Scale * (high - low) / (2 * 1.645)) is { } level)
            {
                // One number at once; the rest with the refit.
                drifted = true;
                Note(row.BackendId, s => s with { DriftAlarms = s.DriftAlarms + 1, DriftedAt = record.Timestamp, DriftFactor = Math.Exp(level), IsAdapting = true });
                next = next with { Bias = RunningBias.At(model.Bias.Value + level), Repeats = RepeatedTimes.Empty };
                DriftFound(row.BackendId, Math.Exp(level));
            }
        }

        if (record is { Cost: > 0, ListCost: > 0 })
        {
            var charged = Math.Log((double)(record.Cost / record.ListCost));
            next = next with { Charges = model.Charges.With(charged) };
            if (reservoir.PriceDrift.Add(charged - model.Charges.Value, PriceScale) is { } level)
            {
                next = next with { Charges = RunningBias.At(model.Charges.Value + level) };
                PriceChanged(row.BackendId, Math.Exp(next.Charges.Value));
                Note(row.BackendId, s => s with { PriceAlarms = s.PriceAlarms + 1 });
            }

            Note(row.BackendId, s => s with { ChargeFactor = Math.Exp(next.Charges.Value) });
        }

        if (record.MeasuredFidelity is { } fidelity)
        {
            next = next with { Fidelity = model.Fidelity.With(fidelity, record.ExpectedLogLoss) };
        }

        _unpublished[row.BackendId] = next;
        var seen = reservoir.Seen;
        Note(row.BackendId, s => s with { Records = seen });
        var early = seen >= ModelBuilder.ForestRows && seen < _options.ModelUpdateFrequency && seen % ModelBuilder.ForestRows == 0 && IsPowerOfTwo(seen / ModelBuilder.ForestRows);
        if (error > Surprise && row.Seconds > WorthLearning && seen >= ModelBuilder.ForestRows && seen - reservoir.RefittedAt >= Math.Max(SurpriseRows, reservoir.RefittedAt / 8))
        {
            // A long run that took several times what was predicted would be repeated by the next job like it. With an eighth more rows at least, so that outliers do not refit all the time.
            reservoir.RefitAt = seen;
        }

        reservoir.RefitAt = drifted ? seen + 40 : reservoir.RefitAt;
        if ((early || seen == reservoir.RefitAt || seen % _options.ModelUpdateFrequency == 0) && !_due.Contains(row.BackendId))
        {
            _due.Add(row.BackendId);
        }
    }

    private BackendModel LatestOf(TrainingRow row)
    {
        if (_unpublished.TryGetValue(row.BackendId, out var model))
        {
            if (model.Analytic.Basis.Name == row.Basis)
            {
                return model;
            }

            PublishLearned();
        }

        return _publisher.Current.ModelOf(row.BackendId, row.Basis);
    }

    private void PublishLearned()
    {
        if (_unpublished.Count > 0)
        {
            Publish(_unpublished);
            _unpublished.Clear();
        }
    }

    private void Refit(string backendId, bool judge)
    {
        var reservoir = _rows[backendId];
        reservoir.RefittedAt = reservoir.Seen;
        FitsTried++;
        var rows = reservoir.Rows;
        var current = _publisher.Current;
        var champion = current.ModelOf(backendId, reservoir.Basis);
        var challenger = Fit(backendId, reservoir, champion);
        var heldOut = challenger.HeldOut;
        challenger = challenger with { HeldOut = BackendModel.NoRows };
        if (judge && (reservoir.Contest.Refuse(champion, challenger, heldOut) ?? _pinned.Refuse(backendId, champion, challenger, current)) is { } reason)
        {
            Note(backendId, s => s with { IsAdapting = false });
            ChallengerRejected(backendId, reason);
            return;
        }

        reservoir.Keep(champion);
        reservoir.Contest.Clear();
        Publish([new(backendId, challenger with { Repeats = champion.Repeats, Fidelity = champion.Fidelity, Charges = champion.Charges })]);
        Interlocked.Increment(ref _trained);
        Note(backendId, s => s with { Fits = s.Fits + 1, FittedVersion = _publisher.Current.Version, Records = reservoir.Seen, IsAdapting = false });
        ModelFitted(backendId, rows.Count, challenger.Residual is null ? "analytic" : "analytic + learned");
    }

    // Models first, so that nothing needs to be fitted; where one is missing, from the rows.
    private void Resume(Dictionary<string, LearnedBackend> learned, IEnumerable<TrainingRow> rows)
    {
        foreach (var row in rows)
        {
            ReservoirOf(row.BackendId, row.Basis).Add(row);
            _pinned.Add(row);
        }

        foreach (var (id, backend) in learned)
        {
            ReservoirOf(id, backend.Model.Analytic.Basis.Name).Resume(backend);
        }

        foreach (var id in learned.Keys)
        {
            Note(id, s => s with { Records = _rows[id].Seen });
        }

        Publish(learned.Select(l => KeyValuePair.Create(l.Key, l.Value.Model)));
        foreach (var id in _rows.Keys.Where(id => !learned.ContainsKey(id)).ToList())
        {
            Refit(id, judge: false);
        }
    }

    private void Save()
    {
        _savedAt = _learned;
        _store?.Save(Snapshot(withRows: false));
    }

    private Dictionary<string, LearnedBackend> Snapshot(bool withRows)
    {
        var current = _publisher.Current;
        return _rows.ToDictionary(r => r.Key, r => new LearnedBackend(r.Value.Seen, current.ModelOf(r.Key, r.Value.Basis), r.Value.Earlier, withRows ? r.Value.Rows : []));
    }

    private void Publish(IEnumerable<KeyValuePair<string, BackendModel>> changed) => _publisher.Update(changed);

    private Reservoir ReservoirOf(string backendId, string basis)
    {
        if (!_rows.TryGetValue(backendId, out var reservoir) || reservoir.Basis != basis)
        {
            reservoir = new Reservoir(basis, _options.ReservoirSize, (ulong)_options.Seed);
            _rows[backendId] = reservoir;
        }

        return reservoir;
    }

    private void Note(string backendId, Func<ModelStatus, ModelStatus> change) => _status[backendId] = change(_status.GetValueOrDefault(backendId) ?? new ModelStatus());

    private static bool IsPowerOfTwo(long value) => value > 0 && (value & (value - 1)) == 0;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Learning from a record of backend '{Backend}' failed; the model stays as it was")]
    private partial void LearningFailed(Exception exception, string backend);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Backend '{Backend}' has changed: its runs now take {Factor} times what was predicted; predictions are corrected, and a new model is fitted soon")]
    private partial void DriftFound(string backend, double factor);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Backend '{Backend}' charges {Factor} times what the price list says; predictions are corrected, and the list should be")]
    private partial void PriceChanged(string backend, double factor);

    [LoggerMessage(Level = LogLevel.Information, Message = "A new model of backend '{Backend}' was fitted to {Rows} records ({Kind})")]
    private partial void ModelFitted(string backend, int rows, string kind);

    [LoggerMessage(Level = LogLevel.Information, Message = "Backend '{Backend}' is predicted again by the model before the latest fit")]
    private partial void RolledBack(string backend);

    [LoggerMessage(Level = LogLevel.Information, Message = "A new model of backend '{Backend}' is not used: {Reason}")]
    private partial void ChallengerRejected(string backend, string reason);
}
