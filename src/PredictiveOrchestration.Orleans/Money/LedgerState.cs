using Orleans;
using PredictiveOrchestration.Costs;

namespace PredictiveOrchestration.Orleans.Money;

/// <summary>The cluster's ledger as it is kept.</summary>
[GenerateSerializer]
[Alias("po.LedgerState")]
internal sealed class LedgerState
{
    [Id(0)]
    public string Currency { get; set; } = string.Empty;

    [Id(1)]
    public List<PlaceBalance> Balances { get; set; } = [];

    [Id(2)]
    public List<OpenEntry> Open { get; set; } = [];

    [Id(3)]
    public List<ClosedEntry> Closed { get; set; } = [];
}

/// <summary>What was spent and is reserved in one place.</summary>
[GenerateSerializer]
[Alias("po.PlaceBalance")]
internal readonly record struct PlaceBalance([property: Id(0)] int Scope, [property: Id(1)] string Name, [property: Id(2)] decimal Spent, [property: Id(3)] decimal Reserved);

/// <summary>Money set aside: for whom, and by which try of the job.</summary>
[GenerateSerializer]
[Alias("po.OpenEntry")]
internal readonly record struct OpenEntry(
    [property: Id(0)] string Key, [property: Id(1)] string Try, [property: Id(2)] decimal Amount, [property: Id(3)] string Provider, [property: Id(4)] string? Tag, [property: Id(5)] DateTimeOffset At, [property: Id(6)] bool IsOutcomeUnknown)
{
    public OpenReservation ToReservation() => new(Key, Amount, Provider, Tag, At, IsOutcomeUnknown);
}

/// <summary>A reservation that was settled or released.</summary>
[GenerateSerializer]
[Alias("po.ClosedEntry")]
internal readonly record struct ClosedEntry([property: Id(0)] string Key, [property: Id(1)] string Try, [property: Id(2)] decimal Amount, [property: Id(3)] bool IsSettled, [property: Id(4)] DateTimeOffset At);

/// <summary>The answer of the ledger.</summary>
[GenerateSerializer]
[Alias("po.LedgerAnswer")]
[Immutable]
internal sealed record LedgerAnswer
{
    public static LedgerAnswer Done { get; } = new();

    /// <summary>Why a cap has no room.</summary>
    [Id(0)]
    public string? Shortage { get; init; }

    /// <summary>Why nobody may pay for this job: another try of it may have.</summary>
    [Id(1)]
    public string? Taken { get; init; }

    /// <summary>What is wrong with what was asked.</summary>
    [Id(2)]
    public string? Wrong { get; init; }
}
