using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Costs;

/// <summary>
/// Prices by backend id, in the account's currency; what is not listed is free. Included quantities count down in a window or period, in memory or in a file. Thread-safe.
/// </summary>
internal sealed partial class PriceTable(
    IReadOnlyDictionary<string, PriceModel> prices, PriceList list, string currency, TimeProvider time, string? allowancePath = null, ILogger? logger = null) : IDisposable
{
    private readonly ILogger _logger = logger ?? NullLogger.Instance;
    private readonly AllowanceLedger _allowances = new(
        prices.Where(p => p.Value.Allowance is not null).ToDictionary(p => p.Key, p => p.Value.Allowance!, StringComparer.Ordinal), allowancePath, time);

    public string Currency => currency;

    private DateOnly Today => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);

    /// <summary>Whether a backend's price depends on nothing but the run: no included quantity, no exchange rate of the day.</summary>
    public bool IsSteady(string backendId) => !prices.TryGetValue(backendId, out var price) || (price.Allowance is null && price.Currency == currency);

    /// <summary>Whether runs on a backend count an allowance down, and must be reserved even where they are predicted to be free.</summary>
    public bool IsMetered(string backendId) => prices.TryGetValue(backendId, out var price) && price.Allowance is not null;

    /// <summary>What a run is predicted to cost; the upper end is what must be reserved.</summary>
    public CostEstimate Estimate(BackendDescriptor backend, BackendPrediction prediction, CircuitProfile profile, JobShape job)
    {
        if (!prices.TryGetValue(backend.Id, out var price))
        {
            return new CostEstimate(0, 0, 0, currency);
        }

        var (median, lower, upper) = Gross(price, backend, prediction, profile, job);
        if (price.Allowance is null)
        {
            return new CostEstimate(median, lower, upper, currency);
        }

        var (left, _) = _allowances.Left(backend.Id);
        decimal Beyond(decimal amount, double seconds) => BeyondAllowance(amount, Needed(price, backend, seconds, profile, job), left);
        return new CostEstimate(Beyond(median, prediction.Seconds.Median), Beyond(lower, prediction.Seconds.Lower), Beyond(upper, prediction.Seconds.Upper), currency);
    }

    /// <summary>Sets included quantity aside for a run that is about to begin.</summary>
    /// <returns>The most that it may cost beyond what was set aside.</returns>
    /// <exception cref="BackendException">The plan refuses what is beyond, and too little is left; or the allowances cannot be written.</exception>
    public decimal Reserve(string key, BackendDescriptor backend, BackendPrediction prediction, CircuitProfile profile, JobShape job)
    {
        var price = prices[backend.Id];
        var needed = Needed(price, backend, prediction.Seconds.Upper, profile, job);
        var least = price.Allowance!.RefusesBeyond ? Needed(price, backend, prediction.Seconds.Median, profile, job) : 0;
        return _allowances.Reserve(key, backend.Id, needed, least) is { } free
            ? BeyondAllowance(Gross(price, backend, prediction, profile, job).Upper, needed, free)
            : throw new BackendException(BackendErrorKind.BudgetRefused, backend.Id, $"Backend '{backend.Id}' takes no more than its plan includes: {Refusal(backend, prediction, profile, job) ?? "others took what was left meanwhile"}.");
    }

    /// <summary>Gives back what a run had set aside that used nothing; where that cannot be written it stays set aside.</summary>
    public void Release(string key, string backendId)
    {
        try
        {
            if (IsMetered(backendId))
            {
                _allowances.Release(key, backendId);
            }
        }
        catch (BackendException exception)
        {
            NotBooked(exception, key, backendId);
        }
    }

    /// <summary>Gives back what a job had set aside wherever it did.</summary>
    public void Release(string key)
    {
        foreach (var backendId in prices.Where(p => p.Value.Allowance is not null).Select(p => p.Key))
        {
            Release(key, backendId);
        }
    }

    /// <summary>Whether any allowance is counted.</summary>
    public bool HasAllowances => prices.Any(p => p.Value.Allowance is not null);

    /// <summary>Why a plan that refuses beyond what it includes cannot take the run, or null.</summary>
    public string? Refusal(BackendDescriptor backend, BackendPrediction prediction, CircuitProfile profile, JobShape job)
    {
        if (!prices.TryGetValue(backend.Id, out var price) || price.Allowance is not { RefusesBeyond: true } allowance)
        {
            return null;
        }

        var needed = Needed(price, backend, prediction.Seconds.Median, profile, job);
        var (left, next) = _allowances.Left(backend.Id);
        return needed <= left ? null
            : $"the run is predicted to use {needed:0.###} {allowance.Unit.ToString().ToLowerInvariant()}; {left:0.###} of {allowance.Quantity:0.###} in {allowance.Span} are left"
                + (next is { } at ? $", more from {at:yyyy-MM-dd HH:mm} UTC on" : string.Empty);
    }

    /// <summary>Books a finished run and returns what it cost in the account's currency.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="profile">The circuit.</param>
    /// <param name="job">What was asked.</param>
    /// <param name="service">How long it took.</param>
    /// <param name="peakBytes">The memory it took.</param>
    /// <param name="completed">Whether it ended with a result.</param>
    /// <param name="key">Under which it set an allowance aside, or null if it did not.</param>
    public decimal Book(BackendDescriptor backend, CircuitProfile profile, JobShape job, TimeSpan service, long peakBytes, bool completed, string? key = null)
    {
        if (!prices.TryGetValue(backend.Id, out var price))
        {
            return 0;
        }

        if (!(completed || price.ChargesFailedRuns))
        {
            if (key is not null)
            {
                Release(key, backend.Id);
            }

            return 0;
        }

        var usage = Usage(backend, profile, job).Lasting(Math.Max(0, service.Ticks) / (decimal)TimeSpan.TicksPerSecond, peakBytes);
        var amount = Converted(price.Price(usage), price);
        if (price.Allowance is not { } allowance)
        {
            return amount;
        }

        var quantity = Quantity(allowance, price, usage);
        key ??= Guid.CreateVersion7(time.GetUtcNow()).ToString();
        try
        {
            return BeyondAllowance(amount, quantity, _allowances.Use(key, backend.Id, quantity));
        }
        catch (BackendException exception)
        {
            // A result is not thrown away for it. To be on the safe side nothing of it was free.
            NotBooked(exception, key, backend.Id);
            return amount;
        }
    }

    public void Dispose() => _allowances.Dispose();

    // The amounts before any allowance. What is charged lately may not be what the list says.
    private (decimal Median, decimal Lower, decimal Upper) Gross(PriceModel price, BackendDescriptor backend, BackendPrediction prediction, CircuitProfile profile, JobShape job)
    {
        var estimate = price.Estimate(prediction, Usage(backend, profile, job));
        var factor = (decimal)Math.Clamp(prediction.CostFactor, 1e-3, 1e3);
        return (factor * Converted(estimate.Median, price), factor * Converted(estimate.Lower, price), factor * Converted(estimate.Upper, price));
    }

    private static decimal Needed(PriceModel price, BackendDescriptor backend, double seconds, CircuitProfile profile, JobShape job) =>
        Quantity(price.Allowance!, price, Usage(backend, profile, job).Lasting((decimal)Math.Clamp(seconds, 0, 3e11), 0));

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
        BillableUsage.Of(profile, profile.On(backend.Id), job.Shots) with { Cores = job.Threads, Gpus = backend.Type == BackendType.GpuAccelerated ? 1 : 0 };

    // Options were checked when the orchestrator was built: every price's currency can be converted.
    private decimal Converted(decimal amount, PriceModel price) =>
        amount == 0 ? 0 : list.Convert(amount, price.Currency, currency, Today)
            ?? throw new InvalidOperationException($"There is no exchange rate from {price.Currency} to {currency} on {Today:O}.");

    [LoggerMessage(Level = LogLevel.Error, Message = "What job '{Key}' used of the allowance of backend '{Backend}' could not be booked; what it had set aside stays so")]
    private partial void NotBooked(Exception exception, string key, string backend);
}
