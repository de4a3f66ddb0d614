using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Integration.Advice;
using PredictiveOrchestration.Integration.Knowledge;
using PredictiveOrchestration.Learning;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Prediction.Forecasting;
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
    private readonly PredictiveOrchestratorOptions _options;
    private readonly OrchestratorPlugs _plugs;
    private readonly BackendRegistry _registry;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly bool _isShadow;
    private readonly CancellationTokenSource _aborted = new();
    private readonly SemaphoreSlim _lifecycle = new(1, 1);
    private readonly RunningWork _running = new();
    private readonly List<IAsyncDisposable> _sources = [];
    private readonly KnownCircuits _circuits;
    private readonly BackendHealthTracker _health;
    private readonly BackendLoadTracker _loads;
    private readonly Money _money;
    private readonly LearnedModels _models;
    private readonly DecisionDesk _desk;
    private readonly CircuitComparer _comparer;
    private readonly OptimizedCircuits _optimized;
    private readonly AdvisedRuns _advised;
    private readonly HotSwapDesk _swaps;
    private readonly DecisionReplay _replay;
    private readonly TelemetryStore? _ownStore;
    private readonly OrchestrationMetrics _metrics;
    private readonly RunBooks _books;
    private LocalAdmission? _admission;

    internal PredictiveOrchestrator(
        PredictiveOrchestratorOptions options, BackendRegistry registry, IReadOnlyDictionary<string, IBackendRouter> routers, TimeProvider time, ILogger logger, OrchestratorPlugs plugs, bool isShadow = false)
    {
        (_options, _registry, _time, _logger, _plugs, _isShadow) = (options, registry, time, logger, plugs, isShadow);
        _circuits = new KnownCircuits(_aborted.Token);
        _health = new BackendHealthTracker(time);
        _loads = new BackendLoadTracker(time);
        _money = new Money(options, plugs.Spending, time, logger);
        _models = new LearnedModels(options, registry, () => _running.Any, time, logger);
        var preferences = new DecisionPreferences(options.CostWeight, options.PerformanceWeight, options.PerformanceThreshold, options.HysteresisMargin, options.RoutingSeed);
        _desk = new DecisionDesk(options, routers, new DecisionEngine(_money.Prices, _health, _loads, preferences));
        _comparer = new CircuitComparer(_desk, _circuits, _models.Publisher, registry);
        _optimized = new OptimizedCircuits(plugs.Optimizer, _comparer, _circuits, options, time, logger);
        _advised = new AdvisedRuns(plugs.Advisor, _desk, _comparer, ExecuteAsync);
        _swaps = new HotSwapDesk(options, registry, _health, time, logger);
        _replay = new DecisionReplay(options, _desk, _models.Publisher, registry, _money.Prices, time);
        _ownStore = plugs.Store is null && options.TelemetryStorePath is { } file ? new TelemetryStore(file, options.TelemetryStore, time, logger) : null;
        TelemetryStore = plugs.Store ?? _ownStore;
        _metrics = new OrchestrationMetrics(plugs.Meters, () => (_loads.Running, _admission?.QueueLength ?? 0, _admission?.Load ?? 0, _models.Dropped + (TelemetryStore?.Status.Dropped ?? 0)));
        var journal = new RunJournal(options.TelemetryRetention, options.TelemetryInterval, _loads, time);
        _books = new RunBooks(journal, new PerformanceMonitor(options.Alerts with { }, time, logger), _metrics, _money, _models, _health, _loads, TelemetryStore, plugs.Sinks, time, logger);
    }

    /// <summary>Gets the registry; backends may be added and removed at any time.</summary>
    public BackendRegistry Backends => _registry;

    /// <summary>Gets the model in use, which predicts alone: before the start it knows no measured time. A snapshot: ask again for a later one.</summary>
    public IPerformancePredictor Predictor => _models.Current;

    /// <summary>Gets a value indicating whether it is started and not stopped.</summary>
    public bool IsRunning => _running.IsOpen;

    /// <summary>Gets the monitor, which says when something needs attention.</summary>
    public PerformanceMonitor Monitor => _books.Monitor;

    /// <summary>Gets where execution records are kept beyond the process, or null.</summary>
    public TelemetryStore? TelemetryStore { get; }

    private RunJournal Journal => _books.Journal;

    /// <summary>Starts: loads or makes the calibration (as long as <c>CalibrationBudget</c> says), loads what was learned, and begins to learn. A second call does nothing.</summary>
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

            var startUp = new StartUp(_options, _registry, _health, _time, _logger);
            var calibration = await startUp.CalibrateAsync(cancellationToken).ConfigureAwait(false);
            await _swaps.CalibrateAsync(cancellationToken).ConfigureAwait(false);
            var model = new PerformancePredictor(1, ModelBuilder.Calibrated(calibration));
            _swaps.WarmUp(model);
            _models.Publisher.Publish(model);
            Admit(_options.MaxMemoryBytes ?? MachineMemory.AvailableBytes);
            _models.Start(calibration, startUp.StateDirectory);
            foreach (var backend in _registry.Current.Backends)
            {
                _money.OpenAccount(backend);
            }

            if (_options.CalibrationBudget > TimeSpan.Zero)
            {
                await using var shadow = Shadow();
                await startUp.WarmUpAsync(
                    c => _desk.Decide(_circuits.Of(c), c, OrchestrationRequest.Default, _registry.Current, _models.Current).Explain(), shadow.ExecuteAsync, cancellationToken).ConfigureAwait(false);
            }

            foreach (var source in _plugs.Sources)
            {
                _sources.Add(await source.StartAsync(new BackendSourceContext(_registry, this), cancellationToken).ConfigureAwait(false));
            }

            _running.Open();
            Started(_registry.Current.Backends.Length, _models.Current.Version);
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
            await _models.DisposeAsync().ConfigureAwait(false);
            await _money.DisposeAsync().ConfigureAwait(false);
            if (_ownStore is not null)
            {
                await _ownStore.DisposeAsync().ConfigureAwait(false);
            }

            _metrics.Dispose();
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
        (circuit, var optimization) = await _optimized.OfAsync(circuit, request, either.Token).ConfigureAwait(false);
        var start = _time.GetTimestamp();
        var (backends, model) = (_registry.Current, _models.Current);
        var known = _circuits.Of(circuit, request, backends);
        var decision = _desk.DecideToRun(known, circuit, request, backends, model);
        var profile = known.ProfileFor(decision);
        var decisionTime = _time.Since(start);
        var job = new JobIdentity(Guid.CreateVersion7(_time.GetUtcNow()), circuit.Operations.Length);
        var label = new SpendLabel(request.Key ?? job.Run.ToString(), request.Tag);
        _books.Decided(decision, decisionTime, profile, request, label.Key);
        activity?.Describe(decision, profile, request.Shots);
        if (!_isShadow)
        {
            _money.OpenAccounts(decision, backends);
        }

        _loads.Of(decision.Chosen.Candidate.Backend.Id).Began();
        ExecutionReport? report = null;
        try
        {
            var swaps = _swaps.Job(model, profile, () => known.Sketched(circuit, profile), request, _desk.BytesFor(request));
            var executor = new HotSwapExecutor(backends, _admission!, _money.GateOf(decision, profile), _time, swaps, _money.Prices.IsMetered);
            report = await executor.RunAsync(decision, request.For(circuit), label, either.Token).ConfigureAwait(false);
            var recorded = known.Recorded(report.Attempts.Any(a => CostBasisCatalog.Get(a.Ranked.Candidate.Backend.CostModel).IsSketched) ? known.Sketched(circuit, profile) : profile);
            var cost = await _books.RecordAsync(report, decision, recorded, request, job, State).ConfigureAwait(false);
            return report.Last.Result is { } result
                ? OrchestrationResult.Of(result, report, decision, profile, decisionTime, cost) with { Optimization = optimization }
                : throw Failure(report.Last.Error!);
        }
        finally
        {
            _desk.Explored(decision, report);
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
        return Recommend(_circuits.Of(circuit, request, _registry.Current), circuit, request);
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
        _desk.Strategy = router;
    }

    /// <summary>Says how a circuit would run better: by which strategy, how exact, in which order of qubits, in which parts; runs nothing.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="request">The request it would run with; null for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public StrategyAdvice GetStrategyAdvice(Circuit circuit, OrchestrationRequest? request = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        request ??= OrchestrationRequest.Default;
        using var work = _running.Enter();
        return _advised.Advise(circuit, request, cancellationToken);
    }

    /// <summary>
    /// Runs a circuit as advised, and gives the results as if it had run as it is: outcomes in its own order of qubits, blocks joined exactly. Blocks run one after the other, each under the
    /// request's limits; with more than 65,536 probabilities, or outcomes of all shots beyond 256 MiB, the circuit runs whole.
    /// </summary>
    /// <param name="circuit">The circuit that the advice is for.</param>
    /// <param name="advice">The advice; change it before to follow only a part.</param>
    /// <param name="request">The request; its strategy and exactness are the advice's.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="Routing.NoFeasibleBackendException">No backend can run it.</exception>
    /// <exception cref="BackendException">A run failed.</exception>
    public async Task<AdvisedResult> ExecuteAdvisedAsync(Circuit circuit, StrategyAdvice advice, OrchestrationRequest? request = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        ArgumentNullException.ThrowIfNull(advice);
        return await _advised.RunAsync(circuit, advice, request ?? OrchestrationRequest.Default, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Replays past runs under another strategy or other prices and says what they would have taken and cost. A run tells the truth about every strategy that would have made the same
    /// choice; where choices were left to chance their propensities count (doubly robust off-policy evaluation: Dudík, Langford, Li, arXiv:1103.4601); for the rest the
    /// model in use predicts, corrected by the mean error it makes on these runs.
    /// </summary>
    /// <param name="strategy">The strategy; what it leaves to chance it chooses greedily here.</param>
    /// <param name="records">The runs, such as those of the telemetry.</param>
    /// <param name="priceList">
    /// Prices that hold instead: an entry whose id is a backend's, in force on the day of the latest run, replaces that backend's price, and its exchange rates are used. Null (default) for the prices
    /// of the options.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The strategy is not declared.</exception>
    public WhatIfReport WhatIf(RoutingStrategy strategy, IReadOnlyList<ExecutionRecord> records, PriceList? priceList = null)
    {
        ArgumentNullException.ThrowIfNull(records);
        return _replay.WhatIf(strategy, records, priceList);
    }

    /// <summary>Makes a decision again, by the model it was made with; equal to the first one bit for bit.</summary>
    /// <param name="decision">A decision of this orchestrator.</param>
    /// <exception cref="InvalidOperationException">Its model is not kept any more (the latest 512 are), or it is not a decision of an orchestrator.</exception>
    public RoutingDecision Replay(RoutingDecision decision)
    {
        ArgumentNullException.ThrowIfNull(decision);
        return _replay.Replay(decision);
    }

    /// <summary>Makes a decision again from what <see cref="RoutingDecision.ToJson"/> wrote; equal to the first one bit for bit.</summary>
    /// <param name="decision">The JSON text.</param>
    /// <exception cref="FormatException">The text is not a decision.</exception>
    /// <exception cref="InvalidOperationException">Its model is not kept any more (the latest 512 are), or its router or one of its backends is not registered.</exception>
    public RoutingDecision Replay(string decision)
    {
        ArgumentNullException.ThrowIfNull(decision);
        return _replay.Replay(decision);
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
    public RoutingStatistics GetRoutingStatistics() => Journal.Statistics(_desk.Strategy, _models.ModelsTrained, _models.RecordsLearned, _models.Dropped, _desk.ExploredRuns);

    /// <summary>Gets what runs have cost, and a forecast over <c>PredictionHorizon</c> steps.</summary>
    public CostAnalysis GetCostAnalysis() => _money.Analyse(Journal);

    /// <summary>Gets how busy the orchestrator is, and a forecast over <c>PredictionHorizon</c> steps.</summary>
    public RealTimeMetrics GetRealTimeMetrics() => Journal.Metrics(_admission?.Load ?? 0, GetAvailableBackends().Count(b => b.IsAvailable), _admission?.QueueLength ?? 0, _options.PredictionHorizon);

    /// <summary>Gets what to look at when decisions seem wrong.</summary>
    public DebugInfo GetDebugInfo() => Journal.Debug(_models.Current.Version, _registry.Current.Version, _models.Status);

    /// <summary>Forecasts load, wait, execution time and cost of a backend over the next <c>PredictionHorizon</c> telemetry intervals; null if it has run nothing that is still kept.</summary>
    /// <param name="backendId">The backend.</param>
    public BackendForecast? GetForecast(string backendId)
    {
        ArgumentNullException.ThrowIfNull(backendId);
        return Journal.Forecasts(_options.PredictionHorizon).GetValueOrDefault(backendId);
    }

    /// <summary>
    /// Calls <paramref name="receiver"/> for every decision and every finished job from now on, on the thread of the run, which waits for it: it should only pass the event on. What it throws is
    /// logged and goes no further. Without subscribers nothing is made.
    /// </summary>
    /// <param name="receiver">Is told.</param>
    /// <returns>Disposing it ends the calls.</returns>
    public IDisposable Subscribe(Action<OrchestrationEvent> receiver) => _books.Subscribe(receiver);

    /// <summary>
    /// Writes what was learned so far: for each backend the model, the latest ones before it, and at most <see cref="ModelComplexity.TrainingRows"/> runs (about half a
    /// kilobyte each; no circuits), behind a version and a checksum.
    /// </summary>
    /// <param name="destination">Where to; it stays open.</param>
    /// <param name="cancellationToken">Gives up; what was written so far is of no use.</param>
    /// <exception cref="InvalidOperationException">The orchestrator is not started, or learning is off.</exception>
    public async Task ExportModelsAsync(Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        await destination.WriteAsync(await _models.ExportAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Takes what <see cref="ExportModelsAsync"/> wrote: its models replace those of the same backends at once, its runs are added to theirs. Either all of it counts or
    /// nothing. <see cref="RollBackModel"/> undoes it for a backend.
    /// </summary>
    /// <param name="source">Where from; read to its end, at most 1 GiB.</param>
    /// <param name="anyMachine">Whether to take what another machine or version of the library learned; its times are corrected by the first runs here.</param>
    /// <param name="cancellationToken">Gives up; nothing is changed then.</param>
    /// <exception cref="InvalidDataException">It is damaged, of another form, or of another machine or library.</exception>
    /// <exception cref="InvalidOperationException">The orchestrator is not started, or learning is off.</exception>
    public async Task ImportModelsAsync(Stream source, bool anyMachine = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        await _models.ImportAsync(source, anyMachine, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Goes back to the model of a backend that the latest fit or import replaced; up to four steps are kept, over restarts too. The next fit is judged against it.</summary>
    /// <param name="backendId">The backend.</param>
    /// <returns>Whether there was one; if not, nothing is changed.</returns>
    /// <exception cref="InvalidOperationException">The orchestrator is not started, or learning is off.</exception>
    public bool RollBackModel(string backendId)
    {
        ArgumentNullException.ThrowIfNull(backendId);
        return _models.RollBack(backendId);
    }

    /// <summary>Writes what this instance has learned into a store: its models with their runs, and the times of the structures among the kept records.</summary>
    /// <param name="store">The store.</param>
    /// <param name="instance">This instance's name, the same each time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidOperationException">The orchestrator is not started, or learning is off.</exception>
    public async Task ShareKnowledgeAsync(IKnowledgeStore store, string instance, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrEmpty(instance);
        await _models.ShareAsync(store, instance, Journal.Records(), _time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Learns from the runs that other instances wrote into a store. For each backend of the same id a model is fitted to all runs together; it is used only if it predicts this instance's own
    /// runs, each held out, no worse on average than one fitted without the others. Runs of faster or slower machines are brought to this one's level first. What other instances told is never
    /// written back as one's own; <see cref="RollBackModel"/> undoes it.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="instance">This instance's name: its own entries are left out.</param>
    /// <param name="cancellationToken">Gives up; nothing is changed then.</param>
    /// <returns>What was taken from whom, for each backend.</returns>
    /// <exception cref="InvalidDataException">An entry is damaged or of another form; nothing is changed then.</exception>
    /// <exception cref="InvalidOperationException">The orchestrator is not started, or learning is off.</exception>
    public async Task<IReadOnlyList<KnowledgeMerge>> LearnFromKnowledgeAsync(IKnowledgeStore store, string instance, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrEmpty(instance);
        return await _models.MergeAsync(store, instance, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Finds what all instances of a store together know of circuits of this structure, the fastest backend first.</summary>
    /// <param name="store">The store.</param>
    /// <param name="circuit">The circuit; angles do not count.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<CircuitPattern>> FindPatternsAsync(IKnowledgeStore store, Circuit circuit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(circuit);
        return CircuitPattern.Join(await store.FindAsync(KnowledgeKinds.Pattern, CircuitPattern.KeyOf(_circuits.Of(circuit).Profile.Features!.StructuralHash), cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Replaces the model, for tests that set what things cost.</summary>
    internal void Publish(PerformancePredictor model) => _models.Publisher.Publish(model);

    /// <summary>Learns from everything recorded so far before it returns; for tests and benchmarks.</summary>
    internal Task FlushLearningAsync() => _models.FlushAsync();

    /// <summary>The models, for instances that share them.</summary>
    internal LearnedModels Models => _models;

    /// <summary>The predicted times of circuits, planned first; for benchmarks.</summary>
    internal Func<Circuit, double> PlannedSecondsOf(OrchestrationRequest request) => _comparer.PlannedSeconds(request);

    private MonitoredState State() => new(_money.BudgetUse, _desk.MemoryBytes, (_admission?.QueueLength ?? 0) / (double)Math.Max(1, _options.MaxQueueLength));

    private void Admit(long memoryBytes)
    {
        _desk.MemoryBytes = memoryBytes;
        _admission = new LocalAdmission(memoryBytes, Environment.ProcessorCount, _options.MaxQueueLength);
    }

    // A second orchestrator on the same backends, of which nothing is kept or published, runs jobs as this one will: most of what the first job would wait for is the compilation of what
    // surrounds the engines.
    private PredictiveOrchestrator Shadow()
    {
        var options = new PredictiveOrchestratorOptions
        {
            Currency = _options.Currency, PriceList = _options.PriceList, Swap = _options.Swap, TelemetryRetention = 64, Learning = false, StateDirectory = string.Empty,
        };
        var shadow = new PredictiveOrchestrator(options, _registry, _desk.Routers, _time, NullLogger.Instance, new OrchestratorPlugs { Meters = new HiddenMeters() }, isShadow: true);
        shadow.Admit(_desk.MemoryBytes);
        shadow._models.Publisher.Publish(_models.Current);
        shadow._running.Open();
        return shadow;
    }

    private RoutingRecommendation Recommend(KnownCircuit known, Circuit? circuit, OrchestrationRequest request)
    {
        using var work = _running.Enter();
        var start = _time.GetTimestamp();
        var decision = _desk.Decide(known, circuit, request, _registry.Current, _models.Current);
        _books.Decided(decision, _time.Since(start), known.Profile, request, job: null);
        if (known.Recommendation is RoutingRecommendation latest && ReferenceEquals(latest.Decision, decision))
        {
            return latest;
        }

        var recommendation = new RoutingRecommendation { Decision = decision, Profile = known.ProfileFor(decision) };
        known.Recommendation = recommendation;
        return recommendation;
    }

    private Exception Failure(Exception error)
    {
        System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(
            error is OperationCanceledException && _aborted.IsCancellationRequested ? new OperationCanceledException("The orchestrator was stopped while the run was under way.", error) : error);
        return error;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Started with {Backends} backends, model version {Version}")]
    private partial void Started(int backends, int version);
}
