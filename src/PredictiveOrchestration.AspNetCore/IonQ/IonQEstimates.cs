using System.Globalization;
using Microsoft.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>What a job would cost and take, by IonQ's protocol.</summary>
internal sealed class IonQEstimates(WorkerOptions options, JobDesk desk, IonQReader reader, TimeProvider time)
{
    /// <summary>From numbers of gates only: a circuit with as many, on one line of qubits.</summary>
    public Task EstimateAsync(HttpContext context, Caller caller)
    {
        var query = context.Request.Query;
        int Number(string name, int otherwise, int most) =>
            query[name].ToString() is not { Length: > 0 } text ? otherwise
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= most ? value : throw ProblemException.Invalid($"'{name}' is no integer from 0 to {most}.", [name]);

        var (qubits, shots, one, two) = (Number("qubits", 1, options.MaxQubits), Number("shots", 1000, options.MaxShots), Number("1q_gates", 0, 100_000), Number("2q_gates", 0, 100_000));
        var builder = new Circuits.CircuitBuilder(Math.Max(1, qubits));
        for (var i = 0; i < one; i++)
        {
            builder.H(i % builder.NumQubits);
        }

        for (var i = 0; i < two && builder.NumQubits > 1; i++)
        {
            builder.Gate(Circuits.GateCatalog.X, 1, [], [i % (builder.NumQubits - 1), (i % (builder.NumQubits - 1)) + 1]);
        }

        var backend = query["backend"].ToString() is { Length: > 0 } asked ? asked : "simulator";
        var device = reader.Device(backend);
        var recommendation = desk.Recommend(new WireSubmission { Shots = shots, Device = device ?? WorkerProtocol.AutoDevice, RequireExact = device is null }, builder.Build(), caller.Owner);
        var cost = recommendation.Decision.Chosen.Candidate.Cost;
        var run = 1e3 * recommendation.ExpectedPerformance.Seconds.Median;
        var wait = desk.Wait(null).TotalMilliseconds;
        var unit = cost.Currency.ToLowerInvariant();
        return IonQAnswer.WriteAsync(context, 200, w =>
        {
            void Context(string name)
            {
                w.WriteStartObject(name);
                w.WriteString("backend", backend);
                w.WriteString("type", query["type"].ToString());
                w.WriteNumber("qubits", qubits);
                w.WriteNumber("shots", shots);
                w.WriteNumber("1q_gates", one);
                w.WriteNumber("2q_gates", two);
                w.WriteBoolean("error_mitigation", false);
                w.WriteNull("organization");
                w.WriteNull("project");
                w.WriteEndObject();
            }

            // Both shapes that clients read.
            w.WriteStartObject();
            Context("estimate_context");
            Context("input_values");
            w.WriteString("estimated_at", time.GetUtcNow());
            w.WriteString("estimated_unit", unit);
            w.WriteString("cost_unit", unit);
            w.WriteNumber("estimated_total_cost", cost.Median);
            w.WriteNumber("estimated_cost", cost.Median);
            w.WriteNumber("estimated_execution_time", run);
            w.WriteNumber("current_predicted_queue_time", wait);
            w.WriteStartObject("rate_card");
            w.WriteString("id", "worker");
            w.WriteStartArray("rates");
            w.WriteEndArray();
            w.WriteEndObject();
            w.WriteStartObject("rate_information");
            w.WriteNumber("job_cost_minimum", 0);
            w.WriteNumber("cost_1q_gate", 0);
            w.WriteNumber("cost_2q_gate", 0);
            w.WriteEndObject();
            w.WriteEndObject();
        });
    }
}
