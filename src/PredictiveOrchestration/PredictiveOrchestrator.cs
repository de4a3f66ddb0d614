using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Learning;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Simulation;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>
/// Takes circuits, predicts for every backend what they would take, chooses one by a strategy, executes, and learns from what happened.
/// Make one with <see cref="PredictiveOrchestratorBuilder"/>, start it, use it from any number of threads, stop it.
/// </summary>
public sealed partial class PredictiveOrchestrator : IAsyncDisposable
{
    private readonly System.Runtime.CompilerServices.ConditionalWeakTable<Circuit, KnownCircuit> _circuits = [];
    private readonly PredictiveOrchestratorOptions _options;
    private readonly BackendRegistry _registry;
    private readonly IReadOnlyDictionary<string, IBackendRouter> _routers;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly BackendHealthTracker _health;
    private readonly PriceTable _prices;
    private readonly CostAnalyzer _costs;
    private readonly BudgetLedger _ledger;
    private readonly MeteredSpending _account;
    private readonly RunJournal _journal;
    private readonly BackendLoadTracker _loads;
    private readonly DecisionEngine _decisions;
    private readonly ExplorationLedger _exploration;
    private readonly TelemetryRingBuffer _ring;
    private readonly OrchestrationMetrics _metrics;
    private readonly TelemetryStore? _ownStore;
    private readonly ModelPublisher _publisher = new(new PerformancePredictor(0, []));
    private readonly ConversionCosts _conversions;
    private readonly PlanningCost _planning = new();
    private readonly CheckpointStore? _checkpoints;
    private readonly RunningWork _running = new();
    private readonly List<IAsyncDisposable> _sources = [];
    private readonly SemaphoreSlim _lifecycle = new(1, 1);
    private readonly CancellationTokenSource _aborted = new();
    private LocalAdmission? _admission;
    private LearningLoop? _learning;
    private volatile string _strategy;
    private long _memoryBytes;
    private bool _stopped;

    internal PredictiveOrchestrator(
        PredictiveOrchestratorOptions options, BackendRegistry registry, IReadOnlyDictionary<string, IBackendRouter> routers, TimeProvider time, ILogger logger, IMeterFactory? meters,
        TelemetryStore? store = null)
    {
        _options = options;
        _registry = registry;
        _routers = routers;
        _time = time;
        _logger = logger;
        _health = new BackendHealthTracker(time);
        _conversions = new ConversionCosts(time);
        _checkpoints = options.CheckpointDirectory is { } folder ? new CheckpointStore(folder, options.Checkpoints, time, logger) : null;
        _prices = new PriceTable(new Dictionary<string, PriceModel>(options.Prices), options.PriceList, options.Currency, time, options.BudgetLedgerPath is { } ledger ? ledger + ".allowances" : null, logger);
        _costs = new CostAnalyzer(options.Currency);
        IEnumerable<BudgetCap> total = options.Budget is { } budget ? [new BudgetCap(BudgetScope.Total, budget)] : [];
        _ledger = new BudgetLedger(options.Currency, [.. total, .. options.BudgetCaps], options.BudgetLedgerPath, time);
        _account = new MeteredSpending(_ledger, _prices);
        _loads = new BackendLoadTracker(time);
        _decisions = new DecisionEngine(_prices, _health, _loads, new DecisionPreferences(options.CostWeight, options.PerformanceWeight, options.PerformanceThreshold, options.HysteresisMargin, options.RoutingSeed));
        _exploration = new ExplorationLedger(options.ExplorationShare, options.ExplorationBudget);
        _journal = new RunJournal(options.TelemetryRetention, options.TelemetryInterval, _loads, time);
        _ring = new TelemetryRingBuffer(options.TelemetryRetention);
        _ownStore = store is null && options.TelemetryStorePath is { } file ? new TelemetryStore(file, options.TelemetryStore, time, logger) : null;
        TelemetryStore = store ?? _ownStore;
        _metrics = new OrchestrationMetrics(meters, () => (_loads.Running, _admission?.QueueLength ?? 0, _admission?.Load ?? 0, _ring.Dropped + (TelemetryStore?.Status.Dropped ?? 0)));
        _subscribers = new Subscribers<OrchestrationEvent>((exception, happened) => SubscriberFailed(exception, happened.GetType().Name));
        Monitor = new PerformanceMonitor(options.Alerts with { }, time, logger);
        _strategy = RoutingStrategies.NameOf(options.RoutingStrategy)!;
    }

