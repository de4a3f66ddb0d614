namespace PredictiveOrchestration.Prediction;

/// <summary>Fits per-backend models to calibration and observations.</summary>
internal static class ModelBuilder
{
    /// <summary>Observations of a backend from which its forest begins.</summary>
    public const int ForestRows = 50;

    /// <summary>The models that calibration alone gives.</summary>
    public static IEnumerable<KeyValuePair<string, BackendModel>> Calibrated(IReadOnlyList<TrainingRow> calibration)
    {
        foreach (var group in calibration.GroupBy(r => (r.BackendId, r.Basis)))
        {
            var analytic = AnalyticCostModel.Fit(CostBasisCatalog.Get(group.Key.Basis), [.. group]);
            yield return new(group.Key.BackendId, new BackendModel(analytic, null, new ConformalCalibrator(BackendModel.PriorSigma(true), []), [], 0));
        }
    }

    /// <summary>
    /// Fits a backend anew. Calibration rows stay in the analytic fit, so that terms no job has exercised keep their measured constants.
    /// Errors are taken from held-out rows: those of a model fitted without them.
    /// </summary>
    public static BackendModel Fit(string basisName, IReadOnlyList<TrainingRow> calibration, IReadOnlyList<TrainingRow> observed, double[] waits, int observations, int seed)
    {
        var basis = CostBasisCatalog.Get(basisName);
        var (analytic, forest) = FitParts(basis, calibration, observed, seed);
        var errors = new List<double>();
        const int folds = 4;
        for (var fold = 0; fold < folds && observed.Count >= 2 * folds; fold++)
        {
            var inside = observed.Where((_, i) => i % folds != fold).ToList();
            var part = FitParts(basis, calibration, inside, seed);
            var model = new BackendModel(part.Analytic, part.Forest, new ConformalCalibrator(1, []), [], 0);
            errors.AddRange(observed.Where((r, i) => i % folds == fold && !r.IsCensored).Select(r => Error(model, r)));
        }

        return new BackendModel(analytic, forest, new ConformalCalibrator(BackendModel.PriorSigma(true), errors), waits, observations);
    }

    /// <summary>ln(observed / predicted), before the correction by past errors.</summary>
    public static double Error(BackendModel model, TrainingRow row) => Math.Log(row.Seconds / model.Raw(row.Terms, row.Features));

    private static (AnalyticCostModel Analytic, FlatForest? Forest) FitParts(CostBasis basis, IReadOnlyList<TrainingRow> calibration, IReadOnlyList<TrainingRow> observed, int seed)
    {
        var analytic = AnalyticCostModel.Fit(basis, [.. calibration, .. observed]);
        var complete = observed.Where(r => !r.IsCensored).ToList();
        if (complete.Count < ForestRows * 3 / 4)
        {
            return (analytic, null);
        }

        // A stopped run would have taken longer: twice its time stands in for the truth, if the analytic model does not say more.
        var inputs = observed.Select(r => r.Features).ToList();
        var targets = observed.Select(r =>
        {
            var predicted = analytic.Predict(r.Terms);
            return (float)(r.IsCensored ? Math.Max(0, Math.Log(2 * r.Seconds / predicted)) : Math.Log(r.Seconds / predicted));
        }).ToList();
        return (analytic, FlatForest.Train(inputs, targets, seed));
    }
}
