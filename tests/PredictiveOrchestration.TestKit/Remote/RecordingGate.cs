using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.TestKit.Remote;

/// <summary>Books money in memory, at once, and refuses what the ledger would.</summary>
public sealed class RecordingGate : ISpendGate
{
    private readonly Lock _lock = new();

    public Dictionary<string, decimal> Reserved { get; } = [];

    public Dictionary<string, decimal> Settled { get; } = [];

    public HashSet<string> Released { get; } = [];

    public HashSet<string> Held { get; } = [];

    public ValueTask ReserveAsync(SpendRequest request, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (!Reserved.TryAdd(request.Key, request.Amount))
            {
                throw new ArgumentException($"'{request.Key}' is reserved already.");
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask SettleAsync(string key, decimal amount, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (!Reserved.ContainsKey(key) || !Settled.TryAdd(key, amount))
            {
                throw new ArgumentException($"'{key}' cannot be settled.");
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask ReleaseAsync(string key, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            Released.Add(key);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask HoldAsync(string key, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            Held.Add(key);
        }

        return ValueTask.CompletedTask;
    }
}
