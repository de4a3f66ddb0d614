namespace PredictiveOrchestration.Common;

/// <summary>How files that outlive a process are replaced and set aside.</summary>
internal static class StateFiles
{
    /// <summary>Replaces a file at once: a reader finds the old content or the new one.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        File.WriteAllBytes(temporary, content);
        File.Move(temporary, path, true);
    }

    /// <summary>Renames a file that must not be loaded, so that it can be looked at.</summary>
    /// <returns>Why that did not work, or null.</returns>
    public static Exception? SetAside(string path)
    {
        try
        {
            File.Move(path, path + ".damaged", true);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception;
        }
    }
}
