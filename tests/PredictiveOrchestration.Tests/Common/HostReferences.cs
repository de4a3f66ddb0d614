using Microsoft.CodeAnalysis;

namespace PredictiveOrchestration.Tests.Common;

/// <summary>What code that tests compile may use: all that this process may.</summary>
internal static class HostReferences
{
    /// <summary>Gets the references, the same objects each time: so the compiler reads each assembly once.</summary>
    public static IReadOnlyList<MetadataReference> All { get; } =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(p => MetadataReference.CreateFromFile(p))];
}
