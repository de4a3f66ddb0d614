namespace PredictiveOrchestration.Routing;

/// <summary>Backends that behave alike: over the latest decisions their predicted times differ by less than a factor of two.</summary>
/// <param name="Backends">Their ids, in alphabetical order.</param>
/// <param name="RelativeTime">Their predicted time relative to the fastest feasible backend: the geometric mean over backends and decisions, 1 or more.</param>
/// <param name="Decisions">The number of decisions that the comparison rests on.</param>
public sealed record BackendGroup(IReadOnlyList<string> Backends, double RelativeTime, int Decisions);

/// <summary>Groups backends by what they would have taken in the latest decisions.</summary>
internal static class BackendGroups
{
    private const double Alike = 0.6931471805599453;

    /// <summary>
    /// Complete linkage: starting from single backends, the two groups whose farthest members are nearest are joined while these differ by less than a factor of two
    /// (root mean square of the logarithm). A backend that no decision has in common with another stays alone.
    /// </summary>
    public static IReadOnlyList<BackendGroup> Of(IReadOnlyCollection<RoutingDecision> decisions)
    {
        var times = new Dictionary<string, Dictionary<int, double>>(StringComparer.Ordinal);
        var number = 0;
        foreach (var decision in decisions)
        {
            // What was predicted only roughly says nothing of whom it is like.
            var best = decision.Made.Min(r => r.Candidate.TotalSeconds);
            foreach (var candidate in decision.Made.Select(r => r.Candidate).Where(c => double.IsFinite(c.TotalSeconds) && c.TotalSeconds > 0 && !c.Prediction.IsRough))
            {
                if (!times.TryGetValue(candidate.Backend.Id, out var own))
                {
                    times.Add(candidate.Backend.Id, own = []);
                }

                own[number] = Math.Log(candidate.TotalSeconds / best);
            }

            number++;
        }

        List<List<string>> groups = [.. times.Keys.Order(StringComparer.Ordinal).Select(id => new List<string> { id })];
        while (groups.Count > 1)
        {
            var (least, a, b) = (double.PositiveInfinity, 0, 0);
            for (var i = 0; i < groups.Count; i++)
            {
                for (var j = i + 1; j < groups.Count; j++)
                {
                    var farthest = groups[i].Max(x => groups[j].Max(y => Distance(times[x], times[y])));
                    (least, a, b) = farthest < least ? (farthest, i, j) : (least, a, b);
                }
            }

            if (!(least < Alike))
            {
                break;
            }

            groups[a].AddRange(groups[b]);
            groups.RemoveAt(b);
        }

        return
        [
            .. groups.Select(g => new BackendGroup(
                [.. g.Order(StringComparer.Ordinal)], Math.Exp(g.SelectMany(id => times[id].Values).Average()), g.SelectMany(id => times[id].Keys).Distinct().Count())).OrderBy(g => g.RelativeTime),
        ];
    }

    private static double Distance(Dictionary<int, double> a, Dictionary<int, double> b)
    {
        var common = a.Keys.Where(b.ContainsKey).ToList();
        return common.Count == 0 ? double.PositiveInfinity : Math.Sqrt(common.Average(k => (a[k] - b[k]) * (a[k] - b[k])));
    }
}
