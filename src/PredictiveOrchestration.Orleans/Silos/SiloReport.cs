using Orleans;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Orleans.Silos;

/// <summary>What a silo tells of itself: who it is, what its engines can, how loaded it is.</summary>
[GenerateSerializer]
[Alias("po.SiloReport")]
[Immutable]
internal sealed record SiloReport
{
    /// <summary>The silo's address, in the form that it is parsed from.</summary>
    [Id(0)]
    public required string Address { get; init; }

    [Id(1)]
    public required string Name { get; init; }

    /// <summary>What measured times depend on: processor, cores, runtime, library.</summary>
    [Id(2)]
    public string Machine { get; init; } = string.Empty;

    [Id(3)]
    public int Cores { get; init; }

    [Id(4)]
    public long MemoryBytes { get; init; }

    /// <summary>Runs at one time.</summary>
    [Id(5)]
    public int Concurrency { get; init; }

    [Id(6)]
    public int Waiting { get; init; }

    [Id(7)]
    public int Running { get; init; }

    /// <summary>The predicted work that waits and runs, in seconds of one run after the other.</summary>
    [Id(8)]
    public double BacklogSeconds { get; init; }

    [Id(9)]
    public EngineReport[] Engines { get; init; } = [];

    /// <summary>Whether it takes no new work: it is stopping.</summary>
    [Id(10)]
    public bool IsDraining { get; init; }

    /// <summary>What waits by tenant, in predicted seconds; tenants without are left out.</summary>
    [Id(11)]
    public Dictionary<string, double> TenantSeconds { get; init; } = [];

    /// <summary>Runs ended since its start.</summary>
    [Id(12)]
    public long Ended { get; init; }

    /// <summary>Whether it gives runs that wait to others that ask: silos of older versions know no such question.</summary>
    [Id(13)]
    public bool GivesWork { get; init; }

    /// <summary>What a run that came now would wait, in seconds.</summary>
    public double WaitSeconds => Waiting == 0 && Running < Concurrency ? 0 : BacklogSeconds / Math.Max(1, Concurrency);

    public EngineReport? Engine(string id)
    {
        foreach (var engine in Engines)
        {
            if (engine.Id == id)
            {
                return engine;
            }
        }

        return null;
    }
}

/// <summary>An engine of a silo.</summary>
[GenerateSerializer]
[Alias("po.EngineReport")]
[Immutable]
internal sealed record EngineReport
{
    [Id(0)]
    public required string Id { get; init; }

    [Id(1)]
    public BackendType Type { get; init; }

    [Id(2)]
    public string Name { get; init; } = string.Empty;

    [Id(3)]
    public string CostModel { get; init; } = "generic";

    /// <summary>The geometric mean of what the silo's models predict for fixed workloads, in seconds: silos are compared by it.</summary>
    [Id(4)]
    public double ReferenceSeconds { get; init; }

    /// <summary>Why it takes no work, or null.</summary>
    [Id(5)]
    public string? Reason { get; init; }

    [Id(6)]
    public int MaxQubits { get; init; }

    [Id(7)]
    public int MaxShots { get; init; }

    [Id(8)]
    public long? MaxMemoryBytes { get; init; }

    [Id(9)]
    public EngineAbilities Abilities { get; init; }

    [Id(10)]
    public string[]? Gates { get; init; }

    [Id(11)]
    public int MaxThreads { get; init; }

    /// <summary>Mean errors of one-qubit gates, two-qubit gates and readout, coherence and gate times in seconds; null for engines without.</summary>
    [Id(12)]
    public double[]? Errors { get; init; }

