using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Simulation;

/// <summary>How shots that got the other result at a measurement come back to the state there.</summary>
internal enum Return
{
    /// <summary>The state is copied now.</summary>
    Copy,

    /// <summary>The state before the first random result, of which one copy is kept, is copied then, and what follows is done again.</summary>
    FromCheckpoint,

    /// <summary>The circuit is run again from the beginning.</summary>
    FromBeginning,
}

/// <summary>
/// Chooses between following all measurement histories as a tree of copies and doing a part again, by the time that each is expected to
/// take: what is done again takes what it took before, a copy what the copies of this run took by size. The results do not depend on it.
/// </summary>
/// <param name="budgetBytes">The most bytes of copies at one time; a single one may be larger.</param>
/// <param name="always">A way to take wherever it is possible, for tests; null to choose.</param>
internal sealed class HistoryPlanner(long budgetBytes = HistoryCopies.BudgetBytes, Return? always = null)
{
    // Until a copy has been timed: what writing fresh memory takes on common machines.
    private const double BytesPerSecond = 2e9;

    private double _copiedBytes;
    private double _copySeconds;

    /// <summary>Whether one more copy may be held.</summary>
    public bool Fits(long heldBytes, long bytes) => HistoryCopies.Fits(heldBytes, bytes, budgetBytes);

    /// <summary>Takes note of a copy that was made.</summary>
    public void Note(long bytes, TimeSpan time)
    {
        _copiedBytes += bytes;
        _copySeconds += time.TotalSeconds;
    }

    /// <summary>
    /// Whether to keep a copy of the state before the first random result: if it is expected to save more than it takes, by the histories
    /// whose copies do not fit.
    /// </summary>
    /// <param name="bytes">The size of the state.</param>
    /// <param name="branchings">The measurements and resets that may divide the shots from here on.</param>
    /// <param name="shots">The most histories that can occur.</param>
    /// <param name="sinceBeginning">What it took to come here.</param>
    public bool WantsCheckpoint(long bytes, double branchings, double shots, TimeSpan sinceBeginning)
    {
        if (always is { } way)
        {
            return way == Return.FromCheckpoint;
        }

        // A tree that is followed depth first holds at most a copy for each measurement on the way.
        var fitting = Math.Max(1, budgetBytes / Math.Max(1, bytes));
        var histories = Math.Min(shots, Math.Pow(2, Math.Min(1000, branchings)));
        var redone = histories * Math.Max(0, 1 - fitting / branchings);
        var copy = CopySeconds(bytes);
        return redone * (sinceBeginning.TotalSeconds - copy) > copy;
    }

    /// <summary>The way that is expected to take the least time.</summary>
    /// <param name="bytes">The size of the state.</param>
    /// <param name="fits">Whether a copy may be held.</param>
    /// <param name="sinceCheckpoint">What it took to come here from the checkpoint; null if there is none.</param>
    /// <param name="sinceBeginning">What it took to come here from the beginning.</param>
    public Return Choose(long bytes, bool fits, TimeSpan? sinceCheckpoint, TimeSpan sinceBeginning)
    {
        if (always is { } way && (way != Return.Copy || fits) && (way != Return.FromCheckpoint || sinceCheckpoint is not null))
        {
            return way;
        }

        var copy = CopySeconds(bytes);
        var (best, least) = (Return.FromBeginning, sinceBeginning.TotalSeconds);
        if (sinceCheckpoint is { } since && copy + since.TotalSeconds < least)
        {
            (best, least) = (Return.FromCheckpoint, copy + since.TotalSeconds);
        }

        return fits && copy <= least ? Return.Copy : best;
    }

    private double CopySeconds(long bytes) => bytes * (_copiedBytes > 0 ? _copySeconds / _copiedBytes : 1 / BytesPerSecond);
}
