using MathNet.Numerics;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Routing;

/// <summary>Helpers for log-normal times.</summary>
internal static class LogNormal
{
    /// <summary>
    /// The expected value, of half a log-normal below the median and half another one above it, as the ends of the interval say: a bound that may be loose says that a run may be
    /// shorter, not that it may be longer. The width above counts up to 1.5: beyond, it says that nothing is known, not that the mean is astronomical.
    /// </summary>
    public static double Mean(BackendPrediction prediction)
    {
        var (median, lower, upper) = (prediction.Seconds.Median, prediction.Seconds.Lower, prediction.Seconds.Upper);
        double below = Width(median, lower), above = Math.Min(1.5, Width(upper, median));
        return (prediction.LikelySeconds * ((Math.Exp(below * below / 2) * Normal(-below)) + (Math.Exp(above * above / 2) * Normal(above)))) + prediction.WaitSeconds.Median;
    }

    // The deviation of which the 90 % interval says so much; beyond 6 nothing is left of that side's share.
    private static double Width(double longer, double shorter) => longer > shorter && shorter > 0 ? Math.Min(6, Math.Log(longer / shorter) / 1.645) : longer > 0 && shorter <= 0 ? 6 : 0;

    /// <summary>The 90 % quantile.</summary>
    public static double Pessimistic(BackendPrediction prediction) =>
        prediction.LikelySeconds * Math.Exp(1.2816 * prediction.LogSecondsSigma) + prediction.WaitSeconds.Upper;

    /// <summary>By how much a run is shorter than another time, on average, where it is none counts as nothing: ∫ (other - x)⁺ dF(x).</summary>
    public static double MeanBelow(BackendPrediction prediction, double other)
    {
        var sigma = prediction.LogSecondsSigma;
        var median = prediction.LikelySeconds + prediction.WaitSeconds.Median;
        var distance = Math.Log(other / median) / sigma;
        return (other * Normal(distance)) - (median * Math.Exp(sigma * sigma / 2) * Normal(distance - sigma));
    }

    /// <summary>By how much a run is longer than another time, on average.</summary>
    public static double MeanAbove(BackendPrediction prediction, double other)
    {
        var sigma = prediction.LogSecondsSigma;
        var median = prediction.LikelySeconds + prediction.WaitSeconds.Median;
        return MeanBelow(prediction, other) + (median * Math.Exp(sigma * sigma / 2)) - other;
    }

    private static double Normal(double x) => 0.5 * SpecialFunctions.Erfc(-x / Math.Sqrt(2));

    /// <summary>
    /// The probability that the first has the least loss: ∫ φ₀(x) Π (1 - Φⱼ(x)) dx over the logarithm of the loss, by the midpoint rule on ±6σ.
    /// </summary>
    public static double ProbabilityOfLeast(IReadOnlyList<RankedBackend> ranked)
    {
        if (ranked.Count == 1)
        {
            return 1;
        }

        const int steps = 96;
        double mean = Math.Log(ranked[0].Loss), sigma = Math.Max(1e-6, ranked[0].LossSigma);

        // Those that are out of reach are left out: what they could take away is below 10⁻⁹.
        Span<(double Mean, double Scale)> others = ranked.Count <= 32 ? stackalloc (double, double)[ranked.Count] : new (double, double)[ranked.Count];
        var count = 0;
        for (var j = 1; j < ranked.Count; j++)
        {
            double other = Math.Log(ranked[j].Loss), width = Math.Max(1e-6, ranked[j].LossSigma);
            if (other - mean < 6 * (sigma + width))
            {
                others[count++] = (other, 1 / (Math.Sqrt(2) * width));
            }
        }

        var sum = 0.0;
        for (var k = 0; k < steps; k++)
        {
            var z = -6 + 12 * (k + 0.5) / steps;
            var product = Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * 12 / steps;
            foreach (var (other, scale) in others[..count])
            {
                product *= 0.5 * SpecialFunctions.Erfc((mean + sigma * z - other) * scale);
            }

            sum += product;
        }

        return Math.Clamp(sum, 0, 1);
    }
}
