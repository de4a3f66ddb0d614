using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Integration.Advice;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.Telemetry;

namespace Tour;

/// <summary>Everything that can be set or plugged in, with the value that a machine for priced jobs might have.</summary>
internal static class EverySetting
{
    /// <summary>An orchestrator of which every part is given by the host.</summary>
    public static PredictiveOrchestratorBuilder Lab(string folder, TelemetryStore store, ISpendGate purse, ILoggerFactory log, IMeterFactory meters) => new PredictiveOrchestratorBuilder()
        .WithoutLocalEngines().AddBackend(new StateVectorSimulator(new StateVectorOptions { Id = "lab" })).AddBackendSource(new Visitor())
        .UseTimeProvider(TimeProvider.System).UseLoggerFactory(log).UseMeterFactory(meters).UseTelemetryStore(store).UseSpendGate(purse).UseAdvisor(new CarefulAdvisor())
        .Configure(o => Set(o, folder));

    private static void Set(PredictiveOrchestratorOptions o, string folder)
    {
        // How it chooses.
        o.RoutingStrategy = RoutingStrategy.Predictive;
        (o.CostWeight, o.PerformanceWeight) = (0.5, 0.5);
        o.PerformanceThreshold = 0.5;       // at most twice as slow as the fastest
        o.HysteresisMargin = 0.05;          // a job stays where it was unless another backend is 5 % better
        o.ExplorationShare = 0.01;          // a hundredth of the time to learn about other backends
        o.ExplorationBudget = 1;            // and at most this much money
        o.RoutingSeed = 42;

        // What it may spend: prices, in the currency that the account has.
        o.Currency = "EUR";
        o.PriceList = PriceList.Default.With(PriceList.Parse("""{ "version": 1, "exchangeRates": [{ "from": "EUR", "to": "USD", "rate": 1.1, "date": "2026-10-01", "source": "central bank" }] }"""u8));
        o.Prices["lab"] = new PriceModel { Currency = "USD", PerRun = 0.022m };
        o.CostThreshold = 0.05m;
        o.Budget = 100;
        o.BudgetCaps.Add(new BudgetCap(BudgetScope.Day, 10));
        o.BudgetLedgerPath = Path.Combine(folder, "ledger.db");

        // What it may take of this machine, and how long it waits.
        o.MaxMemoryBytes = 1L << 30;
        o.MaxQueueLength = 100;
        o.StopTimeout = TimeSpan.FromSeconds(10);
        o.CalibrationBudget = TimeSpan.FromMilliseconds(300);

        // What it remembers and learns.
        o.StateDirectory = Path.Combine(folder, "state");
        o.Learning = true;
        o.ModelUpdateFrequency = 500;
        o.ModelComplexity = ModelComplexity.Default with { Trees = 50 };
        o.TelemetryRetention = 1000;
        o.TelemetryInterval = TimeSpan.FromMinutes(1);
        o.PredictionHorizon = 60;           // forecasts of the next hour
        o.Alerts = new PerformanceMonitorOptions { BudgetUse = new AlertThreshold(Raise: 0.9, Clear: 0.85) };
        o.TelemetryStorePath = null;        // the host's own store is used in its place
        o.TelemetryStore = new TelemetryStoreOptions { MaxAge = TimeSpan.FromDays(30) };

        // Long runs: from engine to engine, and from where a killed process was.
        o.Swap = new SwapPolicy { MinGain = 0.2 };
        o.CheckpointDirectory = Path.Combine(folder, "checkpoints");
        o.Checkpoints = new CheckpointPolicy { Interval = TimeSpan.FromMinutes(1) };
    }

    /// <summary>A backend that is there only while the orchestrator runs.</summary>
    private sealed class Visitor : IBackendSource
    {
        public ValueTask<IAsyncDisposable> StartAsync(BackendSourceContext context, CancellationToken cancellationToken = default)
        {
            context.Backends.Register(new SparseStateSimulator(new SparseStateOptions { Id = "visitor" }));
            return ValueTask.FromResult<IAsyncDisposable>(new Leaving(context.Backends));
        }

        private sealed class Leaving(BackendRegistry backends) : IAsyncDisposable
        {
            public ValueTask DisposeAsync()
            {
                backends.Unregister("visitor");
                return ValueTask.CompletedTask;
            }
        }
    }

    /// <summary>The built-in advice, without approximate results.</summary>
    private sealed class CarefulAdvisor : IStrategyAdvisor
    {
        private readonly StrategyAdvisor _advisor = new();

        public StrategyAdvice Advise(AdviceRequest request, CancellationToken cancellationToken = default) => _advisor.Advise(request with { RequireExact = true }, cancellationToken) with { RequireExact = true };
    }
}

/// <summary>Writes what is logged to standard output; a host has a logger of its own.</summary>
internal sealed class ConsoleLog : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Console.WriteLine($"log: {formatter(state, exception)}");

    public void Dispose()
    {
    }
}

/// <summary>Meters that say whose they are, so that a listener tells two orchestrators apart.</summary>
internal sealed class OwnMeters : IMeterFactory
{
    private readonly List<Meter> _meters = [];

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        _meters.Add(new Meter(options));
        return _meters[^1];
    }

    public void Dispose() => _meters.ForEach(m => m.Dispose());
}
