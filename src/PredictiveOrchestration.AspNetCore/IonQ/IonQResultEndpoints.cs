using System.Text.Json;
using Microsoft.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>Results of jobs by IonQ's protocol, in every layout that its clients read.</summary>
internal sealed class IonQResultEndpoints(JobDesk desk)
{
    public Task ResultAsync(HttpContext context, Caller caller, Action<Utf8JsonWriter, WireResult> write)
    {
        var job = desk.Get(caller.Owner, IonQAnswer.Id(context));
        if (job.Children is [var only])
        {
            // A public client puts every circuit into a job of several, and reads the result as if it were alone.
            job = desk.Get(caller.Owner, only);
        }

        if (job.Children is not null)
        {
            return AggregatedAsync(context, caller);
        }

        var result = Result(job);
        return IonQAnswer.WriteAsync(context, 200, w => write(w, result));
    }

    public Task AggregatedAsync(HttpContext context, Caller caller)
    {
        var job = desk.Get(caller.Owner, IonQAnswer.Id(context));
        var children = job.Children is not null && job.State == JobState.Succeeded ? desk.ChildrenOf(job) : throw ProblemException.NotFound("result of several circuits of that job");
        return IonQAnswer.WriteAsync(context, 200, w =>
        {
            w.WriteStartObject();
            foreach (var child in children)
            {
                w.WritePropertyName(child.Id);
                IonQResults.WriteProbabilities(w, Result(child));
            }

            w.WriteEndObject();
        });
    }

    public Task ArtifactAsync(HttpContext context, Caller caller)
    {
        var result = Result(desk.Get(caller.Owner, IonQAnswer.Id(context)));
        return (string)context.Request.RouteValues["artifact"]! switch
        {
            "probabilities" => IonQAnswer.WriteAsync(context, 200, w => IonQResults.WriteVersion2(w, "probabilities", IonQResults.Probabilities(result))),
            "histogram" => IonQAnswer.WriteAsync(context, 200, w => IonQResults.WriteVersion2(w, "histogram", result.Counts.Select(c => (c.Key, (double)c.Value)))),
            _ => throw ProblemException.NotFound("artifact of that name"),
        };
    }

    private WireResult Result(JobRecord job) =>
        job is { State: JobState.Succeeded, DryRun: false } && desk.Result(job) is { } bytes
            ? JsonSerializer.Deserialize(bytes, WorkerJson.Default.WireResult)!
            : throw ProblemException.NotFound("result of that job (yet)");
}
