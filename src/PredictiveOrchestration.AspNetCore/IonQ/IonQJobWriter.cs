using System.Text.Json;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>A job as IonQ's protocol shows it.</summary>
internal sealed class IonQJobWriter(JobDesk desk)
{
    private const string Prefix = "/v0.4";
    private const string ProbabilitiesFormat = "ionq.result.probabilities.json.v2";
    private const string HistogramFormat = "ionq.result.histogram.json.v2";

    public void Write(Utf8JsonWriter w, JobRecord job)
    {
        var envelope = job.IonQ ?? new IonQEnvelope("ionq.qasm3.v1", "simulator", null, null);
        var done = job is { State: JobState.Succeeded, DryRun: false };
        w.WriteStartObject();
        w.WriteString("id", job.Id);
        w.WriteString("status", IonQWords.Status(job.State));
        w.WriteString("type", envelope.Type);
        w.WriteString("backend", envelope.Backend);
        w.WriteString("target", envelope.Backend);
        w.WriteBoolean("dry_run", job.DryRun);
        w.WriteString("submitter_id", job.Owner);
        w.WriteNull("project_id");
        w.WriteString("parent_job_id", job.Parent);
        if (job.Children is { } children)
        {
            w.WriteStartArray("child_job_ids");
            foreach (var child in children)
            {
                w.WriteStringValue(child);
            }

            w.WriteEndArray();
        }
        else
        {
            w.WriteNull("child_job_ids");
        }

        w.WriteNull("session_id");
        w.WriteStartObject("metadata");
        foreach (var (key, value) in job.Metadata ?? new Dictionary<string, string>())
        {
            w.WriteString(key, value);
        }

        w.WriteEndObject();
        w.WriteString("name", job.Name);
        w.WriteString("submitted_at", job.SubmittedAt);
        Moment(w, "started_at", job.StartedAt);
        Moment(w, "completed_at", job.EndedAt);
        w.WriteNumber("predicted_execution_duration_ms", Math.Round(1e3 * job.PredictedSeconds, 3));
        if (job.State == JobState.Queued && desk.Active(job.Owner, job.Id) is { } waiting)
        {
            w.WriteNumber("predicted_wait_time_ms", Math.Round(desk.Wait(waiting).TotalMilliseconds));
        }
        else
        {
            w.WriteNull("predicted_wait_time_ms");
        }

        if (job.IsFinal)
        {
            w.WriteNumber("execution_duration_ms", Math.Round(1e3 * job.RunSeconds, 3));
        }
        else
        {
            w.WriteNull("execution_duration_ms");
        }

        w.WriteNumber("shots", job.Shots);
        w.WriteNumber("qubits", job.NumQubits);
        w.WriteStartObject("noise");
        w.WriteString("model", envelope.NoiseModel ?? "ideal");
        w.WriteEndObject();
        Failure(w, job);
        w.WriteString("cost_model", "QCT");
        w.WritePropertyName("settings");
        w.WriteRawValue(envelope.Settings ?? "{}");
        w.WriteStartObject("stats");
        w.WriteNumber("qubits", job.NumQubits);
        w.WriteNumber("circuits", job.Children?.Count ?? 1);
        w.WriteStartObject("gate_counts");
        w.WriteNumber("1q", job.OneQubitGates);
        w.WriteNumber("2q", job.TwoQubitGates);
        w.WriteEndObject();
        w.WriteEndObject();
        w.WriteStartObject("output");
        w.WriteEndObject();
        if (done)
        {
            Results(w, job);
        }
        else
        {
            w.WriteNull("results");
        }

        w.WriteEndObject();
    }

    // One public client needs the field even where nothing failed; another trips over null in a job that has not completed.
    private static void Failure(Utf8JsonWriter w, JobRecord job)
    {
        if (job.State is JobState.Succeeded or JobState.Expired)
        {
            w.WriteNull("failure");
            return;
        }

        w.WriteStartObject("failure");
        if (job.State is JobState.Failed or JobState.Cancelled)
        {
            var message = job.Failure?.Message ?? "The job was cancelled.";
            w.WriteString("code", job.State == JobState.Failed ? IonQWords.FailureCode(job.Failure?.Code) : "SystemCancel");
            w.WriteString("message", message);
            w.WriteString("error", message);
        }

        w.WriteEndObject();
    }

    // Both layouts that clients read: addresses, and artifacts by format.
    private static void Results(Utf8JsonWriter w, JobRecord job)
    {
        void Address(string name, string path)
        {
            w.WriteStartObject(name);
            w.WriteString("url", $"{Prefix}/jobs/{job.Id}/results/{path}");
            w.WriteEndObject();
        }

        void Artifact(string format, string id)
        {
            w.WriteStartObject(format);
            w.WriteString("id", id);
            w.WriteString("format", format);
            w.WriteString("media_type", "application/json");
            w.WriteEndObject();
        }

        w.WriteStartObject("results");
        Address("probabilities", job.Children is null ? "probabilities" : "probabilities/aggregated");
        if (job.Children is null)
        {
            Address("histogram", "histogram");
            Address("shots", "shots");
            Artifact(ProbabilitiesFormat, "probabilities");
            Artifact(HistogramFormat, "histogram");
        }

        w.WriteEndObject();
    }

    private static void Moment(Utf8JsonWriter w, string name, DateTimeOffset? moment)
    {
        if (moment is { } at)
        {
            w.WriteString(name, at);
        }
        else
        {
            w.WriteNull(name);
        }
    }
}
