using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration;

public sealed partial class PredictiveOrchestrator
{
    private bool _isShadow;

    // A second orchestrator on the same backends, of which nothing is kept or published, runs jobs as this one will: most of what the first
    // job would wait for is the compilation of what surrounds the engines.
    private async Task RunShadowAsync(CancellationToken cancellationToken)
    {
        var options = new PredictiveOrchestratorOptions
        {
            Currency = _options.Currency, PriceList = _options.PriceList, Swap = _options.Swap, TelemetryRetention = 64, Learning = false, StateDirectory = string.Empty,
        };
        await using var shadow = new PredictiveOrchestrator(options, _registry, _routers, _time, NullLogger.Instance, new HiddenMeters())
        {
            _isShadow = true, _memoryBytes = _memoryBytes, _admission = new LocalAdmission(_memoryBytes, Environment.ProcessorCount, options.MaxQueueLength),
        };
        shadow._publisher.Publish(_publisher.Current);
        shadow._running.Open();

        // Clifford gates, so that every engine runs it; the circuit of a second job is known.
        var circuit = States.Ghz(10);
        foreach (var backend in _registry.Current.Backends.Where(b => b is ICalibratable))
        {
            var request = new OrchestrationRequest { Backend = backend.Descriptor.Id, Shots = 1000 };
            foreach (var job in (OrchestrationRequest[])[request, request, request with { Shots = 0, TopProbabilities = 4, Observables = [PauliSum.Parse("ZZ")] }])
            {
                try
                {
                    await shadow.ExecuteAsync(circuit, job, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception exception) when (exception is BackendException or NoFeasibleBackendException)
                {
                    // As above.
                }
            }
        }
    }

    // Meters under a name that nobody listens to.
    private sealed class HiddenMeters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new("PredictiveOrchestration.WarmUp");

        public void Dispose()
        {
        }
    }
}
