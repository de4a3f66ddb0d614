namespace PredictiveOrchestration.Remote;

/// <summary>Hours in which a device takes work, in UTC.</summary>
/// <param name="Days">The days of the week; empty for every day.</param>
/// <param name="Start">The beginning.</param>
/// <param name="End">The end, which may be before the beginning: then the window reaches into the next day. Equal to the beginning: the whole day.</param>
public sealed record AvailabilityWindow(IReadOnlyList<DayOfWeek> Days, TimeOnly Start, TimeOnly End)
{
    /// <summary>Whether a moment lies in the window.</summary>
    public bool Contains(DateTimeOffset moment)
    {
        var utc = moment.UtcDateTime;
        var time = TimeOnly.FromDateTime(utc);
        if (Start == End)
        {
            return On(utc.DayOfWeek);
        }

        return Start < End
            ? On(utc.DayOfWeek) && time >= Start && time < End
            : (On(utc.DayOfWeek) && time >= Start) || (On(utc.AddDays(-1).DayOfWeek) && time < End);
    }

    private bool On(DayOfWeek day) => Days.Count == 0 || Days.Contains(day);
}
