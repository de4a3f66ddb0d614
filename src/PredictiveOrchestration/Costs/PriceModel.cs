using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Costs;

/// <summary>What a backend charges. All amounts are in <see cref="Currency"/>; everything is zero by default.</summary>
public sealed record PriceModel
{
    /// <summary>Gets the price of a backend that charges nothing.</summary>
    public static PriceModel Free { get; } = new();

    /// <summary>Gets the amount for each run.</summary>
    public decimal PerRun { get; init; }

    /// <summary>Gets the amount for each shot.</summary>
    public decimal PerShot { get; init; }

    /// <summary>Gets the amount for each second of service time.</summary>
    public decimal PerSecond { get; init; }

    /// <summary>Gets the least amount of a run that costs anything.</summary>
    public decimal Minimum { get; init; }

    /// <summary>Gets the currency; default USD.</summary>
    public string Currency { get; init; } = "USD";

    /// <summary>The amount for a run of a known length.</summary>
    public decimal Price(int shots, TimeSpan service) => Price(shots, (decimal)service.TotalSeconds);

    /// <summary>The amount for a predicted run.</summary>
    internal CostEstimate Estimate(BackendPrediction prediction, JobShape job)
    {
        decimal At(double seconds) => Price(job.Shots, (decimal)Math.Clamp(seconds, 0, 1e15));
        return new CostEstimate(At(prediction.Seconds.Median), At(prediction.Seconds.Lower), At(prediction.Seconds.Upper), Currency);
    }

    private decimal Price(int shots, decimal seconds)
    {
        var amount = PerRun + PerShot * shots + PerSecond * seconds;
        return amount > 0 ? Math.Max(amount, Minimum) : 0;
    }
}

/// <summary>A predicted amount of money with its interval.</summary>
/// <param name="Median">The amount as often exceeded as not.</param>
/// <param name="Lower">The lower end of the 90 % interval.</param>
/// <param name="Upper">The upper end of the 90 % interval.</param>
/// <param name="Currency">The currency.</param>
public readonly record struct CostEstimate(decimal Median, decimal Lower, decimal Upper, string Currency);

/// <summary>The prices by backend id; what is not listed is free.</summary>
internal sealed class PriceTable(IReadOnlyDictionary<string, PriceModel> prices)
{
    public PriceModel Of(BackendDescriptor backend) => prices.GetValueOrDefault(backend.Id) ?? PriceModel.Free;
}
