#:project ../../src/PredictiveOrchestration/PredictiveOrchestration.csproj
#:property PublishAot=false

// A notebook as a C# script: dotnet run samples/Notebook/notebook.cs [-- FOLDER]
// writes notebook.html and notebook.ipynb, both with what a real run shows, into the folder (the one of this file if none is given).
// A cell goes from one line that begins with "// %%" to the next; the rest of that line is its heading.
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using PredictiveOrchestration;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;

var notebook = new Notebook();

// %% A circuit: phase estimation of 0.3 with six bits
var circuit = Fourier.PhaseEstimation(6, 0.3);
notebook.Show(circuit);

// %% A circuit as text
notebook.Print(States.Ghz(4).ToDiagram(80));

// %% An orchestrator, measured on this machine
await using var orchestrator = new PredictiveOrchestratorBuilder()
    .Configure(options => { options.Budget = 1; options.StateDirectory = string.Empty; })
    .Build();
await orchestrator.StartAsync();
notebook.Print(string.Join("\n", orchestrator.GetAvailableBackends().Select(b => $"{b.Descriptor.Id}: {(b.IsAvailable ? "ready" : b.Reason)}")));

// %% Where would it run, and why?
var recommendation = orchestrator.GetRoutingRecommendation(circuit);
notebook.Show(recommendation.Profile);
notebook.Show(recommendation.Decision);

// %% It runs
var result = await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Shots = 2000, TopProbabilities = 16 });
notebook.Show(result);

// %% A longer one, with a bar that shows how far it is
var walk = Dynamics.Ising(16, 40);
using (var bar = new ProgressBar("Ising model"))
{
    var energy = await orchestrator.ExecuteAsync(walk, new OrchestrationRequest { Shots = 200, Progress = bar });
    notebook.Show(energy.Execution);
}

// %% What it cost
notebook.Show(orchestrator.GetCostAnalysis());

// %%
var folder = args.Length > 0 ? args[0] : Notebook.SourceFolder();
Directory.CreateDirectory(folder);
await File.WriteAllTextAsync(Path.Combine(folder, "notebook.html"), notebook.ToPage());
await File.WriteAllTextAsync(Path.Combine(folder, "notebook.ipynb"), notebook.ToJupyter());
Console.WriteLine($"{Path.Combine(folder, "notebook.html")}, {Path.Combine(folder, "notebook.ipynb")}");

/// <summary>One line on standard error that shows how far a run has come.</summary>
sealed class ProgressBar(string title) : IProgress<ExecutionProgress>, IDisposable
{
    private const int Width = 40;
    private int _shown = -1;

    public void Report(ExecutionProgress value)
    {
        var percent = (int)(100L * value.OperationsDone / Math.Max(1, value.OperationsTotal));
        if (Interlocked.Exchange(ref _shown, percent) != percent && !Console.IsErrorRedirected)
        {
            Console.Error.Write($"\r{title} [{new string('#', Width * percent / 100).PadRight(Width, '.')}] {percent,3} %");
        }
    }

    public void Dispose()
    {
        if (_shown >= 0 && !Console.IsErrorRedirected)
        {
            Console.Error.WriteLine();
        }
    }
}

/// <summary>Collects what cells show, and puts it beside their code.</summary>
sealed class Notebook
{
    private readonly List<(int Line, string MimeType, string Output)> _outputs = [];
    private readonly string[] _source = File.ReadAllLines(SourceFile());

    /// <summary>Shows something that has a ToHtml() of its own, as a notebook does with the last value of a cell.</summary>
    public void Show(dynamic value, [CallerLineNumber] int line = 0) => _outputs.Add((line, "text/html", (string)value.ToHtml()));

    /// <summary>Shows text.</summary>
    public void Print(string text, [CallerLineNumber] int line = 0) => _outputs.Add((line, "text/plain", text));

    public static string SourceFolder() => Path.GetDirectoryName(SourceFile())!;

