namespace PredictiveOrchestration.Costs;

/// <summary>What an entry of the ledger says.</summary>
internal enum LedgerEntryKind : byte
{
    Reserve = 1,
    Settle = 2,
    Release = 3,

    /// <summary>The outcome is unknown; the reservation stays.</summary>
    Hold = 4,
}

/// <summary>One line of the ledger, never changed once written.</summary>
/// <param name="Sequence">Its number, from 1; 0 before it is written.</param>
/// <param name="Key">The job's idempotency key.</param>
/// <param name="Kind">What it says.</param>
/// <param name="Amount">The amount reserved or settled; 0 otherwise.</param>
/// <param name="Provider">The provider or backend.</param>
/// <param name="Tag">The tag, or null.</param>
/// <param name="At">When it was written.</param>
internal sealed record LedgerEntry(long Sequence, string Key, LedgerEntryKind Kind, decimal Amount, string Provider, string? Tag, DateTimeOffset At);
