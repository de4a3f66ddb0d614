using System.Globalization;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>How a backend fared with a job.</summary>
internal enum ArmStatus
{
    /// <summary>It ran to the end.</summary>
    Ok,

    /// <summary>It was stopped at the cut-off.</summary>
    Timeout,

    /// <summary>It ran out of memory.</summary>
    Memout,

    /// <summary>It cannot run the circuit at all.</summary>
    NotApplicable,

    /// <summary>It failed otherwise.</summary>
    Crash,
}

/// <summary>The runs of one job on one backend.</summary>
/// <param name="Status">How they ended.</param>
/// <param name="Seconds">The times of the repeats in the order they were taken; of a stopped run the time until then.</param>
internal sealed record Arm(ArmStatus Status, double[] Seconds)
{
    /// <summary>The shortest time.</summary>
    public double Best { get; } = Seconds.Length == 0 ? double.NaN : Seconds.Min();

    /// <summary>The shortest time until half of the job was done; infinite where none came so far.</summary>
    public double HalfDone { get; init; } = double.PositiveInfinity;

    /// <summary>The median time.</summary>
    public double Median { get; } = Seconds.Length == 0 ? double.NaN : Seconds.Order().ElementAt(Seconds.Length / 2);

    /// <summary>The longest it may take in an attempt: a run that has half of the job done at the limit goes on.</summary>
    public double LimitOf(PlannedAttempt attempt) => (HalfDone <= attempt.Limit?.TotalSeconds ? attempt.LimitIfHalfDone : attempt.Limit)?.TotalSeconds ?? double.PositiveInfinity;

    /// <summary>The shortest of every other repeat, beginning with the first or the second: two of one kind, for A/A comparisons.</summary>
    public double Half(int which) => Seconds.Length < 2 ? Best : Seconds.Where((_, i) => i % 2 == which).Min();
}

/// <summary>A job with what each backend took.</summary>
/// <param name="Id">The job.</param>
/// <param name="Family">Its family.</param>
/// <param name="Profile">The circuit's profile.</param>
/// <param name="Shots">The shots.</param>
/// <param name="ProfileSeconds">What profiling took.</param>
/// <param name="SketchSeconds">What the sketch of a matrix product state took besides, which is made only where it may change the choice; 0 where it is part of the profile.</param>
/// <param name="Arms">By backend.</param>
internal sealed record TableRow(string Id, string Family, CircuitProfile Profile, int Shots, double ProfileSeconds, double SketchSeconds, IReadOnlyDictionary<string, Arm> Arms)
{
    /// <summary>The profile as it is before that: the same where the sketch is part of it.</summary>
    public CircuitProfile RoughProfile { get; } = SketchSeconds > 0 ? Profile with { Features = Profile.Features! with { ChainWork = RoughChain.Amounts(RoughChain.Of(Profile)), IsChainRough = true } } : Profile;

    /// <summary>What backends planned, by cost basis, and the seconds that took.</summary>
    public IReadOnlyList<(PlannedWork Work, double Seconds)> Planned { get; init; } = [];

    /// <summary>The profile with what was planned on some bases.</summary>
    public CircuitProfile With(Func<PlannedWork, double, bool> which) => Profile with { Planned = [.. Planned.Where(p => which(p.Work, p.Seconds)).Select(p => p.Work)] };

    /// <summary>What is asked of a backend.</summary>
    public JobShape Shape(int threads) => new(Shots, threads, 0, 0);
}

/// <summary>
/// The all-arms table in the layout of ASlib: algorithm_runs.csv (one line a run), feature_values.csv, feature_costs.csv, cv.csv, and beside them
/// the calibration workloads, which models may learn from on every split.
/// </summary>
internal sealed class RoutingTable
{
    private const string CalibrationFamily = "calibration";

    /// <summary>The cut-off in seconds.</summary>
    public required double Cutoff { get; init; }

    /// <summary>The backends with their cost bases and threads.</summary>
    public required IReadOnlyList<TableBackend> Backends { get; init; }

    /// <summary>The jobs in the order in which they were measured.</summary>
    public required IReadOnlyList<TableRow> Rows { get; init; }

    /// <summary>The calibration workloads: one arm each.</summary>
    public required IReadOnlyList<TableRow> Calibration { get; init; }

