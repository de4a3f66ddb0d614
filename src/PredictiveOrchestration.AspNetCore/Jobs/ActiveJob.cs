using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.Jobs;

/// <summary>A job that waits or runs. Thread-safe.</summary>
internal sealed class ActiveJob(JobRecord record, WireSubmission? wire, Circuit? circuit, long keptBytes) : IQueued, IDisposable
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile JobRecord _record = record;
    private bool _taken;

    public JobRecord Record => _record;

    /// <summary>The circuit, or null if it is to be read from the store.</summary>
    public Circuit? Circuit { get; set; } = circuit;

    /// <summary>What was asked for, or null if it is to be read from the store.</summary>
    public WireSubmission? Wire { get; set; } = wire;

    /// <summary>The bytes booked for keeping the circuit.</summary>
    public long KeptBytes => keptBytes;

    /// <summary>Whether the store has it as begun already.</summary>
    public bool IsMarked { get; set; }

    /// <inheritdoc/>
    public string Owner => _record.Owner;

    /// <inheritdoc/>
    public double ExpectedSeconds => _record.PredictedSeconds;

    /// <summary>Its place in its owner's line.</summary>
    public long Place { get; set; }

    public CancellationTokenSource Cancellation { get; } = new();

    /// <summary>Whether its owner wants it cancelled.</summary>
    public bool IsCancelled { get; private set; }

    /// <summary>Whether its owner wants it gone once it has ended.</summary>
    public bool IsDeleted { get; set; }

    /// <summary>Ends when the job's end is written.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Takes the job for running or for ending it while it waits: only one of them gets it.</summary>
    public bool TryTake()
    {
        lock (_lock)
        {
            return !_taken && (_taken = true);
        }
    }

    public JobRecord Change(Func<JobRecord, JobRecord> change)
    {
        lock (_lock)
        {
            var changed = change(_record);
            return _record = changed with { Version = _record.Version + 1 };
        }
    }

    /// <summary>Asks for the end.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            if (_record.State.IsFinal())
            {
                return;
            }

            IsCancelled = true;
        }

        Cancellation.Cancel();
    }

    public void SignalEnd() => _ended.TrySetResult();

    public void Dispose() => Cancellation.Dispose();
}
