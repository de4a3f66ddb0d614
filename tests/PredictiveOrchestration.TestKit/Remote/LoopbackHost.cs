using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace PredictiveOrchestration.TestKit.Remote;

/// <summary>Serves a scripted service on a free port of this machine, faults of the wire included.</summary>
public sealed class LoopbackHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LoopbackHost(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public static async Task<LoopbackHost> StartAsync(ScriptedService service)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context => AnswerAsync(service, context));
        await app.StartAsync();
        return new LoopbackHost(app);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static async Task AnswerAsync(ScriptedService service, HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var target = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
        var path = Uri.UnescapeDataString(target.Split('?')[0]);
        var (reply, fault) = service.Answer(new FakeRequest(context.Request.Method, path, ScriptedService.Query(context.Request.QueryString.Value ?? string.Empty), headers, body) { RawTarget = target });
        if (reply is null)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = reply.ContentType;
        reply.Headers.ForEach(h => context.Response.Headers.Append(h.Name, h.Value));
        if (reply.Status == 204)
        {
            return;
        }

        if (fault == FaultKind.BreakOff)
        {
            context.Response.ContentLength = System.Text.Encoding.UTF8.GetByteCount(reply.Body);
            await context.Response.WriteAsync(reply.Body[..(reply.Body.Length / 2)]);
            await context.Response.Body.FlushAsync();
            context.Abort();
            return;
        }

        if (fault == FaultKind.Drip)
        {
            foreach (var letter in reply.Body)
            {
                await context.Response.WriteAsync(letter.ToString(), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(TimeSpan.FromSeconds(1), context.RequestAborted);
            }

            return;
        }

        await context.Response.WriteAsync(reply.Body);
    }
}