    /// <summary>Reads a folder.</summary>
    public static RoutingTable Read(string folder)
    {
        var description = File.ReadLines(Path.Combine(folder, "description.txt")).Select(l => l.Split(": ", 2)).ToLookup(p => p[0], p => p[1]);
        var cutoff = Number(description["algorithm_cutoff_time"].Single());
        var arms = new Dictionary<string, Dictionary<string, Arm>>(StringComparer.Ordinal);
        foreach (var group in Lines(folder, "algorithm_runs.csv").Skip(1).Select(l => l.Split(',')).GroupBy(c => (c[0], c[2])))
        {
            if (!arms.TryGetValue(group.Key.Item1, out var of))
            {
                arms[group.Key.Item1] = of = new Dictionary<string, Arm>(StringComparer.Ordinal);
            }

            var status = Enum.Parse<ArmStatus>(group.Last()[4].Replace("_", string.Empty, StringComparison.Ordinal), true);
            double[] seconds = [.. group.Where(c => c[3].Length > 0).Select(c => Number(c[3]))];
            of[group.Key.Item2] = new Arm(status, seconds) { HalfDone = group.Last() is { Length: > 5 } last && last[5].Length > 0 ? Number(last[5]) : double.PositiveInfinity };
        }

        var costs = Lines(folder, "feature_costs.csv").Skip(1).Select(l => l.Split(',')).ToDictionary(c => c[0], c => (Profile: Number(c[2]), Sketch: c.Length > 3 ? Number(c[3]) : 0), StringComparer.Ordinal);
        var lines = Lines(folder, "feature_values.csv").ToList();
        var header = lines[0].Split(',');
        var rows = new List<TableRow>();
        foreach (var cells in lines.Skip(1).Select(l => l.Split(',')))
        {
            var columns = new Dictionary<string, string>(StringComparer.Ordinal);
            for (var i = 4; i < header.Length; i++)
            {
                columns[header[i]] = cells[i];
            }

            if (arms.TryGetValue(cells[0], out var of))
            {
                var cost = costs.GetValueOrDefault(cells[0]);
                rows.Add(new TableRow(cells[0], cells[2], ProfileColumns.Read(columns), int.Parse(cells[3], CultureInfo.InvariantCulture), cost.Profile, cost.Sketch, of) { Planned = PlannedColumn.Read(columns.GetValueOrDefault("Planned", string.Empty)) });
            }
        }

        return new RoutingTable
        {
            Cutoff = cutoff,
            Backends = [.. description["backend"].Select(TableBackend.Parse)],
            Rows = [.. rows.Where(r => r.Family != CalibrationFamily)],
            Calibration = [.. rows.Where(r => r.Family == CalibrationFamily)],
        };
    }

    /// <summary>The first jobs of the shuffled table that say something: four in five of 1 ms or more. Of each arm the shortest of either half of its repeats is kept.</summary>
    public RoutingTable Sample(int jobs)
    {
        var solvable = Rows.Where(Scoring.IsSolvable).ToLookup(r => Scoring.VirtualBest(r) >= 0.001);
        var taken = solvable[true].Take(jobs * 4 / 5).Concat(solvable[false].Take(jobs / 5)).Select(r => r.Id).ToHashSet(StringComparer.Ordinal);
        static TableRow Halve(TableRow row) => row with
        {
            Arms = row.Arms.ToDictionary(a => a.Key, a => a.Value.Seconds.Length < 2 ? a.Value : a.Value with { Seconds = [a.Value.Half(0), a.Value.Half(1)] }),
        };
        return new RoutingTable { Cutoff = Cutoff, Backends = Backends, Rows = [.. Rows.Where(r => taken.Contains(r.Id)).Select(Halve)], Calibration = [.. Calibration.Select(Halve)] };
    }

    /// <summary>Writes a folder, with random, family and size folds.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        var all = Calibration.Concat(Rows).ToList();
        File.WriteAllLines(Path.Combine(folder, "description.txt"),
        [
            "scenario_id: predictive-orchestration", "performance_measures: runtime", "maximize: false", "performance_type: runtime",
            $"algorithm_cutoff_time: {Cutoff.ToString(CultureInfo.InvariantCulture)}", .. Backends.Select(b => $"backend: {b}"),
        ]);
        File.WriteAllLines(Path.Combine(folder, "algorithm_runs.csv"), all.SelectMany(RunLines).Prepend("instance_id,repetition,algorithm,runtime,runstatus,half_done"));
        File.WriteAllLines(Path.Combine(folder, "feature_values.csv"), all.Select(FeatureLine).Prepend($"instance_id,repetition,family,shots,{string.Join(',', ProfileColumns.Names)},Planned"));
        File.WriteAllLines(Path.Combine(folder, "feature_costs.csv"), all.Select(r => $"{r.Id},1,{Text(r.ProfileSeconds)},{Text(r.SketchSeconds)}").Prepend("instance_id,repetition,profile,chain"));
        var random = Splits.Random(Rows, 5, 1);
        var families = Splits.Families(Rows, 5, 1);
        File.WriteAllLines(Path.Combine(folder, "cv.csv"), Rows.Select((r, i) => $"{r.Id},1,{random[i] + 1},{families[i] + 1}").Prepend("instance_id,repetition,fold,family_fold"));
    }

    private static IEnumerable<string> RunLines(TableRow row) => row.Arms.SelectMany(a => a.Value.Seconds.Length == 0
        ? [$"{row.Id},1,{a.Key},,{Text(a.Value.Status)},"]
        : a.Value.Seconds.Select((s, i) => $"{row.Id},{i + 1},{a.Key},{Text(s)},{Text(a.Value.Status)},{(double.IsFinite(a.Value.HalfDone) ? Text(a.Value.HalfDone) : string.Empty)}"));

    private static string FeatureLine(TableRow row) => $"{row.Id},1,{row.Family},{row.Shots},{string.Join(',', ProfileColumns.Write(row.Profile))},{PlannedColumn.Write(row.Planned)}";

    private static IEnumerable<string> Lines(string folder, string name) => File.ReadLines(Path.Combine(folder, name)).Where(l => l.Length > 0);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(double seconds) => seconds.ToString("G5", CultureInfo.InvariantCulture);

    private static string Text(ArmStatus status) => status == ArmStatus.NotApplicable ? "not_applicable" : status.ToString().ToLowerInvariant();
}

/// <summary>A backend as the table names it.</summary>
/// <param name="Id">The id.</param>
/// <param name="CostModel">The cost basis.</param>
/// <param name="Threads">The threads it may use.</param>
internal sealed record TableBackend(string Id, string CostModel, int Threads)
{
    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static TableBackend Parse(string text)
    {
        var parts = text.Split(' ');
        return new TableBackend(parts[0], parts[1], int.Parse(parts[2], CultureInfo.InvariantCulture));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id} {CostModel} {Threads}");
}