    /// <summary>Where paid work reserves and settles in place of the ledger of its own, or null.</summary>
    internal ISpendGate? Spending { get; init; }

    /// <summary>What brings backends from elsewhere while it runs.</summary>
    internal IReadOnlyList<IBackendSource> Sources { get; init; } = [];

    /// <summary>Gets the registry; backends may be added and removed at any time.</summary>
    public BackendRegistry Backends => _registry;

    /// <summary>Gets the model in use, which predicts alone: before the start it knows no measured time. A snapshot: ask again for a later one.</summary>
    public IPerformancePredictor Predictor => _publisher.Current;

    /// <summary>Replaces the model, for tests that set what things cost.</summary>
    internal void Publish(PerformancePredictor model) => _publisher.Publish(model);

    /// <summary>Gets a value indicating whether it is started and not stopped.</summary>
    public bool IsRunning => _running.IsOpen;

    /// <summary>Gets the monitor, which says when something needs attention.</summary>
    public PerformanceMonitor Monitor { get; }

    /// <summary>Gets where execution records are kept beyond the process, or null.</summary>
    public TelemetryStore? TelemetryStore { get; }

    /// <summary>Starts: loads or makes the calibration (at most <c>CalibrationBudget</c>), loads what was learned, and begins to learn. A second call does nothing.</summary>
    /// <param name="cancellationToken">Gives up; the orchestrator is then as before.</param>
    /// <exception cref="ObjectDisposedException">It was stopped.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _lifecycle.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_running.CanStart())
            {
                return;
            }

            var directory = StateDirectory();
            var calibration = await CalibrateAsync(directory, cancellationToken).ConfigureAwait(false);
            if (_options.Swap.Enabled && _options.CalibrationBudget > TimeSpan.Zero)
            {
                await _conversions.CalibrateAsync(_registry.Current.Backends, cancellationToken).ConfigureAwait(false);
            }

            var model = new PerformancePredictor(1, ModelBuilder.Calibrated(calibration));
            if (_options.Swap.Enabled && _options.CalibrationBudget > TimeSpan.Zero)
            {
                PlanningCost.WarmUp(_registry.Current.Backends, _conversions, profile => new SegmentCostModel(model, profile, new JobShape(1, Environment.ProcessorCount, 0, 0)));
            }

            _publisher.Publish(model);
            _memoryBytes = _options.MaxMemoryBytes ?? MachineMemory.AvailableBytes;
            _admission = new LocalAdmission(_memoryBytes, Environment.ProcessorCount, _options.MaxQueueLength);
            if (_options.Learning)
            {
                _learning = new LearningLoop(_ring, _publisher, calibration, new LearningOptions { ModelUpdateFrequency = _options.ModelUpdateFrequency, Complexity = _options.ModelComplexity, ReservoirSize = _options.ModelComplexity.TrainingRows, KeptRows = _options.TelemetryRetention }, directory, _logger);
                _learning.Start();
            }

            OpenAccounts(_registry.Current.Backends);
            await WarmUpAsync(cancellationToken).ConfigureAwait(false);
            _checkpoints?.Prune();
            foreach (var source in Sources)
            {
                _sources.Add(await source.StartAsync(new BackendSourceContext(_registry, this), cancellationToken).ConfigureAwait(false));
            }

