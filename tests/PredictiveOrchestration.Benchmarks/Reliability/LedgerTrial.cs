using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Costs;

namespace PredictiveOrchestration.Benchmarks.Reliability;

/// <summary>
/// The budget ledger under fire: a hundred concurrent submitters in a child process that is killed again and again, a provider that
/// accepts jobs of which every twentieth answer is lost, until all jobs are dealt with. Then the ledger is compared with the provider's invoice.
/// </summary>
internal static class LedgerTrial
{
    private const int Submitters = 100;
    private const decimal LostShare = 0.05m;

    /// <summary>Runs the trial.</summary>
    /// <param name="args">[--jobs N=100000] [--kills K=8] [--seed S=1].</param>
    /// <returns>0 if every rule held.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var jobs = Number(args, "--jobs", 100_000);
        var kills = Number(args, "--kills", 8);
        var seed = Number(args, "--seed", 1);
        var folder = Directory.CreateTempSubdirectory("ledger-trial").FullName;
        var random = new SeededRandom((ulong)seed);
        var start = Stopwatch.GetTimestamp();
        try
        {
            var killed = 0;
            for (var done = false; !done;)
            {
                using var child = Process.Start(ChildProcess.With("ledger-child", folder, $"{jobs}", $"{seed}"))!;
                var deadline = killed < kills ? TimeSpan.FromMilliseconds(300 + random.Next(900)) : TimeSpan.FromMinutes(10);
                using var source = new CancellationTokenSource(deadline);
                try
                {
                    await child.WaitForExitAsync(source.Token);
                    done = child.ExitCode == 0 ? true : throw new InvalidOperationException($"The submitting process failed by itself, with status {child.ExitCode}.");
                }
                catch (OperationCanceledException)
                {
                    child.Kill();
                    await child.WaitForExitAsync();
                    killed++;
                }
            }

            return await ReportAsync(folder, jobs, killed, Stopwatch.GetElapsedTime(start));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    /// <summary>The process that submits: reconciles what an earlier life left open, then works through the jobs that are left.</summary>
    public static async Task<int> ChildAsync(string[] args)
    {
        var (folder, jobs, seed) = (args[0], int.Parse(args[1], CultureInfo.InvariantCulture), ulong.Parse(args[2], CultureInfo.InvariantCulture));
        using var provider = new Provider(folder);
        await using var ledger = new BudgetLedger("USD", Caps(jobs), Path.Combine(folder, "ledger.db"));
        foreach (var open in await ledger.GetOpenReservationsAsync())
        {
            await (provider.Charged(open.Key) is { } amount ? ledger.SettleAsync(open.Key, amount) : ledger.ReleaseAsync(open.Key));
        }

        var known = await KnownAsync(folder);
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Submitters).Select(_ => Task.Run(async () =>
        {
            for (var job = Interlocked.Increment(ref next); job < jobs; job = Interlocked.Increment(ref next))
            {
                var key = $"job-{job}";
                if (known.Contains(key))
                {
                    continue;
                }

                var actual = Math.Round(0.5m + (decimal)Philox.Double(seed, (ulong)job, 0), 2);
                var most = Math.Round(actual * (1 + 0.3m * (decimal)Philox.Double(seed, (ulong)job, 1)), 2);
                if (await ledger.TryReserveAsync(new SpendRequest(key, most, "device", $"team-{job % 7}")) is not null)
                {
                    continue;
                }

                provider.Submit(key, actual);
                if ((decimal)Philox.Double(seed, (ulong)job, 2) < LostShare)
                {
                    // The answer is lost: nobody may guess. Later the provider is asked.
                    await ledger.HoldAsync(key);
                    await ledger.SettleAsync(key, provider.Charged(key)!.Value);
                }
                else
                {
                    await ledger.SettleAsync(key, actual);
                }
            }
        })));
        return 0;
    }

    private static async Task<int> ReportAsync(string folder, int jobs, int killed, TimeSpan took)
    {
        decimal reserved = 0, spent = 0, highest = 0;
        var open = new Dictionary<string, decimal>();
        using (var store = new LedgerStore(Path.Combine(folder, "ledger.db"), "USD"))
        {
            foreach (var entry in store.Begin(0))
            {
                if (entry.Kind == LedgerEntryKind.Reserve)
                {
                    open.Add(entry.Key, entry.Amount);
                    reserved += entry.Amount;
                }
                else if (entry.Kind is LedgerEntryKind.Settle or LedgerEntryKind.Release)
                {
                    open.Remove(entry.Key, out var amount);
                    reserved -= amount;
                    spent += entry.Amount;
                }

                highest = Math.Max(highest, reserved + spent);
            }
        }

        var cap = Caps(jobs)[0].Limit;
        var invoice = (await File.ReadAllLinesAsync(Provider.PathIn(folder))).Sum(l => decimal.Parse(l.Split(' ')[1], CultureInfo.InvariantCulture));
        (string Rule, bool Held)[] rules =
        [
            ("the cap was never exceeded", highest <= cap),
            ("at least 97 % of the budget was used", spent >= 0.97m * cap),
            ("ledger and invoice agree to the cent", spent == invoice),
            ("nothing is left open", open.Count == 0),
        ];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{jobs} jobs, {Submitters} submitters, {LostShare:P0} lost answers, killed {killed} times, {took.TotalSeconds:F1} s"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"cap {cap}, highest spent + reserved {highest}, spent {spent} ({spent / cap:P2}), invoice {invoice}"));
        foreach (var (rule, held) in rules)
        {
            Console.WriteLine($"{(held ? "held  " : "BROKEN")} {rule}");
        }

        return rules.All(r => r.Held) ? 0 : 1;
    }

    private static BudgetCap[] Caps(int jobs) => [new(BudgetScope.Total, jobs * 0.6m), new(BudgetScope.Job, 2)];

    private static async Task<HashSet<string>> KnownAsync(string folder)
    {
        using var store = new LedgerStore(Path.Combine(folder, "ledger.db"), "USD");
        var known = store.Begin(0).Select(e => e.Key).ToHashSet();
        store.Rollback();
        await Task.Yield();
        return known;
    }

    private static int Number(string[] args, string name, int otherwise)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
    }

    /// <summary>The other side: charges what it accepts, in a file that outlives the child, and can be asked by key.</summary>
    private sealed class Provider : IDisposable
    {
        private readonly Lock _lock = new();
        private readonly FileStream _file;
        private readonly Dictionary<string, decimal> _charged = [];

        public Provider(string folder)
        {
            if (File.Exists(PathIn(folder)))
            {
                foreach (var line in File.ReadAllLines(PathIn(folder)))
                {
                    var parts = line.Split(' ');
                    _charged.Add(parts[0], decimal.Parse(parts[1], CultureInfo.InvariantCulture));
                }
            }

            _file = new FileStream(PathIn(folder), FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }

        public static string PathIn(string folder) => Path.Combine(folder, "invoice.txt");

        public void Submit(string key, decimal amount)
        {
            lock (_lock)
            {
                _charged.Add(key, amount);
                _file.Write(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{key} {amount}\n")));
            }
        }

        public decimal? Charged(string key)
        {
            lock (_lock)
            {
                return _charged.TryGetValue(key, out var amount) ? amount : null;
            }
        }

        public void Dispose() => _file.Dispose();
    }
}
