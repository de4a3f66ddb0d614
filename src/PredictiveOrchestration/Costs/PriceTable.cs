using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Costs;

/// <summary>
/// Prices by backend id, in the account's currency; what is not listed is free. Included quantities count down in a rolling window. Thread-safe.
/// </summary>
internal sealed class PriceTable(IReadOnlyDictionary<string, PriceModel> prices, PriceList list, string currency, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, AllowanceWindow> _windows = prices.Where(p => p.Value.Allowance is not null)
        .ToDictionary(p => p.Key, p => new AllowanceWindow(p.Value.Allowance!), StringComparer.Ordinal);

    public string Currency => currency;

    private DateOnly Today => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);

    /// <summary>Whether a backend's price depends on nothing but the run: no included quantity, no exchange rate of the day.</summary>
    public bool IsSteady(string backendId) => !prices.TryGetValue(backendId, out var price) || (price.Allowance is null && price.Currency == currency);

    /// <summary>What a run is predicted to cost; the upper end is what must be reserved.</summary>
    public CostEstimate Estimate(BackendDescriptor backend, BackendPrediction prediction, CircuitProfile profile, JobShape job)
    {
        if (!prices.TryGetValue(backend.Id, out var price))
        {
            return new CostEstimate(0, 0, 0, currency);
        }

        var estimate = price.Estimate(prediction, Usage(backend, profile, job));

        // What is charged lately may not be what the list says.
        var factor = (decimal)Math.Clamp(prediction.CostFactor, 1e-3, 1e3);
        var (median, lower, upper) = (factor * Converted(estimate.Median, price), factor * Converted(estimate.Lower, price), factor * Converted(estimate.Upper, price));
        if (price.Allowance is not { } allowance)
        {
            return new CostEstimate(median, lower, upper, currency);
        }

        var (left, _) = Left(backend.Id);
        decimal Beyond(decimal amount, double seconds) => BeyondAllowance(amount, Quantity(allowance, price, Usage(backend, profile, job).Lasting((decimal)Math.Clamp(seconds, 0, 3e11), 0)), left);
        return new CostEstimate(Beyond(median, prediction.Seconds.Median), Beyond(lower, prediction.Seconds.Lower), Beyond(upper, prediction.Seconds.Upper), currency);
    }

    /// <summary>Why a plan that refuses beyond what it includes cannot take the run, or null.</summary>
    public string? Refusal(BackendDescriptor backend, BackendPrediction prediction, CircuitProfile profile, JobShape job)
    {
        if (!prices.TryGetValue(backend.Id, out var price) || price.Allowance is not { RefusesBeyond: true } allowance)
        {
            return null;
        }

        var needed = Quantity(allowance, price, Usage(backend, profile, job).Lasting((decimal)Math.Clamp(prediction.Seconds.Median, 0, 3e11), 0));
        var (left, next) = Left(backend.Id);
        return needed <= left ? null
            : $"the run is predicted to use {needed:0.###} {allowance.Unit.ToString().ToLowerInvariant()}; {left:0.###} of {allowance.Quantity:0.###} in {allowance.Window.TotalDays:0.#} days are left"
                + (next is { } at ? $", more from {at:yyyy-MM-dd HH:mm} UTC on" : string.Empty);
    }

    /// <summary>Books a finished run and returns what it cost in the account's currency.</summary>
    public decimal Book(BackendDescriptor backend, CircuitProfile profile, JobShape job, TimeSpan service, long peakBytes, bool completed)
    {
        if (!prices.TryGetValue(backend.Id, out var price) || !(completed || price.ChargesFailedRuns))
        {
            return 0;
        }

        var usage = Usage(backend, profile, job).Lasting(Math.Max(0, service.Ticks) / (decimal)TimeSpan.TicksPerSecond, peakBytes);
        var amount = Converted(price.Price(usage), price);
        if (price.Allowance is not { } allowance)
        {
            return amount;
        }

        var quantity = Quantity(allowance, price, usage);
        lock (_lock)
        {
            var left = _windows[backend.Id].Left(time.GetUtcNow()).Left;
            _windows[backend.Id].Use(time.GetUtcNow(), quantity);
            return BeyondAllowance(amount, quantity, left);
        }
    }

    private (decimal Left, DateTimeOffset? Next) Left(string id)
    {
        lock (_lock)
        {
            return _windows[id].Left(time.GetUtcNow());
        }
    }

    // The part of a run that is within the allowance is free; the rest is charged in proportion.
    private static decimal BeyondAllowance(decimal amount, decimal quantity, decimal left) =>
        quantity <= left || quantity <= 0 ? 0 : amount * ((quantity - Math.Max(0, left)) / quantity);

    private static decimal Quantity(PriceAllowance allowance, PriceModel price, BillableUsage usage) => allowance.Unit switch
    {
        AllowanceUnit.Runs => 1,
        AllowanceUnit.Shots => usage.Shots,
        AllowanceUnit.Seconds => usage.Duration,
        _ => price.Price(usage),
    };

    // Devices bill what they run.
    private static BillableUsage Usage(BackendDescriptor backend, CircuitProfile profile, JobShape job) =>
        (profile.On(backend.Id) is { } counts ? BillableUsage.Of(counts, job.Shots) : BillableUsage.Of(profile, job.Shots)) with { Cores = job.Threads, Gpus = backend.Type == BackendType.GpuAccelerated ? 1 : 0 };

    // Options were checked when the orchestrator was built: every price's currency can be converted.
    private decimal Converted(decimal amount, PriceModel price) =>
        amount == 0 ? 0 : list.Convert(amount, price.Currency, currency, Today)
            ?? throw new InvalidOperationException($"There is no exchange rate from {price.Currency} to {currency} on {Today:O}.");
}
