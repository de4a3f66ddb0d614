namespace PredictiveOrchestration.Azure;

/// <summary>Adds Azure Quantum to an orchestrator.</summary>
public static class AzureQuantumBuilderExtensions
{
    /// <summary>Adds a target of Azure Quantum, and its price, if the options have one and the orchestrator's do not.</summary>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    public static PredictiveOrchestratorBuilder AddAzureQuantum(this PredictiveOrchestratorBuilder builder, AzureQuantumOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        var backend = AzureQuantumBackend.Create(options);
        return builder.AddBackend(backend).Configure(o =>
        {
            if (options.Price is { } price)
            {
                o.Prices.TryAdd(backend.Descriptor.Id, price);
            }
        });
    }
}
