using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using PredictiveOrchestration.AspNetCore.Access;

namespace PredictiveOrchestration.AspNetCore.Dashboard;

/// <summary>The dashboard over HTTP: files of the page, the stream of events, explanations. Nothing here changes anything.</summary>
internal sealed class DashboardEndpoints(DashboardFeed feed)
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>What the pages show.</summary>
    public DashboardFeed Feed => feed;

    /// <summary>Lets a request through if the host put authorization on the endpoint (it was checked before), or if it comes from this machine.</summary>
    public static RequestDelegate Guard(RequestDelegate handle) => context =>
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (IsAuthorized(context.GetEndpoint()) || LocalCaller.Is(context))
        {
            return handle(context);
        }

        return TextAsync(
            context, StatusCodes.Status403Forbidden, "The dashboard is shown on its own machine only, unless the application asks for authorization: app.MapPredictiveOrchestrationDashboard().RequireAuthorization().");
    };

    /// <summary>Whether the host asks who a caller is before an endpoint is reached.</summary>
    public static bool IsAuthorized(Endpoint? endpoint) =>
        endpoint is { Metadata: var metadata } && metadata.GetMetadata<IAllowAnonymous>() is null
        && (metadata.GetMetadata<IAuthorizeData>() is not null || metadata.GetMetadata<AuthorizationPolicy>() is not null || metadata.GetMetadata<IAuthorizationRequirementData>() is not null);

    public static Task PageAsync(HttpContext context)
    {
        // The page names its files relative to itself.
        if (!context.Request.Path.Value!.EndsWith('/'))
        {
            context.Response.Redirect($"{context.Request.PathBase}{context.Request.Path}/");
            return Task.CompletedTask;
        }

        return FileAsync(context, "index.html");
    }

    public static Task FileAsync(HttpContext context) => FileAsync(context, (string)context.Request.RouteValues["file"]!);

    public Task ExplainAsync(HttpContext context) =>
        long.TryParse((string?)context.Request.RouteValues["id"], out var id) && feed.Explain(id) is { } text
            ? TextAsync(context, StatusCodes.Status200OK, text)
            : TextAsync(context, StatusCodes.Status404NotFound, "This decision is no longer kept.");

    public async Task EventsAsync(HttpContext context)
    {
        using var client = feed.Connect(context.Request.Headers["Last-Event-ID"]);
        if (client is null)
        {
            await TextAsync(context, StatusCodes.Status503ServiceUnavailable, "Too many pages are open.").ConfigureAwait(false);
            return;
        }

        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, client.Dropped);
        try
        {
            await context.Response.Body.WriteAsync("retry: 1000\n\n"u8.ToArray(), either.Token).ConfigureAwait(false);
            while (await client.Messages.WaitToReadAsync(either.Token).ConfigureAwait(false))
            {
                while (client.Messages.TryRead(out var message))
                {
                    await context.Response.Body.WriteAsync(message, either.Token).ConfigureAwait(false);
                }

                await context.Response.Body.FlushAsync(either.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Gone, or too slow.
        }

        if (client.Dropped.IsCancellationRequested)
        {
            context.Abort();
        }
    }

    private static async Task FileAsync(HttpContext context, string name)
    {
        if (PageFiles.Find(name) is not { } file)
        {
            await TextAsync(context, StatusCodes.Status404NotFound, "There is no such file.").ConfigureAwait(false);
            return;
        }

        context.Response.Headers.ETag = file.Tag;
        context.Response.Headers.CacheControl = "no-cache";
        if (context.Request.Headers.IfNoneMatch == file.Tag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = file.MediaType;
        context.Response.ContentLength = file.Bytes.Length;
        await context.Response.Body.WriteAsync(file.Bytes, context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task TextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(text, context.RequestAborted).ConfigureAwait(false);
    }
}
