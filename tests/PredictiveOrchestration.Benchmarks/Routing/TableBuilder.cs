using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>
/// Measures the all-arms table in rounds: each goes over all jobs and runs each once on each backend, so that the repeats of a run are minutes apart and one of them falls into a time when
/// the machine is as quick as it can be, whatever its neighbours do meanwhile. What a folder already holds is not measured again.
/// </summary>
internal sealed class TableBuilder(IReadOnlyList<IQuantumBackend> backends, string folder, double cutoff)
{
    private const int GroupSize = 12;
    private const int MaxRepeats = 7, LongRepeats = 4, StoppedRepeats = 2;
    private const long MemoryBytes = 3L << 30;
    private static readonly TimeSpan CalibrationBudget = new PredictiveOrchestratorOptions().CalibrationBudget;

    /// <summary>Measures what is missing until the time is up, and writes the table.</summary>
    /// <returns>The number of jobs still to be measured.</returns>
    public async Task<int> BuildAsync(IReadOnlyList<RoutingJob> jobs, TimeSpan limit)
    {
        var start = Stopwatch.GetTimestamp();
        var known = File.Exists(Path.Combine(folder, "description.txt")) ? RoutingTable.Read(folder) : null;
        var rows = (known?.Rows ?? []).ToDictionary(r => r.Id, StringComparer.Ordinal);

        // Calibration warms the engines up; it is kept the first time a backend is seen.
        var calibration = (known?.Calibration ?? []).ToList();
        var seen = calibration.SelectMany(r => r.Arms.Keys).ToHashSet(StringComparer.Ordinal);
        calibration.AddRange((await CalibrateAsync(backends)).Where(r => !r.Arms.Keys.Any(seen.Contains)));
        foreach (var job in jobs.Take(8))
        {
            // The profiler, too, is timed when warm.
            for (var k = 0; k < 50; k++)
            {
                CircuitProfiler.Profile(job.Make());
            }
        }

        var left = jobs.Where(job => !rows.TryGetValue(job.Id, out var row) || backends.Any(b => !row.Arms.ContainsKey(b.Descriptor.Id))).Select(job => new Measured(job, rows.GetValueOrDefault(job.Id))).ToList();
        for (var round = 0; round < MaxRepeats; round++)
        {
            foreach (var group in left.Chunk(GroupSize).TakeWhile(_ => Stopwatch.GetElapsedTime(start) < limit))
            {
                GC.Collect();
                foreach (var job in group)
                {
                    await MeasureAsync(job);
                }
            }
        }

        var done = left.Where(m => m.Profile is not null).ToList();
        foreach (var measured in done)
        {
            rows[measured.Job.Id] = RowOf(measured);
        }

        var table = new RoutingTable
        {
            Cutoff = cutoff,
            Backends = [.. (known?.Backends ?? []).Where(k => !backends.Any(b => b.Descriptor.Id == k.Id)), .. backends.Select(b => new TableBackend(b.Descriptor.Id, b.Descriptor.CostModel, b.Descriptor.MaxThreads))],
            Rows = [.. jobs.Where(j => rows.ContainsKey(j.Id)).Select(j => rows[j.Id])],
            Calibration = calibration,
        };
        table.Write(folder);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done.Count} jobs measured in {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s, {left.Count - done.Count} left"));
        return left.Count - done.Count;
    }

