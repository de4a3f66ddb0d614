namespace PredictiveOrchestration.Prediction;

/// <summary>Holds the current model; readers take it once for each decision. Thread-safe.</summary>
internal sealed class ModelPublisher(PerformancePredictor initial)
{
    private const int Kept = 512;
    private readonly PerformancePredictor?[] _kept = new PerformancePredictor?[Kept];
    private volatile PerformancePredictor _current = initial;

    public PerformancePredictor Current => _current;

    /// <summary>Replaces the model; the version must grow.</summary>
    public void Publish(PerformancePredictor next)
    {
        if (next.Version <= _current.Version)
        {
            throw new ArgumentException($"Model version {next.Version} does not follow {_current.Version}.", nameof(next));
        }

        _current = next;
        _kept[next.Version % Kept] = next;
    }

    /// <summary>Finds one of the latest models by its version; null if it is not kept any more.</summary>
    public PerformancePredictor? Find(int version) =>
        _current is { } current && current.Version == version ? current : _kept[version % Kept] is { } kept && kept.Version == version ? kept : null;
}
