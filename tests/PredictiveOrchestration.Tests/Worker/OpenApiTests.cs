using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace PredictiveOrchestration.Tests.Worker;

/// <summary>The document says what is mapped, and nothing else.</summary>
public sealed class OpenApiTests
{
    [Fact]
    public async Task Document_ListsEveryEndpointOfTheProtocol()
    {
        await using var worker = await WorkerHost.StartAsync();
        var document = (await worker.GetAsync("/v1/openapi.json")).Json;
        var documented = document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(m => $"{m.Name.ToUpperInvariant()} {p.Name}"));
        var mapped = worker.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => !e.RoutePattern.RawText!.StartsWith("/v0.4", StringComparison.Ordinal))
            .SelectMany(e => e.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Select(m => $"{m} {e.RoutePattern.RawText}"));
        documented.Should().BeEquivalentTo(mapped);
    }

    [Fact]
    public async Task Document_References_AllResolve()
    {
        await using var worker = await WorkerHost.StartAsync();
        var text = (await worker.GetAsync("/v1/openapi.json")).Text;
        var schemas = System.Text.Json.JsonDocument.Parse(text).RootElement.GetProperty("components").GetProperty("schemas");
        foreach (System.Text.RegularExpressions.Match reference in System.Text.RegularExpressions.Regex.Matches(text, "#/components/schemas/(\\w+)"))
        {
            schemas.TryGetProperty(reference.Groups[1].Value, out _).Should().BeTrue(reference.Value);
        }
    }
}
