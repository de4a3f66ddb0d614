using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Concurrency;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Orleans.Silos;

/// <summary>Keeps the latest report of each silo. Very many silos get samples of each other, so that what a report takes does not grow with their number.</summary>
[Reentrant]
internal sealed class CatalogGrain(IOptions<OrleansWorkerOptions> options, TimeProvider time) : Grain, ICatalogGrain
{
    /// <summary>The most silos in an answer.</summary>
    public const int MostSilos = 64;

    /// <summary>The intervals after which a silo that says nothing is not counted.</summary>
    public const int MissedIntervals = 5;

    // However often silos report: a pause of the garbage collector is no death.
    private static readonly TimeSpan LeastSilence = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, (SiloReport Report, long At)> _silos = new(StringComparer.Ordinal);
    private ClusterView? _sums;
    private ulong _asked;

    public Task<ClusterView> ReportAsync(SiloReport report)
    {
        // A silo that was started again has another address; the one of the same name before is gone.
        foreach (var (address, (old, _)) in _silos.Where(s => s.Value.Report.Name == report.Name && s.Key != report.Address).ToList())
        {
            _silos.Remove(address);
        }

        _silos[report.Address] = (report, time.GetTimestamp());
        _sums = null;
        return GetAsync();
    }

    public Task<ClusterView> GetAsync()
    {
        var longest = options.Value.ReportInterval * MissedIntervals;
        longest = longest > LeastSilence ? longest : LeastSilence;
        foreach (var (address, (_, at)) in _silos.Where(s => time.GetElapsedTime(s.Value.At) > longest).ToList())
        {
            _silos.Remove(address);
            _sums = null;
        }

        var reports = _silos.Values.Select(s => s.Report).ToList();
        _sums ??= Sums(reports);
        return Task.FromResult(_sums with { Silos = reports.Count <= MostSilos ? [.. reports] : Sample(reports, new SeededRandom(0x636174616cUL, _asked++)) });
    }

    internal static ClusterView Sums(IReadOnlyList<SiloReport> reports)
    {
        var tenants = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (tenant, seconds) in reports.SelectMany(r => r.TenantSeconds))
        {
            tenants[tenant] = tenants.GetValueOrDefault(tenant) + seconds;
        }

        return new ClusterView
        {
            SiloCount = reports.Count, Concurrency = reports.Sum(r => r.IsDraining ? 0 : r.Concurrency), BacklogSeconds = reports.Sum(r => r.BacklogSeconds), TenantSeconds = tenants,
            Waiting = reports.Sum(r => r.Waiting), Running = reports.Sum(r => r.Running), Ended = reports.Sum(r => r.Ended),
        };
    }

    /// <summary>A sample without repetition (the first steps of Fisher and Yates).</summary>
    internal static SiloReport[] Sample(List<SiloReport> reports, SeededRandom random)
    {
        for (var i = 0; i < MostSilos; i++)
        {
            var j = i + random.Next(reports.Count - i);
            (reports[i], reports[j]) = (reports[j], reports[i]);
        }

        return [.. reports.Take(MostSilos)];
    }
}
