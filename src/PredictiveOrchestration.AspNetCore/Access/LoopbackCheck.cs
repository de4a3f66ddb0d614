using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace PredictiveOrchestration.AspNetCore.Access;

/// <summary>Stops an application that would serve other machines without keys.</summary>
internal sealed class LoopbackCheck(Gatekeeper gate, IServiceProvider services) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var addresses = services.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        return gate.HasKeys || addresses.FirstOrDefault(a => !IsLoopback(a)) is not { } open
            ? Task.CompletedTask
            : throw new InvalidOperationException($"The worker listens on '{open}', which other machines may reach, and has no API keys. Give it keys (WorkerOptions.ApiKeys), or listen on http://localhost only.");
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Whether an address such as <c>http://127.0.0.1:5000</c> is this machine's alone; one that cannot be read counts as open.</summary>
    internal static bool IsLoopback(string address) =>
        address.StartsWith("http://unix:", StringComparison.Ordinal) || (Uri.TryCreate(address, UriKind.Absolute, out var uri)
            && (uri.Host == "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip))));
}
