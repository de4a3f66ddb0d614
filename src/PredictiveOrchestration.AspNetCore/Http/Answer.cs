using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.Http;

/// <summary>Writes answers.</summary>
internal static class Answer
{
    public static Task JsonAsync<T>(HttpContext context, int status, T value, JsonTypeInfo<T> type, string mediaType = "application/json") =>
        BytesAsync(context, status, JsonSerializer.SerializeToUtf8Bytes(value, type), mediaType);

    public static Task BytesAsync(HttpContext context, int status, byte[] body, string mediaType = "application/json")
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = mediaType;
        response.ContentLength = body.Length;
        response.Headers["X-Content-Type-Options"] = "nosniff";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    /// <summary>Writes an error as RFC 9457 says.</summary>
    public static Task ProblemAsync(HttpContext context, ProblemException problem)
    {
        Headers(context, problem);
        return JsonAsync(
            context, problem.Status,
            new WireProblem
            {
                Type = WorkerProtocol.ProblemPrefix + problem.Code,
                Title = problem.Code.Replace('-', ' '),
                Status = problem.Status,
                Detail = problem.Message,
                Instance = context.Request.Path,
                Retryable = problem.RetryAfter is not null,
                RequestId = context.TraceIdentifier,
                Errors = problem.Errors,
            },
            WorkerJson.Default.WireProblem, WorkerProtocol.ProblemMediaType);
    }

    /// <summary>The headers of an error, in either protocol.</summary>
    public static void Headers(HttpContext context, ProblemException problem)
    {
        if (problem.RetryAfter is { } after)
        {
            RetryAfter(context, after);
        }

        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
        }
    }

    /// <summary>Suggests when to ask again, in whole seconds of at least one.</summary>
    public static void RetryAfter(HttpContext context, TimeSpan after) =>
        context.Response.Headers.RetryAfter = ((long)Math.Ceiling(Math.Clamp(after.TotalSeconds, 1, 3600))).ToString(CultureInfo.InvariantCulture);
}