    /// <summary>Profiles all jobs of the table anew, as when the profile has got new values; times are kept.</summary>
    public static void Reprofile(string folder, IReadOnlyList<RoutingJob> jobs, IReadOnlyList<IQuantumBackend> backends)
    {
        var table = RoutingTable.Read(folder);
        var byId = jobs.ToDictionary(j => j.Id, StringComparer.Ordinal);
        var rows = table.Rows.Where(r => byId.ContainsKey(r.Id)).Select(r => (Row: r, Circuit: byId[r.Id].Make())).ToArray();
        var seconds = new ProfileTime[rows.Length];
        Array.Fill(seconds, ProfileTime.Longest);
        for (var repeat = 0; repeat < MaxRepeats; repeat++)
        {
            // In turn, as when runs are measured: no circuit is in the caches from the time before.
            GC.Collect();
            for (var i = 0; i < rows.Length; i++)
            {
                seconds[i] = seconds[i].Least(Time(rows[i].Circuit, out _));
            }
        }

        new RoutingTable
        {
            Cutoff = table.Cutoff,
            Backends = table.Backends,
            Rows = [.. rows.Select((r, i) => Profiled(r.Row, r.Circuit, backends) with { ProfileSeconds = seconds[i].Profile, SketchSeconds = seconds[i].Sketch })],
            Calibration = [.. table.Calibration.Select(r => backends.FirstOrDefault(b => r.Arms.ContainsKey(b.Descriptor.Id)) is ICalibratable c && int.Parse(r.Id.Split('-')[^1], CultureInfo.InvariantCulture) is var i && i < c.CalibrationWorkloads.Count
                ? Profiled(r, c.CalibrationWorkloads[i].Circuit, backends) : r)],
        }.Write(folder);
    }

