using PredictiveOrchestration.TestKit.Browser;

namespace PredictiveOrchestration.Tests.Dashboard;

/// <summary>One browser for all tests that need it.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private HeadlessBrowser? _browser;

    /// <summary>Gets the browser; a test that asks for it is skipped where there is none.</summary>
    public HeadlessBrowser Browser
    {
        get
        {
            Skip.If(_browser is null, HeadlessBrowser.SkipReason);
            return _browser!;
        }
    }

    public async Task InitializeAsync() => _browser = HeadlessBrowser.Path is null ? null : await HeadlessBrowser.StartAsync();

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }
    }
}

[CollectionDefinition(nameof(BrowserCollection))]
public sealed class BrowserCollection : ICollectionFixture<BrowserFixture>;