            _running.Open();
            Started(_registry.Current.Backends.Length, _publisher.Current.Version);
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    /// <summary>
    /// Stops: takes no more work, waits at most <c>StopTimeout</c> for what is running and then cancels it, and learns from every record.
    /// A second call does nothing.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait: running work is cancelled at once.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        await _lifecycle.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            var idle = _running.Close();
            try
            {
                await idle.WaitAsync(_options.StopTimeout, _time, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
            {
                await _aborted.CancelAsync().ConfigureAwait(false);
                await idle.ConfigureAwait(false);
            }

            foreach (var source in _sources)
            {
                await source.DisposeAsync().ConfigureAwait(false);
            }

            _sources.Clear();
            if (_learning is not null && !_stopped)
            {
                await _learning.DisposeAsync().ConfigureAwait(false);
            }

            await _ledger.DisposeAsync().ConfigureAwait(false);
            _prices.Dispose();
            if (_ownStore is not null)
            {
                await _ownStore.DisposeAsync().ConfigureAwait(false);
            }

            _metrics.Dispose();
            _stopped = true;
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    /// <summary>Stops and frees what is held.</summary>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    /// <summary>Profiles, predicts, routes and executes a circuit, and learns from it.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="request">Shots, seed, what to return, limits; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels; the run is recorded, but not held against the backend.</param>
    /// <exception cref="NoFeasibleBackendException">No backend can run it; each one's reason is given.</exception>
    /// <exception cref="BackendException">The run failed on every backend that could be tried, or reached the caller's limits; the last error.</exception>
    /// <exception cref="QueueFullException">Too many runs are waiting.</exception>
    /// <exception cref="InvalidOperationException">The orchestrator is not started.</exception>
    /// <exception cref="ObjectDisposedException">The orchestrator was stopped.</exception>
    public async Task<OrchestrationResult> ExecuteAsync(Circuit circuit, OrchestrationRequest? request = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        request ??= OrchestrationRequest.Default;
        using var work = _running.Enter();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _aborted.Token);

        using var activity = _isShadow ? null : OrchestrationMetrics.Activities.StartActivity(TelemetryNames.ExecuteActivity);
        (circuit, var optimization) = await OptimizedAsync(circuit, request, either.Token).ConfigureAwait(false);
        var start = _time.GetTimestamp();
        var backends = _registry.Current;
        var model = _publisher.Current;
        var known = Known(circuit, request, backends);
        var decision = DecideToRun(known, circuit, request, backends, model);
        var profile = known.ProfileFor(decision);
        var decisionTime = Since(start);
        var run = Guid.CreateVersion7(_time.GetUtcNow());
        var label = new SpendLabel(request.Key ?? run.ToString(), request.Tag);
        Decided(decision, decisionTime);
        Tell(label.Key, decision, profile, decisionTime, request);
        activity?.Describe(decision, profile, request.Shots);

        OpenAccounts(decision.Ranked.Where(r => !r.Candidate.Backend.IsLocal).Select(r => backends.Find(r.Candidate.Backend.Id)));
        _loads.Of(decision.Chosen.Candidate.Backend.Id).Began();
        ExecutionReport? report = null;
        try
        {
            report = await new HotSwapExecutor(
                backends, _admission!, new MeteredSpending(Spending ?? _ledger, _prices, decision, profile), _time, SwapJob(model, profile, request), _prices.IsMetered).RunAsync(decision, ToBackend(circuit, request), label, either.Token).ConfigureAwait(false);
            var cost = await RecordAsync(report, decision, profile, request, new JobIdentity(run, circuit.Operations.Length)).ConfigureAwait(false);
            return report.Last.Result is { } result
                ? Complete(result, report, decision, profile, decisionTime, cost) with { Optimization = optimization }
                : throw Failure(report.Last.Error!);
        }
        finally
        {
            Explored(decision, report);
            _loads.Of(decision.Chosen.Candidate.Backend.Id).Ended();
        }
    }

    /// <summary>Reads OpenQASM 2 or 3 and executes it.</summary>
    /// <param name="openQasm">The source text.</param>
    /// <param name="request">Shots, seed, what to return, limits; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="OpenQasmException">The source has errors; the exception carries them all.</exception>
    public Task<OrchestrationResult> ExecuteAsync(string openQasm, OrchestrationRequest? request = null, CancellationToken cancellationToken = default) =>
        ExecuteAsync(OpenQasmReader.Read(openQasm).GetCircuitOrThrow(), request, cancellationToken);

    /// <summary>Says which backend would run a circuit and what it would take; runs nothing.</summary>
    /// <exception cref="NoFeasibleBackendException">No backend can run it.</exception>
    public RoutingRecommendation GetRoutingRecommendation(Circuit circuit, OrchestrationRequest? request = null)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        request ??= OrchestrationRequest.Default;
        return Recommend(Known(circuit, request, _registry.Current), circuit, request);
    }

