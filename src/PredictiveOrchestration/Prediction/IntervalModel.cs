namespace PredictiveOrchestration.Prediction;

/// <summary>A held-out error in log time with the scale it was predicted with.</summary>
internal readonly record struct HeldOutError(double Error, double Scale);

/// <summary>
/// Conformal intervals: quantiles of error ÷ scale, one pair for each group of jobs. All begin as those of split conformal prediction on all held-out errors of circuits that did
/// not run before, with the finite-sample correction: what makes errors of one group larger than those of another is in the scale, and what else the errors of a group say is chance for the most part
/// (held out, their own quantiles cover less and less often the right choice). Circuits that ran before, with other shots, begin with their own. Each new error then moves its group's pair a step, so that in the long run a little less than one error in twenty lies
/// beyond each end whatever the jobs are (quantile tracking: Angelopoulos, Candès, Tibshirani, arXiv:2307.16895; Gibbs, Candès, arXiv:2106.00170). Immutable.
/// </summary>
internal sealed class IntervalModel
{
    // Less than one in twenty at each end: held-out errors are a little smaller than those on kinds of jobs never seen.
    private const double Level = 0.048, Normal = 1.645;
    private const int PriorWeight = 12;
    private readonly double[] _low, _high;

    private IntervalModel(double[] low, double[] high) => (_low, _high) = (low, high);

    public int Groups => _low.Length;

    public void Write(BinaryWriter writer)
    {
        writer.WriteArray(_low);
        writer.WriteArray(_high);
    }

    public static IntervalModel Read(BinaryReader reader)
    {
        var low = reader.ReadDoubles();
        var high = reader.ReadDoubles(low.Length);
        BinaryParts.Require(low.Length > 0 && low.Zip(high).All(p => p.First < p.Second));
        return new IntervalModel(low, high);
    }

    /// <summary>Intervals from the prior width alone.</summary>
    public static IntervalModel Prior(double sigma) => new([-Normal * sigma], [Normal * sigma]);

    /// <summary>Intervals from held-out errors.</summary>
    /// <param name="errors">The errors.</param>
    /// <param name="groups">The number of groups.</param>
    /// <param name="priorSigma">The width in units of the scale that counts as twelve imagined errors.</param>
    public static IntervalModel Fit(IReadOnlyList<HeldOutError> errors, int groups, double priorSigma)
    {
        var (low, high) = (-Normal * priorSigma, Normal * priorSigma);
        if (errors.Count > 0)
        {
            // Rank ceil((n + 1) q) from the outside: with few errors the extremes themselves.
            var scores = errors.Select(e => e.Error / e.Scale).Order().ToArray();
            var at = Math.Max(0, (int)Math.Floor(Level * (scores.Length + 1)) - 1);
            var own = (double)scores.Length / (scores.Length + PriorWeight);
            (low, high) = ((own * scores[at]) + ((1 - own) * low), (own * scores[^(at + 1)]) + ((1 - own) * high));
        }

        return new IntervalModel([.. Enumerable.Repeat(low, groups)], [.. Enumerable.Repeat(high, groups)]);
    }

    /// <summary>The intervals with another beginning for one group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="own">What it begins with: intervals of one group.</param>
    public IntervalModel WithGroup(int group, IntervalModel own)
    {
        var (low, high) = ((double[])_low.Clone(), (double[])_high.Clone());
        (low[group], high[group]) = own[0];
        return new IntervalModel(low, high);
    }

    /// <summary>The ends in units of the scale.</summary>
    public (double Low, double High) this[int group] => (_low[Math.Min(group, _low.Length - 1)], _high[Math.Min(group, _high.Length - 1)]);

    /// <summary>The intervals after one more error, in units of its scale.</summary>
    /// <param name="group">The group.</param>
    /// <param name="score">Error ÷ scale.</param>
    /// <param name="isCensored">The true score is at least that; one within the interval says nothing.</param>
    public IntervalModel With(int group, double score, bool isCensored)
    {
        group = Math.Min(group, _low.Length - 1);
        if (isCensored && score <= _high[group])
        {
            return this;
        }

        var (low, high) = ((double[])_low.Clone(), (double[])_high.Clone());
        var step = 0.15 * (high[group] - low[group]);
        high[group] += step * ((score > high[group] ? 1 : 0) - Level);
        low[group] -= step * ((score < low[group] ? 1 : 0) - Level);
        high[group] = Math.Max(high[group], low[group] + 1e-3);
        return new IntervalModel(low, high);
    }
}
