namespace PredictiveOrchestration.Routing;

/// <summary>
/// Keeps exploration safe: for every strategy, the time spent on explored runs, what unfinished ones may still take included, is at every moment at most a
/// share of the time that runs of the greedy choice really took. What the greedy choice would have taken in place of an explored run counts as nothing, so the rule
/// holds whatever the backends do (conservative bandits: Wu et al., arXiv:1602.04282; Kazerouni et al., arXiv:1611.06426). Paid runs come out of a budget of
/// their own. Thread-safe.
/// </summary>
internal sealed class ExplorationLedger(double share, decimal budget)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Account> _accounts = new(StringComparer.Ordinal);
    private decimal _money;

    /// <summary>What may be put at stake now.</summary>
    public (double Seconds, decimal Money) Available(string strategy)
    {
        if (share == 0)
        {
            return (0, 0);
        }

        lock (_lock)
        {
            return _accounts.TryGetValue(strategy, out var account) ? (Math.Max(0, account.Room(share)), Math.Max(0, budget - _money)) : (0, 0);
        }
    }

    /// <summary>Puts time and money at stake; false, and nothing done, if there is no room.</summary>
    public bool TryStake(string strategy, double seconds, decimal money)
    {
        lock (_lock)
        {
            if (!_accounts.TryGetValue(strategy, out var account) || account.Room(share) < seconds || (money > 0 && budget - _money < money))
            {
                return false;
            }

            account.Pending += seconds;
            _money += money;
            return true;
        }
    }

    /// <summary>Replaces a stake by what the explored run really took and cost.</summary>
    public void Settle(string strategy, double stakedSeconds, decimal stakedMoney, double seconds, decimal money)
    {
        lock (_lock)
        {
            var account = _accounts[strategy];
            account.Pending = Math.Max(0, account.Pending - stakedSeconds);
            account.Explored += double.IsFinite(seconds) ? Math.Max(0, seconds) : stakedSeconds;
            account.Runs++;
            _money += money - stakedMoney;
        }
    }

    /// <summary>Adds what a run of the greedy choice really took.</summary>
    public void Greedy(string strategy, double seconds)
    {
        if (share == 0 || !(seconds > 0) || !double.IsFinite(seconds))
        {
            return;
        }

        lock (_lock)
        {
            if (!_accounts.TryGetValue(strategy, out var account))
            {
                _accounts.Add(strategy, account = new Account());
            }

            account.Baseline += seconds;
        }
    }

    /// <summary>The time of greedy and of explored runs, and the number of the latter.</summary>
    public (double Baseline, double Explored, long Runs) Totals(string strategy)
    {
        lock (_lock)
        {
            return _accounts.TryGetValue(strategy, out var account) ? (account.Baseline, account.Explored, account.Runs) : default;
        }
    }

    private sealed class Account
    {
        public double Baseline { get; set; }

        public double Explored { get; set; }

        public double Pending { get; set; }

        public long Runs { get; set; }

        public double Room(double share) => (share * Baseline) - Explored - Pending;
    }
}
