using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Dashboard;

/// <summary>The stream of events over a real connection.</summary>
public sealed class StreamTests
{
    private static readonly Circuit Bell = new CircuitBuilder(2).H(0).CX(0, 1).Build();
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Stream_LastEventId_GoesOnAfterIt()
    {
        await using var host = await DashboardHost.StartAsync([new FakeBackend("a")]);
        string id;
        using (var first = await Connection.OpenAsync(host))
        {
            (id, _) = await first.NextAsync("snapshot");
            await host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = "one" });
            (id, _) = await first.NextAsync("events", e => e.GetProperty("runs").GetArrayLength() > 0);
        }

        await host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = "two" });
        using var second = await Connection.OpenAsync(host, id);
        var (_, missed) = await second.NextAsync("events", e => e.GetProperty("decisions").GetArrayLength() > 0);
        missed.GetProperty("decisions").EnumerateArray().Select(d => d.GetProperty("tag").GetString()).Should().Equal("two");
        second.Kinds.Should().NotContain("snapshot");
    }

    [Fact]
    public async Task Stream_ServerStops_EndsAtOnce()
    {
        var host = await DashboardHost.StartAsync([new FakeBackend("a")]);
        using var connection = await Connection.OpenAsync(host);
        await connection.NextAsync("snapshot");
        await host.DisposeAsync().AsTask().WaitAsync(Patience);
        await connection.EndAsync();
    }

    [Fact]
    public async Task Stream_NotRead_IsCutOffWhileRunsGoOn()
    {
        await using var host = await DashboardHost.StartAsync([new FakeBackend("a")], limits: DashboardHost.Quick with { PendingMessages = 4 }, sendBuffer: 4096);
        using var silent = new TcpClient { ReceiveBufferSize = 4096 };
        await silent.ConnectAsync(host.Address.Host, host.Address.Port);
        await silent.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /dashboard/events HTTP/1.1\r\nHost: {host.Address.Authority}\r\n\r\n"));
        using var patience = new CancellationTokenSource(Patience);
        while (host.Pages == 0)
        {
            await Task.Delay(5, patience.Token);
        }

        var tag = new string('x', 300);
        while (host.Pages > 0)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = tag })));
        }
    }

    private sealed class Connection(HttpResponseMessage response, StreamReader reader) : IDisposable
    {
        public List<string> Kinds { get; } = [];

        public static async Task<Connection> OpenAsync(DashboardHost host, string? lastId = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/dashboard/events");
            if (lastId is not null)
            {
                request.Headers.Add("Last-Event-ID", lastId);
            }

            var response = await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            response.Content.Headers.ContentType!.MediaType.Should().Be("text/event-stream");
            return new Connection(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
        }

        /// <summary>Reads on to the next message of a kind.</summary>
        public async Task<(string Id, JsonElement Data)> NextAsync(string kind, Func<JsonElement, bool>? where = null)
        {
            using var patience = new CancellationTokenSource(Patience);
            var (id, name) = (string.Empty, string.Empty);
            while (await reader.ReadLineAsync(patience.Token) is { } line)
            {
                if (line.StartsWith("id: ", StringComparison.Ordinal))
                {
                    id = line[4..];
                }
                else if (line.StartsWith("event: ", StringComparison.Ordinal))
                {
                    Kinds.Add(name = line[7..]);
                }
                else if (line.StartsWith("data: ", StringComparison.Ordinal) && name == kind && JsonDocument.Parse(line[6..]).RootElement is var data && (where is null || where(data)))
                {
                    return (id, data);
                }
            }

            throw new EndOfStreamException($"The stream ended before a message '{kind}' came.");
        }

        public async Task EndAsync()
        {
            using var patience = new CancellationTokenSource(Patience);
            while (await reader.ReadLineAsync(patience.Token) is not null)
            {
                // On to the end.
            }
        }

        public void Dispose()
        {
            reader.Dispose();
            response.Dispose();
        }
    }
}
