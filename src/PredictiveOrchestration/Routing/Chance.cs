namespace PredictiveOrchestration.Routing;

/// <summary>What a decision may leave to chance, kept with its inputs so that it can be made again.</summary>
/// <param name="Draw">64 random bits, from which every random number of the decision is made.</param>
/// <param name="StakeSeconds">The time that exploration may put at stake; 0 for none.</param>
/// <param name="StakeMoney">The money that exploration may put at stake, in the account's currency; 0 for backends that cost nothing only.</param>
internal readonly record struct Chance(ulong Draw, double StakeSeconds, decimal StakeMoney);

/// <summary>A router that leaves the choice among some candidates to chance.</summary>
internal interface IChanceRouter : IBackendRouter
{
    /// <summary>Moves a candidate to the front by chance, if there is a choice, and notes its propensity.</summary>
    /// <param name="ranked">The feasible backends in order.</param>
    /// <param name="good">How many of them are above the performance threshold; all if none is.</param>
    /// <param name="chance">The random bits and what may be put at stake.</param>
    /// <returns>The longest time that the first may take if it explores; null if it does not explore.</returns>
    TimeSpan? Choose(RankedBackend[] ranked, int good, in Chance chance);

    /// <summary>Whether a stake may change the choice; where it cannot, a decision that was made before need not be made again.</summary>
    /// <param name="ranked">The feasible backends in order.</param>
    /// <param name="stakeSeconds">The time that exploration may put at stake.</param>
    bool MayChoose(IReadOnlyList<RankedBackend> ranked, double stakeSeconds) => ranked.Count > 1;

    /// <summary>Gets a value indicating whether there is anything to choose without a stake.</summary>
    bool NeedsDraw { get; }
}