    /// <summary>Says which backend would run a circuit of this profile; runs nothing.</summary>
    /// <exception cref="NoFeasibleBackendException">No backend can run it.</exception>
    public RoutingRecommendation GetRoutingRecommendation(CircuitProfile profile, OrchestrationRequest? request = null)
    {
        ArgumentNullException.ThrowIfNull(profile);
        return Recommend(new KnownCircuit(profile), null, request ?? OrchestrationRequest.Default);
    }

    /// <summary>Changes the strategy for decisions from now on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The strategy is not declared.</exception>
    public void SetRoutingStrategy(RoutingStrategy strategy) =>
        SetRoutingStrategy(RoutingStrategies.NameOf(strategy) ?? throw new ArgumentOutOfRangeException(nameof(strategy), strategy, $"The strategy '{strategy}' is not declared."));

    /// <summary>Changes the strategy to a router by its name, built-in or custom.</summary>
    /// <exception cref="ArgumentException">No router has that name.</exception>
    public void SetRoutingStrategy(string router)
    {
        ArgumentNullException.ThrowIfNull(router);
        _strategy = _routers.ContainsKey(router)
            ? router
            : throw new ArgumentException($"No router is named '{router}'. Registered are {string.Join(", ", _routers.Keys.Order())}.", nameof(router));
    }

    /// <summary>Gets all backends, and which of them take work now.</summary>
    public IReadOnlyList<BackendStatus> GetAvailableBackends()
    {
        var waiting = _admission?.Waiting();
        return
        [
            .. _registry.Current.Backends.Select(b =>
            {
                var reason = _health.Reason(b);
                var id = b.Descriptor.Id;
                return new BackendStatus(b.Descriptor, reason is null, reason ?? string.Empty, _loads.Of(id).InFlight, _health.SuccessRate(id)) { Waiting = waiting?.GetValueOrDefault(id) ?? 0 };
            }),
        ];
    }

    /// <summary>Gets what routing has done so far.</summary>
    public RoutingStatistics GetRoutingStatistics() =>
        _journal.Statistics(_strategy, _learning?.ModelsTrained ?? 0, _learning?.RecordsLearned ?? 0, _ring.Dropped, _exploration.Totals(BackendRouters.Predictive).Runs);

    /// <summary>Gets what runs have cost, and a forecast over <c>PredictionHorizon</c> steps.</summary>
    public CostAnalysis GetCostAnalysis()
    {
        var balance = _ledger.Known();
        return _costs.GetCostAnalysis(balance, _options.Budget, _journal.CostForecast(_options.PredictionHorizon, _options.Budget - balance.Spent - balance.Reserved));
    }

    /// <summary>Gets how busy the orchestrator is, and a forecast over <c>PredictionHorizon</c> steps.</summary>
    public RealTimeMetrics GetRealTimeMetrics() => _journal.Metrics(
        _admission?.Load ?? 0, GetAvailableBackends().Count(b => b.IsAvailable), _admission?.QueueLength ?? 0, _options.PredictionHorizon);

    /// <summary>Gets what to look at when decisions seem wrong.</summary>
    public DebugInfo GetDebugInfo() => _journal.Debug(_publisher.Current.Version, _registry.Current.Version, _learning?.Status ?? new Dictionary<string, ModelStatus>());

    /// <summary>Learns from everything recorded so far before it returns; for tests and benchmarks.</summary>
    internal Task FlushLearningAsync() => _learning?.FlushAsync() ?? Task.CompletedTask;

    // What a run leaves open is settled here when it is cleared up later.
    private void OpenAccounts(IEnumerable<IQuantumBackend?> backends)
    {
        if (_isShadow)
        {
            return;
        }

        foreach (var backend in backends)
        {
            (backend as IPayingBackend)?.UseAccount(_account);
        }
    }

    private void Decided(RoutingDecision decision, TimeSpan took)
    {
        _journal.Decided(decision, took);
        _metrics.Decided(decision.Strategy, decision.Chosen.Candidate.Backend.Id, took);
    }

    // A clock may go backwards; time does not.
    private TimeSpan Since(long start) => _time.GetElapsedTime(start) is { Ticks: > 0 } elapsed ? elapsed : TimeSpan.Zero;

    private double? BudgetUse()
    {
        if (_options.Budget is not { } budget || budget == 0)
        {
            return null;
        }

        var balance = _ledger.Known();
        return (double)((balance.Spent + balance.Reserved) / budget);
    }

