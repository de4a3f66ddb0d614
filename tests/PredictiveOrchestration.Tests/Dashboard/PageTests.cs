using System.Collections.Concurrent;
using Microsoft.Playwright;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Browser;
using PredictiveOrchestration.TestKit.Fakes;
using static Microsoft.Playwright.Assertions;

namespace PredictiveOrchestration.Tests.Dashboard;

/// <summary>The page in a real browser.</summary>
[Collection(nameof(BrowserCollection))]
public sealed class PageTests(BrowserFixture fixture)
{
    private static readonly Circuit Bell = new CircuitBuilder(2).H(0).CX(0, 1).Build();

    [SkippableFact]
    public async Task Page_RunsBeforeAndWhileOpen_ShowsThemWithReasonsAndIntervals()
    {
        await using var host = await DashboardHost.StartAsync(Backends(), configure: o => o.Budget = 100);
        await host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = "before" });
        await using var view = await DashboardView.OpenAsync(fixture, host);
        var rows = view.Page.Locator("tr[data-decision]");
        await Expect(rows).ToHaveCountAsync(1);
        await Expect(rows).ToContainTextAsync("before");
        await Expect(view.Page.Locator("#connection")).ToHaveTextAsync("Live");

        await host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = "while open", Shots = 77 });
        await Expect(rows).ToHaveCountAsync(2);
        await Expect(rows.First).ToContainTextAsync("2 qubits, 2 gates, 77 shots");
        await Expect(rows.First).ToContainTextAsync("while open");
        await Expect(rows.First).ToContainTextAsync("in-order: in order");
        await Expect(view.Page.Locator("#scatter-chart g[data-run]")).ToHaveCountAsync(2);
        await Expect(view.Page.GetByRole(AriaRole.Img, new() { NameRegex = new("^2 runs, actual time across") })).ToBeVisibleAsync();
        await Expect(view.Page.Locator("#backend-table tbody tr")).ToHaveCountAsync(2);
        await Expect(view.Page.Locator("#quality-table tbody tr")).ToHaveCountAsync(1);
        await Expect(view.Page.GetByRole(AriaRole.Meter, new() { Name = "Budget spent" })).ToHaveAttributeAsync("aria-valuetext", "0 %");
        await Expect(view.Page.Locator("#figures")).ToContainTextAsync("Completed2");
        await Expect(view.Page.Locator("#cluster")).ToBeHiddenAsync();
        view.Complaints.Should().BeEmpty();
    }

    [SkippableFact]
    public async Task Swaps_HandOverInMidCircuit_IsOnTheTimeline()
    {
        await using var host = await DashboardHost.StartAsync();
        var circuit = (await OpenQasmReader.ReadFileAsync(Path.Combine(SharedFiles.RepositoryRoot, "samples", "circuits", "sparse-then-dense.qasm"))).GetCircuitOrThrow();
        var control = new SwapControl();
        var to = host.Orchestrator.GetRoutingRecommendation(circuit).Backend.Id == "local-dense" ? "local-sparse" : "local-dense";
        control.RequestSwap(to);
        var result = await host.Orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Shots = 10, SwapControl = control });
        result.SwapEvents.Should().NotBeEmpty();
        var swap = result.SwapEvents[0];
        await using var view = await DashboardView.OpenAsync(fixture, host);
        var job = view.Page.Locator("article.job");
        await Expect(job).ToHaveCountAsync(1);
        await Expect(job.Locator("h3")).ToContainTextAsync($"20 qubits, {circuit.Operations.Length} operations");
        await Expect(job.Locator("li").First).ToContainTextAsync($"before operation {swap.OperationIndex}: {swap.From} → {swap.To}");
        await Expect(job.Locator("svg rect")).ToHaveCountAsync(result.Attempts.Count);
        await Expect(job.Locator("svg line.swap")).ToHaveCountAsync(result.SwapEvents.Count);

        // The mark stands where the operation is: the drawing is as wide as the circuit is long.
        var at = double.Parse((await job.Locator("svg line.swap").First.GetAttributeAsync("x1"))!, System.Globalization.CultureInfo.InvariantCulture);
        at.Should().BeApproximately(620.0 * swap.OperationIndex / circuit.Operations.Length, 0.1);
        view.Complaints.Should().BeEmpty();
    }

    [SkippableFact]
    public async Task Filters_BackendAndText_ShowOnlyWhatFits()
    {
        await using var host = await DashboardHost.StartAsync(Backends());
        await host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = "apple", Backend = "steady" });
        await host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = "pear", Backend = "other" });
        await host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = "apple pie", Backend = "other" });
        await using var view = await DashboardView.OpenAsync(fixture, host);
        var rows = view.Page.Locator("tr[data-decision]");
        await Expect(rows).ToHaveCountAsync(3);
        await view.Page.GetByRole(AriaRole.Combobox, new() { Name = "Backend" }).SelectOptionAsync("other");
        await Expect(rows).ToHaveCountAsync(2);
        await Expect(view.Page.Locator("#scatter-chart g[data-run]")).ToHaveCountAsync(2);
        await view.Page.GetByLabel("Text").FillAsync("APPLE");
        await Expect(rows).ToHaveCountAsync(1);
        await Expect(rows).ToContainTextAsync("apple pie");
        await Expect(view.Page.Locator("#shown")).ToHaveTextAsync("1 of 3 decisions, 1 of 3 runs");

        // What comes later is filtered as well.
        await host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = "apple", Backend = "steady" });
        await host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = "apples", Backend = "other" });
        await Expect(rows).ToHaveCountAsync(2);
        await view.Page.GetByRole(AriaRole.Button, new() { Name = "Clear" }).ClickAsync();
        await Expect(rows).ToHaveCountAsync(5);
    }

    [SkippableFact]
    public async Task Keyboard_Alone_OpensADecisionMovesOnAndPauses()
    {
        await using var host = await DashboardHost.StartAsync(Backends());
        await host.Orchestrator.ExecuteAsync(Bell);
        var latest = await host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Shots = 5 });
        await using var view = await DashboardView.OpenAsync(fixture, host);
        var page = view.Page;
        await Expect(page.Locator("tr[data-decision]")).ToHaveCountAsync(2);
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.Locator(".skip")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Tab");
        var buttons = page.Locator("tr[data-decision] button");
        await Expect(buttons.First).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(buttons.First).ToHaveAttributeAsync("aria-expanded", "true");
        await Expect(page.Locator("tr.details pre")).ToHaveTextAsync(latest.Decision.Explain());
        await Expect(page.Locator("tr.details table").First).ToContainTextAsync("1. steady");
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(buttons.Nth(1)).ToBeFocusedAsync();

        // News neither closes what is open nor takes the focus away.
        await host.Orchestrator.ExecuteAsync(Bell);
        await Expect(page.Locator("tr[data-decision]")).ToHaveCountAsync(3);
        await Expect(buttons.Nth(2)).ToBeFocusedAsync();
        await Expect(page.Locator("tr.details")).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("ArrowUp");
        await page.Keyboard.PressAsync("Space");
        await Expect(page.Locator("tr.details")).ToHaveCountAsync(0);

        await page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).FocusAsync();
        await page.Keyboard.PressAsync("Space");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Go on" })).ToHaveAttributeAsync("aria-pressed", "true");
        await host.Orchestrator.ExecuteAsync(Bell);
        await page.WaitForFunctionAsync("async () => (await fetch('decisions/999')).status === 404");
        (await page.Locator("tr[data-decision]").CountAsync()).Should().Be(3);
        await page.Keyboard.PressAsync("Space");
        await Expect(page.Locator("tr[data-decision]")).ToHaveCountAsync(4);
        view.Complaints.Should().OnlyContain(c => c.Contains("404"), "that one was asked for");
    }

    [SkippableTheory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Colours_LightAndDark_AreReadable(ColorScheme scheme)
    {
        await using var host = await DashboardHost.StartAsync([FakeBackend.Failing("broken"), .. Backends()], configure: o => o.Budget = 10);
        for (var i = 0; i < 6; i++)
        {
            await host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = "tag" });
        }

        await using var view = await DashboardView.OpenAsync(fixture, host, scheme);
        await Expect(view.Page.Locator("tr[data-decision]")).ToHaveCountAsync(6);
        await view.Page.Locator("tr[data-decision] button").First.ClickAsync();
        await Expect(view.Page.Locator("tr.details pre")).ToContainTextAsync("by strategy");
        await view.Page.Locator("#scatter-details summary").ClickAsync();
        await Expect(view.Page.Locator("article.job")).ToHaveCountAsync(1);
        var (judged, poor) = await TextContrast.MeasureAsync(view.Page);
        judged.Should().BeGreaterThan(100);
        poor.Should().BeEmpty();
        var back = await view.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
        back.Should().Be(scheme == ColorScheme.Dark ? "rgb(14, 17, 22)" : "rgb(245, 246, 248)");
    }

    [SkippableFact]
    public async Task Theme_Chosen_HoldsAgainstTheSystemAndIsKept()
    {
        await using var host = await DashboardHost.StartAsync(Backends());
        await using var view = await DashboardView.OpenAsync(fixture, host, ColorScheme.Light);
        await view.Page.GetByLabel("Theme").SelectOptionAsync("dark");
        await Expect(view.Page.Locator("body")).ToHaveCSSAsync("background-color", "rgb(14, 17, 22)");
        await view.Page.ReloadAsync();
        await Expect(view.Page.Locator("body")).ToHaveCSSAsync("background-color", "rgb(14, 17, 22)");
        await Expect(view.Page.GetByLabel("Theme")).ToHaveValueAsync("dark");
    }

    [SkippableFact]
    public async Task Names_EveryControlAndDrawing_HasOne()
    {
        await using var host = await DashboardHost.StartAsync([FakeBackend.Failing("broken"), .. Backends()]);
        await host.Orchestrator.ExecuteAsync(Bell);
        await using var view = await DashboardView.OpenAsync(fixture, host);
        await Expect(view.Page.Locator("article.job")).ToHaveCountAsync(1);
        var nameless = await view.Page.EvaluateAsync<string[]>(
            """
            () => [...document.querySelectorAll('button, select, input, a, [role], [tabindex="0"], svg:not([aria-hidden])')]
              .filter(n => !(n.getAttribute('aria-label') || n.getAttribute('aria-labelledby') || n.labels?.length || n.textContent.trim() && n.tagName !== 'svg') && n.getAttribute('role') !== 'status')
              .map(n => n.outerHTML.slice(0, 120))
            """);
        nameless.Should().BeEmpty();
        (await view.Page.Locator("html").GetAttributeAsync("lang")).Should().Be("en");
        (await view.Page.EvaluateAsync<int>("document.querySelectorAll('h1').length")).Should().Be(1);
        (await view.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('[id]')].map(n => n.id)")).Should().OnlyHaveUniqueItems();
    }

    [SkippableFact]
    public async Task Server_StartedAgain_PageGoesOnWithTheNewOne()
    {
        var port = DashboardHost.FreePort();
        var host = await DashboardHost.StartAsync(Backends(), port: port);
        await using var view = await DashboardView.OpenAsync(fixture, host);
        var rows = view.Page.Locator("tr[data-decision]");
        await host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = "old life" });
        await Expect(rows).ToHaveCountAsync(1);
        await host.DisposeAsync();
        await Expect(view.Page.Locator("#connection")).ToHaveTextAsync("Connection lost, trying again …");
        await Expect(rows).ToHaveCountAsync(1);

        await using var again = await DashboardHost.StartAsync(Backends(), port: port);
        await Expect(view.Page.Locator("#connection")).ToHaveTextAsync("Live, the server was started again");
        await Expect(rows).ToHaveCountAsync(0);
        await again.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = "new life" });
        await Expect(rows).ToHaveCountAsync(1);
        await Expect(rows).ToContainTextAsync("new life");
    }

    [SkippableFact]
    public async Task Markup_InATagOrAReason_StaysText()
    {
        const string Evil = "<img src=x onerror=\"document.title='taken'\">";
        await using var host = await DashboardHost.StartAsync([new FakeBackend("<b>backend</b>", (_, _) => throw new BackendException(BackendErrorKind.Fault, "b", Evil)), new FakeBackend("steady")]);
        await host.Orchestrator.ExecuteAsync(Bell, new OrchestrationRequest { Tag = Evil });
        await using var view = await DashboardView.OpenAsync(fixture, host);
        await Expect(view.Page.Locator("tr[data-decision]")).ToContainTextAsync(Evil);
        await Expect(view.Page.Locator("article.job li").First).ToContainTextAsync("<b>backend</b> → steady (Fault): " + Evil);
        (await view.Page.Locator("main img, main b").CountAsync()).Should().Be(0);
        (await view.Page.TitleAsync()).Should().Be("Orchestrator dashboard");
    }

    private static IQuantumBackend[] Backends() => [new FakeBackend("steady") { Seconds = 0.02 }, new FakeBackend("other") { Seconds = 0.5 }];
}
