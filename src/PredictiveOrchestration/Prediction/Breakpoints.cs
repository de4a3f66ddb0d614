using System.Collections.Frozen;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// Where the cost of a unit of work changes: the state outgrows a cache, or threads begin to share it. Each term that streams over the
/// state is joined by three more: the parts beyond the second and the third level of cache, and what threads do not take over. All
/// grow with qubits and gates, so their sum does.
/// </summary>
internal static class Breakpoints
{
    // Threads join gradually, doubling from here, so that more work never takes less time.
    private const int ThreadQubits = 14;
    private static readonly FrozenSet<string> Streaming = FrozenSet.ToFrozenSet(["updates", "permutations and phases", "mixing", "mixing without order", "mixing that cancels", "mixing of groups", "phase ladders", "exchanges", "passes in place", "passes by copy", "measured amplitudes"], StringComparer.Ordinal);
    private static readonly double SecondCache = CacheBytes(2, 1 << 20), ThirdCache = CacheBytes(3, 32 << 20);

    /// <summary>The number of terms with the basis' breakpoints.</summary>
    public static int Count(CostBasis basis) => basis.TermNames.Length + 3 * basis.Streaming.Length;

    /// <summary>The places of the terms that stream over the state.</summary>
    public static int[] StreamingOf(string[] termNames) => [.. Enumerable.Range(0, termNames.Length).Where(i => Streaming.Contains(termNames[i]))];

    /// <summary>The name of a term.</summary>
    public static string Name(CostBasis basis, int term)
    {
        var names = basis.TermNames;
        var extra = term - names.Length;
        return extra < 0 ? names[term] : names[basis.Streaming[extra / 3]] + (extra % 3) switch { 0 => ", beyond the second cache", 1 => ", beyond the third cache", _ => ", not shared by threads" };
    }

    /// <summary>The seconds for each unit before anything was measured.</summary>
    public static double[] Prior(CostBasis basis)
    {
        var prior = new double[Count(basis)];
        basis.PriorSeconds.CopyTo(prior, 0);
        var at = basis.PriorSeconds.Length;
        foreach (var i in basis.Streaming)
        {
            prior[at++] = 0.3 * prior[i];
            prior[at++] = 0.3 * prior[i];
            prior[at++] = 0.3 * prior[i];
        }

        return prior;
    }

    /// <summary>The terms of a job.</summary>
    public static double[] Split(CostBasis basis, CostDrivers costs, WorkEstimate work, JobShape job)
    {
        var terms = new double[Count(basis)];
        costs.Terms.CopyTo(terms, 0);
        var at = costs.Terms.Length;
        var bytes = Math.Max(1, costs.WorkingBytes);
        var threads = Math.Min(Math.Max(1, job.Threads), Math.ScaleB(1, Math.Clamp(work.Qubits - ThreadQubits, 0, 30)));
        foreach (var i in basis.Streaming)
        {
            var whole = terms[i];
            terms[i] = whole / threads;
            terms[at++] = whole / threads * Math.Max(0, 1 - SecondCache / bytes);
            terms[at++] = whole / threads * Math.Max(0, 1 - ThirdCache / bytes);
            terms[at++] = whole * (1 - 1 / threads);
        }

        return terms;
    }

    private static double CacheBytes(int level, double fallback)
    {
        try
        {
            var path = $"/sys/devices/system/cpu/cpu0/cache/index{level}/size";
            return File.Exists(path) && double.TryParse(File.ReadAllText(path).Trim().TrimEnd('K'), out var kilobytes) && kilobytes > 0 ? 1024 * kilobytes : fallback;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return fallback;
        }
    }
}
