namespace PredictiveOrchestration.Prediction.Forecasting;

/// <summary>A forecast of one series.</summary>
/// <param name="Method">How it was made.</param>
/// <param name="Steps">The next steps; 90 % intervals.</param>
internal sealed record SeriesForecast(string Method, IReadOnlyList<Estimate> Steps);

/// <summary>
/// Forecasts a series by the smoothing method that would have forecast its latest third best, from origins that roll over it. Intervals are conformal: the quantile of the
/// errors that the method made so many steps ahead over the history, beyond the horizons that the history can tell growing as the method's variance.
/// </summary>
internal static class SeriesForecaster
{
    private const int LeastHistory = 12;
    private const double Level = 0.9;

    /// <summary>Forecasts quantities that are never negative.</summary>
    /// <param name="history">The values so far, oldest first; finite.</param>
    /// <param name="horizon">The number of steps.</param>
    public static SeriesForecast Forecast(double[] history, int horizon)
    {
        var method = Choose(history);
        var state = method.Begin(history);
        for (var t = method.Season; t < history.Length; t++)
        {
            state.Add(history[t]);
        }

        var next = new double[horizon];
        state.Expect(next);
        var widths = Widths(method, history, horizon);
        return new SeriesForecast(method.Name, [.. next.Select((value, h) =>
            new Estimate(Math.Max(0, value), Math.Max(0, value - widths[h]), Math.Max(0, value + widths[h])))]);
    }

    /// <summary>The method, fitted to the whole history, that forecasts the latest third best with gains fitted to the rest.</summary>
    public static Smoothing Choose(double[] history)
    {
        if (history.Length < LeastHistory || history.All(v => v == history[0]))
        {
            return new Smoothing("last value", 1, 0, 0, 1, 1);
        }

        var split = history.Length * 2 / 3;
        var season = SmoothingFitter.SeasonOf(history);
        season = 2 * season <= split ? season : 1;
        var name = SmoothingFitter.Candidates(history.AsMemory(0, split), season).MinBy(m => RollingError(m, history, split, 10))!.Name;
        return SmoothingFitter.Candidates(history, season).First(m => m.Name == name);
    }

    /// <summary>The mean absolute error from origins that roll from one point to the end, over the steps ahead that are known; a horizon counts as much as any other.</summary>
    public static double RollingError(Smoothing method, double[] history, int from, int horizon)
    {
        var (sums, counts) = (new double[horizon], new int[horizon]);
        Roll(method, history, from, horizon, (h, error) =>
        {
            sums[h] += Math.Abs(error);
            counts[h]++;
        });
        return sums.Select((sum, h) => counts[h] == 0 ? 0 : sum / counts[h]).Average();
    }

    private static void Roll(Smoothing method, double[] history, int from, int horizon, Action<int, double> note)
    {
        var state = method.Begin(history);
        var next = new double[horizon];
        for (var t = method.Season; t < history.Length; t++)
        {
            if (t >= from)
            {
                state.Expect(next);
                for (var h = 0; h < horizon && t + h < history.Length; h++)
                {
                    note(h, history[t + h] - next[h]);
                }
            }

            state.Add(history[t]);
        }
    }

    // A quantile needs some twenty errors; those of neighbouring origins overlap, hence at most a quarter of the history ahead.
    private static double[] Widths(Smoothing method, double[] history, int horizon)
    {
        var known = Math.Clamp((history.Length - method.Season) / 4, 1, Math.Min(horizon, 48));
        var errors = Enumerable.Range(0, known).Select(_ => new List<double>()).ToArray();
        Roll(method, history, Math.Min(history.Length - 1, Math.Max(method.Season, 2)), known, (h, error) => errors[h].Add(Math.Abs(error)));
        var growth = method.VarianceGrowth(horizon);
        var widths = new double[horizon];
        for (var h = 0; h < horizon; h++)
        {
            widths[h] = h >= known || errors[h].Count == 0
                ? (h == 0 ? 0 : widths[known - 1] * Math.Sqrt(growth[h] / growth[known - 1]))
                : Math.Max(h == 0 ? 0 : widths[h - 1], Quantile(errors[h]));
        }

        // Fewer than a dozen values bound nothing by themselves: anything from none to twice the largest is as likely.
        for (var h = 0; h < horizon && history.Length < LeastHistory; h++)
        {
            widths[h] = Math.Max(widths[h], history.Max() * Math.Sqrt(growth[h]));
        }

        return widths;
    }

    // Rank ceil((n + 1) q); with few errors the greatest.
    private static double Quantile(List<double> errors)
    {
        errors.Sort();
        return errors[Math.Min(errors.Count - 1, (int)Math.Ceiling(Level * (errors.Count + 1)) - 1)];
    }
}
