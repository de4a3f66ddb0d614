namespace PredictiveOrchestration.Learning;

/// <summary>How far learning about one backend has come, and what has changed about it, since this process began.</summary>
public sealed record ModelStatus
{
    /// <summary>Gets the version of the model in which this backend's part was last fitted or taken back; 0 if it is as calibrated or loaded. Every record corrects it by a little, under a further version.</summary>
    public int FittedVersion { get; init; }

    /// <summary>Gets the number of fits that were put into use.</summary>
    public int Fits { get; init; }

    /// <summary>Gets the number of records learned from, those of earlier processes included.</summary>
    public long Records { get; init; }

    /// <summary>Gets the number of alarms that the backend's times had changed for good.</summary>
    public int DriftAlarms { get; init; }

    /// <summary>Gets when the latest of them was raised, or null.</summary>
    public DateTimeOffset? DriftedAt { get; init; }

    /// <summary>Gets what runs took then, as a multiple of what was predicted; 1 without an alarm. Predictions were corrected by it at once.</summary>
    public double DriftFactor { get; init; } = 1;

    /// <summary>Gets a value indicating whether the fit to what runs take since then is still to come.</summary>
    public bool IsAdapting { get; init; }

    /// <summary>Gets the number of alarms that what the backend charges had changed.</summary>
    public int PriceAlarms { get; init; }

    /// <summary>Gets what is charged, as a multiple of what the price list says.</summary>
    public double ChargeFactor { get; init; } = 1;
}
