using Orleans;

namespace PredictiveOrchestration.Orleans.Placement;

/// <summary>What a run needs, as far as its place depends on it. Travels with the first message to a run, in the request context.</summary>
[GenerateSerializer]
[Alias("po.RunNeeds")]
[Immutable]
internal sealed record RunNeeds
{
    /// <summary>The key in the request context.</summary>
    public const string ContextKey = "po.needs";

    /// <summary>The one silo where it must run, or null.</summary>
    [Id(0)]
    public string? Silo { get; init; }

    /// <summary>What the engines that can do it would take, predicted where this was written; empty if that is not known.</summary>
    [Id(1)]
    public EngineNeed[] Engines { get; init; } = [];

    /// <summary>Silos that refused or lost it, which come last.</summary>
    [Id(2)]
    public string[] Avoid { get; init; } = [];

    /// <summary>The silo that has room for it, taken if it is there; or null.</summary>
    [Id(3)]
    public string? Rather { get; init; }
}

/// <summary>What a run would take on one engine.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Seconds">The predicted time on a machine of <paramref name="ReferenceSeconds"/>.</param>
/// <param name="ReferenceSeconds">What that machine takes for the engine's reference workloads; 0 if that is not known.</param>
/// <param name="LeastBytes">The memory that it is proved to need.</param>
[GenerateSerializer]
[Alias("po.EngineNeed")]
[Immutable]
internal readonly record struct EngineNeed(
    [property: Id(0)] string Engine, [property: Id(1)] double Seconds, [property: Id(2)] double ReferenceSeconds, [property: Id(3)] double LeastBytes);
