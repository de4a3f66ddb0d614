using Orleans;
using Orleans.Concurrency;
using PredictiveOrchestration.Orleans.Wire;

namespace PredictiveOrchestration.Orleans.Silos;

/// <summary>Who is there and how loaded: one grain for the cluster, in memory; after it was lost it is full again within one interval.</summary>
[Alias("po.ICatalogGrain")]
internal interface ICatalogGrain : IGrainWithIntegerKey
{
    /// <summary>Tells a silo's state, and gives the cluster's.</summary>
    [Alias("Report")]
    Task<ClusterView> ReportAsync(SiloReport report);

    /// <summary>Gives the cluster's state.</summary>
    [Alias("Get")]
    Task<ClusterView> GetAsync();
}

/// <summary>What can be asked of one silo. The key is its address; the grain lives there and nowhere else.</summary>
[Alias("po.ISiloGrain")]
internal interface ISiloGrain : IGrainWithStringKey
{
    /// <summary>The models that the silo predicts with, without their runs.</summary>
    [Alias("Models")]
    Task<byte[]> GetModelsAsync();

    /// <summary>Sends runs that wait at the silo, the latest first, to one that has nothing to do, as far as they would end sooner there.</summary>
    /// <param name="idle">Who has nothing to do.</param>
    /// <returns>How many go.</returns>
    [Alias("Give")]
    Task<int> GiveAsync(SiloReport idle);
}

/// <summary>One run on one silo. The key is the run's name, a new one for each try.</summary>
[Alias("po.IRunGrain")]
internal interface IRunGrain : IGrainWithStringKey
{
    /// <summary>Takes a run up, and waits for its end for a time. Asking again changes nothing.</summary>
    /// <param name="order">The run.</param>
    /// <param name="patience">How long to wait, at most 20 s.</param>
    [Alias("Run")]
    Task<RunReport> RunAsync(RunOrder order, TimeSpan patience);

    /// <summary>Waits for the end for a time.</summary>
    [Alias("Wait")]
    Task<RunReport> WaitAsync(TimeSpan patience);

    /// <summary>Ends the run, soon.</summary>
    [Alias("Cancel")]
    Task CancelAsync();
}
