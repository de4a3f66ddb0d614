namespace PredictiveOrchestration.Backends;

/// <summary>
/// How many copies of a state may wait while another measurement history is followed: one rule for the runner that holds them and the
/// prediction that bounds them. Of histories whose copy does not fit, or costs more, a part is run again.
/// </summary>
internal static class HistoryCopies
{
    /// <summary>The most bytes of copies that wait at one time; a single copy may be larger.</summary>
    public const long BudgetBytes = 64L << 20;

    /// <summary>Whether one more copy may wait.</summary>
    public static bool Fits(long waitingBytes, long bytes, long budgetBytes = BudgetBytes) => waitingBytes == 0 || waitingBytes + bytes <= budgetBytes;

    /// <summary>The most bytes that waiting copies take.</summary>
    /// <param name="stateBytes">The size of one state at its largest.</param>
    /// <param name="branchings">Measurements that may divide the shots; infinite if they stand in loops.</param>
    public static double Bound(double stateBytes, double branchings) => Math.Min(stateBytes * branchings, Math.Max(BudgetBytes, stateBytes));
}
