using Microsoft.Win32.SafeHandles;

namespace PredictiveOrchestration.AspNetCore.Jobs;

/// <summary>
/// Brings an SQLite file's write-ahead log onto the disk, on a thread of its own: whoever asks while it is busy shares the next time. SQLite itself keeps no lock
/// on the log's file, so that a handle of one's own does no harm.
/// </summary>
internal sealed class LogSynchroniser : IDisposable
{
    private readonly Action<SafeFileHandle> _synchronise;
    private readonly SafeFileHandle _log;
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _wake = new(0);
    private TaskCompletionSource<Exception?>? _next;
    private bool _ends;
    private volatile string? _trouble;

    public LogSynchroniser(string path, Action<SafeFileHandle> synchronise)
    {
        _synchronise = synchronise;

        // Windows synchronises only what may be written.
        _log = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        _thread = new Thread(Run) { IsBackground = true, Name = "job store disk" };
        _thread.Start();
    }

    /// <summary>Why what was written may not be on the disk, or null. Once it is so it stays so: systems forget what they could not write.</summary>
    public string? Trouble => _trouble;

    /// <summary>Asks that everything written until now be on the disk.</summary>
    /// <returns>Ends when it is, with null, or with what happened instead; the log is not to be written then.</returns>
    public Task<Exception?> Ask()
    {
        lock (_lock)
        {
            if (_next is null)
            {
                _next = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
                _wake.Release();
            }

            return _next.Task;
        }
    }

    /// <summary>Serves what was asked for, and ends.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _ends = true;
        }

        _wake.Release();
        _thread.Join();
        _wake.Dispose();
        _log.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            _wake.Wait();
            TaskCompletionSource<Exception?>? asked;
            lock (_lock)
            {
                (asked, _next) = (_next, null);
                if (asked is null && _ends)
                {
                    return;
                }
            }

            if (asked is null)
            {
                continue;
            }

            Exception? failure = null;
            try
            {
                _synchronise(_log);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                failure = exception;
                _trouble = $"What was written could not be brought onto the disk ({exception.Message}). Restart the worker when the disk is in order.";
            }

            asked.SetResult(failure);
        }
    }
}
