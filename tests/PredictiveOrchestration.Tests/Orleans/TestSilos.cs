using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.TestingHost;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Orleans.Silos;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>A cluster of silos in this process, on Orleans' own testing host: a SQLite file, loopback messages, deaths noticed soon.</summary>
internal sealed class TestSilos : IAsyncDisposable
{
    /// <summary>Gates that OpenQASM can express.</summary>
    public static readonly string[] Gates = ["h", "x", "y", "s", "t", "sx", "rx", "ry", "rz", "p", "u", "swap"];

    private readonly string _folder;

    private TestSilos(InProcessTestCluster cluster, string folder) => (Cluster, _folder) = (cluster, folder);

    public InProcessTestCluster Cluster { get; }

    public ClusterJobs Jobs => new(Cluster.Client);

    public static async Task<TestSilos> StartAsync(
        int silos = 3, Action<OrleansWorkerOptions>? worker = null, Action<PredictiveOrchestratorBuilder>? orchestrator = null, Action<ISiloBuilder>? silo = null)
    {
        var folder = Directory.CreateTempSubdirectory("silos-").FullName;
        var database = ClusterDatabase.Sqlite(Path.Combine(folder, "cluster.db"));
        await database.PrepareAsync();
        var builder = new InProcessTestClusterBuilder((short)silos);
        builder.ConfigureHost(h => h.Logging.ClearProviders());
        builder.ConfigureSiloHost((_, h) => h.Logging.ClearProviders());
        builder.ConfigureClient(c => c.Configure<GatewayOptions>(o => o.GatewayListRefreshPeriod = TimeSpan.FromSeconds(1)));
        builder.ConfigureSilo((_, s) =>
        {
            s.AddClusterStorage(database);
            s.UseInMemoryReminderService();
            s.Configure<ClusterMembershipOptions>(o =>
            {
                o.ProbeTimeout = TimeSpan.FromSeconds(1);
                o.TableRefreshTimeout = TimeSpan.FromSeconds(1);
                o.NumMissedProbesLimit = 3;
                o.NumVotesForDeathDeclaration = 1;
            });
            s.AddPredictiveOrchestrationWorkers(
                o =>
                {
                    o.ReportInterval = TimeSpan.FromMilliseconds(50);
                    o.Concurrency = 2;
                    o.MemoryBytes = 1L << 30;
                    o.KnowledgeInterval = TimeSpan.Zero;
                    worker?.Invoke(o);
                },
                b =>
                {
                    b.Configure(o =>
                    {
                        o.StateDirectory = string.Empty;
                        o.CalibrationBudget = TimeSpan.Zero;
                        o.MaxMemoryBytes = 1L << 30;
                    });
                    orchestrator?.Invoke(b);
                });
            silo?.Invoke(s);
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        var started = new TestSilos(cluster, folder);
        await started.UntilKnownAsync(silos);
        return started;
    }

    /// <summary>Waits until each silo knows of so many.</summary>
    public async Task UntilKnownAsync(int silos)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        while (!Cluster.Silos.All(s => s.ServiceProvider.GetRequiredService<SiloDirectory>().View.SiloCount == silos))
        {
            await Task.Delay(10, limit.Token);
        }
    }

    public static T Of<T>(InProcessSiloHandle silo)
        where T : notnull => silo.ServiceProvider.GetRequiredService<T>();

    /// <summary>What one machine gives on one engine.</summary>
    public static async Task<OrchestrationResult> DirectAsync(Circuit circuit, OrchestrationRequest request, Action<PredictiveOrchestratorBuilder>? configure = null)
    {
        var builder = new PredictiveOrchestratorBuilder().Configure(o =>
        {
            o.StateDirectory = string.Empty;
            o.CalibrationBudget = TimeSpan.Zero;
        });
        configure?.Invoke(builder);
        await using var orchestrator = builder.Build();
        await orchestrator.StartAsync();
        return await orchestrator.ExecuteAsync(circuit, request);
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        try
        {
            Directory.Delete(_folder, true);
        }
        catch (IOException)
        {
            // A killed silo in this process still holds its file.
        }
    }
}
