namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>Silos tell by the time of an answer whether another one lives: these tests run one after another, with the machine for themselves.</summary>
[CollectionDefinition(nameof(ClusterTests), DisableParallelization = true)]
public sealed class ClusterTests;
