using System.Diagnostics.Metrics;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Orleans.Http;
using PredictiveOrchestration.Orleans.Silos;
using PredictiveOrchestration.Orleans.Wire;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>Too much work is refused with a time to come again, for all and for one tenant; and the load is told.</summary>
[Collection(nameof(ClusterTests))]
public sealed class AdmissionTests
{
    private static readonly ClusterJobRequest Small = ClusterJobRequest.Of(RandomCircuits.Create(1, new RandomCircuitOptions { Unitaries = false, Gates = TestSilos.Gates, MeasureAtEnd = true }));

    [Fact]
    public async Task Submit_TooMuchPredictedWork_IsRefusedUntilThereIsRoom()
    {
        await using var silos = await TestSilos.StartAsync(2, o => (o.MaxBacklog, o.MaxTenantShare, o.Concurrency) = (TimeSpan.FromSeconds(100), 0.5, 1));
        var work = TestSilos.Of<SiloWork>(silos.Cluster.Silos[0]);
        SiloRun Add(string tenant, double seconds) => work.TryAdd(new RunOrder { Tenant = tenant, PredictedSeconds = seconds, Submission = Endless() })!;
        var runs = new List<SiloRun> { Add("greedy", 0.001), Add("greedy", 120) };
        await KnownAsync(silos, 120);

        // 120 s on two places: 60 s for each, 50 s may be one tenant's and 100 s all tenants' together.
        var refusal = (await FluentActions.Awaiting(() => silos.Jobs.SubmitAsync(Small with { Tenant = "greedy" })).Should().ThrowAsync<ClusterOverloadedException>()).Which;
        refusal.RetryAfter.Should().BeCloseTo(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2));
        refusal.Message.Should().Contain("tenant 'greedy'").And.Contain("50 s may");
        (await silos.Jobs.SubmitAsync(Small with { Tenant = "modest" }, "one")).IsReplay.Should().BeFalse();
        runs.Add(Add("others", 100));
        await KnownAsync(silos, 220);
        var all = (await FluentActions.Awaiting(() => silos.Jobs.SubmitAsync(Small with { Tenant = "modest" })).Should().ThrowAsync<ClusterOverloadedException>()).Which;
        all.Message.Should().Contain("the cluster").And.Contain("100 s may");
        (await silos.Jobs.SubmitAsync(Small with { Tenant = "modest" }, "one")).IsReplay.Should().BeTrue("it was accepted before");
        runs.ForEach(work.Cancel);
        await KnownAsync(silos, 0);
        (await silos.Jobs.WaitAsync((await silos.Jobs.SubmitAsync(Small with { Tenant = "greedy" })).Id)).Status.State.Should().Be(ClusterJobState.Succeeded);
    }

    [Fact]
    public async Task Submit_TooManyOpenJobs_IsRefused()
    {
        // One for each shard, half of it for one tenant but at least one.
        await using var silos = await TestSilos.StartAsync(1, o => (o.MaxOpenJobs, o.Concurrency) = (32, 1));
        var work = TestSilos.Of<SiloWork>(silos.Cluster.Silos[0]);
        var blocker = work.TryAdd(new RunOrder { Tenant = "t", PredictedSeconds = 0.001, Submission = Endless() })!;
        var (accepted, refused) = (new List<string>(), 0);
        for (var i = 0; i < 100; i++)
        {
            try
            {
                accepted.Add((await silos.Jobs.SubmitAsync(Small, $"k{i}")).Id);
            }
            catch (ClusterOverloadedException exception)
            {
                exception.RetryAfter.Should().BePositive();
                refused++;
            }
        }

        accepted.Should().HaveCountLessThanOrEqualTo(32).And.HaveCountGreaterThan(10);
        refused.Should().Be(100 - accepted.Count);
        work.Cancel(blocker);
        foreach (var id in accepted)
        {
            (await silos.Jobs.WaitAsync(id)).Status.State.Should().Be(ClusterJobState.Succeeded);
        }
    }

    [Fact]
    public async Task Load_OfTheCluster_IsAMetricAndAnAddress()
    {
        await using var silos = await TestSilos.StartAsync(2, o => o.Concurrency = 1);
        var work = TestSilos.Of<SiloWork>(silos.Cluster.Silos[0]);
        var runs = Enumerable.Range(0, 3).Select(_ => work.TryAdd(new RunOrder { Tenant = "t", PredictedSeconds = 100, Submission = Endless() })!).ToList();
        await KnownAsync(silos, 250);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(TestSilos.Of<SiloDirectory>(silos.Cluster.Silos[1]));
        await using var app = builder.Build();
        app.MapClusterLoad();
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
        var load = await client.GetFromJsonAsync<JsonElement>("/cluster/load");

        (load.GetProperty("silos").GetInt32(), load.GetProperty("places").GetInt32(), load.GetProperty("waiting").GetInt32(), load.GetProperty("running").GetInt32()).Should().Be((2, 2, 2, 1));
        load.GetProperty("backlogSeconds").GetDouble().Should().BeInRange(200, 300);
        load.GetProperty("backlogSecondsPerPlace").GetDouble().Should().BeApproximately(load.GetProperty("backlogSeconds").GetDouble() / 2, 0.01);
        (await silos.Jobs.GetLoadAsync()).BacklogSecondsPerPlace.Should().BeInRange(100, 150);

        double? measured = null;
        using var listener = new MeterListener { InstrumentPublished = (i, l) => { if (i.Name == "orchestration.cluster.backlog.per_place") { l.EnableMeasurementEvents(i); } } };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => measured = Math.Max(measured ?? 0, value));
        listener.Start();
        listener.RecordObservableInstruments();
        measured.Should().BeInRange(100, 150);
        runs.ForEach(work.Cancel);
    }

    // A run of minutes, by very many gates on 24 qubits: it ends by being cancelled.
    private static byte[] Endless()
    {
        var circuit = RandomCircuits.Pairs(1, 24, 2000);
        return SubmissionCodec.Write(circuit, new ExecutionRequest { Circuit = circuit }, "local-dense");
    }

    // All silos count: one that is too busy to report is left out for a while.
    private static async Task KnownAsync(TestSilos silos, double seconds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        while (!silos.Cluster.Silos.All(s => TestSilos.Of<SiloDirectory>(s).View is var view && view.SiloCount == silos.Cluster.Silos.Count && view.BacklogSeconds is var known && (seconds == 0 ? known < 1 : known > seconds - 5)))
        {
            await Task.Delay(10, limit.Token);
        }
    }
}
