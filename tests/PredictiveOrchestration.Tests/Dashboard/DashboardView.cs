using System.Collections.Concurrent;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace PredictiveOrchestration.Tests.Dashboard;

/// <summary>A page, with what its browser complained about and where it wanted to go.</summary>
internal sealed class DashboardView : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _complaints = new();

    private DashboardView(IPage page) => Page = page;

    public IPage Page { get; }

    public IEnumerable<string> Complaints => _complaints;

    public static async Task<DashboardView> OpenAsync(BrowserFixture fixture, DashboardHost host, ColorScheme scheme = ColorScheme.Light)
    {
        var page = await fixture.Browser.OpenAsync(scheme);
        var view = new DashboardView(page);
        page.Console += (_, message) => view.Complain(message.Type is "error" or "warning", message.Text);
        page.PageError += (_, error) => view.Complain(true, error);
        page.Request += (_, request) => view.Complain(!request.Url.StartsWith(host.Address.ToString(), StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal), request.Url);
        await page.GotoAsync(host.Page.ToString());
        await Expect(page.Locator("#connection")).ToHaveAttributeAsync("data-state", "live");
        return view;
    }

    public async ValueTask DisposeAsync() => await Page.Context.CloseAsync();

    private void Complain(bool applies, string text)
    {
        if (applies)
        {
            _complaints.Enqueue(text);
        }
    }
}
