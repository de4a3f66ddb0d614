using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.AspNetCore.Dashboard;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Dashboard;

/// <summary>From runs to messages: what is sent, to whom again, and what happens to those who do not read.</summary>
public sealed class FeedTests : IAsyncLifetime
{
    private static readonly Circuit Bell = new CircuitBuilder(2).H(0).CX(0, 1).Build();
    private static readonly DashboardLimits Limits = new() { PendingEvents = 100, PerMessage = 8, KeptDecisions = 5, KeptRuns = 6, PendingMessages = 4, Clients = 2, StateEvery = 1000, HeartbeatEvery = 1000, KeptBytes = 20_000 };
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private PredictiveOrchestrator _orchestrator = null!;
    private DashboardFeed _feed = null!;

    public async Task InitializeAsync()
    {
        _orchestrator = new PredictiveOrchestratorBuilder().WithoutLocalEngines().AddBackend(new FakeBackend("first") { Seconds = 0.5 }).AddBackend(FakeBackend.Failing("second")).AddRouter(new InOrder()).UseTimeProvider(_time)
            .Configure(o => (o.StateDirectory, o.CalibrationBudget, o.Learning) = (string.Empty, TimeSpan.Zero, false)).Build().WithStrategy("in-order");
        await _orchestrator.StartAsync();
        _feed = new DashboardFeed(_orchestrator, _time, Limits, "life", NullLogger.Instance);
    }

    public async Task DisposeAsync()
    {
        _feed.Dispose();
        await _orchestrator.DisposeAsync();
    }

    [Fact]
    public async Task Connect_First_GetsEverythingThenNews()
    {
        await RunAsync(1);
        using var client = _feed.Connect(null)!;
        var snapshot = Read(client).Should().ContainSingle().Subject;
        (snapshot.Kind, snapshot.Id).Should().Be(("snapshot", "life-1"));
        snapshot.Json.GetProperty("decisions").GetArrayLength().Should().Be(1);
        snapshot.Json.GetProperty("state").GetProperty("backends").EnumerateArray().Select(b => b.GetProperty("id").GetString()).Should().Equal("first", "second");

        await RunAsync(1, "news");
        var news = Read(client).Should().ContainSingle().Subject;
        (news.Kind, news.Id).Should().Be(("events", "life-2"));
        var decision = news.Json.GetProperty("decisions")[0];
        decision.GetProperty("backend").GetString().Should().Be("first");
        decision.GetProperty("tag").GetString().Should().Be("news");
        decision.GetProperty("qubits").GetInt32().Should().Be(2);
        decision.GetProperty("ranked")[0].GetProperty("reason").GetString().Should().Be("in order");
        var run = news.Json.GetProperty("runs")[0];
        run.GetProperty("actual").GetDouble().Should().Be(0.5, "so long the backend says that it took");
        run.GetProperty("outcome").GetString().Should().Be("Completed");
        run.GetProperty("job").GetString().Should().Be(decision.GetProperty("job").GetString());
    }

    [Fact]
    public async Task Connect_Again_GetsWhatItMissed()
    {
        await RunAsync(1);
        await RunAsync(1);
        await RunAsync(1);
        using var client = _feed.Connect("life-1")!;
        Read(client).Select(m => (m.Kind, m.Id)).Should().Equal(("events", "life-2"), ("events", "life-3"), ("state", null));
    }

    [Theory]
    [InlineData("life-99", "it is ahead")]
    [InlineData("other-1", "it is of another life of the server")]
    [InlineData("life", "it is no number")]
    [InlineData("life--1", "it is no number")]
    [InlineData("", "it is empty")]
    [InlineData("-", "it is nothing")]
    [InlineData("99999999999999999999999999999999999999999999999999999999999999999999-1", "it is too long")]
    public async Task Connect_UnusableId_GetsEverything(string id, string because)
    {
        await RunAsync(1);
        using var client = _feed.Connect(id)!;
        Read(client).Should().ContainSingle().Which.Kind.Should().Be("snapshot", because);
    }

    [Fact]
    public async Task Connect_AwayTooLong_GetsEverything()
    {
        for (var i = 0; i < 60; i++)
        {
            await RunAsync(1);
        }

        using var late = _feed.Connect("life-1")!;
        var snapshot = Read(late).Should().ContainSingle().Subject;
        snapshot.Kind.Should().Be("snapshot");
        snapshot.Json.GetProperty("decisions").GetArrayLength().Should().Be(Limits.KeptDecisions);
        snapshot.Json.GetProperty("runs").GetArrayLength().Should().Be(Limits.KeptRuns);
        using var recent = _feed.Connect("life-58")!;
        Read(recent).Select(m => m.Id).Should().Equal("life-59", "life-60", null);
    }

    [Fact]
    public async Task Client_DoesNotRead_IsDroppedAndTheOthersGoOn()
    {
        using var slow = _feed.Connect(null)!;
        using var quick = _feed.Connect(null)!;
        _feed.Connect(null).Should().BeNull("there are places for two");
        var seen = Read(quick).Count;
        for (var i = 0; i < 10; i++)
        {
            await RunAsync(1);
            seen += Read(quick).Count;
        }

        slow.Dropped.IsCancellationRequested.Should().BeTrue();
        quick.Dropped.IsCancellationRequested.Should().BeFalse();
        seen.Should().Be(11);
        _feed.Clients.Should().Be(1, "the place is free again");
    }

