using System.Security.Cryptography;
using System.Text;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>The fold of each job on the splits that hold jobs out.</summary>
internal static class Splits
{
    /// <summary>The greatest number of qubits that models may see when sizes are extrapolated.</summary>
    public const int SmallQubits = 14;

    /// <summary>Jobs at random.</summary>
    public static int[] Random(IReadOnlyList<TableRow> rows, int folds, int seed) => [.. rows.Select(r => Fold(r.Id[..r.Id.LastIndexOf('-')], folds, seed))];

    /// <summary>Whole families.</summary>
    public static int[] Families(IReadOnlyList<TableRow> rows, int folds, int seed)
    {
        // Dealt in turn by falling size, so that folds come out alike; the seed turns the order of families of one size.
        var order = rows.GroupBy(r => r.Family).OrderByDescending(g => g.Count()).ThenBy(g => Fold(g.Key, 1 << 20, seed)).Select((g, i) => (g.Key, Fold: (i + seed) % folds));
        var fold = order.ToDictionary(f => f.Key, f => f.Fold, StringComparer.Ordinal);
        return [.. rows.Select(r => fold[r.Family])];
    }

    /// <summary>0 for jobs whose size is extrapolated to, -1 for those that are always learned from.</summary>
    public static int[] Sizes(IReadOnlyList<TableRow> rows) => [.. rows.Select(r => r.Profile.NumQubits > SmallQubits ? 0 : -1)];

    private static int Fold(string text, int folds, int seed) => (int)(BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed} {text}"))) % (uint)folds);
}
