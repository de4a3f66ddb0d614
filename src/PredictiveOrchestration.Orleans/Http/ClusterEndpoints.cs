using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using PredictiveOrchestration.Orleans.Silos;

namespace PredictiveOrchestration.Orleans.Http;

/// <summary>Tells over HTTP what whoever scales a cluster must know.</summary>
public static class ClusterEndpoints
{
    /// <summary>
    /// Maps <c>GET</c> of an address to the cluster's load as JSON, as a silo knows it: <c>backlogSeconds</c>, <c>backlogSecondsPerPlace</c> (what a new job waits: scale by this), <c>silos</c>,
    /// <c>places</c>, <c>waiting</c>, <c>running</c>. It tells nothing of jobs. 503 while the silo knows of none. KEDA's <c>metrics-api</c> scaler reads it.
    /// </summary>
    /// <param name="endpoints">The application, which has a silo with workers.</param>
    /// <param name="pattern">The address.</param>
    /// <returns>The endpoint, for the host's authorization.</returns>
    public static IEndpointConventionBuilder MapClusterLoad(this IEndpointRouteBuilder endpoints, string pattern = "/cluster/load")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        return endpoints.MapGet(pattern, (RequestDelegate)(context => AnswerAsync(context, (SiloDirectory)context.RequestServices.GetService(typeof(SiloDirectory))!)));
    }

    private static Task AnswerAsync(HttpContext context, SiloDirectory directory)
    {
        var view = directory.View;
        context.Response.StatusCode = view.SiloCount == 0 ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
        return context.Response.WriteAsJsonAsync(
            new LoadAnswer(Math.Round(view.BacklogSeconds, 3), Math.Round(view.BacklogPerPlace, 3), view.SiloCount, view.Concurrency, view.Waiting, view.Running), LoadJson.Default.LoadAnswer, cancellationToken: context.RequestAborted);
    }
}

/// <summary>The answer.</summary>
internal sealed record LoadAnswer(double BacklogSeconds, double BacklogSecondsPerPlace, int Silos, int Places, int Waiting, int Running);

/// <summary>How it is written.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(LoadAnswer))]
internal sealed partial class LoadJson : JsonSerializerContext;
