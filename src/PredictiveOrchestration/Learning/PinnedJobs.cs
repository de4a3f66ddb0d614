using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Learning;

/// <summary>
/// Jobs that ran on several backends, so that it is known which is faster: a new model of one backend must not make the choice between them worse
/// (the regression block of Bao, Marcus et al. 2021, over all backends). Bounded: the oldest job goes first.
/// </summary>
internal sealed class PinnedJobs
{
    private const int Most = 2000;
    private const double PriorVariance = 0.04;

    // Below a third either choice is as good.
    private const double Matters = 0.3;
    private readonly Dictionary<ulong, Dictionary<string, (TrainingRow Row, RepeatedTime Time)>> _jobs = [];
    private readonly Queue<ulong> _order = new();

    public void Add(TrainingRow row)
    {
        if (row.Job == 0 || row.IsCensored)
        {
            return;
        }

        if (!_jobs.TryGetValue(row.Job, out var runs))
        {
            _jobs.Add(row.Job, runs = new(StringComparer.Ordinal));
            _order.Enqueue(row.Job);
            if (_order.Count > Most)
            {
                _jobs.Remove(_order.Dequeue());
            }
        }

        runs[row.BackendId] = (row, runs.GetValueOrDefault(row.BackendId).Time.With(Math.Log(row.Seconds)));
    }

    /// <summary>Why a new model of a backend is refused: pairs of runs of one job that the models in use put in the right order and it does not, beyond those that it puts right and chance.</summary>
    public string? Refuse(string backendId, BackendModel champion, BackendModel challenger, PerformancePredictor others)
    {
        int lost = 0, won = 0;
        foreach (var runs in _jobs.Values)
        {
            if (!runs.TryGetValue(backendId, out var own) || own.Row.Basis != challenger.Analytic.Basis.Name)
            {
                continue;
            }

            foreach (var (id, other) in runs)
            {
                var apart = own.Time.Mean - other.Time.Mean;
                if (id == backendId || Math.Abs(apart) < Math.Max(Matters, 2 * Math.Sqrt(Variance(own.Time) + Variance(other.Time))))
                {
                    continue;
                }

                var there = Predict(others.ModelOf(id, other.Row.Basis), other.Row);
                var (before, after) = ((Predict(champion, own.Row) - there) * apart > 0, (Predict(challenger, own.Row) - there) * apart > 0);
                lost += before && !after ? 1 : 0;
                won += after && !before ? 1 : 0;
            }
        }

        // A sign test.
        return lost - won > Contest.Chance * Math.Sqrt(lost + won) ? $"it would choose wrongly between backends {lost} times where the models in use choose rightly, and rightly {won} times where they do not" : null;
    }

    private static double Variance(RepeatedTime time) => ((PriorVariance * 4) + (time.Count * time.Variance)) / (4 + time.Count) / time.Count;

    private static double Predict(BackendModel model, TrainingRow row) => model.Predict(row.Terms, row.Features, row.Kin).Median;
}
