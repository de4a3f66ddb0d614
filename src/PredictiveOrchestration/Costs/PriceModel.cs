using System.Globalization;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Costs;

/// <summary>
/// What a backend charges: the sum of the components below, at least <see cref="Minimum"/> where the sum is not zero. All amounts are in
/// <see cref="Currency"/>, everything is zero by default, and no amount is ever a floating-point number.
/// </summary>
public sealed record PriceModel
{
    /// <summary>Gets the price of a backend that charges nothing.</summary>
    public static PriceModel Free { get; } = new();

    /// <summary>Gets the currency, an ISO 4217 code or a provider's credit such as HQC; default USD.</summary>
    public string Currency { get; init => field = value ?? "USD"; } = "USD";

    /// <summary>Gets the amount for each run (task, job).</summary>
    public decimal PerRun { get; init; }

    /// <summary>Gets the amount for each shot.</summary>
    public decimal PerShot { get; init; }

    /// <summary>Gets the amount for each billed second of service time.</summary>
    public decimal PerSecond { get; init; }

    /// <summary>Gets the amount for each billed minute of service time.</summary>
    public decimal PerMinute { get; init; }

    /// <summary>Gets the amount for each billed hour of service time.</summary>
    public decimal PerHour { get; init; }

    /// <summary>Gets the shortest time that is billed; default zero.</summary>
    public TimeSpan MinimumDuration { get; init; }

    /// <summary>Gets the slice to which the time is rounded up; default zero: billed as it is.</summary>
    public TimeSpan BillingIncrement { get; init; }

    /// <summary>Gets the amount for each one-qubit gate of each shot.</summary>
    public decimal PerOneQubitGateShot { get; init; }

    /// <summary>Gets the amount for each two-qubit gate of each shot.</summary>
    public decimal PerTwoQubitGateShot { get; init; }

    /// <summary>Gets the amount for each measurement or reset of each shot.</summary>
    public decimal PerMeasurementShot { get; init; }

    /// <summary>Gets the amount for each qubit of the circuit in each shot: its preparation, where that is charged like a reset.</summary>
    public decimal PerPreparationShot { get; init; }

    /// <summary>Gets the amount for each second that a processor core is busy.</summary>
    public decimal PerCpuSecond { get; init; }

    /// <summary>Gets the amount for each second that a GPU is busy.</summary>
    public decimal PerGpuSecond { get; init; }

    /// <summary>Gets the amount for each gigabyte (10^9 bytes) of peak memory held for one second.</summary>
    public decimal PerGigabyteSecond { get; init; }

    /// <summary>Gets the amount for each kilowatt-hour of energy.</summary>
    public decimal PerKilowattHour { get; init; }

    /// <summary>Gets the power in watts that one busy core draws, for <see cref="PerKilowattHour"/>.</summary>
    public decimal WattsPerCore { get; init; }

    /// <summary>Gets the least amount of a run that costs anything.</summary>
    public decimal Minimum { get; init; }

    /// <summary>Gets a value indicating whether a run that failed or was cancelled is charged as well; default false.</summary>
    public bool ChargesFailedRuns { get; init; }

    /// <summary>Gets a quantity that is included before anything is charged, or null.</summary>
    public PriceAllowance? Allowance { get; init; }

    /// <summary>The amount for one run, in <see cref="Currency"/>, before any <see cref="Allowance"/>.</summary>
    public decimal Price(BillableUsage usage)
    {
        ArgumentNullException.ThrowIfNull(usage);
        var seconds = BilledSeconds(usage.Duration);
        var gates = PerOneQubitGateShot * usage.OneQubitGates + PerTwoQubitGateShot * usage.TwoQubitGates + PerMeasurementShot * usage.Measurements + PerPreparationShot * usage.Preparations;
        var amount = PerRun + usage.Shots * (PerShot + gates)
            + PerSecond * seconds + PerMinute * seconds / 60 + PerHour * seconds / 3600
            + PerCpuSecond * usage.CpuSeconds + PerGpuSecond * usage.GpuSeconds + PerGigabyteSecond * usage.GigabyteSeconds
            + PerKilowattHour * WattsPerCore * usage.CpuSeconds / 3_600_000;
        return amount > 0 ? Plain(Math.Max(amount, Minimum)) : 0;
    }

    // Without the zeros behind that factors of zero leave.
    private static decimal Plain(decimal amount) => amount / 1.0000000000000000000000000000m;

    /// <summary>The amount for a predicted run, with the interval of its time.</summary>
    internal CostEstimate Estimate(BackendPrediction prediction, BillableUsage usage)
    {
        // Ten thousand years: an unbounded prediction must not overflow decimal arithmetic.
        decimal At(double seconds, double bytes) => Price(usage.Lasting((decimal)Math.Clamp(seconds, 0, 3e11), (decimal)Math.Clamp(bytes, 0, 1e15)));
        return new CostEstimate(
            At(prediction.Seconds.Median, prediction.PeakBytes.Median), At(prediction.Seconds.Lower, prediction.PeakBytes.Lower), At(prediction.Seconds.Upper, prediction.PeakBytes.Upper), Currency);
    }

    /// <summary>What is wrong with it, or null.</summary>
    internal string? Failure()
    {
        ReadOnlySpan<decimal> amounts =
        [
            PerRun, PerShot, PerSecond, PerMinute, PerHour, PerOneQubitGateShot, PerTwoQubitGateShot, PerMeasurementShot, PerPreparationShot, PerCpuSecond, PerGpuSecond,
            PerGigabyteSecond, PerKilowattHour, WattsPerCore, Minimum, Seconds(MinimumDuration), Seconds(BillingIncrement),
        ];
        foreach (var amount in amounts)
        {
            if (amount is < 0 or > 1_000_000_000)
            {
                return string.Create(CultureInfo.InvariantCulture, $"an amount is {amount}; accepted are 0 to 10^9");
            }
        }

        return string.IsNullOrWhiteSpace(Currency) ? "it has no currency"
            : Allowance?.Failure();
    }

    private decimal BilledSeconds(decimal seconds)
    {
        var least = Math.Max(seconds, Seconds(MinimumDuration));
        var slice = Seconds(BillingIncrement);
        return slice > 0 ? Math.Ceiling(least / slice) * slice : least;
    }

    // Exact: a tick is 100 ns.
    private static decimal Seconds(TimeSpan time) => time.Ticks / (decimal)TimeSpan.TicksPerSecond;
}

/// <summary>A predicted amount of money with its interval.</summary>
/// <param name="Median">The amount as often exceeded as not.</param>
/// <param name="Lower">The lower end of the 90 % interval.</param>
/// <param name="Upper">The upper end of the 90 % interval.</param>
/// <param name="Currency">The currency.</param>
public readonly record struct CostEstimate(decimal Median, decimal Lower, decimal Upper, string Currency);
