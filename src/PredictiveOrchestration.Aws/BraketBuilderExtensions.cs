namespace PredictiveOrchestration.Aws;

/// <summary>Adds Amazon Braket to an orchestrator.</summary>
public static class BraketBuilderExtensions
{
    /// <summary>Adds a device or simulator of Amazon Braket, and its price, if the options have one and the orchestrator's do not.</summary>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    public static PredictiveOrchestratorBuilder AddBraket(this PredictiveOrchestratorBuilder builder, BraketOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        var backend = BraketBackend.Create(options);
        return builder.AddBackend(backend).Configure(o =>
        {
            if (options.Price is { } price)
            {
                o.Prices.TryAdd(backend.Descriptor.Id, price);
            }
        });
    }
}
