namespace PredictiveOrchestration.Execution;

/// <summary>
/// What a plan surely saves against one engine alone: the lower end of the interval of the difference, hand-overs included, and no more than what is saved if only half of the growth
/// of amplitudes that is reckoned with comes true.
/// </summary>
internal sealed class SureSaving(CircuitWalk walk, EngineCosts costs)
{
    // A saving is sure if nine in ten are larger than its lower end; and how wrong the time of a hand-over may be, in log seconds.
    private const double Quantile = 1.2816, HandOverSigma = 0.5;

    // A swap must pay even if so much of the growth that is reckoned with comes true.
    private const double LeastShare = 0.5;

    /// <summary>The saving that nine in ten exceed.</summary>
    /// <param name="plan">What each engine takes in the plan, and the hand-overs.</param>
    /// <param name="seconds">What the plan takes.</param>
    /// <param name="stay">The engine alone.</param>
    /// <param name="staySeconds">What it takes.</param>
    /// <param name="current">The engine that holds the state; negative at the start.</param>
    /// <param name="known">What is left of its uncertainty, 0 to 1.</param>
    public double OfTimes((double[] Engines, double HandOvers) plan, double seconds, int stay, double staySeconds, int current, double known)
    {
        var saving = staySeconds - seconds;
        if (stay < 0 || !double.IsFinite(staySeconds))
        {
            return saving;
        }

        // What one engine takes is wrong by one factor, wherever in the circuit; the errors of different engines are independent of each other.
        var sum = Math.Pow(plan.HandOvers * (Math.Exp(Quantile * HandOverSigma) - 1), 2);
        for (var e = 0; e < plan.Engines.Length; e++)
        {
            // Of the engine that is left, only the time that it no longer takes is in doubt.
            var (takes, sigma) = (plan.Engines[e], costs.Sigma(e) * (e == current ? known : 1));
            var deviation = e == stay ? Math.Max(0, staySeconds - takes) * (1 - Math.Exp(-Quantile * sigma)) : takes == 0 ? 0 : takes * (Math.Exp(Quantile * sigma) - 1);
            sum += deviation * deviation;
        }

        return saving - Math.Sqrt(sum);
    }

    /// <summary>What a plan saves if fewer amplitudes come about than thought: engines that store those alone then take less.</summary>
    /// <param name="parts">The parts: the engine, and the first operation.</param>
    /// <param name="outlook">Where the run stands.</param>
    /// <param name="positions">The positions of the plan.</param>
    /// <param name="pace">How many times slower than predicted each engine is.</param>
    /// <param name="stay">The engine alone.</param>
    /// <param name="current">The engine that holds the state; negative at the start.</param>
    public double IfLess(IReadOnlyList<(int Engine, int Start)> parts, StateOutlook outlook, List<int> positions, Func<int, double> pace, int stay, int current)
    {
        outlook = outlook with { Share = LeastShare };
        double support = outlook.SupportLog2, saving = 0;
        for (int p = 1, s = 0, before = current; p < positions.Count; p++)
        {
            s += s + 1 < parts.Count && positions[p - 1] >= parts[s + 1].Start ? 1 : 0;
            var e = parts[s].Engine;
            saving -= e == before || before < 0 ? 0 : costs.HandOver(before, e, support, walk.Bond(positions[p - 1]));
            var part = walk.Part(positions[p - 1], positions[p], ref support, outlook);
            saving += e == stay ? 0 : pace(stay) * costs.Seconds(stay, part) - pace(e) * costs.Seconds(e, part);
            before = e;
        }

        var last = parts[^1].Engine;
        return saving + costs.Finish(stay, support) - costs.Finish(last, support);
    }
}
