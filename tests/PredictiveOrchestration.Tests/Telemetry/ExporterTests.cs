using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.DependencyInjection;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Telemetry;

/// <summary>What docs/telemetry.md shows, over real connections: Prometheus scrapes the application, and traces arrive at a collector.</summary>
public sealed class ExporterTests
{
    [Fact]
    public async Task Application_IsScrapedByPrometheusAndSendsTracesByOtlp()
    {
        var received = new ConcurrentBag<(string Path, byte[] Body)>();
        await using var collector = await StartAsync(WebApplication.CreateSlimBuilder(), app => app.MapPost("/{**path}", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            received.Add((context.Request.Path, body.ToArray()));
        }));

        var web = WebApplication.CreateSlimBuilder();
        web.Services.AddPredictiveOrchestration(o => o.WithoutLocalEngines().AddBackend(new FakeBackend("exported-backend")).Configure(c => (c.StateDirectory, c.Learning, c.CalibrationBudget) = (string.Empty, false, TimeSpan.Zero)));
        web.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter("PredictiveOrchestration").AddPrometheusExporter())
            .WithTracing(traces => traces.AddSource("PredictiveOrchestration").AddOtlpExporter(o => (o.Protocol, o.Endpoint) = (OtlpExportProtocol.HttpProtobuf, new Uri(Address(collector), "/v1/traces"))));
        await using var app = await StartAsync(web, app => app.MapPrometheusScrapingEndpoint());
        await app.Services.GetRequiredService<PredictiveOrchestrator>().ExecuteAsync(States.Ghz(3));

        using var client = new HttpClient { BaseAddress = Address(app) };
        var text = await client.GetStringAsync("/metrics");
        text.Split('\n').Should().Contain(l => l.StartsWith("orchestration_executions_total{", StringComparison.Ordinal) && l.Contains("backend=\"exported-backend\"", StringComparison.Ordinal) && l.Contains("outcome=\"completed\"", StringComparison.Ordinal));
        text.Should().Contain("orchestration_execution_duration_seconds_bucket{");

        app.Services.GetRequiredService<TracerProvider>().ForceFlush(10_000).Should().BeTrue();
        received.Any(r => r.Path == "/v1/traces" && Contains(r.Body, "orchestration.attempt"u8) && Contains(r.Body, "exported-backend"u8)).Should().BeTrue();
    }

    private static async Task<WebApplication> StartAsync(WebApplicationBuilder builder, Action<WebApplication> map)
    {
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        builder.Logging.ClearProviders();
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        return app;
    }

    private static Uri Address(WebApplication app) => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    private static bool Contains(byte[] body, ReadOnlySpan<byte> text) => body.AsSpan().IndexOf(text) >= 0;
}
