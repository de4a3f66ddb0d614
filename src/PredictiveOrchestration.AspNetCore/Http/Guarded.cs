using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.AspNetCore.Access;

namespace PredictiveOrchestration.AspNetCore.Http;

/// <summary>What surrounds every endpoint: who asks, and errors in the protocol's words.</summary>
internal static partial class Guarded
{
    public static RequestDelegate By(Gatekeeper gate, Func<HttpContext, Caller, Task> handle, Func<HttpContext, ProblemException, Task> refuse) => async context =>
    {
        context.Response.Headers["X-Request-Id"] = context.TraceIdentifier;
        ProblemException problem;
        try
        {
            await handle(context, gate.Admit(context)).ConfigureAwait(false);
            return;
        }
        catch (ProblemException exception)
        {
            problem = exception;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (BadHttpRequestException exception)
        {
            problem = new ProblemException(exception.StatusCode, "bad-request", "The request is not well formed.");
        }
        catch (Exception exception)
        {
            Failed(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Guarded)), exception, context.Request.Method, context.Request.Path, context.TraceIdentifier);
            problem = new ProblemException(500, "internal", "The worker failed to answer; its log says more under the request's id.");
        }

        if (!context.Response.HasStarted)
        {
            await refuse(context, problem).ConfigureAwait(false);
        }
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed, request {Id}")]
    private static partial void Failed(ILogger logger, Exception exception, string method, string path, string id);
}
