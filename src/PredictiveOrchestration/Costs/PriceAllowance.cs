using System.Globalization;

namespace PredictiveOrchestration.Costs;

/// <summary>A quantity that a plan includes before it charges: in a rolling window, or in each day, month or year of the calendar. What was not used is not carried over.</summary>
/// <param name="Quantity">How much is included each time.</param>
/// <param name="Unit">Of what.</param>
/// <param name="Window">The rolling window in which it counts; for a <see cref="Period"/> of the calendar it is not looked at.</param>
/// <param name="RefusesBeyond">Whether runs beyond it are refused, as by a free plan, instead of charged.</param>
public sealed record PriceAllowance(decimal Quantity, AllowanceUnit Unit, TimeSpan Window, bool RefusesBeyond = false)
{
    /// <summary>Gets when the quantity is there anew; default <see cref="AllowancePeriod.Rolling"/>.</summary>
    public AllowancePeriod Period { get; init; }

    /// <summary>Gets the day on which months and years begin, at 0:00 UTC: the day of the month, 1 to 31 (default 1). A month that is shorter begins on its last day.</summary>
    public int FirstDay { get; init => field = value == 0 ? 1 : value; } = 1;

    /// <summary>Gets the month in which years begin, 1 to 12 (default 1).</summary>
    public int FirstMonth { get; init => field = value == 0 ? 1 : value; } = 1;

    /// <summary>An allowance for each month.</summary>
    /// <param name="quantity">How much is included in each month.</param>
    /// <param name="unit">Of what.</param>
    /// <param name="refusesBeyond">Whether runs beyond it are refused.</param>
    /// <param name="firstDay">The day of the month on which the provider's month begins, as that of a subscription.</param>
    public static PriceAllowance Monthly(decimal quantity, AllowanceUnit unit, bool refusesBeyond = false, int firstDay = 1) =>
        new(quantity, unit, TimeSpan.Zero, refusesBeyond) { Period = AllowancePeriod.Month, FirstDay = firstDay };

    /// <summary>When what was used at a time no longer counts.</summary>
    internal DateTimeOffset EndOf(DateTimeOffset at)
    {
        var day = new DateTimeOffset(at.UtcDateTime.Date, TimeSpan.Zero);
        return Period switch
        {
            AllowancePeriod.Day => day.AddDays(1),
            AllowancePeriod.Month => Begin(day.Year, day.Month) is var month && month > day ? month : Begin(day.AddDays(1 - day.Day).AddMonths(1)),
            AllowancePeriod.Year => Begin(day.Year, FirstMonth) is var year && year > day ? year : Begin(day.Year + 1, FirstMonth),
            _ => at + Window,
        };
    }

    /// <summary>How long a use may count at most.</summary>
    internal TimeSpan Longest => Period switch
    {
        AllowancePeriod.Day => TimeSpan.FromDays(1),
        AllowancePeriod.Month => TimeSpan.FromDays(31 + 3),
        AllowancePeriod.Year => TimeSpan.FromDays(366 + 3),
        _ => Window,
    };

    /// <summary>In what it counts, in words.</summary>
    internal string Span => Period switch
    {
        AllowancePeriod.Rolling => string.Create(CultureInfo.InvariantCulture, $"{Window.TotalDays:0.#} days"),
        AllowancePeriod.Day => "a day",
        AllowancePeriod.Month => "a month",
        _ => "a year",
    };

    /// <summary>What is wrong with it, or null.</summary>
    internal string? Failure() =>
        Quantity < 0 || !Enum.IsDefined(Unit) || !Enum.IsDefined(Period) || (Period == AllowancePeriod.Rolling && Window <= TimeSpan.Zero)
            ? "its allowance needs a quantity of 0 or more, a unit, and a window above 0 or a period"
            : FirstDay is < 1 or > 31 || FirstMonth is < 1 or > 12 ? "its allowance begins on no day of a month" : null;

    private DateTimeOffset Begin(DateTimeOffset month) => Begin(month.Year, month.Month);

    private DateTimeOffset Begin(int year, int month) => new(year, month, Math.Min(FirstDay, DateTime.DaysInMonth(year, month)), 0, 0, 0, TimeSpan.Zero);
}

/// <summary>When an allowance is there anew.</summary>
public enum AllowancePeriod
{
    /// <summary>Each use comes back a window after it.</summary>
    Rolling,

    /// <summary>All of it, each day at 0:00 UTC.</summary>
    Day,

    /// <summary>All of it, each month.</summary>
    Month,

    /// <summary>All of it, each year.</summary>
    Year,
}

/// <summary>What an allowance counts.</summary>
public enum AllowanceUnit
{
    /// <summary>Runs.</summary>
    Runs,

    /// <summary>Shots.</summary>
    Shots,

    /// <summary>Seconds of service time.</summary>
    Seconds,

    /// <summary>The amount in the price's currency that would be charged otherwise.</summary>
    Amount,
}
