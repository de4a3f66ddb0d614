using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using PredictiveOrchestration.AspNetCore;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Orleans.Http;

namespace Cluster;

/// <summary>Runs a silo until it is stopped.</summary>
internal static class SiloCommand
{
    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var database = arguments.Database();
        await database.PrepareAsync(cancellationToken);
        var name = arguments.Value("--name") ?? $"{Environment.MachineName}-{Environment.ProcessId}";
        var http = arguments.Value("--http");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddFilter("Orleans", LogLevel.Error);
        builder.Logging.AddSimpleConsole(o => o.SingleLine = true);

        // Without an address nothing listens for HTTP.
        builder.WebHost.UseUrls(http ?? "http://127.0.0.1:0");
        builder.Host.UseOrleans(silo =>
        {
            silo.UseClusterDatabase(database);
            silo.Configure<SiloOptions>(o => o.SiloName = name);
            silo.Configure<EndpointOptions>(o =>
            {
                o.AdvertisedIPAddress = IPAddress.Parse(arguments.Value("--address") ?? "127.0.0.1");
                (o.SiloPort, o.GatewayPort) = Ports(arguments.Value("--ports"));
            });
            silo.Configure<ClusterMembershipOptions>(o =>
            {
                // A dead silo is found out after about three seconds, and one that was there before a restart of all after a quarter of a minute.
                o.ProbeTimeout = TimeSpan.FromSeconds(1);
                o.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
                o.TableRefreshTimeout = TimeSpan.FromSeconds(5);
                o.NumVotesForDeathDeclaration = 1;
            });
            silo.AddClusterLedger(o => o.Budget = arguments.Integer("--budget", 0, 0, int.MaxValue));
            silo.AddPredictiveOrchestrationWorkers(
                o => o.Concurrency = arguments.Integer("--concurrency", o.Concurrency, 1, 1024),
                o => o.Configure(c =>
                {
                    c.CalibrationBudget = arguments.Has("--no-calibration") ? TimeSpan.Zero : c.CalibrationBudget;
                    c.StateDirectory = arguments.Value("--state");
                    c.CheckpointDirectory = arguments.Value("--checkpoints");
                    c.Checkpoints = c.Checkpoints with { Interval = TimeSpan.FromSeconds(0.5), MaxShare = 0.1 };
                    c.StopTimeout = TimeSpan.FromSeconds(5);
                }));
        });
        await using var app = builder.Build();
        if (http is not null)
        {
            app.MapClusterLoad();
            app.MapPredictiveOrchestrationDashboard();
        }

        await app.StartAsync(cancellationToken);
        Console.WriteLine($"silo {name} is there");
        await app.WaitForShutdownAsync(cancellationToken);
        return 0;
    }

    private static (int Silo, int Gateway) Ports(string? given)
    {
        if (given is null)
        {
            // Both are held until both are known.
            using var first = new TcpListener(IPAddress.Any, 0);
            using var second = new TcpListener(IPAddress.Any, 0);
            first.Start();
            second.Start();
            return (((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port);
        }

        return given.Split(',') is [var silo, var gateway] && ushort.TryParse(silo, NumberStyles.None, CultureInfo.InvariantCulture, out var s) && ushort.TryParse(gateway, NumberStyles.None, CultureInfo.InvariantCulture, out var g)
            ? (s, g)
            : throw new UsageException($"Option '--ports' has the value '{given}'; accepted: two ports such as 11111,30000.");
    }
}
