using System.Runtime.Loader;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.Tests.Common;

namespace PredictiveOrchestration.Tests.Notebooks;

/// <summary>One run of the script of samples/Notebook.</summary>
public sealed class NotebookRun : IAsyncLifetime
{
    private const string ImplicitUsings = "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;";

    /// <summary>Gets the folder it wrote to.</summary>
    public string Output { get; } = Directory.CreateTempSubdirectory("notebook-").FullName;

    public async Task InitializeAsync()
    {
        var path = Path.Combine(SharedFiles.RepositoryRoot, "samples", "Notebook", "notebook.cs");

        // Nothing is calibrated here; directives of the command line become comments, so that lines keep their numbers.
        var source = (await File.ReadAllTextAsync(path)).Replace("#:", "//:", StringComparison.Ordinal).Replace("options.StateDirectory = string.Empty;", "options.StateDirectory = string.Empty; options.CalibrationBudget = TimeSpan.Zero;", StringComparison.Ordinal);
        var compilation = CSharpCompilation.Create(
            "notebook-sample", [CSharpSyntaxTree.ParseText(SourceText.From(source, Encoding.UTF8), path: path), CSharpSyntaxTree.ParseText(ImplicitUsings)], HostReferences.All,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        using var image = new MemoryStream();
        compilation.Emit(image).Diagnostics.Where(d => d.Severity >= DiagnosticSeverity.Warning).Should().BeEmpty();
        image.Position = 0;
        var entry = new AssemblyLoadContext(null).LoadFromStream(image).EntryPoint!;
        await Task.Run(() => entry.Invoke(null, [new[] { Output }]));
    }

    public Task DisposeAsync()
    {
        Directory.Delete(Output, true);
        return Task.CompletedTask;
    }
}
