using System.Diagnostics;

namespace PredictiveOrchestration.Benchmarks.Reliability;

/// <summary>This program again as another process.</summary>
internal static class ChildProcess
{
    /// <summary>How it is started with other arguments, whether it was started by its own name or as <c>dotnet</c> with its assembly.</summary>
    public static ProcessStartInfo With(params IEnumerable<string> arguments)
    {
        var program = Environment.ProcessPath!;
        var isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        return new ProcessStartInfo(program, [.. isHost ? [typeof(ChildProcess).Assembly.Location] : (string[])[], .. arguments]);
    }
}
