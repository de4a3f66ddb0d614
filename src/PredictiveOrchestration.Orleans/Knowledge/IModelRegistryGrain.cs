using Orleans;

namespace PredictiveOrchestration.Orleans.Knowledge;

/// <summary>Which silo has learned what: the latest release of each, and how others fared with it.</summary>
[Alias("po.IModelRegistryGrain")]
internal interface IModelRegistryGrain : IGrainWithIntegerKey
{
    /// <summary>Registers what a silo has learned in place of what it had before, as a challenger.</summary>
    /// <returns>The number of the release.</returns>
    [Alias("Publish")]
    Task<long> PublishAsync(ModelRelease release);

    /// <summary>The releases that a machine can use, the best to begin with first: champions of its kind of machine, then challengers of its kind, then machines that are the most like it.</summary>
    [Alias("Find")]
    Task<ModelRelease[]> FindAsync(string machine, int form);

    /// <summary>Tells whether a release was of use to another silo: its runs made that one's models predict its own runs no worse.</summary>
    [Alias("Judge")]
    Task JudgeAsync(string instance, long version, bool wasOfUse);
}

/// <summary>The models and runs of one silo. The key is its name.</summary>
[Alias("po.IModelGrain")]
internal interface IModelGrain : IGrainWithStringKey
{
    [Alias("Put")]
    Task PutAsync(byte[] content);

    [Alias("Get")]
    Task<byte[]> GetAsync();
}

/// <summary>What a silo has learned, without the content.</summary>
[GenerateSerializer]
[Alias("po.ModelRelease")]
[Immutable]
internal sealed record ModelRelease
{
    /// <summary>The silo's name.</summary>
    [Id(0)]
    public required string Instance { get; init; }

    /// <summary>What measured times depend on, parted by bars.</summary>
    [Id(1)]
    public required string Machine { get; init; }

    /// <summary>The version of the form of the content; silos of another form leave it alone.</summary>
    [Id(2)]
    public int Form { get; init; }

    /// <summary>The number of the release, given by the registry.</summary>
    [Id(3)]
    public long Version { get; init; }

    [Id(4)]
    public DateTimeOffset At { get; init; }

    /// <summary>The runs that were learned from.</summary>
    [Id(5)]
    public long Runs { get; init; }

    /// <summary>How many others tried it.</summary>
    [Id(6)]
    public int Trials { get; init; }

    /// <summary>To how many of them it was of use.</summary>
    [Id(7)]
    public int Successes { get; init; }

    /// <summary>Whether others have found it of use, more often than not.</summary>
    public bool IsChampion => Successes > 0 && Successes * 2 >= Trials;
}

/// <summary>The registry as it is kept.</summary>
[GenerateSerializer]
[Alias("po.RegistryState")]
internal sealed class RegistryState
{
    [Id(0)]
    public List<ModelRelease> Releases { get; set; } = [];

    [Id(1)]
    public long LastVersion { get; set; }
}

/// <summary>A silo's content as it is kept.</summary>
[GenerateSerializer]
[Alias("po.ModelContent")]
internal sealed class ModelContent
{
    [Id(0)]
    public byte[] Bytes { get; set; } = [];
}
