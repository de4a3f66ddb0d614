using PredictiveOrchestration.Backends;

namespace CircuitRunner;

/// <summary>One line on standard error that shows how far a run has come; silent if the run is short or standard error is not a terminal.</summary>
internal sealed class ProgressBar(string title, TimeProvider time) : IProgress<ExecutionProgress>, IDisposable
{
    private const int Width = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(0.5);
    private readonly long _start = time.GetTimestamp();
    private readonly Lock _lock = new();
    private int _shown = -1;
    private bool _closed;

    public void Report(ExecutionProgress value)
    {
        if (Console.IsErrorRedirected || time.GetElapsedTime(_start) < Patience)
        {
            return;
        }

        var operations = value.OperationsTotal == 0 ? 1.0 : (double)value.OperationsDone / value.OperationsTotal;
        var shots = value.ShotsTotal == 0 ? 0.0 : (double)value.ShotsDone / value.ShotsTotal;
        var percent = (int)(100 * Math.Clamp(Math.Max(operations * 0.9, shots), 0, 1));
        lock (_lock)
        {
            if (!_closed && percent > _shown)
            {
                _shown = percent;
                var filled = Width * percent / 100;
                Console.Error.Write($"\r{title} [{new string('#', filled)}{new string('.', Width - filled)}] {percent,3} %");
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (!_closed && _shown >= 0)
            {
                Console.Error.Write($"\r{new string(' ', title.Length + Width + 9)}\r");
            }

            _closed = true;
        }
    }
}