    private RoutingRecommendation Recommend(KnownCircuit known, Circuit? circuit, OrchestrationRequest request)
    {
        using var work = _running.Enter();
        var start = _time.GetTimestamp();
        var decision = Decide(known, circuit, request, _registry.Current, _publisher.Current);
        var took = Since(start);
        Decided(decision, took);
        Tell(null, decision, known.Profile, took, request);
        if (known.Recommendation is RoutingRecommendation latest && ReferenceEquals(latest.Decision, decision))
        {
            return latest;
        }

        var recommendation = new RoutingRecommendation { Decision = decision, Profile = known.ProfileFor(decision) };
        known.Recommendation = recommendation;
        return recommendation;
    }

    // A circuit is immutable: it is profiled once while it is alive.
    private KnownCircuit Known(Circuit circuit) =>
        _circuits.TryGetValue(circuit, out var known) ? known : _circuits.GetValue(circuit, static c => new KnownCircuit(CircuitProfiler.Profile(c)));

    // Where devices may be asked, it is compiled for them once for each set of backends.
    private KnownCircuit Known(Circuit circuit, OrchestrationRequest request, BackendSet backends)
    {
        var known = Known(circuit);
        if (!backends.HasCompilers || request.RequireExact || known.CompiledFor == backends.Version)
        {
            return known;
        }

        var entries = new List<DeviceEntry>();
        foreach (var backend in backends.Backends)
        {
            if (backend is ICompilingBackend compiler && circuit.NumQubits <= backend.Descriptor.Capabilities.MaxQubits && compiler.Compile(circuit, _aborted.Token) is { } counts)
            {
                entries.Add(new DeviceEntry(backend.Descriptor.Id, counts));
            }
        }

        var compiled = new KnownCircuit(known.Profile with { OnDevices = entries.Count == 0 ? null : new DeviceTable(entries) }) { CompiledFor = backends.Version };
        _circuits.AddOrUpdate(circuit, compiled);
        return compiled;
    }

    private RoutingDecision Decide(KnownCircuit known, Circuit? circuit, OrchestrationRequest request, BackendSet backends, PerformancePredictor model) =>
        _decisions.Decide(known, circuit, Terms(request), backends, model, RouterOf(request));

    private IBackendRouter RouterOf(OrchestrationRequest request) => request.Strategy is not { } name ? _routers[_strategy] : _routers.TryGetValue(name, out var router) ? router
        : throw new ArgumentException($"No router is named '{name}'. Registered are {string.Join(", ", _routers.Keys.Order())}.", nameof(request));

    // Explores only with a stake in the ledger; where another run took the room meanwhile, the greedy choice runs.
    private RoutingDecision DecideToRun(KnownCircuit known, Circuit circuit, OrchestrationRequest request, BackendSet backends, PerformancePredictor model)
    {
        var router = RouterOf(request);
        var decision = _decisions.Decide(known, circuit, Terms(request), backends, model, router, router is IChanceRouter { NeedsDraw: false } ? _exploration.Available(router.Name) : default);
        return decision.ExplorationLimit is not { } limit || _exploration.TryStake(decision.Strategy, limit.TotalSeconds + ThompsonExploration.ReactionSeconds, decision.Chosen.Candidate.Cost.Upper)
            ? decision
            : _decisions.Decide(known, circuit, Terms(request), backends, model, router);
    }

    // Brings the ledger of exploration up to date with a finished job; without a report the job never ran.
    private void Explored(RoutingDecision decision, ExecutionReport? report)
    {
        var attempts = report?.Attempts ?? [];
        if (decision.ExplorationLimit is { } limit)
        {
            var took = attempts.Count == 0 ? 0 : attempts[0].Elapsed.TotalSeconds;
            var cost = decision.Chosen.Candidate.Cost.Upper;
            _exploration.Settle(decision.Strategy, limit.TotalSeconds + ThompsonExploration.ReactionSeconds, cost, took, attempts.Count == 0 ? 0 : cost);
        }

        for (var i = decision.IsExploration ? 1 : 0; i < attempts.Count; i++)
        {
            // The ledger rests on what the greedy choice took, not on what was tried before it.
            if (!attempts[i].IsTrial)
            {
                _exploration.Greedy(decision.Strategy, attempts[i].Elapsed.TotalSeconds);
            }
        }
    }