    private static ProfileTime Time(Circuit circuit, out CircuitProfile profile)
    {
        var start = Stopwatch.GetTimestamp();
        var begun = CircuitProfiler.Begin(circuit);
        var took = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        profile = CircuitProfiler.WithChain(circuit, begun);
        return new ProfileTime(took, ReferenceEquals(profile, begun) ? 0 : Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static TableRow Profiled(TableRow row, Circuit circuit, IEnumerable<IQuantumBackend> backends)
    {
        var profile = CircuitProfiler.Profile(circuit);
        return row with { Profile = profile, Planned = PlannedColumn.Of(backends, circuit, profile) };
    }

    private static async Task<IEnumerable<TableRow>> CalibrateAsync(IReadOnlyList<IQuantumBackend> backends) =>
        (await new CalibrationRunner(TimeProvider.System, NullLogger.Instance).TimeAsync(backends, CalibrationBudget, default)).Select(t =>
        {
            var (id, circuit) = (t.Backend.Descriptor.Id, t.Workload.Circuit);
            var at = ((ICalibratable)t.Backend).CalibrationWorkloads.ToList().IndexOf(t.Workload);
            var profile = CircuitProfiler.Profile(circuit);
            return new TableRow($"calibration-{id}-{at}", "calibration", profile, t.Workload.Shots, 0, 0, new Dictionary<string, Arm> { [id] = new(ArmStatus.Ok, [t.Seconds]) })
            {
                Planned = PlannedColumn.Of([t.Backend], circuit, profile),
            };
        });

    // Once more on each backend that is to be run again.
    private async Task MeasureAsync(Measured measured)
    {
        measured.Time = measured.Time.Least(Time(measured.Circuit, out measured.Profile));
        foreach (var backend in backends)
        {
            var id = backend.Descriptor.Id;
            if (measured.Known?.Arms.ContainsKey(id) == true)
            {
                continue;
            }

            if (!measured.Arms.TryGetValue(id, out var runs))
            {
                measured.Arms[id] = runs = new Runs();
            }

            if (runs.Count < Repeats(runs))
            {
                await RunAsync(backend, measured.Circuit, measured.Profile, measured.Job.Shots, runs);
            }
        }
    }

    private TableRow RowOf(Measured measured)
    {
        var (job, profile) = (measured.Job, measured.Profile!);
        var arms = new Dictionary<string, Arm>(measured.Known?.Arms ?? new Dictionary<string, Arm>(), StringComparer.Ordinal);
        foreach (var (id, runs) in measured.Arms)
        {
            arms[id] = new Arm(runs.Status, [.. runs.Seconds]) { HalfDone = runs.HalfDone };
        }

        return new TableRow(job.Id, job.Family, profile, job.Shots, measured.Time.Profile, measured.Time.Sketch, arms) { Planned = PlannedColumn.Of(backends, measured.Circuit, profile) };
    }

    // Short runs cost little to repeat; long ones need some as well, for they may all fall into times when the machine is slow. One that was stopped when half of the job was done may be done at another time.
    private static int Repeats(Runs runs) => runs.Status switch
    {
        ArmStatus.Ok => runs.Seconds.Count > 0 && runs.Seconds.Min() > 0.3 ? LongRepeats : MaxRepeats,
        ArmStatus.Timeout when runs.HalfDone <= runs.Seconds.Min() => StoppedRepeats,
        _ => 1,
    };

    private async Task RunAsync(IQuantumBackend backend, Circuit circuit, CircuitProfile profile, int shots, Runs runs)
    {
        runs.Count++;
        var capabilities = backend.Descriptor.Capabilities;
        if (profile.NumQubits > capabilities.MaxQubits || (capabilities.CliffordOnly && profile.Features!.CliffordCount < profile.GateCount))
        {
            runs.Status = ArmStatus.NotApplicable;
            return;
        }

        var half = new HalfTime(circuit);
        var request = new ExecutionRequest
        {
            Circuit = circuit, Shots = shots, Seed = 1, Progress = half,
            Limits = new ExecutionLimits { Time = TimeSpan.FromSeconds(cutoff), MemoryBytes = MemoryBytes },
        };
        var start = Stopwatch.GetTimestamp();
        try
        {
            var result = await backend.ExecuteAsync(request);
            if (runs.Status == ArmStatus.Timeout)
            {
                runs.Seconds.Clear();
            }

            runs.Status = ArmStatus.Ok;
            runs.Seconds.Add(result.Timings.Service.TotalSeconds);
            
            // Without a word in between half of it was done at the end at the latest.
            runs.HalfDone = Math.Min(runs.HalfDone, Math.Min(half.SecondsFrom(start), result.Timings.Service.TotalSeconds));
        }
        catch (BackendException exception)
        {
            var isTimeout = exception.Kind == BackendErrorKind.TimeLimit;
            if (isTimeout && runs is { Status: ArmStatus.Ok, Seconds.Count: > 0 })
            {
                // A run that ended says more than a later one that a busy machine stopped.
                return;
            }

            runs.Status = exception.Kind switch
            {
                BackendErrorKind.TimeLimit => ArmStatus.Timeout,
                BackendErrorKind.OutOfMemory => ArmStatus.Memout,
                BackendErrorKind.Unsupported => ArmStatus.NotApplicable,
                _ => ArmStatus.Crash,
            };
            if (isTimeout)
            {
                runs.Seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                runs.HalfDone = Math.Min(runs.HalfDone, half.SecondsFrom(start));
            }
        }
    }

    // The runs of a job on a backend so far.
    private sealed class Runs
    {
        public ArmStatus Status;

        public int Count;

        public double HalfDone = double.PositiveInfinity;

        public List<double> Seconds { get; } = [];
    }

    // When half of a job is done.
    private sealed class HalfTime(Circuit circuit) : IProgress<ExecutionProgress>
    {
        private readonly bool _isOnePass = circuit.IsMeasuredAtEnd(out _);
        private long _at;

        public void Report(ExecutionProgress value)
        {
            if (_at == 0 && value.IsHalfDone(_isOnePass))
            {
                _at = Stopwatch.GetTimestamp();
            }
        }

        // Infinite where it never came so far.
        public double SecondsFrom(long start) => _at > 0 ? Stopwatch.GetElapsedTime(start, _at).TotalSeconds : double.PositiveInfinity;
    }

    // A job on its way into the table, with what the table has of it already.
    private sealed class Measured(RoutingJob job, TableRow? known)
    {
        public RoutingJob Job => job;

        public TableRow? Known => known;

        public Circuit Circuit { get; } = job.Make();

        public CircuitProfile? Profile;

        public ProfileTime Time = ProfileTime.Longest;

        public Dictionary<string, Runs> Arms { get; } = new(StringComparer.Ordinal);
    }

    // Seconds of profiling a circuit, and of the sketch that is left for later.
    private readonly record struct ProfileTime(double Profile, double Sketch)
    {
        public static ProfileTime Longest => new(double.PositiveInfinity, double.PositiveInfinity);

        public ProfileTime Least(ProfileTime other) => new(Math.Min(Profile, other.Profile), Math.Min(Sketch, other.Sketch));
    }
}
