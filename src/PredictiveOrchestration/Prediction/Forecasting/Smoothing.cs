namespace PredictiveOrchestration.Prediction.Forecasting;

/// <summary>
/// Exponential smoothing with damped trend and additive season in error-correction form (ETS(A,Ad,A), Hyndman et al. 2008): with e = y - (l + φb + s),
/// l += φb + αe, b = φb + βe, s += γe. Its corners are the simpler methods: α = 1 alone is the last value, α alone simple smoothing, γ = 1 with α = 0 the value one season ago.
/// </summary>
/// <param name="Name">The method's name.</param>
/// <param name="Alpha">The gain of the level.</param>
/// <param name="Beta">The gain of the trend, at most <paramref name="Alpha"/>.</param>
/// <param name="Gamma">The gain of the season, at most 1 - <paramref name="Alpha"/>.</param>
/// <param name="Phi">What is left of the trend after a step.</param>
/// <param name="Season">Steps of a season; 1 for none.</param>
internal sealed record Smoothing(string Name, double Alpha, double Beta, double Gamma, double Phi, int Season)
{
    /// <summary>The state before anything but the first season was seen; the first <see cref="Season"/> values only begin it.</summary>
    public SmoothingState Begin(ReadOnlySpan<double> history)
    {
        if (Season == 1)
        {
            return new SmoothingState(this, history[0], 0, [0]);
        }

        var first = history[..Season];
        var level = Mean(first);
        var seasonal = new double[Season];
        for (var i = 0; i < Season; i++)
        {
            seasonal[i] = first[i] - level;
        }

        return new SmoothingState(this, level, 0, seasonal);
    }

    /// <summary>The sum of squared one-step errors over a history.</summary>
    public double SquaredErrors(ReadOnlySpan<double> history)
    {
        var state = Begin(history);
        var sum = 0.0;
        for (var t = Season; t < history.Length; t++)
        {
            var error = state.Add(history[t]);
            sum += error * error;
        }

        return sum;
    }

    /// <summary>The variance of an error h steps ahead over that of one step, for each h from 1 on (Hyndman et al. 2008, table 6.2).</summary>
    public double[] VarianceGrowth(int horizon)
    {
        var growth = new double[horizon];
        double sum = 1, damped = 0, power = 1;
        for (var h = 0; h < horizon; h++)
        {
            growth[h] = sum;
            power *= Phi;
            damped += power;
            var c = Alpha + (Beta * damped) + ((h + 1) % Season == 0 && Season > 1 ? Gamma : 0);
            sum += c * c;
        }

        return growth;
    }

    private static double Mean(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += value;
        }

        return sum / values.Length;
    }
}

/// <summary>Where a smoothed series stands. Not thread-safe.</summary>
internal sealed class SmoothingState(Smoothing method, double level, double trend, double[] seasonal)
{
    private double _level = level, _trend = trend;
    private int _at;

    /// <summary>Takes the next value; returns the error of what was expected.</summary>
    public double Add(double value)
    {
        ref var season = ref seasonal[_at];
        var error = value - (_level + (method.Phi * _trend) + season);
        (_level, _trend) = (_level + (method.Phi * _trend) + (method.Alpha * error), (method.Phi * _trend) + (method.Beta * error));
        season += method.Gamma * error;
        _at = (_at + 1) % seasonal.Length;
        return error;
    }

    /// <summary>What is expected in each of the next steps.</summary>
    public void Expect(Span<double> next)
    {
        double sum = 0, power = 1;
        for (var h = 0; h < next.Length; h++)
        {
            power *= method.Phi;
            sum += power;
            next[h] = _level + (sum * _trend) + seasonal[(_at + h) % seasonal.Length];
        }
    }
}
