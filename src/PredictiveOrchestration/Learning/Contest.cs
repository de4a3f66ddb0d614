using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Learning;

/// <summary>
/// Whether a newly fitted model may replace the one in use: on the latest runs its errors, each with the run held out, must not exceed those that the one in use made before learning
/// from the run by more than a twentieth and what chance explains; and of the runs that stand for all others, nine in ten of those that were predicted well must still be.
/// </summary>
internal sealed class Contest
{
    private const int Judged = 200, Least = 30;

    /// <summary>The 95 % quantile of the normal distribution.</summary>
    public const double Chance = 1.645;

    private readonly Queue<(TrainingRow Row, double Error)> _errors = new();

    /// <summary>Notes an error of the model in use, before it learns from the run.</summary>
    public void Note(TrainingRow row, double error)
    {
        _errors.Enqueue((row, Size(error)));
        if (_errors.Count > Judged)
        {
            _errors.Dequeue();
        }
    }

    /// <summary>Forgets the errors, as when another model is in use.</summary>
    public void Clear() => _errors.Clear();

    /// <summary>Why the challenger is refused; null if it may be published.</summary>
    /// <param name="champion">The model in use.</param>
    /// <param name="challenger">The new model.</param>
    /// <param name="heldOut">The new model's errors on runs that it did not see.</param>
    public string? Refuse(BackendModel champion, BackendModel challenger, IReadOnlyDictionary<TrainingRow, double> heldOut)
    {
        var pairs = _errors.Where(e => heldOut.ContainsKey(e.Row)).Select(e => (Old: e.Error, New: Size(heldOut[e.Row]))).ToList();
        if (pairs.Count >= Least)
        {
            var (before, worse) = (pairs.Average(p => p.Old), pairs.Average(p => p.New - p.Old));
            var noise = Chance * Math.Sqrt(pairs.Sum(p => Math.Pow(p.New - p.Old - worse, 2)) / (pairs.Count - 1) / pairs.Count);
            if (worse - noise > (0.05 * before) + 0.01)
            {
                return FormattableString.Invariant(
                    $"its mean error on the last {pairs.Count} runs, each held out, exceeds that of {before:F3} of the model in use by {worse:F3}, of which chance explains {noise:F3}");
            }
        }

        if (champion.Residual is not { } residual)
        {
            return null;
        }

        var pinned = residual.Examples.Rows.Where(r => !r.IsCensored && Error(champion, r) < 0.2).ToList();
        var lost = pinned.Count(r => Error(challenger, r) > 0.7);
        return pinned.Count >= Least && lost > pinned.Count / 10 ? $"it mispredicts {lost} of {pinned.Count} runs that were predicted well by more than a factor of two" : null;
    }

    private static double Size(double error) => Math.Min(3, Math.Abs(error));

    private static double Error(BackendModel model, TrainingRow row) => Math.Abs(Math.Log(row.Seconds) - model.Predict(row.Terms, row.Features, row.Kin).Median);
}
