using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Integration.Advice;
using PredictiveOrchestration.Integration.Analytics;
using PredictiveOrchestration.Integration.Optimization;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Simulation.Gpu;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>Composes a <see cref="PredictiveOrchestrator"/>. Without further calls it has the in-process engines and the built-in routers.</summary>
public sealed class PredictiveOrchestratorBuilder
{
    private readonly List<IQuantumBackend> _backends = [];
    private readonly List<GpuStateVectorOptions> _gpus = [];
    private readonly List<IBackendRouter> _routers =
        [new PredictiveRouter(), new AdaptiveRouter(), new CostOptimizedRouter(), new PerformanceOptimizedRouter(), new BalancedRouter()];

    private readonly PredictiveOrchestratorOptions _options = new();
    private bool _localEngines = true;
    private TimeProvider _time = TimeProvider.System;
    private ILoggerFactory _loggers = NullLoggerFactory.Instance;
    private IMeterFactory? _meters;
    private TelemetryStore? _store;
    private readonly List<IAnalyticsSink> _sinks = [];
    private readonly List<IBackendSource> _sources = [];
    private ISpendGate? _spending;
    private Func<TimeProvider, ICircuitOptimizer>? _optimizer;
    private IStrategyAdvisor _advisor = new StrategyAdvisor();

    /// <summary>Adds a backend.</summary>
    public PredictiveOrchestratorBuilder AddBackend(IQuantumBackend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        _backends.Add(backend);
        return this;
    }

    /// <summary>
    /// Adds the state vector on a GPU. Its device is looked for when the orchestrator starts; where there is none,
    /// <see cref="PredictiveOrchestrator.GetAvailableBackends"/> says why, and everything else works as without it.
    /// </summary>
    /// <param name="options">Id, precision, devices; null for the defaults.</param>
    public PredictiveOrchestratorBuilder AddGpu(GpuStateVectorOptions? options = null)
    {
        _gpus.Add(options ?? new GpuStateVectorOptions());
        return this;
    }

    /// <summary>Adds a router, which <see cref="PredictiveOrchestrator.SetRoutingStrategy(string)"/> chooses by its name.</summary>
    public PredictiveOrchestratorBuilder AddRouter(IBackendRouter router)
    {
        ArgumentNullException.ThrowIfNull(router);
        _routers.Add(router);
        return this;
    }

    /// <summary>Leaves the in-process engines out.</summary>
    public PredictiveOrchestratorBuilder WithoutLocalEngines()
    {
        _localEngines = false;
        return this;
    }

    /// <summary>Changes options.</summary>
    public PredictiveOrchestratorBuilder Configure(Action<PredictiveOrchestratorOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        configure(_options);
        return this;
    }

    /// <summary>Sets the clock; the system's by default.</summary>
    public PredictiveOrchestratorBuilder UseTimeProvider(TimeProvider time)
    {
        _time = time ?? throw new ArgumentNullException(nameof(time));
        return this;
    }

    /// <summary>Sets where logs go; nowhere by default.</summary>
    public PredictiveOrchestratorBuilder UseLoggerFactory(ILoggerFactory loggers)
    {
        _loggers = loggers ?? throw new ArgumentNullException(nameof(loggers));
        return this;
    }

    /// <summary>Sets the factory of meters, so that a host's listeners tell this orchestrator's metrics apart; none by default.</summary>
    public PredictiveOrchestratorBuilder UseMeterFactory(IMeterFactory meters)
    {
        _meters = meters ?? throw new ArgumentNullException(nameof(meters));
        return this;
    }

    /// <summary>
    /// Sets where execution records are kept beyond the process, in place of a file at <see cref="PredictiveOrchestratorOptions.TelemetryStorePath"/>. It belongs to the caller, may serve several
    /// orchestrators, and is to be disposed after them.
    /// </summary>
    public PredictiveOrchestratorBuilder UseTelemetryStore(TelemetryStore store)
    {
        _store = store ?? throw new ArgumentNullException(nameof(store));
        return this;
    }

