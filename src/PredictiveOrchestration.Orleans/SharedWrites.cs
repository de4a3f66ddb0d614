namespace PredictiveOrchestration.Orleans;

/// <summary>Lets many callers of one grain share writes: those that come while one is under way go into the next one together. For one grain, on its scheduler.</summary>
/// <param name="write">Takes what is to be written as it is now, and writes it.</param>
internal sealed class SharedWrites(Func<Task> write)
{
    private Task _writing = Task.CompletedTask;
    private Task? _next;

    /// <summary>Ends when what was to be written before is written; fails with the write.</summary>
    public Task LatestAsync() => _next ?? _writing;

    /// <summary>Ends when what is in memory now is written; fails with the write.</summary>
    public Task WriteAsync()
    {
        return _next ??= Next(_writing);

        async Task Next(Task before)
        {
            await Task.Yield();
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            (_writing, _next) = (_next!, null);
            await write();
        }
    }
}
