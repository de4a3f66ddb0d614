using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration;

/// <summary>Brings backends that come and go while an orchestrator runs, such as those of a cluster.</summary>
public interface IBackendSource
{
    /// <summary>Registers the backends that are there, and begins to keep the registry up to date.</summary>
    /// <param name="context">The orchestrator's registry.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <returns>What ends it; disposed when the orchestrator stops, after its last run.</returns>
    ValueTask<IAsyncDisposable> StartAsync(BackendSourceContext context, CancellationToken cancellationToken = default);
}

/// <summary>What a source of backends works on.</summary>
public sealed class BackendSourceContext
{
    private readonly PredictiveOrchestrator _orchestrator;

    internal BackendSourceContext(BackendRegistry backends, PredictiveOrchestrator orchestrator)
    {
        Backends = backends;
        _orchestrator = orchestrator;
    }

    /// <summary>Gets the registry.</summary>
    public BackendRegistry Backends { get; }

    /// <summary>Takes models that were made on the machines of the backends, so that predictions begin where theirs are.</summary>
    internal void Adopt(IEnumerable<KeyValuePair<string, BackendModel>> models) => _orchestrator.Models.Adopt(models);
}
