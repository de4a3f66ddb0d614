using System.Collections.Concurrent;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.AspNetCore;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Dashboard;

/// <summary>Who sees the dashboard, and what a browser is told that it may do.</summary>
public sealed partial class AccessTests
{
    private static readonly string Assets = Path.Combine(SharedFiles.RepositoryRoot, "src", "PredictiveOrchestration.AspNetCore", "Dashboard", "Assets");

    public static TheoryData<string> Paths => ["/dashboard/", "/dashboard/events", "/dashboard/decisions/1", "/dashboard/dashboard.js", "/dashboard/none.js"];

    [Fact]
    public async Task Page_NotMapped_IsNotThere()
    {
        await using var host = await DashboardHost.StartAsync([new FakeBackend("a")], withDashboard: false);
        (await host.Client.GetAsync("/dashboard/")).StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Map_WithoutOrchestrator_SaysWhatIsMissing()
    {
        await using var app = WebApplication.CreateSlimBuilder().Build();
        app.Invoking(a => a.MapPredictiveOrchestrationDashboard()).Should().Throw<InvalidOperationException>().WithMessage("*AddPredictiveOrchestration*");
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Request_FromElsewhereWithoutAuthorization_IsRefused(string path)
    {
        await using var host = await DashboardHost.StartAsync([new FakeBackend("a")]);
        (await StatusAsync(host, path, ("Host", "dashboard.example"))).Should().Be(HttpStatusCode.Forbidden, "a page elsewhere may have its name point to this machine");
        (await StatusAsync(host, path, ("X-Forwarded-For", "203.0.113.7"))).Should().Be(HttpStatusCode.Forbidden, "a proxy speaks for others");
        (await StatusAsync(host, path, ("Forwarded", "for=203.0.113.7"))).Should().Be(HttpStatusCode.Forbidden);
        (await StatusAsync(host, path)).Should().NotBe(HttpStatusCode.Forbidden);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Request_WithAuthorization_IsForThoseWhoAreKnown(string path)
    {
        await using var host = await DashboardHost.StartAsync([new FakeBackend("a")], c => c.RequireAuthorization());
        (await StatusAsync(host, path)).Should().Be(HttpStatusCode.Unauthorized, "being on this machine is not enough where the host asks for more");
        (await StatusAsync(host, path, ("X-Name", "ada"), ("Host", "dashboard.example"))).Should().BeOneOf(HttpStatusCode.OK, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Request_AuthorizationTakenBack_IsForThisMachineOnly()
    {
        await using var host = await DashboardHost.StartAsync([new FakeBackend("a")], c => c.RequireAuthorization().AllowAnonymous());
        (await StatusAsync(host, "/dashboard/")).Should().Be(HttpStatusCode.OK);
        (await StatusAsync(host, "/dashboard/", ("Host", "dashboard.example"))).Should().Be(HttpStatusCode.Forbidden);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Answer_Any_AllowsOnlyItsOwnScripts(string path)
    {
        await using var host = await DashboardHost.StartAsync([new FakeBackend("a")]);
        using var answer = await host.Client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        policy.Should().StartWith("default-src 'none'").And.Contain("script-src 'self';").And.Contain("frame-ancestors 'none'").And.NotContain("unsafe");
        answer.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");
    }

    [Theory]
    [InlineData("0.0.0.0", false, true)]
    [InlineData("0.0.0.0", true, false)]
    [InlineData("127.0.0.1", false, false)]
    public async Task Start_OnAnOpenAddressWithoutAuthorization_SaysThatOthersSeeNothing(string address, bool authorized, bool warns)
    {
        using var log = new WarningLog();
        await using var host = await DashboardHost.StartAsync([new FakeBackend("a")], c => _ = authorized ? c.RequireAuthorization() : c, address: address, log: log);
        log.Warnings.Where(w => w.Contains("dashboard", StringComparison.Ordinal)).Should().HaveCount(warns ? 1 : 0);
        (await StatusAsync(host, "/dashboard/", ("Host", "192.0.2.1"))).Should().Be(authorized ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Page_WithoutSlash_LeadsToTheOneWith()
    {
        await using var host = await DashboardHost.StartAsync([new FakeBackend("a")], path: "/inner/view");
        using var answer = await host.Client.GetAsync("/inner/view");
        answer.RequestMessage!.RequestUri!.AbsolutePath.Should().Be("/inner/view/");
        answer.Content.Headers.ContentType!.MediaType.Should().Be("text/html");
    }

    [Fact]
    public async Task File_KnownAlready_IsNotSentAgain()
    {
        await using var host = await DashboardHost.StartAsync([new FakeBackend("a")]);
        using var first = await host.Client.GetAsync("/dashboard/dashboard.css");
        (await first.Content.ReadAsStringAsync()).Should().Be(await File.ReadAllTextAsync(Path.Combine(Assets, "dashboard.css")));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/dashboard/dashboard.css");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        (await host.Client.SendAsync(request)).StatusCode.Should().Be(HttpStatusCode.NotModified);
    }

    [Fact]
    public void Files_Name_NothingElsewhere()
    {
        var files = Directory.GetFiles(Assets);
        files.Should().HaveCountGreaterThan(4);
        files.SelectMany(f => Url().Matches(File.ReadAllText(f))).Select(m => m.Value).Should().AllBe("http://www.w3.org/2000/svg", "that is the name of a format, not a place");
    }

    private static async Task<HttpStatusCode> StatusAsync(DashboardHost host, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var answer = await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return answer.StatusCode;
    }

    private sealed class WarningLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Warnings { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Warnings.Enqueue(formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }

    [GeneratedRegex(@"(?:https?:)?//[\w.-]+\.[a-z]{2,}[\w/.-]*")]
    private static partial Regex Url();
}
