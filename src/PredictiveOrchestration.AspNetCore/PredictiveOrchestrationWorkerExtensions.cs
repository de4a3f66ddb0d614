using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.IonQ;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.DependencyInjection;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore;

/// <summary>Makes an ASP.NET Core application a remote backend.</summary>
public static class PredictiveOrchestrationWorkerExtensions
{
    /// <summary>
    /// Adds what the worker needs, and an orchestrator unless <see cref="PredictiveOrchestrationServices.AddPredictiveOrchestration(IServiceCollection, Action{PredictiveOrchestratorBuilder}?)"/> was
    /// called before. Without API keys the application does not start on an address that other machines reach.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Changes the options, or null.</param>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    public static IServiceCollection AddPredictiveOrchestrationWorker(this IServiceCollection services, Action<WorkerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = new WorkerOptions();
        configure?.Invoke(options);
        options.Validate();
        if (!services.Any(s => s.ServiceType == typeof(PredictiveOrchestrator)))
        {
            services.AddPredictiveOrchestration();
        }

        foreach (var device in options.NoisyDevices)
        {
            services.AddSingleton<IQuantumBackend>(p => NoisyBuilderExtensions.Create(device, p.GetService<TimeProvider>()));
        }

        services.AddRouting();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(_ => new JobStore(options.DatabasePath));
        services.AddSingleton(p => new Accounts(p.GetRequiredService<JobStore>().LoadSpent()));
        services.AddSingleton(p => new WorkerMetrics(p.GetService<IMeterFactory>()));
        services.AddSingleton<SubmissionReader>();
        services.AddSingleton<JobDesk>();
        services.AddSingleton<Gatekeeper>();
        services.AddSingleton<BodyReader>();
        services.AddSingleton<Waiting>();
        services.AddSingleton<JobEndpoints>();
        services.AddSingleton<DeviceEndpoints>();
        services.AddSingleton<IonQReader>();
        services.AddSingleton<IonQJobWriter>();
        services.AddSingleton<IonQJobs>();
        services.AddSingleton<IonQEstimates>();
        services.AddSingleton<IonQResultEndpoints>();
        services.AddSingleton<IonQBackends>();
        services.AddSingleton<IonQEndpoints>();
        services.AddHostedService<JobRunner>();
        services.AddHostedService<LoopbackCheck>();
        return services;
    }

    /// <summary>
    /// Maps the worker's own protocol below <c>/v1</c>, IonQ's below <c>/v0.4</c>, and <c>/health/live</c>, <c>/health/ready</c> and <c>/metrics</c>.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <returns>For conventions of all these endpoints.</returns>
    public static IEndpointConventionBuilder MapPredictiveOrchestrationWorker(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var services = endpoints.ServiceProvider;
        var group = endpoints.MapGroup(string.Empty);
        var (gate, desk, metrics, time) = (services.GetRequiredService<Gatekeeper>(), services.GetRequiredService<JobDesk>(), services.GetRequiredService<WorkerMetrics>(), services.GetRequiredService<TimeProvider>());
        var (jobs, devices) = (services.GetRequiredService<JobEndpoints>(), services.GetRequiredService<DeviceEndpoints>());
        metrics.Watch(desk);

        RequestDelegate Guard(Func<HttpContext, Caller, Task> handle) => Guarded.By(gate, handle, Answer.ProblemAsync);
        var v1 = group.MapGroup("/v1");
        v1.MapPost("/jobs", Guard(jobs.CreateAsync));
        v1.MapGet("/jobs", Guard(jobs.ListAsync));
        v1.MapGet("/jobs/{id}", Guard(jobs.GetAsync));
        v1.MapDelete("/jobs/{id}", Guard(jobs.DeleteAsync));
        v1.MapGet("/jobs/{id}/result", Guard(jobs.ResultAsync));
        v1.MapPost("/jobs/{id}/cancel", Guard(jobs.CancelAsync));
        v1.MapPost("/estimate", Guard((context, caller) => jobs.EstimateAsync(context, caller, time)));
        v1.MapGet("/devices", Guard(devices.ListAsync));
        v1.MapGet("/devices/{id}", Guard(devices.GetAsync));
        v1.MapGet("/devices/{id}/calibration", Guard(devices.CalibrationAsync));
        v1.MapGet("/devices/{id}/queue", Guard(devices.QueueAsync));
        v1.MapGet("/queue", Guard(devices.QueueAsync));
        v1.MapGet("/openapi.json", context => Answer.BytesAsync(context, 200, OpenApiDocument.Bytes));
        services.GetRequiredService<IonQEndpoints>().Map(group.MapGroup("/v0.4"), gate);

        group.MapGet("/health/live", context => Text(context, 200, "alive"));
        group.MapGet("/health/ready", context => desk.Trouble is { } trouble ? Text(context, 503, trouble) : Text(context, 200, "ready"));
        group.MapGet("/metrics", Guard((context, _) => Text(context, 200, metrics.Text(desk))));
        return group;
    }

    private static Task Text(HttpContext context, int status, string text) => Answer.BytesAsync(context, status, Encoding.UTF8.GetBytes(text), "text/plain; charset=utf-8");
}