    // The live load and the drift of a backend, from a finished run.
    private void Observed(ExecutionAttempt attempt, ExecutionRecord record)
    {
        if (record.Outcome != ExecutionOutcome.Completed)
        {
            return;
        }

        var prediction = attempt.Ranked.Candidate.Prediction;
        var remoteWait = attempt.Result?.Timings.Queue.TotalSeconds ?? 0;
        _loads.Of(record.BackendId).Observe(
            (record.ServiceTime.TotalSeconds + remoteWait) / LogNormal.Pessimistic(prediction),
            Math.Log(record.ServiceTime.TotalSeconds / prediction.Seconds.Median) / prediction.LogSecondsSigma);
    }

    private DecisionTerms Terms(OrchestrationRequest request)
    {
        var observables = 0;
        for (var i = 0; i < request.Observables.Count; i++)
        {
            observables += request.Observables[i].Terms.Count;
        }

        return new DecisionTerms(
            request.Shots, request.Limits.Threads, observables, request.TopProbabilities, request.RequireExact, request.Backend, request.CostThreshold ?? _options.CostThreshold,
            request.Limits.Time, Math.Min(_memoryBytes, request.Limits.MemoryBytes ?? long.MaxValue)) { IsShotRange = request.FirstShot > 0 };
    }

    private HotSwapJob? SwapJob(PerformancePredictor model, CircuitProfile profile, OrchestrationRequest request) =>
        _checkpoints is null && (!_options.Swap.Enabled || (request.Backend is not null && request.SwapControl is null)) ? null : new HotSwapJob(
            _options.Swap, _conversions, _planning, () => new SegmentCostModel(model, profile, new JobShape(
                request.Shots, request.Limits.Threads ?? Environment.ProcessorCount, request.Observables.Sum(o => o.Terms.Count), request.TopProbabilities)),
            profile, Math.Min(_memoryBytes, request.Limits.MemoryBytes ?? long.MaxValue), id => _registry.Current.Find(id) is not { } backend || _health.Reason(backend) is null, request.SwapControl, _checkpoints, request.Backend);

    private static ExecutionRequest ToBackend(Circuit circuit, OrchestrationRequest request) => new()
    {
        Circuit = circuit,
        Shots = request.Shots,
        FirstShot = request.FirstShot,
        DefersReadout = request.DefersReadout,
        Seed = request.Seed,
        TopProbabilities = request.TopProbabilities,
        Observables = request.Observables,
        RequireExact = request.RequireExact,
        Limits = request.Limits,
        Progress = request.Progress,
    };

    // Writes a record for every attempt, and returns what they cost together.
    private async Task<decimal> RecordAsync(ExecutionReport report, RoutingDecision decision, CircuitProfile profile, OrchestrationRequest request, JobIdentity job)
    {
        var total = 0m;
        List<ExecutionRecord>? records = _subscribers.Any ? [] : null;
        var alternatives = decision.Ranked.Select(r => new CostAlternative(r.Candidate.Backend.Id, r.Candidate.TotalSeconds, r.Candidate.Cost.Median)).ToList();
        var place = new JobPlace(job.Run, 0, 0);
        for (var i = 0; i < report.Attempts.Count; i++)
        {
            var attempt = report.Attempts[i];
            place = place with { Attempt = i, Swaps = place.Swaps + (i > 0 && attempt.BackendId != report.Attempts[i - 1].BackendId ? 1 : 0) };
            var record = AttemptRecords.Of(attempt, decision, profile, attempt.Ranked.Candidate.Shape, _prices, request.Tag, _time.GetUtcNow(), place);
            total += record.Cost;
            records?.Add(record);
            _journal.Recorded(record);
            Show(record);
            _metrics.Recorded(record);
            TelemetryStore?.TryWrite(record);
            Monitor.Observe(record, new MonitoredState(BudgetUse(), _memoryBytes, (_admission?.QueueLength ?? 0) / (double)Math.Max(1, _options.MaxQueueLength)));
            _costs.Settle(record, attempt.Ranked.Candidate.Cost.Upper, alternatives);
            if (attempt.SpendKey is { } key)
            {
                await SettleAsync(key, record.Cost).ConfigureAwait(false);
            }

            Observed(attempt, record);
            if (AttemptRecords.HeldAgainstBackend(attempt) is { } succeeded)
            {
                _health.Report(record.BackendId, succeeded);
            }

            if (_options.Learning && _ring.TryWrite(record))
            {
                _learning!.Wake();
            }
        }

        foreach (var swap in report.Swaps)
        {
            _metrics.Swapped(swap.Trigger.ToString());
        }

        ActivityDescription.AddAttempts(report.Attempts, _time.GetUtcNow());
        _journal.Finished(report.Last.Result is not null, report.Swaps.Count);
        if (records is not null)
        {
            Tell(job, decision, report, records);
        }

        return total;
    }

