using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.AspNetCore;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.DependencyInjection;

namespace PredictiveOrchestration.Tests.Worker;

/// <summary>A worker in this process, on a free port of the loopback address.</summary>
internal sealed class WorkerHost : IAsyncDisposable
{
    public const string Bell = "OPENQASM 3.0; include \"stdgates.inc\"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;";
    private readonly WebApplication _app;

    private WorkerHost(WebApplication app, string database)
    {
        _app = app;
        Database = database;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        Client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(10) };
    }

    public Uri Address { get; }

    public string Database { get; }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<WorkerHost> StartAsync(
        Action<WorkerOptions>? configure = null, IEnumerable<IQuantumBackend>? backends = null, string? database = null, TimeProvider? time = null, Action<PredictiveOrchestratorBuilder>? orchestrator = null,
        ILoggerProvider? logs = null)
    {
        database ??= Path.Combine(Directory.CreateTempSubdirectory("worker-").FullName, "jobs.db");
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        if (logs is not null)
        {
            builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(logs);
        }

        if (time is not null)
        {
            builder.Services.AddSingleton(time);
        }

        builder.Services.AddPredictiveOrchestration(o =>
        {
            o.Configure(c =>
            {
                c.StateDirectory = string.Empty;
                c.CalibrationBudget = TimeSpan.Zero;
                c.StopTimeout = TimeSpan.Zero;
            });
            if (backends is not null)
            {
                o.WithoutLocalEngines();
                foreach (var backend in backends)
                {
                    o.AddBackend(backend);
                }
            }

            orchestrator?.Invoke(o);
        });
        builder.Services.AddPredictiveOrchestrationWorker(o =>
        {
            o.DatabasePath = database;
            o.WarmUpJobs = 0;
            configure?.Invoke(o);
        });
        var app = builder.Build();
        app.MapPredictiveOrchestrationWorker();
        await app.StartAsync();
        return new WorkerHost(app, database);
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    public static string Job(string source = Bell, int shots = 100, string more = "") =>
        $$"""{"program":{"format":"openqasm3","data":{{JsonSerializer.Serialize(source)}}},"shots":{{shots}}{{more}}}""";

    public async Task<Reply> SendAsync(HttpMethod method, string path, string? body = null, string? key = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await Client.SendAsync(request);
        return new Reply(response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers, response.Content.Headers.ContentType?.MediaType);
    }

    public Task<Reply> GetAsync(string path, string? key = null, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, null, key, headers);

    public Task<Reply> PostAsync(string path, string body, string? key = null, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Post, path, body, key, headers);

    /// <summary>Submits, and waits for the end.</summary>
    public async Task<JsonElement> RunAsync(string body, string? key = null)
    {
        var reply = await PostAsync("/v1/jobs", body, key, ("Prefer", "wait=30"));
        reply.Status.Should().Be(HttpStatusCode.Created, reply.Text);
        return reply.Json;
    }
}

internal sealed record Reply(HttpStatusCode Status, string Text, HttpResponseHeaders Headers, string? MediaType)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public string? Header(string name) => Headers.TryGetValues(name, out var values) ? string.Join(",", values) : null;

    /// <summary>The end of a problem's type.</summary>
    public string Problem => Json.GetProperty("type").GetString()!.Split(':')[^1];
}
