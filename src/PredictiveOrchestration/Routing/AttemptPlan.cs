namespace PredictiveOrchestration.Routing;

/// <summary>One try of a job.</summary>
/// <param name="Ranked">The backend.</param>
/// <param name="Limit">The longest it may take before the next is tried; null for any time.</param>
/// <param name="IsTrial">Another backend was ranked before it: it is tried for a short time because it may be much faster than it seems.</param>
internal readonly record struct PlannedAttempt(RankedBackend Ranked, TimeSpan? Limit, bool IsTrial)
{
    /// <summary>The longest it may take if half of the job is done at the limit: of a trial that came so far it is hardly to be feared any more that it takes far longer. Others were predicted to end before.</summary>
    public TimeSpan? LimitIfHalfDone => IsTrial ? 2 * Limit : Limit;
}

/// <summary>
/// In what order the ranked backends are tried, and for how long. Where the time of a backend is known only within orders of magnitude, as a bound on entanglement
/// leaves it, and it may be done within a small part of the time of the best, it is tried for that long first (a presolver, as in SATzilla: Xu et al., JAIR 32,
/// 2008). A backend that takes longer than was likely is left for the next as soon as that would have been done (the ski-rental rule: at most three times the
/// better of both).
/// </summary>
internal static class AttemptPlan
{
    // In seconds, and as a share of the job.
    private const double LongJob = 10, Premium = 0.01;

    // Shorter jobs gain less than a trial costs to begin and to stop.
    private const double ShortestJob = 1e-3, StopSeconds = 2e-4, LeastGain = 0.1;

    // Of engines about as likely to be done, the one whose terms say less: a bound that is to be loose by ten times as much is so 15 % more seldom.
    private const double Loosening = 0.07;

    // The best itself is stopped and begun again only if it is not out of the question that it is done by then.
    private const double LeastChance = 0.002;
    private const double ShortestWatchSeconds = 0.05;
    private static readonly double[] Premiums = [0.01, 0.1, 1];
    private static readonly double[] Shares = [0.02, 0.05, 0.1, 0.2, 0.4];

    /// <summary>Plans the attempts.</summary>
    /// <param name="ranked">The feasible backends, the best first.</param>
    /// <param name="allowsTrials">Whether the best is the best by a loss that grows with time; the order of a router of the host is kept.</param>
    public static List<PlannedAttempt> Of(IReadOnlyList<RankedBackend> ranked, bool allowsTrials)
    {
        var plan = new List<PlannedAttempt>(ranked.Count + 1);
        if (allowsTrials)
        {
            if (ranked.Count > 1 && ranked[0].Candidate.TotalSeconds >= LongJob)
            {
                plan.AddRange(Insurance(ranked));
            }

            if (plan.Count == 0 && Trial(ranked) is { } likely)
            {
                plan.Add(likely);
            }
        }

        // Runs under way slow each other down.
        var underWay = 0;
        for (var i = 0; i < ranked.Count; i++)
        {
            underWay += ranked[i].Candidate.InFlight;
        }

        for (var i = 0; i < ranked.Count; i++)
        {
            var watch = i == ranked.Count - 1 ? (TimeSpan?)null : Watch(ranked[i].Candidate, ranked[i + 1].Candidate) * (1 + underWay);
            plan.Add(new PlannedAttempt(ranked[i], watch, false));
        }

        return plan;
    }

    // A job that is predicted to take long is worth a second on any engine: predictions of times that nobody saw may be wrong altogether. A hundredth of a second on each comes first, then
    // a tenth. Those that are likelier to be done by then, as they were not before, come before others, whichever is the best in the long run.
    private static IEnumerable<PlannedAttempt> Insurance(IReadOnlyList<RankedBackend> ranked)
    {
        var (seconds, before) = (ranked[0].Candidate.TotalSeconds, 0.0);
        foreach (var premium in Premiums.Where(p => p <= Premium * seconds))
        {
            double Chance(RankedBackend r) => ProbabilityWithin(r.Candidate, premium) - (before > 0 ? ProbabilityWithin(r.Candidate, before) : 0);
            foreach (var (tried, chance) in ranked.Where(r => r.Candidate.IsFree).Select(r => (r, Chance(r))).OrderByDescending(r => r.Item2 * Math.Pow(r.r.Candidate.Prediction.Seconds.Median, -Loosening)))
            {
                if (chance >= LeastChance || tried != ranked[0])
                {
                    yield return new PlannedAttempt(tried, Limit(premium), true);
                }
            }

            before = premium;
        }
    }

    private static PlannedAttempt? Trial(IReadOnlyList<RankedBackend> ranked)
    {
        var seconds = ranked[0].Candidate.TotalSeconds;
        if (!(seconds >= ShortestJob))
        {
            return null;
        }

        var (best, gain) = (default(PlannedAttempt?), LeastGain);
        for (var i = 1; i < ranked.Count; i++)
        {
            var candidate = ranked[i].Candidate;
            if (!candidate.IsFree)
            {
                continue;
            }

            foreach (var share in Shares)
            {
                // Half the limit is what a run that ends within it takes, about. Not where the best is the better bet for this long as well.
                var done = ProbabilityWithin(candidate, share * seconds);
                var saved = (done * (1 - (share / 2))) - ((1 - done) * (share + (StopSeconds / seconds)));
                if (saved > gain && done > ProbabilityWithin(ranked[0].Candidate, share * seconds))
                {
                    (best, gain) = (new PlannedAttempt(ranked[i], Limit(share * seconds), true), saved);
                }
            }
        }

        return best;
    }

    // Errors of predictions have heavier tails than the normal distribution: Student's with three degrees of freedom, whose 95 % quantile is 2.353.
    private static double ProbabilityWithin(RoutingCandidate candidate, double seconds)
    {
        if (candidate.Prediction.Quick is { Chance: > 0 } quick)
        {
            return quick.Within(seconds);
        }

        var p = candidate.Prediction.Seconds;
        var end = seconds < p.Median ? p.Lower : p.Upper;
        var sigma = Math.Max(0.02, Math.Abs(Math.Log(p.Median / Math.Max(1e-300, end))) / 2.353);
        var t = Math.Log(seconds / p.Median) / sigma / Math.Sqrt(3);
        return 0.5 + (((t / (1 + (t * t))) + Math.Atan(t)) / Math.PI);
    }

    private static TimeSpan Watch(RoutingCandidate candidate, RoutingCandidate next) => Limit(WatchSeconds(candidate, next.TotalSeconds));

    /// <summary>The seconds after which a backend is left for the next.</summary>
    /// <param name="candidate">The backend.</param>
    /// <param name="nextSeconds">What the next one takes, by its median.</param>
    public static double WatchSeconds(RoutingCandidate candidate, double nextSeconds)
    {
        var likely = Math.Min(2 * candidate.Prediction.Seconds.Upper, 2 * Math.Max(candidate.Prediction.Seconds.Median, nextSeconds));
        return Math.Max(ShortestWatchSeconds, candidate.Prediction.WaitSeconds.Upper + Math.Max(likely, nextSeconds));
    }

    // A prediction that is no number limits nothing.
    private static TimeSpan Limit(double seconds) => TimeSpan.FromSeconds(seconds < 1e8 ? seconds : 1e8);
}