    [Fact]
    public async Task Runs_NobodySends_GoOnAndWhatIsTooMuchIsCounted()
    {
        // Two events each: the line has room for one hundred, and a message for eight of a kind.
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => _orchestrator.ExecuteAsync(Bell)));
        using var client = _feed.Connect(null)!;
        Read(client);
        _feed.Advance();
        var message = Read(client).Should().ContainSingle().Subject.Json;
        var (decisions, runs) = (message.GetProperty("decisions").GetArrayLength(), message.GetProperty("runs").GetArrayLength());
        (decisions, runs).Should().Be((8, 8));
        message.GetProperty("leftOut").GetInt64().Should().Be(400 - decisions - runs);
    }

    [Fact]
    public async Task Explain_Kept_IsTheDecisionsOwnAndElseNull()
    {
        var result = await _orchestrator.ExecuteAsync(Bell);
        _feed.Advance();
        using var client = _feed.Connect(null)!;
        var id = Read(client)[0].Json.GetProperty("decisions")[0].GetProperty("id").GetInt64();
        _feed.Explain(id).Should().Be(result.Decision.Explain());
        _feed.Explain(id + 1).Should().BeNull();
        await RunAsync(Limits.KeptDecisions);
        _feed.Explain(id).Should().BeNull("others have come since");
    }

    [Fact]
    public async Task Job_FailedThenAnew_IsTwoRowsFromTheBeginning()
    {
        _orchestrator.Backends.Unregister("first");
        _orchestrator.Backends.Register(new FakeBackend("third"));
        await _orchestrator.ExecuteAsync(Bell);
        _feed.Advance();
        using var client = _feed.Connect(null)!;
        var job = Read(client)[0].Json.GetProperty("jobs")[0];
        job.GetProperty("operations").GetInt32().Should().Be(2);
        job.GetProperty("parts").EnumerateArray().Select(p => (p.GetProperty("row").GetInt32(), p.GetProperty("backend").GetString(), p.GetProperty("from").GetInt32(), p.GetProperty("to").GetInt32(), p.GetProperty("outcome").GetString()))
            .Should().Equal((0, "second", 0, 2, "Failed"), (1, "third", 0, 2, "Completed"));
        job.GetProperty("swaps")[0].GetProperty("trigger").GetString().Should().Be("Fault");
    }

    [Fact]
    public async Task Quality_OverTime_IsTheMedianErrorOfTheRecords()
    {
        await RunAsync(3);
        _time.Advance(Limits.QualityInterval);
        await RunAsync(1);
        using var client = _feed.Connect(null)!;
        var all = Read(client)[0].Json;
        var points = all.GetProperty("quality").EnumerateArray().ToList();
        points.Should().HaveCount(2).And.AllSatisfy(p => p.GetProperty("backend").GetString().Should().Be("first"));
        points[1].GetProperty("runs").GetInt32().Should().Be(4);
        var errors = all.GetProperty("runs").EnumerateArray().Select(r => Math.Max(r.GetProperty("actual").GetDouble() / r.GetProperty("predicted")[0].GetDouble(), r.GetProperty("predicted")[0].GetDouble() / r.GetProperty("actual").GetDouble())).Order().ToList();
        points[1].GetProperty("error").GetDouble().Should().BeApproximately(errors[2], 1e-9 * errors[2]);
    }

    [Fact]
    public async Task Text_LongOrWithMarkup_IsCutAndStaysText()
    {
        await RunAsync(1, "<script>alert(1)</script>\n" + new string('x', 1000));
        using var client = _feed.Connect(null)!;
        var bytes = client.Messages.TryRead(out var message) ? Encoding.UTF8.GetString(message.Span) : string.Empty;
        bytes.Split('\n').Should().HaveCount(5, "three lines and an empty one: a line break in data would begin another field").And.NotContain(l => l.Contains("<script>"));
        Parse(message).Json.GetProperty("decisions")[0].GetProperty("tag").GetString().Should().HaveLength(300).And.EndWith("…");
    }

    private async Task RunAsync(int runs, string? tag = null)
    {
        for (var i = 0; i < runs; i++)
        {
            await _orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = tag });
        }

        _feed.Advance();
    }

    private static List<Message> Read(DashboardClient client)
    {
        var all = new List<Message>();
        while (client.Messages.TryRead(out var message))
        {
            all.Add(Parse(message));
        }

        return all;
    }

    private static Message Parse(ReadOnlyMemory<byte> message)
    {
        var fields = Encoding.UTF8.GetString(message.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries).ToDictionary(l => l[..l.IndexOf(':')], l => l[(l.IndexOf(':') + 2)..]);
        return new Message(fields["event"], fields.GetValueOrDefault("id"), JsonDocument.Parse(fields["data"]).RootElement);
    }

    private sealed record Message(string Kind, string? Id, JsonElement Json);
}
