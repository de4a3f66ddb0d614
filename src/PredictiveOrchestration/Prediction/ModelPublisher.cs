namespace PredictiveOrchestration.Prediction;

/// <summary>Holds the current model; readers take it once for each decision. Thread-safe.</summary>
internal sealed class ModelPublisher(PerformancePredictor initial)
{
    private const int Kept = 512;
    private readonly PerformancePredictor?[] _kept = new PerformancePredictor?[Kept];
    private readonly Lock _change = new();
    private volatile PerformancePredictor _current = initial;

    public PerformancePredictor Current => _current;

    /// <summary>Replaces the model; the version must grow.</summary>
    public void Publish(PerformancePredictor next)
    {
        lock (_change)
        {
            if (next.Version <= _current.Version)
            {
                throw new ArgumentException($"Model version {next.Version} does not follow {_current.Version}.", nameof(next));
            }

            _current = next;
            _kept[next.Version % Kept] = next;
        }
    }

    /// <summary>Replaces the models of some backends.</summary>
    public void Update(IEnumerable<KeyValuePair<string, BackendModel>> changed)
    {
        var models = changed.ToDictionary(StringComparer.Ordinal);
        lock (_change)
        {
            Publish(new PerformancePredictor(_current.Version + 1, _current.Models.Where(m => !models.ContainsKey(m.Key)).Concat(models)));
        }
    }

    /// <summary>Finds one of the latest models by its version; null if it is not kept any more.</summary>
    public PerformancePredictor? Find(int version) =>
        _current is { } current && current.Version == version ? current : _kept[version % Kept] is { } kept && kept.Version == version ? kept : null;
}
