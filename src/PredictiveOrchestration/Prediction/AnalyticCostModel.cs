namespace PredictiveOrchestration.Prediction;

/// <summary>
/// Time as a sum of terms with coefficients that are never negative: it grows with every driver, and so extrapolates.
/// </summary>
internal sealed class AnalyticCostModel
{
    /// <summary>Nothing is predicted to take less.</summary>
    public const double LeastSeconds = 1e-9;

    // How far, in log time, a coefficient may move from its prior, and how strongly it is held there; how strongly to what calibration says of it: as by one run that is wrong by as much.
    private const double Reach = 14, Pull = 0.001, Told = 1;

    // Beyond a cache, and where threads do not share it, work costs some share more: a few runs that differ by ten per cent, as they do on a busy machine, say nothing else.
    private const double PullOfBreakpoints = 0.05;

    // A term of which calibration had half of a run is told in full.
    private const double Enough = 0.25;

    // From so many runs of jobs on calibration may be slower or quicker than they are.
    private const int LeastApart = 30;

    // A bound that is looser than that, in log time, says nothing about coefficients.
    private const double Outlier = 2.5;

    private AnalyticCostModel(CostBasis basis, double[] coefficients, bool isFitted)
    {
        Basis = basis;
        Coefficients = coefficients;
        IsFitted = isFitted;
    }

    public CostBasis Basis { get; }

    /// <summary>Seconds for each unit of each term.</summary>
    public double[] Coefficients { get; }

    public bool IsFitted { get; }

    public void Write(BinaryWriter writer)
    {
        writer.WriteArray(Coefficients);
        writer.Write(IsFitted);
    }

    public static AnalyticCostModel Read(BinaryReader reader, CostBasis basis)
    {
        var coefficients = reader.ReadDoubles(Breakpoints.Count(basis));
        BinaryParts.Require(Array.TrueForAll(coefficients, c => c >= 0));
        return new AnalyticCostModel(basis, coefficients, reader.ReadBoolean());
    }

    /// <summary>A model with known coefficients, the seconds for each unit of each term.</summary>
    public static AnalyticCostModel Of(CostBasis basis, double[] coefficients) => new(basis, coefficients, true);

    public static AnalyticCostModel Prior(CostBasis basis) => new(basis, Breakpoints.Prior(basis), false);

