using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using PredictiveOrchestration.AspNetCore;
using PredictiveOrchestration.AspNetCore.Dashboard;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.DependencyInjection;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Browser;

namespace PredictiveOrchestration.Benchmarks.Views;

/// <summary>Takes the pictures of the documentation: a dashboard during real runs on this machine's engines.</summary>
internal static class ScreenshotCommand
{
    /// <summary>Runs circuits, and takes pictures of what the dashboard shows.</summary>
    /// <param name="args">[--out FOLDER].</param>
    /// <returns>0; 1 without a browser.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        if (HeadlessBrowser.Path is null)
        {
            Console.Error.WriteLine(HeadlessBrowser.SkipReason);
            return 1;
        }

        var at = Array.IndexOf(args, "--out");
        var folder = at >= 0 ? args[at + 1] : Path.Combine(SharedFiles.RepositoryRoot, "docs", "images");
        Directory.CreateDirectory(folder);
        await using var app = Build();
        await app.StartAsync();
        var orchestrator = app.Services.GetRequiredService<PredictiveOrchestrator>();
        await using var browser = await HeadlessBrowser.StartAsync();
        var page = await browser.OpenAsync(width: 1360, height: 1250);
        await page.GotoAsync($"{app.Urls.First()}/dashboard/");
        await WorkAsync(orchestrator);
        await page.Locator("article.job").First.WaitForAsync();
        await TakeAsync(page, folder, "dashboard-light.png", whole: false);
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await page.Locator("tr[data-decision] button").First.ClickAsync();
        await page.Locator("tr.details pre", new() { HasTextString = "by strategy" }).WaitForAsync();
        await TakeAsync(page, folder, "dashboard-dark.png");

        // What notebooks show of one run.
        var circuit = Fourier.PhaseEstimation(4, 0.3);
        var result = await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { TopProbabilities = 8 });
        var plain = await browser.OpenAsync(width: 1360, height: 1000);
        await plain.SetContentAsync(circuit.ToHtml() + result.ToHtml());
        await TakeAsync(plain, folder, "notebook.png");
        return 0;
    }

    private static async Task TakeAsync(IPage page, string folder, string name, bool whole = true)
    {
        // A whole state has to have come after the last run.
        await page.WaitForTimeoutAsync(2500);
        await page.ScreenshotAsync(new() { Path = Path.Combine(folder, name), FullPage = whole });
        Console.WriteLine(Path.Combine(folder, name));
    }

    private static WebApplication Build()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddPredictiveOrchestration(o => o.Configure(c =>
        {
            c.StateDirectory = string.Empty;

            // Runs are handed over between engines without a price only.
            c.Budget = 0.01m;
            c.Prices["local-stabilizer"] = new PriceModel { PerRun = 0.0001m };
            c.Prices["local-mps"] = new PriceModel { PerCpuSecond = 0.001m };
        }));
        var app = builder.Build();

        // Points come closer together than usual: the picture shows seconds.
        app.MapDashboard("/dashboard", DashboardLimits.Default with { QualityInterval = TimeSpan.FromSeconds(0.5) });
        return app;
    }

    // A mix that suits different engines, the same on every machine; each circuit at several sizes, some of them often.
    private static async Task WorkAsync(PredictiveOrchestrator orchestrator)
    {
        var samples = Path.Combine(SharedFiles.RepositoryRoot, "samples", "circuits");
        var files = new List<Circuit>();
        foreach (var file in Directory.EnumerateFiles(samples, "*.qasm").Order(StringComparer.Ordinal))
        {
            files.Add((await OpenQasmReader.ReadFileAsync(file)).GetCircuitOrThrow());
        }

        for (var round = 0; round < 40; round++)
        {
            var n = 6 + (round % 12);
            List<(string Tag, Circuit Circuit)> jobs =
            [
                ("ghz", States.Ghz(10 + (20 * round))), ("qft", Fourier.Qft(n)),
                ("qaoa", Variational.Qaoa(n, Variational.Ring(n), [0.4, 0.7], [0.6, 0.3])), .. files.Select(f => ("sample", f)),
            ];
            foreach (var (tag, circuit) in jobs)
            {
                await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Tag = tag, Seed = (ulong)round });
            }
        }
    }
}
