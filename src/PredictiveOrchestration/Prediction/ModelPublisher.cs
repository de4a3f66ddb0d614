namespace PredictiveOrchestration.Prediction;

/// <summary>Holds the current model; readers take it once for each decision. Thread-safe.</summary>
internal sealed class ModelPublisher(PerformancePredictor initial)
{
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
    }
}