    public static EngineReport Of(BackendDescriptor backend, double referenceSeconds, string? reason)
    {
        var can = backend.Capabilities;
        return new EngineReport
        {
            Id = backend.Id, Type = backend.Type, Name = backend.DisplayName, CostModel = backend.CostModel, ReferenceSeconds = referenceSeconds, Reason = reason,
            MaxQubits = can.MaxQubits, MaxShots = can.MaxShots, MaxMemoryBytes = can.MaxMemoryBytes, Gates = can.Gates is null ? null : [.. can.Gates.Order(StringComparer.Ordinal)], MaxThreads = backend.MaxThreads,
            Errors = backend.Errors is { } e ? [e.OneQubit, e.TwoQubit, e.Readout, e.CoherenceSeconds, e.OneQubitGateSeconds, e.TwoQubitGateSeconds] : null,
            Abilities = (can.MidCircuitMeasurement ? EngineAbilities.MidCircuitMeasurement : 0) | (can.ClassicalControl ? EngineAbilities.ClassicalControl : 0)
                | (can.ExactProbabilities ? EngineAbilities.ExactProbabilities : 0) | (can.ExpectationValues ? EngineAbilities.ExpectationValues : 0) | (can.IsExact ? EngineAbilities.IsExact : 0)
                | (can.CliffordOnly ? EngineAbilities.CliffordOnly : 0) | (can.StoresAllAmplitudes ? EngineAbilities.StoresAllAmplitudes : 0) | (can.ShotRanges ? EngineAbilities.ShotRanges : 0),
        };
    }

    /// <summary>The engine as a backend of another process.</summary>
    /// <param name="silo">Its silo.</param>
    public BackendDescriptor ToDescriptor(SiloReport silo) => new()
    {
        Id = $"{silo.Name}/{Id}",
        Type = Type,
        DisplayName = $"{Name} on {silo.Name}",
        CostModel = CostModel,
        BoundsMemory = true,
        MaxThreads = MaxThreads,
        Errors = Errors is [var one, var two, var readout, var coherence, var oneTime, var twoTime]
            ? new ErrorRates { OneQubit = one, TwoQubit = two, Readout = readout, CoherenceSeconds = coherence, OneQubitGateSeconds = oneTime, TwoQubitGateSeconds = twoTime } : null,
        Capabilities = new BackendCapabilities
        {
            MaxQubits = MaxQubits, MaxShots = MaxShots, MaxMemoryBytes = Math.Min(silo.MemoryBytes, MaxMemoryBytes ?? long.MaxValue), Gates = Gates?.ToHashSet(StringComparer.Ordinal),
            MidCircuitMeasurement = Can(EngineAbilities.MidCircuitMeasurement), ClassicalControl = Can(EngineAbilities.ClassicalControl), ExactProbabilities = Can(EngineAbilities.ExactProbabilities),
            ExpectationValues = Can(EngineAbilities.ExpectationValues), IsExact = Can(EngineAbilities.IsExact), CliffordOnly = Can(EngineAbilities.CliffordOnly),
            StoresAllAmplitudes = Can(EngineAbilities.StoresAllAmplitudes), ShotRanges = Can(EngineAbilities.ShotRanges),
        },
    };

    private bool Can(EngineAbilities ability) => (Abilities & ability) != 0;
}

/// <summary>What an engine can do, as in <see cref="BackendCapabilities"/>.</summary>
[Flags]
[GenerateSerializer]
[Alias("po.EngineAbilities")]
internal enum EngineAbilities
{
    None = 0,
    MidCircuitMeasurement = 1,
    ClassicalControl = 2,
    ExactProbabilities = 4,
    ExpectationValues = 8,
    IsExact = 16,
    CliffordOnly = 32,
    StoresAllAmplitudes = 64,
    ShotRanges = 128,
}

/// <summary>The cluster as one silo or client knows it: all silos, or a sample of very many.</summary>
[GenerateSerializer]
[Alias("po.ClusterView")]
[Immutable]
internal sealed record ClusterView
{
    public static ClusterView Empty { get; } = new();

    [Id(0)]
    public SiloReport[] Silos { get; init; } = [];

    /// <summary>The silos of the cluster, also those that are not in the sample.</summary>
    [Id(1)]
    public int SiloCount { get; init; }

    /// <summary>Runs at one time in all of the cluster.</summary>
    [Id(2)]
    public int Concurrency { get; init; }

    /// <summary>The predicted work of all of the cluster, in seconds of one run after the other.</summary>
    [Id(3)]
    public double BacklogSeconds { get; init; }

    /// <summary>The same by tenant.</summary>
    [Id(4)]
    public Dictionary<string, double> TenantSeconds { get; init; } = [];

    [Id(5)]
    public int Waiting { get; init; }

    [Id(6)]
    public int Running { get; init; }

    [Id(7)]
    public long Ended { get; init; }

    /// <summary>What a job that came now would wait on average, in seconds.</summary>
    public double BacklogPerPlace => Concurrency == 0 ? 0 : BacklogSeconds / Concurrency;
}
