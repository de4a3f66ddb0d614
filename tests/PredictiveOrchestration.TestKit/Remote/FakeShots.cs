namespace PredictiveOrchestration.TestKit.Remote;

/// <summary>Shots as a service without chance would take them.</summary>
internal static class FakeShots
{
    /// <summary>Each outcome as often as its probability says, rounded so that none is off by one or more.</summary>
    public static List<string> Of(IEnumerable<KeyValuePair<string, double>> distribution, int shots)
    {
        var outcomes = distribution.OrderBy(o => o.Key, StringComparer.Ordinal).ToList();
        var counts = outcomes.Select(o => (int)Math.Floor(o.Value * shots + 1e-9)).ToArray();
        var left = shots - counts.Sum();
        foreach (var i in Enumerable.Range(0, counts.Length).OrderByDescending(i => outcomes[i].Value * shots - counts[i]).Take(left))
        {
            counts[i]++;
        }

        return [.. outcomes.SelectMany((o, i) => Enumerable.Repeat(o.Key, counts[i]))];
    }
}
