namespace PredictiveOrchestration.Prediction;

/// <summary>What is known about one backend's time. Immutable.</summary>
/// <param name="Analytic">The sum of terms.</param>
/// <param name="Forest">What the terms leave unexplained, or null while there is too little data.</param>
/// <param name="Errors">The errors of past predictions.</param>
/// <param name="Waits">Observed waits in seconds, latest last.</param>
/// <param name="Observations">The number of runs learned from.</param>
internal sealed record BackendModel(AnalyticCostModel Analytic, FlatForest? Forest, ConformalCalibrator Errors, double[] Waits, int Observations)
{
    /// <summary>The width before anything was learned, as a standard deviation in log time: a factor of 1.6 once calibrated, of 10 if not.</summary>
    public static double PriorSigma(bool isCalibrated) => isCalibrated ? 0.5 : 2.3;

    public static BackendModel Prior(CostBasis basis) => new(AnalyticCostModel.Prior(basis), null, new ConformalCalibrator(PriorSigma(false), []), [], 0);

    /// <summary>The predicted seconds before the correction by past errors.</summary>
    public double Raw(double[] terms, ReadOnlySpan<float> features)
    {
        var seconds = Analytic.Predict(terms);
        return Forest is null ? seconds : seconds * Math.Exp(Forest.Predict(features));
    }
}
