using Microsoft.Extensions.Logging;

namespace PredictiveOrchestration.Learning;

/// <summary>
/// The files of one process in a folder that several share. Each process writes files of its own, so that none waits for or overwrites another, and reads
/// those of all. A slot is held by an open lock file and is free again when its process ends, however it ends.
/// </summary>
internal sealed partial class StateSlot : IDisposable
{
    private const int Most = 16;
    private readonly string _directory;
    private readonly int _index;
    private readonly FileStream _lock;

    private StateSlot(string directory, int index, FileStream @lock) => (_directory, _index, _lock) = (directory, index, @lock);

    /// <summary>Takes the first free slot; null with a warning where the folder cannot be used or all are taken.</summary>
    public static StateSlot? Take(string directory, ILogger logger)
    {
        Exception? last = null;
        try
        {
            Directory.CreateDirectory(directory);
            for (var index = 0; index < Most; index++)
            {
                try
                {
                    return new StateSlot(directory, index, new FileStream(Path.Combine(directory, Named("learning", index, "lock")), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
                }
                catch (IOException exception)
                {
                    // Another process has it.
                    last = exception;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            last = exception;
        }

        CannotUse(logger, last, directory, Most);
        return null;
    }

    /// <summary>The path of this process's file.</summary>
    public string Own(string name, string extension) => Path.Combine(_directory, Named(name, _index, extension));

    /// <summary>The files of all processes that are there, this one's last.</summary>
    public IReadOnlyList<string> All(string name, string extension) =>
        [.. Enumerable.Range(0, Most).OrderBy(i => i == _index).Select(i => Path.Combine(_directory, Named(name, i, extension))).Where(File.Exists)];

    public void Dispose() => _lock.Dispose();

    private static string Named(string name, int index, string extension) => index == 0 ? $"{name}.{extension}" : $"{name}.{index}.{extension}";

    [LoggerMessage(Level = LogLevel.Warning, Message = "What is learned cannot be kept in '{Directory}': it cannot be written, or {Most} processes use it already")]
    private static partial void CannotUse(ILogger logger, Exception? exception, string directory, int most);
}
