using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Learning;

/// <summary>
/// Whether a newly fitted model may replace the one in use: its error on rows held out from it must not exceed by more than a twentieth the errors the one in
/// use made on its latest runs, each before it was learned from; and of the runs that stand for all others, nine in ten of those that were predicted well must still be.
/// </summary>
internal sealed class Contest
{
    private const int Judged = 200, Least = 30;
    private readonly Queue<double> _errors = new();
    private double _sum;

    /// <summary>Notes an error of the model in use, before it learns from the run.</summary>
    public void Note(double error)
    {
        var size = Math.Min(3, Math.Abs(error));
        _errors.Enqueue(size);
        _sum += size;
        if (_errors.Count > Judged)
        {
            _sum -= _errors.Dequeue();
        }
    }

    /// <summary>Forgets the errors, as when another model is in use.</summary>
    public void Clear()
    {
        _errors.Clear();
        _sum = 0;
    }

    /// <summary>Why the challenger is refused; null if it may be published.</summary>
    public string? Refuse(BackendModel champion, BackendModel challenger)
    {
        if (_errors.Count >= Least && challenger.HeldOutError > (1.05 * _sum / _errors.Count) + 0.01)
        {
            return FormattableString.Invariant($"its mean error of {challenger.HeldOutError:F3} on held-out runs is greater than that of {_sum / _errors.Count:F3} of the model in use on the last {_errors.Count}");
        }

        if (champion.Residual is not { } residual)
        {
            return null;
        }

        var pinned = residual.Examples.Rows.Where(r => !r.IsCensored && Error(champion, r) < 0.2).ToList();
        var lost = pinned.Count(r => Error(challenger, r) > 0.7);
        return pinned.Count >= Least && lost > pinned.Count / 10 ? $"it mispredicts {lost} of {pinned.Count} runs that were predicted well by more than a factor of two" : null;
    }

    private static double Error(BackendModel model, TrainingRow row) => Math.Abs(Math.Log(row.Seconds) - model.Predict(row.Terms, row.Features).Median);
}
