using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;

namespace PredictiveOrchestration.Prediction.Forecasting;

/// <summary>Fits gains to a history by MathNet's simplex search (Nelder and Mead) on the squared one-step errors, and finds the length of a season.</summary>
internal static class SmoothingFitter
{
    private const int MaxSteps = 150;
    private const double Significant = 0.3;

    /// <summary>The methods that are compared, simplest first; season 1 for none.</summary>
    public static IEnumerable<Smoothing> Candidates(ReadOnlyMemory<double> history, int season)
    {
        yield return new Smoothing("last value", 1, 0, 0, 1, 1);
        yield return Simple(history);
        yield return Trend(history);
        if (season > 1)
        {
            yield return new Smoothing("last season", 0, 0, 1, 1, season);
            yield return Seasonal(history, season);
        }
    }

    public static Smoothing Simple(ReadOnlyMemory<double> history) =>
        Fit(history, [-1], static x => new Smoothing("simple smoothing", Unit(x[0]), 0, 0, 1, 1));

    public static Smoothing Trend(ReadOnlyMemory<double> history) =>
        Fit(history, [-1, -2, 2], static x => new Smoothing("damped trend", Unit(x[0]), Unit(x[0]) * Unit(x[1]), 0, Damping(x[2]), 1));

    public static Smoothing Seasonal(ReadOnlyMemory<double> history, int season) =>
        Fit(history, [-1, -2, 2, -1], x => new Smoothing("damped trend and season", Unit(x[0]), Unit(x[0]) * Unit(x[1]), (1 - Unit(x[0])) * Unit(x[3]), Damping(x[2]), season));

    /// <summary>The lag from 2 to a third of the history at which differences correlate most, if they do significantly; else 1.</summary>
    public static int SeasonOf(ReadOnlySpan<double> history)
    {
        // Of first differences, so that a trend is no season.
        var n = history.Length - 1;
        if (n < 8)
        {
            return 1;
        }

        var differences = new double[n];
        for (var i = 0; i < n; i++)
        {
            differences[i] = history[i + 1] - history[i];
        }

        var mean = differences.Average();
        var variance = differences.Sum(d => (d - mean) * (d - mean));
        var (best, at) = (Math.Max(Significant, 2.6 / Math.Sqrt(n)), 1);
        for (var lag = 2; lag <= n / 3 && variance > 0; lag++)
        {
            var sum = 0.0;
            for (var i = lag; i < n; i++)
            {
                sum += (differences[i] - mean) * (differences[i - lag] - mean);
            }

            // Corrected for the missing ends; a multiple of the season must be clearly better than the season.
            var correlation = sum / variance * n / (n - lag);
            if (correlation > best * (at == 1 ? 1 : 1.1))
            {
                (best, at) = (correlation, lag);
            }
        }

        return at;
    }

    private static Smoothing Fit(ReadOnlyMemory<double> history, double[] start, Func<Vector<double>, Smoothing> method)
    {
        var initial = Vector<double>.Build.Dense(start);
        var (best, least) = (method(initial), double.PositiveInfinity);
        double Loss(Vector<double> x)
        {
            var candidate = method(x);
            var loss = candidate.SquaredErrors(history.Span);
            if (loss < least)
            {
                (best, least) = (candidate, loss);
            }

            return double.IsFinite(loss) ? loss : 1e300;
        }

        try
        {
            new NelderMeadSimplex(1e-6 * (1e-12 + Loss(initial)), MaxSteps).FindMinimum(ObjectiveFunction.Value(Loss), initial);
        }
        catch (OptimizationException)
        {
            // Not converged: the best so far is what it is.
        }

        return best;
    }

    private static double Unit(double x) => 1 / (1 + Math.Exp(-Math.Clamp(x, -12, 12)));

    private static double Damping(double x) => 0.8 + (0.19 * Unit(x));
}
