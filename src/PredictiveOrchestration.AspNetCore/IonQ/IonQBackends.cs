using System.Text.Json;
using Microsoft.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Simulation.Noisy;

namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>The simulator and the simulated devices of this worker as backends of IonQ's protocol.</summary>
internal sealed class IonQBackends(WorkerOptions options, PredictiveOrchestrator orchestrator, JobDesk desk, IonQReader reader, TimeProvider time)
{
    public Task ListAsync(HttpContext context, Caller caller) => IonQAnswer.WriteAsync(context, 200, w =>
    {
        w.WriteStartArray();
        Write(w, null);
        foreach (var device in options.NoisyDevices)
        {
            Write(w, device.Id);
        }

        w.WriteEndArray();
    });

    public Task GetAsync(HttpContext context, Caller caller)
    {
        var name = Name(context);
        var device = reader.Device(name);
        return device is not null || name == "simulator" ? IonQAnswer.WriteAsync(context, 200, w => Write(w, device)) : throw ProblemException.NotFound("backend of that name");
    }

    public Task CharacterizationsAsync(HttpContext context, Caller caller) => IonQAnswer.WriteAsync(context, 200, w =>
    {
        w.WriteStartObject();
        w.WriteStartArray("characterizations");
        if (Simulated(context) is { } simulated)
        {
            IonQCharacterizations.Write(w, simulated, time.GetUtcNow());
        }

        w.WriteEndArray();
        w.WriteNumber("pages", 0);
        w.WriteEndObject();
    });

    public Task CharacterizationAsync(HttpContext context, Caller caller) =>
        Simulated(context) is { } simulated && Guid.TryParse(IonQAnswer.Id(context), out var id) && id == IonQCharacterizations.IdOf(simulated.Descriptor.Id)
            ? IonQAnswer.WriteAsync(context, 200, w => IonQCharacterizations.Write(w, simulated, time.GetUtcNow()))
            : throw ProblemException.NotFound("characterization of that backend");

    private static string Name(HttpContext context) => (string)context.Request.RouteValues["backend"]!;

    private NoisySimulator? Simulated(HttpContext context) => reader.Device(Name(context)) is { } device ? orchestrator.Backends.Current.Find(device) as NoisySimulator : null;

    private void Write(Utf8JsonWriter w, string? device)
    {
        w.WriteStartObject();
        w.WriteString("backend", device is null ? "simulator" : IonQReader.Prefix + device);
        w.WriteString("status", desk.IsOpen ? "available" : "unavailable");
        w.WriteNumber("qubits", Math.Min(options.MaxQubits, orchestrator.GetAvailableBackends().Where(b => b.IsAvailable && (device is null || b.Descriptor.Id == device)).Select(b => b.Descriptor.Capabilities.MaxQubits).DefaultIfEmpty(0).Max()));
        w.WriteNumber("average_queue_time", Math.Round(desk.Wait(null).TotalMilliseconds));
        w.WriteString("last_updated", time.GetUtcNow());
        w.WriteBoolean("has_access", true);
        w.WriteBoolean("degraded", false);
        if (device is not null)
        {
            w.WriteString("characterization_id", IonQCharacterizations.IdOf(device));
        }

        if (device is null)
        {
            w.WriteStartArray("noise_models");
            w.WriteStringValue("ideal");
            foreach (var noisy in options.NoisyDevices)
            {
                w.WriteStringValue(noisy.Id);
            }

            w.WriteEndArray();
        }

        w.WriteEndObject();
    }
}
