namespace PredictiveOrchestration.Prediction;

/// <summary>
/// What workloads take that were timed together, pass after pass, on a machine whose speed changes meanwhile: each pass has a speed of its own, log t = a + b, and workloads are to each other as in
/// most passes (a median polish; Tukey 1977). The shortest time of each alone would mix speeds: what ran by chance while the machine was quick would look cheap beside what did not. Of all runs of a
/// workload the latter half counts: before, the runtime compiles what they call anew.
/// </summary>
internal static class PassTimes
{
    // Passes that are slower than that beside the quickest were held up; and turns in which the two sides are told apart.
    private static readonly double Alike = Math.Log(2);
    private const int Turns = 4;

    /// <summary>The seconds of each workload, as in the quickest pass.</summary>
    /// <param name="runs">Of each workload the passes in which it ran, and the seconds that it took, above zero; none may be empty.</param>
    public static double[] Level(IReadOnlyList<IReadOnlyList<(int Pass, double Seconds)>> runs)
    {
        runs = [.. runs.Select(r => r.Skip(r.Count / 2).ToArray())];
        double[] least = [.. runs.Select(r => r.Min(t => Math.Log(t.Seconds)))];
        var typical = least;
        var level = 0.0;
        for (var turn = 0; turn < Turns; turn++)
        {
            var passes = runs.SelectMany((r, w) => r.Select(t => (t.Pass, Above: Math.Log(t.Seconds) - typical[w]))).GroupBy(t => t.Pass, t => t.Above).Where(p => 2 * p.Count() >= runs.Count).ToDictionary(p => p.Key, Median);
            if (passes.Count == 0)
            {
                break;
            }

            level = passes.Values.Min();
            var alike = passes.Where(p => p.Value <= level + Alike).ToDictionary();
            typical = [.. runs.Select((r, w) => Median(r.Where(t => alike.ContainsKey(t.Pass)).Select(t => Math.Log(t.Seconds) - alike[t.Pass]).DefaultIfEmpty(least[w] - level)))];
        }

        return [.. typical.Select(t => Math.Exp(t + level))];
    }

    // The lower one of two.
    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[(sorted.Length - 1) / 2];
    }
}
