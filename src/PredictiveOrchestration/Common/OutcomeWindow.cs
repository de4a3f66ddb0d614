namespace PredictiveOrchestration.Common;

/// <summary>Counts failures among the latest outcomes. Not thread-safe.</summary>
/// <param name="size">The number of outcomes that count.</param>
internal sealed class OutcomeWindow(int size)
{
    private readonly Queue<bool> _outcomes = new();

    public int Count => _outcomes.Count;

    public int Failures { get; private set; }

    public void Add(bool succeeded)
    {
        _outcomes.Enqueue(succeeded);
        Failures += succeeded ? 0 : 1;
        if (_outcomes.Count > size)
        {
            Failures -= _outcomes.Dequeue() ? 0 : 1;
        }
    }

    public void Clear()
    {
        _outcomes.Clear();
        Failures = 0;
    }
}
