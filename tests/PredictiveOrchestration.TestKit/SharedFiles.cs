namespace PredictiveOrchestration.TestKit;

/// <summary>Optional test input beside the checkout.</summary>
public static class SharedFiles
{
    /// <summary>Why a test that needs the folder is skipped.</summary>
    public const string SkipReason = "the folder ../shared/circuits (circuits written by others, with reference results) is not beside the checkout";

    /// <summary>Gets the repository's root: the folder with the solution.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>Gets the folder ../shared/circuits, or null.</summary>
    public static string? CircuitsFolder { get; } =
        Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared", "circuits")) is var path && Directory.Exists(path) ? path : null;

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "PredictiveOrchestration.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No folder above '{AppContext.BaseDirectory}' holds PredictiveOrchestration.sln.");
    }
}
