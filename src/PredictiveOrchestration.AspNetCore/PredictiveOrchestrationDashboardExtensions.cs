using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.AspNetCore.Dashboard;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.AspNetCore;

/// <summary>Shows what an orchestrator does as it does it.</summary>
public static partial class PredictiveOrchestrationDashboardExtensions
{
    /// <summary>
    /// Maps a page that shows the application's orchestrator live: decisions and their reasons, predicted against actual times, load, cost, model quality, changes of backend; on a silo or a client of a cluster also its machines. It only shows, and
    /// needs nothing from elsewhere. Unless the host puts authorization on what is returned (<c>RequireAuthorization()</c>), requests from other machines, through a proxy, or by
    /// another name than this machine's are refused with 403.
    /// </summary>
    /// <param name="endpoints">The application; it has an orchestrator (<c>AddPredictiveOrchestration</c> or <c>AddPredictiveOrchestrationWorker</c>).</param>
    /// <param name="path">Where; default <c>/dashboard</c>.</param>
    /// <returns>For conventions of all these endpoints.</returns>
    /// <exception cref="InvalidOperationException">The application has no orchestrator.</exception>
    public static IEndpointConventionBuilder MapPredictiveOrchestrationDashboard(this IEndpointRouteBuilder endpoints, string path = "/dashboard") =>
        endpoints.MapDashboard(path, DashboardLimits.Default);

    /// <summary>The same with other limits.</summary>
    internal static IEndpointConventionBuilder MapDashboard(this IEndpointRouteBuilder endpoints, string path, DashboardLimits limits)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(path);
        var services = endpoints.ServiceProvider;
        var orchestrator = services.GetService<PredictiveOrchestrator>()
            ?? throw new InvalidOperationException("The dashboard needs an orchestrator: call builder.Services.AddPredictiveOrchestration() first.");
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(PredictiveOrchestrationDashboardExtensions));
        var feed = new DashboardFeed(orchestrator, services.GetService<TimeProvider>() ?? TimeProvider.System, limits, Guid.NewGuid().ToString("N"), logger, services.GetService<IMachineOverview>());
        var pages = new DashboardEndpoints(feed);
        var group = endpoints.MapGroup(path).WithMetadata(pages);
        group.MapGet("/", DashboardEndpoints.Guard(DashboardEndpoints.PageAsync));
        group.MapGet("/events", DashboardEndpoints.Guard(pages.EventsAsync));
        group.MapGet("/decisions/{id}", DashboardEndpoints.Guard(pages.ExplainAsync));
        group.MapGet("/{file}", DashboardEndpoints.Guard(DashboardEndpoints.FileAsync));

        var lifetime = services.GetRequiredService<IHostApplicationLifetime>();
        lifetime.ApplicationStopping.Register(feed.Dispose);
        lifetime.ApplicationStarted.Register(() =>
        {
            SayIfNotSeen(services, pages, logger);
            _ = feed.RunAsync(lifetime.ApplicationStopping);
        });
        return group;
    }

    // An application that others reach, whose dashboard they do not.
    private static void SayIfNotSeen(IServiceProvider services, DashboardEndpoints pages, ILogger logger)
    {
        var addresses = services.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var mine = services.GetService<EndpointDataSource>()?.Endpoints.Where(e => e.Metadata.GetMetadata<DashboardEndpoints>() == pages) ?? [];
        if (addresses.FirstOrDefault(a => !LoopbackCheck.IsLoopback(a)) is { } open && !mine.All(DashboardEndpoints.IsAuthorized))
        {
            OnlyHere(logger, open);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The application listens on '{Address}', but the dashboard has no authorization: it is shown on this machine only. Call RequireAuthorization() on what MapPredictiveOrchestrationDashboard returns.")]
    private static partial void OnlyHere(ILogger logger, string address);
}
