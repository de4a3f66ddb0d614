using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using PredictiveOrchestration.AspNetCore;
using PredictiveOrchestration.AspNetCore.Dashboard;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.DependencyInjection;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Dashboard;

/// <summary>An application with a dashboard in this process, on the loopback address.</summary>
internal sealed class DashboardHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private DashboardHost(WebApplication app, PredictiveOrchestrator? orchestrator)
    {
        _app = app;
        Orchestrator = orchestrator!;
        Address = new Uri(app.Urls.First().Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal));
        Client = new HttpClient { BaseAddress = Address };
    }

    public Uri Address { get; }

    public Uri Page => new(Address, "/dashboard/");

    public HttpClient Client { get; }

    public PredictiveOrchestrator Orchestrator { get; }

    /// <summary>Gets the number of pages that are connected.</summary>
    public int Pages => _app.Services.GetRequiredService<EndpointDataSource>().Endpoints.Select(e => e.Metadata.GetMetadata<DashboardEndpoints>()).OfType<DashboardEndpoints>().First().Feed.Clients;

    public static DashboardLimits Quick { get; } = new() { Interval = TimeSpan.FromMilliseconds(25), StateEvery = 4, QualityInterval = TimeSpan.FromMilliseconds(50) };

    public static async Task<DashboardHost> StartAsync(
        IEnumerable<IQuantumBackend>? backends = null, Action<IEndpointConventionBuilder>? conventions = null, DashboardLimits? limits = null, bool withDashboard = true, int port = 0, Action<PredictiveOrchestratorOptions>? configure = null, string path = "/dashboard", int? sendBuffer = null, string address = "127.0.0.1", ILoggerProvider? log = null, IMachineOverview? machines = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://{address}:{port}");
        if (sendBuffer is { } size)
        {
            builder.WebHost.UseSockets(o => o.CreateBoundListenSocket = endpoint =>
            {
                var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
                socket.SendBufferSize = size;
                return socket;
            });
        }

        builder.Logging.ClearProviders();
        if (log is not null)
        {
            builder.Logging.AddProvider(log);
        }

        if (machines is not null)
        {
            builder.Services.AddSingleton(machines);
        }

        builder.Services.AddAuthentication("header").AddScheme<AuthenticationSchemeOptions, HeaderAuthentication>("header", null);
        builder.Services.AddAuthorization();
        builder.Services.AddPredictiveOrchestration(o =>
        {
            o.AddRouter(new InOrder()).Configure(c =>
            {
                c.StateDirectory = string.Empty;
                c.CalibrationBudget = TimeSpan.Zero;
                c.StopTimeout = TimeSpan.Zero;
                c.Learning = false;
                configure?.Invoke(c);
            });
            if (backends is not null)
            {
                o.WithoutLocalEngines();
                foreach (var backend in backends)
                {
                    o.AddBackend(backend);
                }
            }
        });
        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        if (withDashboard)
        {
            conventions ??= _ => { };
            conventions(app.MapDashboard(path, limits ?? Quick));
        }

        await app.StartAsync();
        var orchestrator = app.Services.GetRequiredService<PredictiveOrchestrator>();
        if (backends is not null)
        {
            orchestrator.SetRoutingStrategy("in-order");
        }

        return new DashboardHost(app, orchestrator);
    }

    /// <summary>A port that is free now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    /// <summary>Takes a header for a name.</summary>
    private sealed class HeaderAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
            Request.Headers["X-Name"] is [{ } name]
                ? AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], "header")), "header"))
                : AuthenticateResult.NoResult());
    }
}
