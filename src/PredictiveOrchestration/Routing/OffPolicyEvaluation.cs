using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Routing;

/// <summary>
/// What runs would have taken under another choice, from what they took under the one that was made: doubly robust (Dudík, Langford, Li, arXiv:1103.4601). A
/// run's term is the prediction for the other choice, and, if the run went there, its error divided by the propensity: right in the mean if the
/// propensities are right, whatever the predictions, and near if the predictions are near. Weights are held to 50.
/// </summary>
internal sealed class OffPolicyEvaluation
{
    private const double MostWeight = 50, Normal = 1.645;
    private readonly List<Run> _runs = [];

    public int Jobs => _runs.Count;

    public int Randomised => _runs.Count(r => r.Propensity < 1);

    public double ActualSeconds => _runs.Sum(r => r.Seconds);

    public double EffectiveObservations => _runs.Sum(r => r.Weight) is > 0 and var sum ? sum * sum / _runs.Sum(r => r.Weight * r.Weight) : 0;

    /// <summary>The total by inverse propensities alone, normalised by the sum of weights.</summary>
    public double InversePropensitySeconds => _runs.Sum(r => r.Weight) is > 0 and var sum ? _runs.Sum(r => r.Weight * r.Seconds) / sum * _runs.Count : double.NaN;

    /// <summary>Adds a run.</summary>
    /// <param name="seconds">What it took.</param>
    /// <param name="propensity">The probability of the choice that was made.</param>
    /// <param name="same">Whether the other choice is the same.</param>
    /// <param name="made">The prediction for the choice that was made; null if its backend is gone.</param>
    /// <param name="other">The prediction for the other choice.</param>
    public void Add(double seconds, double propensity, bool same, BackendPrediction? made, BackendPrediction other)
    {
        var p = propensity is > 0 and <= 1 ? propensity : 1;
        _runs.Add(new Run(seconds, p, same ? Math.Min(MostWeight, 1 / p) : 0, made is null ? double.NaN : Math.Log(seconds / made.Seconds.Median), other.Seconds));
    }

    /// <summary>The total with its 90 % interval: the scatter of the corrections, and, where no run at all could have gone the other way, the whole width of the predictions.</summary>
    public Estimate Estimate()
    {
        if (_runs.Count == 0)
        {
            return Prediction.Estimate.Exactly(0);
        }

        // The mean error in log time over all runs brings the predictions to the level that was seen.
        var errors = _runs.Select(r => r.LogError).Where(double.IsFinite).ToList();
        var level = errors.Count == 0 ? 1 : Math.Exp(Math.Clamp(errors.Average(), -2, 2));
        double total = 0, low = 0, high = 0;
        var corrections = new List<double>();
        foreach (var run in _runs)
        {
            var predicted = level * run.Other.Median;
            if (run.Weight == 1)
            {
                // The same choice, made for sure: what it took is the truth.
                total += run.Seconds;
                continue;
            }

            total += predicted;
            if (run.Propensity < 1)
            {
                corrections.Add(run.Weight * (run.Seconds - predicted));
            }
            else
            {
                low += level * (run.Other.Median - run.Other.Lower);
                high += level * (run.Other.Upper - run.Other.Median);
            }
        }

        var mean = corrections.Count == 0 ? 0 : corrections.Average();
        var variance = corrections.Count < 2 ? mean * mean : corrections.Sum(c => (c - mean) * (c - mean)) / (corrections.Count - 1);
        var half = Normal * Math.Sqrt(variance * corrections.Count);
        total = Math.Max(0, total + (mean * corrections.Count));
        return new Estimate(total, Math.Max(0, total - half - low), total + half + high);
    }

    private readonly record struct Run(double Seconds, double Propensity, double Weight, double LogError, Estimate Other);
}
