using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Learning;

/// <summary>What a merge with other instances' runs came to.</summary>
internal sealed record MergeOutcome(string BackendId, IReadOnlyDictionary<string, int> Instances, string? Refusal, double Before, double After);

/// <summary>The runs of other instances that models are fitted to as well, by backend and instance; never handed on as one's own.</summary>
internal sealed class SharedRuns
{
    private const int LevelRows = 10;
    private readonly Dictionary<string, Dictionary<string, IReadOnlyList<TrainingRow>>> _rows = new(StringComparer.Ordinal);

    /// <summary>All runs of others of a backend, on its cost basis.</summary>
    public IEnumerable<TrainingRow> Of(string backendId, string basis) => _rows.TryGetValue(backendId, out var rows) ? rows.Values.SelectMany(r => r).Where(r => r.Basis == basis) : [];

    /// <summary>Replaces the runs of a backend.</summary>
    public void Set(string backendId, Dictionary<string, IReadOnlyList<TrainingRow>> rows) => _rows[backendId] = rows;

    /// <summary>Those of now, to go back to.</summary>
    public Dictionary<string, IReadOnlyList<TrainingRow>>? Get(string backendId) => _rows.GetValueOrDefault(backendId);

    /// <summary>
    /// Another instance's runs at this one's level: another machine is faster or slower by a factor, which is the median of its times over those predicted here. Where nothing was learned
    /// here, or too few runs came, they stay as they are.
    /// </summary>
    public static IReadOnlyList<TrainingRow> AtLevel(IEnumerable<TrainingRow> rows, BackendModel own, int most)
    {
        var taken = rows.TakeLast(most).ToList();
        if (own.Observations < LevelRows || taken.Count < LevelRows)
        {
            return taken;
        }

        var errors = taken.Where(r => !r.IsCensored).Select(r => Math.Log(r.Seconds) - own.Predict(r.Terms, r.Features, r.Kin).Median).Order().ToArray();
        var factor = errors.Length == 0 ? 1 : Math.Exp(-errors[errors.Length / 2]);
        return [.. taken.Select(r => r with { Seconds = r.Seconds * factor })];
    }
}
