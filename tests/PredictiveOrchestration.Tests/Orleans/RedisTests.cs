using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Persistence;
using Orleans.Serialization;
using Orleans.Storage;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Orleans;
using StackExchange.Redis;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>Silos that keep everything in Redis, by Orleans' own providers, as docs/scale-out.md says.</summary>
[Collection(nameof(ClusterTests))]
public sealed class RedisTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("redis-").FullName;
    private Process? _server;

    private ConfigurationOptions Options => new() { EndPoints = { new UnixDomainSocketEndPoint(Path.Combine(_folder, "redis")) } };

    [SkippableFact]
    public async Task Redis_SiloStoppedAtOnce_JobsEndAndKeysHold()
    {
        Start();
        using (await ConnectAsync())
        {
            // It answers.
        }

        var (first, second) = (Silo(), Silo());
        await first.StartAsync();
        await second.StartAsync();
        var jobs = first.Services.GetRequiredService<ClusterJobs>();
        var circuit = new CircuitBuilder(2, 2).H(0).CX(0, 1).Measure(0, 0).Measure(1, 1).Build();
        var request = ClusterJobRequest.Of(Enumerable.Repeat(circuit, 5), new OrchestrationRequest { Shots = 100, Seed = 4 });
        var expected = await jobs.WaitAsync((await jobs.SubmitAsync(request, "first")).Id);
        var accepted = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => jobs.SubmitAsync(request, $"job-{i}")));

        // At once: what it has is not handed over in order.
        await second.StopAsync(new CancellationToken(true));
        second.Dispose();
        foreach (var job in accepted)
        {
            var result = await jobs.WaitAsync(job.Id);
            result.Status.State.Should().Be(ClusterJobState.Succeeded);
            result.Runs.Should().HaveCount(5);
            result.Runs[0].Result!.Counts.Should().BeEquivalentTo(expected.Runs[0].Result!.Counts);
        }

        (await jobs.SubmitAsync(request, "first")).IsReplay.Should().BeTrue("its end is in Redis");
        (await jobs.WaitAsync("default/first")).Status.EndedAt.Should().Be(expected.Status.EndedAt);
        await first.StopAsync();
        first.Dispose();
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            _server.Kill();
            await _server.WaitForExitAsync();
            _server.Dispose();
        }

        Directory.Delete(_folder, true);
    }

    private IHost Silo()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            silo.UseRedisClustering(o => o.ConfigurationOptions = Options);
            silo.UseRedisReminderService(o => o.ConfigurationOptions = Options);
            silo.AddRedisGrainStorage(OrleansWorkerOptions.StorageName, (OptionsBuilder<RedisStorageOptions> options) => options.Configure<Serializer>((o, serializer) =>
            {
                o.ConfigurationOptions = Options;
                o.GrainStorageSerializer = new OrleansGrainStorageSerializer(serializer);
            }));
            using var one = new TcpListener(IPAddress.Loopback, 0);
            using var other = new TcpListener(IPAddress.Loopback, 0);
            one.Start();
            other.Start();
            var (port, gateway) = (((IPEndPoint)one.LocalEndpoint).Port, ((IPEndPoint)other.LocalEndpoint).Port);
            silo.Configure<EndpointOptions>(o => (o.AdvertisedIPAddress, o.SiloPort, o.GatewayPort) = (IPAddress.Loopback, port, gateway));
            silo.Configure<ClusterMembershipOptions>(o => (o.ProbeTimeout, o.TableRefreshTimeout, o.NumVotesForDeathDeclaration) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), 1));
            silo.AddPredictiveOrchestrationWorkers(o => o.KnowledgeInterval = TimeSpan.Zero, b => b.Configure(o => (o.StateDirectory, o.CalibrationBudget) = (string.Empty, TimeSpan.Zero)));
        });
        return builder.Build();
    }

    private void Start()
    {
        var program = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator).Select(p => Path.Combine(p, "redis-server")).FirstOrDefault(File.Exists);
        if (program is null)
        {
            output.WriteLine("Skipped: there is no redis-server.");
        }

        Skip.If(program is null, "There is no redis-server.");

        // On a socket of this folder and no port; nothing on the disk.
        _server = Process.Start(new ProcessStartInfo(program!, ["--port", "0", "--unixsocket", Path.Combine(_folder, "redis"), "--save", string.Empty, "--dir", _folder, "--logfile", Path.Combine(_folder, "log")]));
    }

    private async Task<ConnectionMultiplexer> ConnectAsync()
    {
        using var guard = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        while (true)
        {
            try
            {
                return await ConnectionMultiplexer.ConnectAsync(Options);
            }
            catch (RedisConnectionException) when (!guard.IsCancellationRequested)
            {
                await Task.Delay(50, guard.Token);
            }
        }
    }
}
