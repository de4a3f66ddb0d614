using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Learning;

/// <summary>Keeps models between processes. A damaged or foreign file is set aside and never fatal; of several processes' models of a backend the one that learned from more runs counts.</summary>
internal sealed partial class ModelStore(StateSlot slot, ILogger logger)
{
    private const long MaxFileBytes = 256L << 20;
    private readonly string _path = slot.Own("models", "bin");
    private readonly MemoryStream _buffer = new();

    public Dictionary<string, LearnedBackend> Load()
    {
        var all = new Dictionary<string, LearnedBackend>(StringComparer.Ordinal);
        foreach (var path in slot.All("models", "bin"))
        {
            foreach (var (id, backend) in Read(path))
            {
                if (!all.TryGetValue(id, out var other) || other.Seen < backend.Seen)
                {
                    all[id] = backend;
                }
            }
        }

        return all;
    }

    /// <summary>Replaces this process's file at once: a reader finds the old one or the new one.</summary>
    public void Save(IReadOnlyDictionary<string, LearnedBackend> backends)
    {
        try
        {
            LearnedState.Write(backends, _buffer);
            StateFiles.Replace(_path, _buffer.GetBuffer().AsSpan(0, (int)_buffer.Length));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CannotUse(exception, _path);
        }
    }

    private Dictionary<string, LearnedBackend> Read(string path)
    {
        try
        {
            return new FileInfo(path).Length <= MaxFileBytes ? LearnedState.Read(File.ReadAllBytes(path), anyMachine: false) : throw new InvalidDataException("it is too large");
        }
        catch (InvalidDataException exception)
        {
            SetAside(path, exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CannotUse(exception, path);
        }

        return [];
    }

    private void SetAside(string path, string why)
    {
        FileSetAside(path, why);
        if (StateFiles.SetAside(path) is { } exception)
        {
            CannotUse(exception, path);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The models of '{Path}' are set aside: {Why}")]
    private partial void FileSetAside(string path, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The models' file '{Path}' cannot be used")]
    private partial void CannotUse(Exception exception, string path);
}
