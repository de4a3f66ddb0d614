namespace PredictiveOrchestration.Routing;

/// <summary>Makes rankings without anything between the candidates and the ranking.</summary>
internal static class Ranking
{
    /// <summary>Gives every candidate its loss and sorts, least first; of equal losses the faster first, then in the order of the candidates.</summary>
    /// <param name="context">The candidates.</param>
    /// <param name="loss">The loss of one candidate and the standard deviation of its logarithm.</param>
    /// <param name="describe">The loss in words.</param>
    public static RankedBackend[] ByLoss(RoutingContext context, Func<RoutingCandidate, (double Loss, double Sigma)> loss, Func<RoutingCandidate, string> describe)
    {
        var candidates = context.Candidates;
        var ranked = new RankedBackend[candidates.Count];
        for (var i = 0; i < ranked.Length; i++)
        {
            var (value, sigma) = loss(candidates[i]);
            var next = new RankedBackend(candidates[i], value, sigma, describe);
            var at = i;
            for (; at > 0 && IsBefore(next, ranked[at - 1]); at--)
            {
                ranked[at] = ranked[at - 1];
            }

            ranked[at] = next;
        }

        return ranked;
    }

    private static bool IsBefore(RankedBackend a, RankedBackend b) => a.Loss < b.Loss || (a.Loss == b.Loss && a.Candidate.TotalSeconds < b.Candidate.TotalSeconds);

    /// <summary>The least value over all candidates.</summary>
    public static double Least(RoutingContext context, Func<RoutingCandidate, double> value)
    {
        var least = double.PositiveInfinity;
        for (var i = 0; i < context.Candidates.Count; i++)
        {
            // What is not a number is no least value.
            var own = value(context.Candidates[i]);
            least = own < least ? own : least;
        }

        return least;
    }

    /// <summary>Moves an element to the front; those before it go one back.</summary>
    public static void ToFront(RankedBackend[] ranked, int index)
    {
        var first = ranked[index];
        Array.Copy(ranked, 0, ranked, 1, index);
        ranked[0] = first;
    }
}
