using Microsoft.Playwright;

namespace PredictiveOrchestration.TestKit.Browser;

/// <summary>A Chromium without a window: the one of the system, never a download.</summary>
public sealed class HeadlessBrowser : IAsyncDisposable
{
    /// <summary>Why a test that needs it is skipped.</summary>
    public const string SkipReason = "there is no Chromium (Debian: apt-get install chromium; elsewhere: its path in the environment variable CHROMIUM)";

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private HeadlessBrowser(IPlaywright playwright, IBrowser browser)
    {
        _playwright = playwright;
        _browser = browser;
    }

    /// <summary>Gets the program, or null.</summary>
    public static string? Path { get; } =
        new[] { Environment.GetEnvironmentVariable("CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);

    /// <summary>Starts it.</summary>
    public static async Task<HeadlessBrowser> StartAsync()
    {
        Assertions.SetDefaultExpectTimeout(30_000);
        var playwright = await Playwright.CreateAsync();

        // Without its sandbox, which needs rights that containers do not have: it only sees pages of this repository.
        var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Path, Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"], Timeout = 60_000 });
        return new HeadlessBrowser(playwright, browser);
    }

    /// <summary>Opens an empty page of its own, with nothing stored.</summary>
    public async Task<IPage> OpenAsync(ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 900)
    {
        var context = await _browser.NewContextAsync(new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = height }, Locale = "en-GB", TimezoneId = "UTC", ReducedMotion = ReducedMotion.Reduce });
        context.SetDefaultTimeout(30_000);
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