    /// <summary>
    /// Looks for a cheaper equivalent of each circuit before it runs, and uses it where the predicted saving is more than the time of looking; off by default. Looking takes at most a
    /// tenth of the predicted time, and is left out for runs predicted to take less than 10 ms, for those with a <see cref="OrchestrationRequest.SwapControl"/>, and where checkpoints are on.
    /// </summary>
    /// <param name="optimizer">The optimizer; null for a <see cref="CircuitOptimizer"/>.</param>
    public PredictiveOrchestratorBuilder UseOptimizer(ICircuitOptimizer? optimizer = null)
    {
        _optimizer = time => optimizer ?? new CircuitOptimizer(time: time);
        return this;
    }

    /// <summary>Sets who gives <see cref="PredictiveOrchestrator.GetStrategyAdvice"/>; a <see cref="StrategyAdvisor"/> by default.</summary>
    public PredictiveOrchestratorBuilder UseAdvisor(IStrategyAdvisor advisor)
    {
        _advisor = advisor ?? throw new ArgumentNullException(nameof(advisor));
        return this;
    }

    /// <summary>Adds a receiver of the record of every run. What it throws is logged, and never fails a run.</summary>
    public PredictiveOrchestratorBuilder AddAnalyticsSink(IAnalyticsSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        _sinks.Add(sink);
        return this;
    }

    /// <summary>Adds a source of backends that come and go while the orchestrator runs.</summary>
    public PredictiveOrchestratorBuilder AddBackendSource(IBackendSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        _sources.Add(source);
        return this;
    }

    /// <summary>
    /// Sets where paid work reserves and settles, in place of the orchestrator's own ledger: one budget for many processes. The caps of the options do not apply then.
    /// </summary>
    public PredictiveOrchestratorBuilder UseSpendGate(ISpendGate gate)
    {
        _spending = gate ?? throw new ArgumentNullException(nameof(gate));
        return this;
    }

    /// <summary>Builds the orchestrator; start it before use.</summary>
    /// <exception cref="ArgumentException">Options are wrong (all failures are named), or two backends or routers have the same name.</exception>
    public PredictiveOrchestrator Build()
    {
        // The built orchestrator does not change with the builder.
        var options = _options with { };
        options.Validate();
        var registry = new BackendRegistry();
        if (_localEngines)
        {
            registry.Register(new StateVectorSimulator(new StateVectorOptions { MaxMemoryBytes = options.MaxMemoryBytes }, _time));
            registry.Register(new SparseStateSimulator(new SparseStateOptions { MaxMemoryBytes = options.MaxMemoryBytes }, _time));
            registry.Register(new MatrixProductStateSimulator(new MatrixProductStateOptions { MaxMemoryBytes = options.MaxMemoryBytes }, _time));
            registry.Register(new StabilizerSimulator(new StabilizerOptions { MaxMemoryBytes = options.MaxMemoryBytes }, _time));
        }

        foreach (var gpu in _gpus)
        {
            registry.Register(new GpuStateVectorSimulator(gpu, _time));
        }

        foreach (var backend in _backends)
        {
            registry.Register(backend);
        }

        var routers = new Dictionary<string, IBackendRouter>(StringComparer.Ordinal);
        foreach (var router in _routers)
        {
            if (!routers.TryAdd(router.Name, router))
            {
                throw new ArgumentException($"Two routers are named '{router.Name}'. Give the custom one another name.");
            }
        }

        var plugs = new OrchestratorPlugs { Meters = _meters, Store = _store, Spending = _spending, Sources = [.. _sources], Optimizer = _optimizer?.Invoke(_time), Sinks = [.. _sinks], Advisor = _advisor };
        return new PredictiveOrchestrator(options, registry, routers, _time, _loggers.CreateLogger<PredictiveOrchestrator>(), plugs);
    }
}