    public string ToPage()
    {
        var page = new StringBuilder(
            """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>PredictiveOrchestration in a notebook</title>
            <style>
            :root { color-scheme: light dark; --back: #f5f6f8; --text: #1b1f26; --code: #e9ecf1; }
            @media (prefers-color-scheme: dark) { :root { --back: #0e1116; --text: #e7eaee; --code: #1d232c; } }
            body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 1rem auto; padding: 0 1rem; }
            .code, .text { font: 13px/1.5 ui-monospace, monospace; overflow-x: auto; padding: .7rem 1rem; border-radius: 8px; }
            .code { background: var(--code); }
            .text { line-height: 1.2; }
            </style>
            </head>
            <body>
            <main>
            <h1>PredictiveOrchestration in a notebook</h1>

            """);
        foreach (var (heading, code, outputs) in Cells())
        {
            page.Append($"<h2>{Escape(heading)}</h2>\n<pre class=\"code\" tabindex=\"0\">{Escape(code)}</pre>\n");
            foreach (var (_, type, output) in outputs)
            {
                page.Append(type == "text/html" ? output : $"<pre class=\"text\" tabindex=\"0\">{Escape(output)}</pre>").Append('\n');
            }
        }

        return page.Append("</main>\n</body>\n</html>\n").ToString();
    }

    public string ToJupyter()
    {
        var cells = new JsonArray(
            Markdown("start", "# PredictiveOrchestration in a notebook\n\nMade by `dotnet run samples/Notebook/notebook.cs`. A kernel that knows the attribute `TypeFormatterSource` shows the last value of a cell by itself; in another, call its `ToHtml()`."),
            Code("package", "#r \"nuget: PredictiveOrchestration\"\n" + string.Join('\n', _source.Where(l => l.StartsWith("using PredictiveOrchestration", StringComparison.Ordinal))) + "\n\n" + BarCode(), []));
        var number = 0;
        foreach (var (heading, code, outputs) in Cells())
        {
            number++;
            cells.Add(Markdown($"heading-{number}", $"## {heading}"));
            cells.Add(Code($"cell-{number}", code, outputs.Select(o => (o.MimeType, o.Output))));
        }

        return new JsonObject
        {
            ["cells"] = cells,
            ["metadata"] = new JsonObject
            {
                ["kernelspec"] = new JsonObject { ["display_name"] = ".NET (C#)", ["language"] = "C#", ["name"] = ".net-csharp" },
                ["language_info"] = new JsonObject { ["name"] = "C#", ["file_extension"] = ".cs", ["mimetype"] = "text/x-csharp" },
            },
            ["nbformat"] = 4,
            ["nbformat_minor"] = 5,
        }.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
    }

    // Cells with their headings, their code as it stands in a notebook, and what they showed.
    private IEnumerable<(string Heading, string Code, IReadOnlyList<(int Line, string MimeType, string Output)> Outputs)> Cells()
    {
        var starts = Enumerable.Range(0, _source.Length).Where(i => _source[i].StartsWith("// %%", StringComparison.Ordinal)).ToList();
        for (var i = 0; i < starts.Count - 1; i++)
        {
            var code = string.Join('\n', _source[(starts[i] + 1)..starts[i + 1]]).Trim();

            // A notebook calls it by another name.
            yield return (_source[starts[i]][5..].Trim(), code.Replace("notebook.Show(", "display(", StringComparison.Ordinal).Replace("notebook.Print(", "Console.WriteLine(", StringComparison.Ordinal),
                [.. _outputs.Where(o => o.Line > starts[i] && o.Line <= starts[i + 1])]);
        }
    }

    private string BarCode()
    {
        var start = Array.FindIndex(_source, l => l.StartsWith("sealed class ProgressBar", StringComparison.Ordinal));
        return string.Join('\n', _source[start..(Array.FindIndex(_source, start, l => l == "}") + 1)]);
    }

    private static JsonObject Markdown(string id, string text) => new() { ["cell_type"] = "markdown", ["id"] = id, ["metadata"] = new JsonObject(), ["source"] = Lines(text) };

    private static JsonObject Code(string id, string code, IEnumerable<(string MimeType, string Output)> outputs) => new()
    {
        ["cell_type"] = "code",
        ["execution_count"] = null,
        ["id"] = id,
        ["metadata"] = new JsonObject(),
        ["outputs"] = new JsonArray([.. outputs.Select(o => new JsonObject
        {
            ["data"] = new JsonObject { [o.MimeType] = Lines(o.Output) },
            ["metadata"] = new JsonObject(),
            ["output_type"] = "display_data",
        })]),
        ["source"] = Lines(code),
    };

    // As the format has it: lines with their ends.
    private static JsonArray Lines(string text)
    {
        var lines = text.Split('\n');
        return new JsonArray([.. lines.Select((l, i) => (JsonNode)(i < lines.Length - 1 ? l + "\n" : l))]);
    }

    private static string Escape(string text) => System.Net.WebUtility.HtmlEncode(text);

    private static string SourceFile([CallerFilePath] string path = "") => path;
}