    /// <summary>
    /// Fits the logarithms of the coefficients to log time by damped Gauss-Newton steps with Huber weights, so that a run ten times too
    /// fast weighs as much as one ten times too slow; a censored row counts only while the prediction is below it. Terms that no row
    /// exercised stay at the prior, brought to the speed that the rows show. Where jobs are known beside calibration, its prices are the prior of those terms that it exercised, for
    /// what jobs ask is known less exactly than what calibration asks: one count that is too high, in the jobs where it weighs most, would make its price too low. One factor more is fitted by which calibration took longer than jobs do,
    /// as on code that the runtime had not compiled anew yet or on a busy machine: what calibration says of prices relative to each other is kept.
    /// </summary>
    /// <param name="basis">The basis.</param>
    /// <param name="rows">The runs.</param>
    /// <param name="calibration">How many of them, the first ones, are of calibration.</param>
    public static AnalyticCostModel Fit(CostBasis basis, IReadOnlyList<TrainingRow> rows, int calibration = 0)
    {
        if (rows.Count == 0)
        {
            return Prior(basis);
        }

        var prior = Breakpoints.Prior(basis);
        var terms = prior.Length;
        double[] pull = [.. Enumerable.Repeat(Pull, basis.TermNames.Length), .. Enumerable.Repeat(PullOfBreakpoints, terms - basis.TermNames.Length), Pull];
        if (calibration > 0 && rows.Count > calibration)
        {
            IReadOnlyList<TrainingRow> first = [.. rows.Take(calibration)];
            prior = Fit(basis, first).Coefficients;
            for (var i = 0; i < terms; i++)
            {
                pull[i] += Told * Math.Min(1, first.Sum(r => Square(prior[i] * r.Terms[i] / Dot(prior, r.Terms))) / Enough);
            }
        }

        var shifts = rows.Where(r => !r.IsCensored).Select(r => Math.Log(r.Seconds / Dot(prior, r.Terms))).Order().ToArray();
        var start = shifts.Length == 0 ? 0 : Math.Clamp(shifts[shifts.Length / 2], -Reach, Reach);

        // The last parameter is the logarithm of that factor. Where calibration is quicker, on caches that hold nothing else, fixed costs of jobs are what differs, not all prices.
        var apart = calibration > 0 && rows.Count - calibration >= LeastApart ? calibration : 0;
        double[] log = [.. prior.Select(p => Math.Log(p) + start), 0];
        var home = (double[])log.Clone();
        var damping = 1e-2;
        var loss = Loss(log, home, pull, rows, apart);
        var gram = new double[terms + 1, terms + 1];
        var target = new double[terms + 1];
        var slope = new double[terms];
        var used = new int[terms];
        for (var round = 0; round < 60 && damping < 1e8; round++)
        {
            Array.Clear(gram);
            Array.Clear(target);
            var c = Prices(log);
            for (var r = 0; r < rows.Count; r++)
            {
                var row = rows[r];
                var time = Dot(c, row.Terms);
                var error = Math.Log(row.Seconds / time) - (r < apart ? log[terms] : 0);
                var weight = row.IsCensored && error <= 0 ? 0 : error < -Outlier ? 0 : Math.Min(1, 0.3 / Math.Max(1e-9, Math.Abs(error)));
                if (weight == 0)
                {
                    continue;
                }

                // Most terms of a row are zero where there are several ways to count the same work.
                var count = 0;
                for (var i = 0; i < terms; i++)
                {
                    slope[i] = c[i] * row.Terms[i] / time;
                    if (slope[i] == 0)
                    {
                        continue;
                    }

                    used[count++] = i;
                    target[i] += weight * slope[i] * error;
                    for (var k = 0; k < count; k++)
                    {
                        gram[i, used[k]] += weight * slope[i] * slope[used[k]];
                    }
                }

                if (r < apart)
                {
                    target[terms] += weight * error;
                    gram[terms, terms] += weight;
                    for (var k = 0; k < count; k++)
                    {
                        gram[terms, used[k]] += weight * slope[used[k]];
                    }
                }
            }

            for (var i = 0; i <= terms; i++)
            {
                gram[i, i] += pull[i];
                target[i] -= pull[i] * (log[i] - home[i]);
            }

            var step = Solve(gram, target, damping);
            var next = new double[terms + 1];
            for (var i = 0; i <= terms; i++)
            {
                next[i] = Math.Clamp(log[i] + Math.Clamp(step[i], -2, 2), i == terms ? 0 : home[i] - Reach, home[i] + Reach);
            }

            var nextLoss = Loss(next, home, pull, rows, apart);
            if (nextLoss < loss)
            {
                var isDone = loss - nextLoss < 1e-9 * loss;
                (log, loss, damping) = (next, nextLoss, damping / 5);
                if (isDone)
                {
                    break;
                }
            }
            else
            {
                damping *= 4;
            }
        }

        return new AnalyticCostModel(basis, Prices(log), true);
    }

    /// <summary>The predicted seconds.</summary>
    public double Predict(ReadOnlySpan<double> terms) => Math.Max(LeastSeconds, Dot(Coefficients, terms));

    private static double Square(double x) => x * x;

    private static double[] Prices(double[] log) => Array.ConvertAll(log[..^1], Math.Exp);

    private static double Loss(double[] log, double[] home, double[] pull, IReadOnlyList<TrainingRow> rows, int apart)
    {
        var c = Prices(log);
        var sum = 0.0;
        for (var i = 0; i < log.Length; i++)
        {
            sum += pull[i] * Square(log[i] - home[i]);
        }

        for (var r = 0; r < rows.Count; r++)
        {
            var row = rows[r];
            var error = Math.Log(row.Seconds / Dot(c, row.Terms)) - (r < apart ? log[^1] : 0);
            var size = row.IsCensored && error <= 0 ? 0 : error < 0 ? Math.Min(Outlier, -error) : error;
            sum += size < 0.3 ? size * size : 0.6 * size - 0.09;
        }

        return sum;
    }

    // Cholesky on the lower triangle, with the diagonal raised by the damping.
    private static double[] Solve(double[,] gram, double[] target, double damping)
    {
        var n = target.Length;
        var l = new double[n, n];
        var x = new double[n];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var sum = gram[i, j] + (i == j ? damping * (1e-3 + gram[i, i]) : 0);
                for (var k = 0; k < j; k++)
                {
                    sum -= l[i, k] * l[j, k];
                }

                l[i, j] = i == j ? Math.Sqrt(Math.Max(1e-12, sum)) : sum / l[j, j];
            }

            x[i] = target[i];
            for (var k = 0; k < i; k++)
            {
                x[i] -= l[i, k] * x[k];
            }

            x[i] /= l[i, i];
        }

        for (var i = n - 1; i >= 0; i--)
        {
            for (var k = i + 1; k < n; k++)
            {
                x[i] -= l[k, i] * x[k];
            }

            x[i] /= l[i, i];
        }

        return x;
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return Math.Max(1e-12, sum);
    }
}
