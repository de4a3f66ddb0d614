using System.Text.Json;
using Microsoft.AspNetCore.Http;
using PredictiveOrchestration.AspNetCore.Http;

namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>Answers and errors in the words of IonQ's protocol.</summary>
internal static class IonQAnswer
{
    public static Task RefuseAsync(HttpContext context, ProblemException problem)
    {
        Answer.Headers(context, problem);
        return WriteAsync(context, problem.Status == 422 ? 400 : problem.Status, w =>
        {
            w.WriteStartObject();
            w.WriteNumber("statusCode", problem.Status == 422 ? 400 : problem.Status);
            w.WriteString("error", problem.IonQCode ?? problem.Code);
            w.WriteString("message", problem.Errors is { Count: > 0 } errors && problem.Status == 422 ? $"{problem.Message} {string.Join(' ', errors.Take(5))}" : problem.Message);
            if (problem.Status == 400 && problem.Errors is { Count: > 0 } keys)
            {
                w.WriteStartObject("validation");
                w.WriteString("source", "body");
                w.WriteStartArray("keys");
                foreach (var key in keys)
                {
                    w.WriteStringValue(key);
                }

                w.WriteEndArray();
                w.WriteEndObject();
            }

            w.WriteEndObject();
        });
    }

    public static Task WriteAsync(HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }

        return Answer.BytesAsync(context, status, buffer.WrittenSpan.ToArray());
    }

    /// <summary>The job that the path names.</summary>
    public static string Id(HttpContext context) => (string)context.Request.RouteValues["id"]!;
}
