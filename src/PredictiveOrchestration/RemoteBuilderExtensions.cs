using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Remote.Ibm;
using PredictiveOrchestration.Remote.IonQ;

namespace PredictiveOrchestration;

/// <summary>Adds services to an orchestrator.</summary>
public static class RemoteBuilderExtensions
{
    /// <summary>Adds a target of IonQ's cloud.</summary>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    public static PredictiveOrchestratorBuilder AddIonQ(this PredictiveOrchestratorBuilder builder, IonQOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddBackend(IonQBackend.Create(options));
    }

    /// <summary>Adds a device of IBM Quantum, and its price, if the options have one and the orchestrator's do not.</summary>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    public static PredictiveOrchestratorBuilder AddIbmQuantum(this PredictiveOrchestratorBuilder builder, IbmQuantumOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        var backend = IbmQuantumBackend.Create(options);
        return builder.AddBackend(backend).Configure(o =>
        {
            if (options.PricePerSecond is { } price)
            {
                o.Prices.TryAdd(backend.Descriptor.Id, new PriceModel { PerSecond = price, Currency = options.Currency });
            }
        });
    }
}
