namespace PredictiveOrchestration.Prediction;

/// <summary>
/// Time as a sum of terms with coefficients that are never negative: it grows with every driver, and so extrapolates.
/// </summary>
internal sealed class AnalyticCostModel
{
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

    public static AnalyticCostModel Prior(CostBasis basis) => new(basis, basis.PriorSeconds, false);

    /// <summary>
    /// Fits the coefficients to the relative error, robustly: rows are reweighted by how far off they were (Huber, in log time), and
    /// a censored row counts only while the prediction is below it. Terms that no row exercised are pulled to the prior, brought to the
    /// speed that the rows show.
    /// </summary>
    public static AnalyticCostModel Fit(CostBasis basis, IReadOnlyList<TrainingRow> rows)
    {
        if (rows.Count == 0)
        {
            return Prior(basis);
        }

        var terms = basis.PriorSeconds.Length;
        var ratios = rows.Where(r => !r.IsCensored).Select(r => r.Seconds / Math.Max(1e-12, Dot(basis.PriorSeconds, r.Terms))).Order().ToArray();
        var speed = ratios.Length == 0 ? 1 : ratios[ratios.Length / 2];
        var prior = Array.ConvertAll(basis.PriorSeconds, p => p * speed);
        var coefficients = (double[])prior.Clone();
        var weights = new double[rows.Count];
        Array.Fill(weights, 1);
        for (var round = 0; round < 8; round++)
        {
            for (var r = 0; r < rows.Count; r++)
            {
                var error = Math.Log(rows[r].Seconds / Math.Max(1e-12, Dot(coefficients, rows[r].Terms)));
                weights[r] = round == 0 ? (rows[r].IsCensored ? 0 : 1)
                    : rows[r].IsCensored && error <= 0 ? 0
                    : Math.Min(1, 0.3 / Math.Max(1e-9, Math.Abs(error)));
            }

            Solve(prior, rows, weights, coefficients, terms);
        }

        return new AnalyticCostModel(basis, coefficients, true);
    }

    /// <summary>The predicted seconds.</summary>
    public double Predict(double[] terms) => Math.Max(1e-9, Dot(Coefficients, terms));

    // Coordinate descent on Σ w (Σ c·f / t - 1)² + small · Σ (c / prior - 1)², c ≥ 0.
    private static void Solve(double[] prior, IReadOnlyList<TrainingRow> rows, double[] weights, double[] coefficients, int terms)
    {
        var gram = new double[terms * terms];
        var target = new double[terms];
        var scaled = new double[terms];
        for (var r = 0; r < rows.Count; r++)
        {
            if (weights[r] == 0)
            {
                continue;
            }

            for (var i = 0; i < terms; i++)
            {
                scaled[i] = rows[r].Terms[i] * prior[i] / rows[r].Seconds;
            }

            for (var i = 0; i < terms; i++)
            {
                target[i] += weights[r] * scaled[i];
                for (var j = 0; j < terms; j++)
                {
                    gram[i * terms + j] += weights[r] * scaled[i] * scaled[j];
                }
            }
        }

        const double pull = 1e-4;
        var factor = new double[terms];
        for (var i = 0; i < terms; i++)
        {
            factor[i] = coefficients[i] / prior[i];
        }

        for (var sweep = 0; sweep < 400; sweep++)
        {
            var change = 0.0;
            for (var i = 0; i < terms; i++)
            {
                var residual = target[i] + pull;
                for (var j = 0; j < terms; j++)
                {
                    residual -= j == i ? 0 : gram[i * terms + j] * factor[j];
                }

                var next = Math.Max(0, residual / (gram[i * terms + i] + pull));
                change = Math.Max(change, Math.Abs(next - factor[i]));
                factor[i] = next;
            }

            if (change < 1e-9)
            {
                break;
            }
        }

        for (var i = 0; i < terms; i++)
        {
            coefficients[i] = factor[i] * prior[i];
        }
    }

    private static double Dot(double[] a, double[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
