using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.AspNetCore.Http;

namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>The jobs of this worker in the words of IonQ's protocol v0.4, so that its public clients can be aimed at it: which path is answered by whom.</summary>
internal sealed class IonQEndpoints(IonQJobs jobs, IonQEstimates estimates, IonQResultEndpoints results, IonQBackends backends)
{
    public void Map(IEndpointRouteBuilder group, Gatekeeper gate)
    {
        RequestDelegate Guard(Func<HttpContext, Caller, Task> handle) => Guarded.By(gate, handle, IonQAnswer.RefuseAsync);
        group.MapPost("/jobs", Guard(jobs.CreateAsync));
        group.MapGet("/jobs", Guard(jobs.ListAsync));
        group.MapDelete("/jobs", Guard(jobs.DeleteManyAsync));
        group.MapGet("/jobs/estimate", Guard(estimates.EstimateAsync));
        group.MapPut("/jobs/status/cancel", Guard(jobs.CancelManyAsync));
        group.MapGet("/jobs/{id}", Guard(jobs.GetAsync));
        group.MapDelete("/jobs/{id}", Guard(jobs.DeleteAsync));
        group.MapPut("/jobs/{id}/status/cancel", Guard(jobs.CancelAsync));
        group.MapGet("/jobs/{id}/cost", Guard(jobs.CostAsync));
        group.MapGet("/jobs/{id}/results/probabilities", Guard((c, o) => results.ResultAsync(c, o, IonQResults.WriteProbabilities)));
        group.MapGet("/jobs/{id}/results/probabilities/aggregated", Guard(results.AggregatedAsync));
        group.MapGet("/jobs/{id}/results/histogram", Guard((c, o) => results.ResultAsync(c, o, IonQResults.WriteHistogram)));
        group.MapGet("/jobs/{id}/results/shots", Guard((c, o) => results.ResultAsync(c, o, IonQResults.WriteShots)));
        group.MapGet("/jobs/{id}/artifacts/{artifact}", Guard(results.ArtifactAsync));
        group.MapGet("/backends", Guard(backends.ListAsync));
        group.MapGet("/backends/{backend}", Guard(backends.GetAsync));
        group.MapGet("/backends/{backend}/characterizations", Guard(backends.CharacterizationsAsync));
        group.MapGet("/backends/{backend}/characterizations/{id}", Guard(backends.CharacterizationAsync));
        group.MapGet("/whoami", Guard((c, o) => IonQAnswer.WriteAsync(c, 200, w =>
        {
            w.WriteStartObject();
            w.WriteString("key_id", o.Owner);
            w.WriteString("key_name", o.Owner);
            w.WriteEndObject();
        })));
    }
}
