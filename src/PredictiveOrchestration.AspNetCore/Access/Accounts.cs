namespace PredictiveOrchestration.AspNetCore.Access;

/// <summary>What each owner has spent here, and what is set aside for jobs under way: reserved before a job is accepted, settled once, with its end. Thread-safe.</summary>
internal sealed class Accounts
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (decimal Spent, decimal Reserved)> _accounts = new(StringComparer.Ordinal);

    public Accounts(IEnumerable<(string Owner, decimal Spent)> spent)
    {
        foreach (var (owner, amount) in spent)
        {
            _accounts[owner] = (amount, 0);
        }
    }

    /// <summary>Sets money aside.</summary>
    /// <returns>Null, or what is left if that is too little.</returns>
    public decimal? TryReserve(string owner, decimal amount, decimal? budget)
    {
        lock (_lock)
        {
            var (spent, reserved) = _accounts.GetValueOrDefault(owner);
            if (budget is { } limit && amount > 0 && spent + reserved + amount > limit)
            {
                return Math.Max(0, limit - spent - reserved);
            }

            _accounts[owner] = (spent, reserved + amount);
            return null;
        }
    }

    /// <summary>Frees what was set aside and books what the job cost.</summary>
    public void Settle(string owner, decimal reserved, decimal cost)
    {
        lock (_lock)
        {
            var account = _accounts.GetValueOrDefault(owner);
            _accounts[owner] = (account.Spent + cost, account.Reserved - reserved);
        }
    }

    public (decimal Spent, decimal Reserved) Of(string owner)
    {
        lock (_lock)
        {
            return _accounts.GetValueOrDefault(owner);
        }
    }
}