    // A result is never thrown away because the ledger cannot be written: the reservation then stays until it is reconciled.
    private async Task SettleAsync(string key, decimal amount)
    {
        try
        {
            await (Spending ?? _ledger).SettleAsync(key, amount).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is BackendException or ObjectDisposedException)
        {
            NotSettled(exception, key, amount, _options.Currency);
        }
    }

    private static OrchestrationResult Complete(
        ExecutionResult result, ExecutionReport report, RoutingDecision decision, CircuitProfile profile, TimeSpan decisionTime, decimal cost)
    {
        var timings = result.Timings;
        return new OrchestrationResult
        {
            Execution = result with { Timings = timings with { Queue = timings.Queue + report.Last.QueueTime } },
            Profile = profile,
            Decision = decision,
            Attempts = report.Attempts,
            SwapEvents = report.Swaps,
            ResumedAtOperation = report.ResumedAt,
            DecisionTime = decisionTime,
            Cost = cost,
        };
    }

    private Exception Failure(Exception error)
    {
        System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(
            error is OperationCanceledException && _aborted.IsCancellationRequested ? new OperationCanceledException("The orchestrator was stopped while the run was under way.", error) : error);
        return error;
    }

    private async Task<IReadOnlyList<TrainingRow>> CalibrateAsync(string? directory, CancellationToken cancellationToken)
    {
        if (_options.CalibrationBudget == TimeSpan.Zero)
        {
            return [];
        }

        var backends = _registry.Current.Backends.Where(b => b is ICalibratable && _health.Reason(b) is null).ToList();
        if (backends.Count == 0)
        {
            return [];
        }

        var devices = string.Join('|', backends.Select(b => ((ICalibratable)b).CalibrationKey).Where(k => k.Length > 0));
        var store = directory is null ? null : new CalibrationStore(directory, _logger, devices);
        if (store?.Load([.. backends.Select(b => b.Descriptor.Id)]) is { } kept)
        {
            return kept;
        }

        var rows = await new CalibrationRunner(_time, _logger).RunAsync(backends, _options.CalibrationBudget, cancellationToken).ConfigureAwait(false);
        store?.Save(rows);
        return rows;
    }

    // The first decision and the first run on each engine would else wait for the compiler. Nothing of it is recorded.
    private async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        if (_options.CalibrationBudget == TimeSpan.Zero)
        {
            return;
        }

        var backends = _registry.Current;
        foreach (var backend in backends.Backends.Where(b => b is ICalibratable && _health.Reason(b) is null))
        {
            foreach (var workload in ((ICalibratable)backend).CalibrationWorkloads.Take(6))
            {
                try
                {
                    await backend.ExecuteAsync(workload, cancellationToken).ConfigureAwait(false);
                    Decide(Known(workload.Circuit), workload.Circuit, OrchestrationRequest.Default, backends, _publisher.Current).Explain();
                }
                catch (Exception exception) when (exception is BackendException or NoFeasibleBackendException)
                {
                    // A backend that cannot run its own workload says so when it is asked for a real one.
                }
            }
        }

        await RunShadowAsync(cancellationToken).ConfigureAwait(false);
    }

    private string? StateDirectory() => _options.StateDirectory switch
    {
        null => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "PredictiveOrchestration"),
        "" => null,
        var directory => directory,
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "Job '{Key}' cost {Amount} {Currency}, which could not be settled; its reservation stays until reconciled")]
    private partial void NotSettled(Exception exception, string key, decimal amount, string currency);

    [LoggerMessage(Level = LogLevel.Information, Message = "Started with {Backends} backends, model version {Version}")]
    private partial void Started(int backends, int version);
}
