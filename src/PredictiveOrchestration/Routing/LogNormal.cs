using MathNet.Numerics;
using MathNet.Numerics.Distributions;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Routing;

/// <summary>Helpers for log-normal times.</summary>
internal static class LogNormal
{
    /// <summary>
    /// The expected value, of half a log-normal below the median and half another one above it, as the ends of the interval say: a bound that may be loose says that a run may be
    /// shorter, not that it may be longer.
    /// </summary>
    public static double Mean(BackendPrediction prediction)
    {
        var (below, above) = Widths(prediction.Seconds);
        return (prediction.LikelySeconds * (Moment(below, -below) + Moment(above, above))) + prediction.WaitSeconds.Median;
    }

    /// <summary>The 90 % quantile.</summary>
    public static double Pessimistic(BackendPrediction prediction) =>
        prediction.LikelySeconds * Math.Exp(1.2816 * prediction.LogSecondsSigma) + prediction.WaitSeconds.Upper;

    /// <summary>By how much a run is shorter than another time, on average, where it is none counts as nothing: ∫ (other - x)⁺ dF(x).</summary>
    public static double MeanBelow(BackendPrediction prediction, double other)
    {
        var (below, above) = Widths(prediction.Seconds);
        var median = prediction.LikelySeconds + prediction.WaitSeconds.Median;
        var distance = Math.Log(other / median);
        return distance <= 0
            ? (other * Normal.CDF(0, 1, distance / below)) - (median * Moment(below, (distance / below) - below))
            : (other * Normal.CDF(0, 1, distance / above)) - (median * (Moment(below, -below) + Moment(above, (distance / above) - above) - Moment(above, -above)));
    }

    /// <summary>The expected seconds if the run is given up after some time for another one: E min(x, limit) + P(x > limit) · other.</summary>
    public static double MeanUntil(BackendPrediction prediction, double limit, double other)
    {
        var (below, above) = Widths(prediction.Seconds);
        var distance = Math.Log(limit / (prediction.LikelySeconds + prediction.WaitSeconds.Median));
        return limit - MeanBelow(prediction, limit) + (other * Normal.CDF(0, 1, -distance / (distance < 0 ? below : above)));
    }

    /// <summary>By how much a run is longer than another time, on average.</summary>
    public static double MeanAbove(BackendPrediction prediction, double other)
    {
        var (below, above) = Widths(prediction.Seconds);
        var median = prediction.LikelySeconds + prediction.WaitSeconds.Median;
        return MeanBelow(prediction, other) + (median * (Moment(below, -below) + Moment(above, above))) - other;
    }

    // The deviations of the two halves. The one above counts up to 1.5: beyond, it says that nothing is known, not that the mean is astronomical; of the one below little is left beyond 6.
    private static (double Below, double Above) Widths(Estimate seconds) =>
        (Math.Clamp(Math.Log(seconds.Median / Math.Max(double.Epsilon, seconds.Lower)) / 1.645, 1e-3, 6), Math.Clamp(Math.Log(seconds.Upper / seconds.Median) / 1.645, 1e-3, 1.5));

    // The mean of exp(σz) over a standard normal z below a limit, of which σ was taken.
    private static double Moment(double sigma, double limit) => Math.Exp(sigma * sigma / 2) * Normal.CDF(0, 1, limit);

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
