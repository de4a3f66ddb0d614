using System.Text.Json;
using Microsoft.Playwright;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Browser;
using PredictiveOrchestration.Tests.Dashboard;

namespace PredictiveOrchestration.Tests.Notebooks;

/// <summary>The script of samples/Notebook, run as it is, and what it writes in a real browser.</summary>
[Collection(nameof(BrowserCollection))]
public sealed class NotebookSampleTests(BrowserFixture fixture, NotebookRun run) : IClassFixture<NotebookRun>
{
    private static readonly string Folder = Path.Combine(SharedFiles.RepositoryRoot, "samples", "Notebook");

    [SkippableFact]
    public async Task Page_InABrowser_ShowsEveryCellAndIsReadableInBothThemes()
    {
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            var page = await fixture.Browser.OpenAsync(scheme);
            var complaints = new List<string>();
            page.Console += (_, message) => complaints.Add(message.Text);
            page.Request += (_, request) => complaints.AddRange(request.Url.StartsWith("file:", StringComparison.Ordinal) ? [] : [request.Url]);
            await page.GotoAsync(new Uri(Path.Combine(run.Output, "notebook.html")).ToString());
            (await page.Locator("h2").CountAsync()).Should().Be(7);
            var cards = await page.Locator("h4").AllTextContentsAsync();
            cards.Should().HaveCount(6);
            cards[0].Should().StartWith("phase_estimation_6: 7 qubits");
            cards[^1].Should().StartWith("Cost: ");
            (await page.GetByRole(AriaRole.Img).CountAsync()).Should().BeGreaterThanOrEqualTo(3, "the circuit and the bounds have descriptions");

            // The most frequent outcome of the phase estimation of 0.3 with six bits is 19/64, of exact probability 0.875.
            var first = page.Locator("h4", new() { HasTextString = "Result of" }).First.Locator("xpath=..").Locator("tbody tr").First;
            (await first.TextContentAsync()).Should().StartWith("010011");
            var (judged, poor) = await TextContrast.MeasureAsync(page);
            judged.Should().BeGreaterThan(100);
            poor.Should().BeEmpty();
            complaints.Should().BeEmpty();
            await page.Context.CloseAsync();
        }
    }

    [Fact]
    public void Jupyter_File_IsTheSameCodeAsTheScriptsAndHasItsOutputs()
    {
        var written = Cells(Path.Combine(run.Output, "notebook.ipynb"));
        var kept = Cells(Path.Combine(Folder, "notebook.ipynb"));
        string Calibrated(string source) => source.Replace(" options.CalibrationBudget = TimeSpan.Zero;", string.Empty, StringComparison.Ordinal);
        kept.Select(c => c.Source).Should().Equal(written.Select(c => Calibrated(c.Source)), "`dotnet run samples/Notebook/notebook.cs` writes it anew");
        kept.Select(c => (c.Kind, c.Outputs)).Should().Equal(written.Select(c => (c.Kind, c.Outputs)));
        kept.Where(c => c.Kind == "code").Skip(1).Should().OnlyContain(c => c.Outputs > 0);
        kept.Should().Contain(c => c.Source.Contains("display(circuit);")).And.NotContain(c => c.Source.Contains("notebook.Show") || c.Source.Contains("notebook.Print"));
    }

    private static List<(string Kind, string Source, int Outputs)> Cells(string path)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(path));
        json.RootElement.GetProperty("nbformat").GetInt32().Should().Be(4);
        return
        [
            .. json.RootElement.GetProperty("cells").EnumerateArray().Select(c => (
                c.GetProperty("cell_type").GetString()!, string.Concat(c.GetProperty("source").EnumerateArray().Select(l => l.GetString())), c.TryGetProperty("outputs", out var outputs) ? outputs.GetArrayLength() : 0)),
        ];
    }
}
