namespace PredictiveOrchestration.Prediction;

/// <summary>A predicted quantity: a median and an interval meant to hold the outcome in 90 % of cases, in the unit that the owner states.</summary>
/// <param name="Median">The value as often exceeded as not.</param>
/// <param name="Lower">The lower end, at most the median.</param>
/// <param name="Upper">The upper end, at least the median.</param>
public readonly record struct Estimate(double Median, double Lower, double Upper)
{
    /// <summary>Makes an estimate that is certain.</summary>
    public static Estimate Exactly(double value) => new(value, value, value);

    /// <summary>Multiplies all three by a factor of zero or more.</summary>
    public Estimate Scale(double factor) => new(Median * factor, Lower * factor, Upper * factor);
}
