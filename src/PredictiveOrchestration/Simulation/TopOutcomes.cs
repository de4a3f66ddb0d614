using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Simulation;

/// <summary>Picks the most probable outcomes.</summary>
internal static class TopOutcomes
{
    private static readonly Comparer<OutcomeProbability> MostProbableFirst = Comparer<OutcomeProbability>.Create(static (a, b) =>
    {
        var order = b.Probability.CompareTo(a.Probability);
        return order != 0 ? order : a.Outcome.CompareTo(b.Outcome);
    });

    /// <summary>The <paramref name="count"/> most probable, most probable first, equal ones by ascending outcome; a heap of that size.</summary>
    public static IReadOnlyList<OutcomeProbability> Select(IEnumerable<OutcomeProbability> outcomes, int count)
    {
        if (count == int.MaxValue)
        {
            var all = outcomes.ToList();
            all.Sort(MostProbableFirst);
            return all;
        }

        // The root of the heap is the least wanted of those kept.
        var kept = new PriorityQueue<OutcomeProbability, OutcomeProbability>(Comparer<OutcomeProbability>.Create(static (a, b) => MostProbableFirst.Compare(b, a)));
        foreach (var outcome in outcomes)
        {
            if (kept.Count < count)
            {
                kept.Enqueue(outcome, outcome);
            }
            else if (MostProbableFirst.Compare(outcome, kept.Peek()) < 0)
            {
                kept.DequeueEnqueue(outcome, outcome);
            }
        }

        var result = new OutcomeProbability[kept.Count];
        for (var i = result.Length - 1; i >= 0; i--)
        {
            result[i] = kept.Dequeue();
        }

        return result;
    }
}
