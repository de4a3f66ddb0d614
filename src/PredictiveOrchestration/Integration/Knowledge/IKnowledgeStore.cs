namespace PredictiveOrchestration.Integration.Knowledge;

/// <summary>
/// Keeps what instances have learned, beyond the life of a process and for other instances to read. An entry is known by kind, key and the instance that wrote it; a later one replaces an
/// earlier one. Implementations are thread-safe, and safe for several processes at a time.
/// </summary>
public interface IKnowledgeStore
{
    /// <summary>Writes entries, all or none. An entry that is older than the one in its place changes nothing.</summary>
    /// <param name="entries">The entries.</param>
    /// <param name="cancellationToken">Gives up; nothing is written then.</param>
    Task PutAsync(IReadOnlyList<KnowledgeEntry> entries, CancellationToken cancellationToken = default);

    /// <summary>Reads the entries of a kind, of all instances, in the order of key and instance.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="key">The key; null for all keys.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<KnowledgeEntry>> FindAsync(string kind, string? key = null, CancellationToken cancellationToken = default);
}

/// <summary>One thing that an instance has learned.</summary>
/// <param name="Kind">What it is; see <see cref="KnowledgeKinds"/>, or a name of the host's own. At most 100 characters.</param>
/// <param name="Key">What it is about. At most 200 characters.</param>
/// <param name="Instance">The instance that learned it. At most 200 characters.</param>
/// <param name="At">When it was written.</param>
/// <param name="Content">The content; at most 256 MiB.</param>
public sealed record KnowledgeEntry(string Kind, string Key, string Instance, DateTimeOffset At, ReadOnlyMemory<byte> Content)
{
    /// <summary>The longest content, in bytes.</summary>
    public const int MaxBytes = 256 << 20;

    /// <summary>Checks the lengths.</summary>
    /// <exception cref="ArgumentException">A text is missing or too long, or the content is.</exception>
    public void Check()
    {
        foreach (var (text, name, most) in new[] { (Kind, nameof(Kind), 100), (Key, nameof(Key), 200), (Instance, nameof(Instance), 200) })
        {
            if (string.IsNullOrEmpty(text) || text.Length > most)
            {
                throw new ArgumentException($"The {name} of a knowledge entry has {text?.Length ?? 0} characters; accepted are 1 to {most}.", name);
            }
        }

        if (Content.Length > MaxBytes)
        {
            throw new ArgumentException($"The content of the knowledge entry '{Kind}/{Key}' has {Content.Length} bytes; accepted are at most {MaxBytes}.", nameof(Content));
        }
    }
}

/// <summary>The kinds of entries that an orchestrator writes.</summary>
public static class KnowledgeKinds
{
    /// <summary>The learned models and runs of one instance, as <see cref="PredictiveOrchestrator.ExportModelsAsync"/> writes them.</summary>
    public const string Models = "models";

    /// <summary>The times of one circuit structure on the backends of one instance, see <see cref="CircuitPattern"/>.</summary>
    public const string Pattern = "pattern";
}
