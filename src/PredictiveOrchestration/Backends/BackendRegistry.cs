using System.Collections.Immutable;

namespace PredictiveOrchestration.Backends;

/// <summary>The backends that may be used. Readers take one immutable snapshot for each decision; changes make a new one. Thread-safe.</summary>
public sealed class BackendRegistry
{
    private readonly Lock _change = new();
    private volatile BackendSet _current = new(0, []);

    /// <summary>Gets the current snapshot.</summary>
    public BackendSet Current => _current;

    /// <summary>Adds a backend.</summary>
    /// <exception cref="ArgumentException">A backend of the same id is registered.</exception>
    public void Register(IQuantumBackend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        lock (_change)
        {
            var id = backend.Descriptor.Id;
            if (_current.Find(id) is not null)
            {
                throw new ArgumentException($"A backend with the id '{id}' is registered already. Give the new one another id, or unregister the old one first.", nameof(backend));
            }

            _current = new BackendSet(_current.Version + 1, [.. _current.Backends, backend]);
        }
    }

    /// <summary>Removes a backend; runs under way on it are not affected.</summary>
    /// <returns>Whether there was one of that id.</returns>
    public bool Unregister(string id)
    {
        lock (_change)
        {
            if (_current.Find(id) is not { } backend)
            {
                return false;
            }

            _current = new BackendSet(_current.Version + 1, _current.Backends.Remove(backend));
            return true;
        }
    }
}

/// <summary>The backends at one moment.</summary>
/// <param name="Version">Grows with every change.</param>
/// <param name="Backends">The backends in the order of registration.</param>
public sealed record BackendSet(int Version, ImmutableArray<IQuantumBackend> Backends)
{
    /// <summary>Whether any of them compiles circuits for a device.</summary>
    internal bool HasCompilers { get; } = Backends.Any(static b => b is ICompilingBackend);

    /// <summary>Finds a backend by its id.</summary>
    public IQuantumBackend? Find(string id) => Backends.FirstOrDefault(b => b.Descriptor.Id == id);
}
