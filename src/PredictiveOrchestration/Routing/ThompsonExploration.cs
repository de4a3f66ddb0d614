using MathNet.Numerics;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Routing;

/// <summary>
/// Thompson sampling over the predicted losses, within a stake: each contender's loss is drawn from its log-normal distribution, and the least drawn one
/// runs. It runs at most twice the time that the greedy choice is predicted to take, so that what it may cost is known beforehand.
/// </summary>
internal static class ThompsonExploration
{
    /// <summary>Within this time a run that is stopped ends.</summary>
    public const double ReactionSeconds = 0.05;

    // Shorter jobs gain less than the choice costs; backends that are better with less than a probability of 1/200 are no contenders.
    private const double ShortestJob = 0.001, LeastQuantile = 2.576, LimitFactor = 2;

    /// <summary>Whether the stake is enough for a run that is worth it.</summary>
    /// <param name="ranked">The feasible backends; the greedy choice first.</param>
    /// <param name="stakeSeconds">What may be put at stake.</param>
    public static bool MayExplore(IReadOnlyList<RankedBackend> ranked, double stakeSeconds) =>
        ranked.Count > 1 && ranked[0].Candidate.TotalSeconds is >= ShortestJob and var seconds && (LimitFactor * seconds) + ReactionSeconds <= stakeSeconds;

    /// <summary>Moves the explored backend to the front, if one is explored.</summary>
    /// <param name="ranked">The feasible backends; the greedy choice first.</param>
    /// <param name="chance">The random bits and the stake.</param>
    /// <returns>The longest time that the explored backend may take; null if the greedy choice runs.</returns>
    public static TimeSpan? Choose(RankedBackend[] ranked, in Chance chance)
    {
        var greedy = ranked[0];
        var limit = LimitFactor * greedy.Candidate.TotalSeconds;
        if (!MayExplore(ranked, chance.StakeSeconds))
        {
            return null;
        }

        var contenders = new List<RankedBackend>(ranked.Length) { greedy };
        var (least, chosen) = (Draw(greedy, chance.Draw, 0), 0);
        for (var i = 1; i < ranked.Length; i++)
        {
            if (!IsContender(greedy, ranked[i], chance.StakeMoney))
            {
                continue;
            }

            contenders.Add(ranked[i]);
            var drawn = Draw(ranked[i], chance.Draw, i);
            (least, chosen) = drawn < least ? (drawn, i) : (least, chosen);
        }

        if (contenders.Count == 1)
        {
            return null;
        }

        var first = ranked[chosen];
        contenders.Remove(first);
        contenders.Insert(0, first);
        ranked[chosen] = first with { Propensity = LogNormal.ProbabilityOfLeast(contenders) };
        Ranking.ToFront(ranked, chosen);
        return chosen == 0 ? null : TimeSpan.FromSeconds(limit);
    }

    private static bool IsContender(RankedBackend greedy, RankedBackend other, decimal money)
    {
        var spread = Math.Sqrt((greedy.LossSigma * greedy.LossSigma) + (other.LossSigma * other.LossSigma));
        return !other.Candidate.Prediction.IsRough && other.Candidate.Cost.Upper <= money && Math.Log(other.Loss / greedy.Loss) <= LeastQuantile * spread;
    }

    private static double Draw(RankedBackend ranked, ulong bits, int index) =>
        Math.Log(ranked.Loss) + (ranked.LossSigma * Math.Sqrt(2) * SpecialFunctions.ErfInv((2 * Math.Clamp(Philox.Double(bits, 0, (ulong)index), 1e-15, 1 - 1e-15)) - 1));
}
