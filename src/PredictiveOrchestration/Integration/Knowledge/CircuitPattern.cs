using System.Globalization;
using System.Text.Json;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.Integration.Knowledge;

/// <summary>How long circuits of one structure take on one backend: enough to join what several instances saw as if one had seen all of it.</summary>
/// <param name="BackendId">The backend.</param>
/// <param name="Runs">The number of completed runs.</param>
/// <param name="MeanLogSeconds">The mean natural logarithm of the service time in seconds.</param>
/// <param name="SumOfSquares">The sum of squared deviations from that mean.</param>
public sealed record CircuitPattern(string BackendId, long Runs, double MeanLogSeconds, double SumOfSquares)
{
    /// <summary>Gets the geometric mean of the service time in seconds.</summary>
    public double TypicalSeconds => Math.Exp(MeanLogSeconds);

    /// <summary>Gets the instances that saw it.</summary>
    public IReadOnlyList<string> Instances { get; init; } = [];

    /// <summary>The key of a structure in the store.</summary>
    internal static string KeyOf(ulong structure) => structure.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>The entries for what an instance has seen.</summary>
    internal static IEnumerable<KnowledgeEntry> Entries(IEnumerable<ExecutionRecord> records, string instance, DateTimeOffset at) =>
        records.Where(r => r.Outcome == ExecutionOutcome.Completed && r.ServiceTime > TimeSpan.Zero && r.Profile.Features is not null)
            .GroupBy(r => r.Profile.Features!.StructuralHash)
            .Select(g => new KnowledgeEntry(
                KnowledgeKinds.Pattern, KeyOf(g.Key), instance, at, JsonSerializer.SerializeToUtf8Bytes(g.GroupBy(r => r.BackendId).Select(b => Of(b.Key, [.. b.Select(r => Math.Log(r.ServiceTime.TotalSeconds))])))));

    /// <summary>What several instances have seen, as if one had seen all of it (Chan, Golub, LeVeque, 1979), the fastest backend first. Entries that are no patterns count for nothing.</summary>
    internal static IReadOnlyList<CircuitPattern> Join(IEnumerable<KnowledgeEntry> entries) =>
        [.. entries.SelectMany(e => Read(e).Select(p => p with { Instances = [e.Instance] })).GroupBy(p => p.BackendId).Select(g => g.Aggregate(With)).OrderBy(p => p.MeanLogSeconds)];

    private static CircuitPattern Of(string backendId, double[] logs)
    {
        var mean = logs.Average();
        return new CircuitPattern(backendId, logs.Length, mean, logs.Sum(l => (l - mean) * (l - mean)));
    }

    private static CircuitPattern With(CircuitPattern a, CircuitPattern b)
    {
        var (runs, apart) = (a.Runs + b.Runs, b.MeanLogSeconds - a.MeanLogSeconds);
        return new CircuitPattern(a.BackendId, runs, a.MeanLogSeconds + (apart * b.Runs / runs), a.SumOfSquares + b.SumOfSquares + (apart * apart * a.Runs * b.Runs / runs)) { Instances = [.. a.Instances, .. b.Instances] };
    }

    private static CircuitPattern[] Read(KnowledgeEntry entry)
    {
        try
        {
            var read = JsonSerializer.Deserialize<CircuitPattern[]>(entry.Content.Span) ?? [];
            return Array.FindAll(read, p => p is { BackendId: not null, Runs: > 0 and < 1L << 50, SumOfSquares: >= 0 } && double.IsFinite(p.MeanLogSeconds) && double.IsFinite(p.SumOfSquares));
        }
        catch (JsonException)
        {
            return [];
        }
    }
}

/// <summary>What became of the models of other instances.</summary>
/// <param name="BackendId">The backend.</param>
/// <param name="Instances">The instances whose runs were looked at, with their numbers.</param>
/// <param name="IsUsed">Whether the model fitted to all runs is in use.</param>
/// <param name="Reason">Why not; empty if it is.</param>
/// <param name="OwnErrorBefore">The mean error in log time on this instance's runs without those of others; not a number where there are none.</param>
/// <param name="OwnErrorAfter">The same with them.</param>
public sealed record KnowledgeMerge(string BackendId, IReadOnlyDictionary<string, int> Instances, bool IsUsed, string Reason, double OwnErrorBefore, double OwnErrorAfter);
