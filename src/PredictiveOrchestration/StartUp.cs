using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Learning;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration;

/// <summary>What an orchestrator does before its first job: calibrate, or load what was measured before, and warm up.</summary>
internal sealed class StartUp(PredictiveOrchestratorOptions options, BackendRegistry registry, BackendHealthTracker health, TimeProvider time, ILogger logger)
{
    /// <summary>The folder in which measurements and models are kept; null for none.</summary>
    public string? StateDirectory { get; } = options.StateDirectory switch
    {
        null => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "PredictiveOrchestration"),
        "" => null,
        var directory => directory,
    };

    private IEnumerable<IQuantumBackend> Ready => registry.Current.Backends.Where(b => b is ICalibratable && health.Reason(b) is null);

    /// <summary>What the engines take on this machine, measured now or before; empty where nothing may be measured.</summary>
    public async Task<IReadOnlyList<TrainingRow>> CalibrateAsync(CancellationToken cancellationToken)
    {
        var backends = options.CalibrationBudget == TimeSpan.Zero ? [] : Ready.ToList();
        if (backends.Count == 0)
        {
            return [];
        }

        var devices = string.Join('|', backends.Select(b => ((ICalibratable)b).CalibrationKey).Where(k => k.Length > 0));
        var store = StateDirectory is null ? null : new CalibrationStore(StateDirectory, logger, devices);
        if (store?.Load([.. backends.Select(b => b.Descriptor.Id)]) is { } kept)
        {
            return kept;
        }

        var rows = await new CalibrationRunner(time, logger).RunAsync(backends, options.CalibrationBudget, cancellationToken).ConfigureAwait(false);
        store?.Save(rows);
        return rows;
    }

    /// <summary>The first decision and the first run on each engine would else wait for the compiler. Nothing of it is recorded.</summary>
    /// <param name="decide">Decides for a circuit, and writes why.</param>
    /// <param name="execute">Runs jobs as the orchestrator will, of which nothing is kept or published.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task WarmUpAsync(Action<Circuit> decide, Func<Circuit, OrchestrationRequest, CancellationToken, Task> execute, CancellationToken cancellationToken)
    {
        foreach (var backend in Ready)
        {
            foreach (var workload in ((ICalibratable)backend).CalibrationWorkloads.Take(6))
            {
                await TryAsync(async () =>
                {
                    await backend.ExecuteAsync(workload, cancellationToken).ConfigureAwait(false);
                    decide(workload.Circuit);
                }).ConfigureAwait(false);
            }
        }

        // Clifford gates, so that every engine runs it; the circuit of a second job is known.
        var circuit = States.Ghz(10);
        foreach (var backend in registry.Current.Backends.Where(b => b is ICalibratable))
        {
            var request = new OrchestrationRequest { Backend = backend.Descriptor.Id, Shots = 1000 };
            foreach (var job in (OrchestrationRequest[])[request, request, request with { Shots = 0, TopProbabilities = 4, Observables = [PauliSum.Parse("ZZ")] }])
            {
                await TryAsync(() => execute(circuit, job, cancellationToken)).ConfigureAwait(false);
            }
        }
    }

    private static async Task TryAsync(Func<Task> run)
    {
        try
        {
            await run().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is BackendException or NoFeasibleBackendException)
        {
            // A backend that cannot run its own workload says so when it is asked for a real one.
        }
    }
}
