using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Orleans.Silos;
using PredictiveOrchestration.Tests.Dashboard;
using static Microsoft.Playwright.Assertions;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>The dashboard of a silo shows the cluster, in a real browser.</summary>
[Collection(nameof(ClusterTests))]
public sealed class ClusterDashboardTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [SkippableFact]
    public async Task Page_OnASilo_ShowsEverySiloWithItsEnginesAndWhatItHasDone()
    {
        _ = fixture.Browser;
        await using var silos = await TestSilos.StartAsync(2);
        var directory = TestSilos.Of<SiloDirectory>(silos.Cluster.Silos[0]);
        await using var host = await DashboardHost.StartAsync(machines: TestSilos.Of<IMachineOverview>(silos.Cluster.Silos[0]));
        await using var view = await DashboardView.OpenAsync(fixture, host);
        await Expect(view.Page.Locator("#cluster")).ToBeVisibleAsync();
        await Expect(view.Page.Locator("#cluster-link")).ToBeVisibleAsync();
        await Expect(view.Page.Locator("#cluster-sums")).ToContainTextAsync("2 machines with 4 places: 0 runs under way, 0 wait");
        var rows = view.Page.Locator("#cluster-table tbody tr");
        await Expect(rows).ToHaveCountAsync(2);
        foreach (var (silo, i) in directory.View.Silos.OrderBy(s => s.Name, StringComparer.Ordinal).Select((s, i) => (s, i)))
        {
            await Expect(rows.Nth(i)).ToContainTextAsync(silo.Name);
            await Expect(rows.Nth(i)).ToContainTextAsync("local-dense");
            await Expect(rows.Nth(i)).ToContainTextAsync("1 GiB");
        }

        var circuit = new CircuitBuilder(2, 2).H(0).CX(0, 1).Measure(0, 0).Measure(1, 1).Build();
        var result = await silos.Jobs.WaitAsync((await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(Enumerable.Repeat(circuit, 5)))).Id);
        result.Status.State.Should().Be(ClusterJobState.Succeeded);

        // Five runs have ended, on whichever silos; the page says so without being loaded again.
        await view.Page.WaitForFunctionAsync("() => [...document.querySelectorAll('#cluster-table tbody tr')].reduce((sum, r) => sum + Number(r.children[7].textContent), 0) === 5", null, new() { Timeout = 600_000 });
        view.Complaints.Should().BeEmpty();
    }
}
