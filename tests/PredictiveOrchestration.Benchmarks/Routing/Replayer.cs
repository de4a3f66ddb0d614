using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Learning;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>A prediction for an arm, and what came.</summary>
internal readonly record struct Forecast(TableRow Row, string Backend, double Seconds, double Lower, double Upper, double Actual, double Noise);

/// <summary>What replaying a split gave: choices by policy, and forecasts for every arm that finished.</summary>
internal sealed record Replayed(Dictionary<string, List<Choice>> Choices, List<Forecast> Forecasts);

/// <summary>Trains models on a part of the table and lets routers choose on the rest.</summary>
internal sealed class Replayer(RoutingTable table, ModelParts parts = ModelParts.Default, ModelComplexity? complexity = null)
{
    private const double MemoryBytes = 3L << 30;

    // What it takes to stop a run.
    private const double StopSeconds = 2e-4;
    private static readonly TimeSpan WarmUpTime = TimeSpan.FromSeconds(2);
    private static bool _isWarm;
    private readonly BackendDescriptor[] _descriptors = [.. table.Backends.Select(b => new BackendDescriptor
    {
        Id = b.Id, CostModel = b.CostModel, MaxThreads = b.Threads, DisplayName = b.Id, Type = BackendType.LocalDenseTensor, IsLocal = true,
        Capabilities = new BackendCapabilities { MaxQubits = int.MaxValue, IsExact = true },
    })];

    private readonly IBackendRouter[] _routers = [new PredictiveRouter(), new AdaptiveRouter(), new PerformanceOptimizedRouter(), new CostOptimizedRouter(), new BalancedRouter()];

    /// <summary>Trains on the jobs of other folds and chooses for each fold in turn; fold -1 is always learned from.</summary>
    /// <param name="splits">The fold of each job, and whether intervals and biases follow the results of held-out jobs, one by one; models stay as they are.</param>
    public Replayed[] Held(params (int[] Folds, bool Adapt)[] splits)
    {
        var results = Array.ConvertAll(splits, _ => new Replayed([], []));
        var folds = splits.SelectMany((split, s) => split.Folds.Where(f => f >= 0).Distinct().Order().Select(fold => (Split: s, Fold: fold, Train: Rows(split.Folds, f => f != fold)))).ToArray();

        // All are fitted before the first choice is timed.
        foreach (var ((split, fold, train), fitted) in folds.Zip(Fit([.. folds.Select(f => f.Train)])))
        {
            var predictor = fitted;
            var held = Rows(splits[split].Folds, f => f == fold);
            WarmUp(predictor, train);
            foreach (var row in held)
            {
                Choose(predictor, row, results[split]);
                if (splits[split].Adapt)
                {
                    predictor = new PerformancePredictor(predictor.Version + 1, _descriptors.Select(d => KeyValuePair.Create(
                        d.Id, TrainingRows([row], d).SingleOrDefault() is { } observed ? predictor.ModelOf(d.Id, d.CostModel).With(observed) : predictor.ModelOf(d.Id, d.CostModel))));
                }
            }

            AddBaselines(train, held, results[split]);
        }

        return results;
    }

    private List<TableRow> Rows(int[] folds, Func<int, bool> isIn) => [.. table.Rows.Where((_, i) => isIn(folds[i]))];

    // Deciding is timed as in a process that runs: the split that came first was the one that waited for the compiler, a third of a percent of its jobs' time.
    private void WarmUp(PerformancePredictor predictor, List<TableRow> rows)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; !_isWarm && Stopwatch.GetElapsedTime(start) < WarmUpTime; i++)
        {
            Choose(predictor, rows[i % rows.Count], new Replayed([], []));
        }

        _isWarm = true;
    }

    /// <summary>Every job with models from calibration alone.</summary>
    public Replayed Cold()
    {
        var result = new Replayed([], []);
        var predictor = new PerformancePredictor(1, ModelBuilder.Calibrated(Calibration()));
        foreach (var row in table.Rows)
        {
            Choose(predictor, row, result);
        }

        return result;
    }

    /// <summary>Jobs in the order of the table, from calibration on, learning from the chosen arm alone by the library's own loop.</summary>
    public async Task<Replayed> ChronologicalAsync()
    {
        var result = new Replayed([], []);
        var ring = new TelemetryRingBuffer(16);
        var publisher = new ModelPublisher(new PerformancePredictor(1, ModelBuilder.Calibrated(Calibration())));
        await using var loop = new LearningLoop(ring, publisher, Calibration(), new LearningOptions(), null, NullLogger.Instance);
        foreach (var row in table.Rows)
        {
            var (profile, attempts) = Choose(publisher.Current, row, result, learned: true);
            foreach (var attempt in attempts)
            {
                var chosen = attempt.Ranked.Candidate;
                if (row.Arms.TryGetValue(chosen.Backend.Id, out var arm) && arm.Seconds.Length > 0)
                {
                    ring.TryWrite(Record(row, profile, chosen, arm, arm.LimitOf(attempt)));
                    await loop.FlushAsync();
                }
            }
        }

        return result;
    }

    private ExecutionRecord Record(TableRow row, CircuitProfile profile, RoutingCandidate chosen, Arm arm, double limit) => new()
    {
        Timestamp = DateTimeOffset.UnixEpoch, BackendId = chosen.Backend.Id, CostModel = chosen.Backend.CostModel, Strategy = "replay",
        Outcome = arm.Status == ArmStatus.Ok && arm.Best <= limit ? ExecutionOutcome.Completed : ExecutionOutcome.TimedOut, Profile = profile, Shots = row.Shots, Threads = chosen.Backend.MaxThreads,
        ServiceTime = TimeSpan.FromSeconds(Math.Min(limit, arm.Status == ArmStatus.Ok ? arm.Best : table.Cutoff)), ModelVersion = 0,
        PredictedSeconds = chosen.Prediction.Seconds.Median, PredictedLowerSeconds = chosen.Prediction.Seconds.Lower, PredictedUpperSeconds = chosen.Prediction.Seconds.Upper,
    };

    // Backends of all folds side by side.
    private IEnumerable<PerformancePredictor> Fit(List<TableRow>[] training)
    {
        var models = new KeyValuePair<string, BackendModel>[training.Length * _descriptors.Length];
        var next = -1;
        void Work()
        {
            for (int at; (at = Interlocked.Increment(ref next)) < models.Length;)
            {
                var d = _descriptors[at % _descriptors.Length];
                var rows = TrainingRows(training[at / _descriptors.Length], d);
                models[at] = new(d.Id, ModelBuilder.Fit(d.CostModel, [.. Calibration().Where(c => c.BackendId == d.Id)], rows, [], rows.Count, 1, complexity, parts));
            }
        }

        // Not on the pool's threads, which the trainer of forests hands work to and waits for.
        Task.WaitAll([.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))]);
        return models.Chunk(_descriptors.Length).Select(m => new PerformancePredictor(1, m));
    }

    private List<TrainingRow> Calibration() => [.. _descriptors.SelectMany(d => TrainingRows(table.Calibration, d))];

    /// <summary>Every run of the table by backend, as models see it.</summary>
    public IEnumerable<IGrouping<string, TrainingRow>> ObservedRows() => _descriptors.SelectMany(d => TrainingRows(table.Rows, d)).GroupBy(r => r.BackendId);

    private List<TrainingRow> TrainingRows(IEnumerable<TableRow> rows, BackendDescriptor backend)
    {
        var basis = CostBasisCatalog.Get(backend.CostModel);
        var result = new List<TrainingRow>();
        foreach (var row in rows)
        {
            if (row.Arms.TryGetValue(backend.Id, out var arm) && arm.Status is ArmStatus.Ok or ArmStatus.Timeout)
            {
                // A job is learned from as it was decided on: planned where that paid, which calibration always does.
                var isCalibration = row.Family == "calibration";
                var best = Scoring.IsSolvable(row) ? Scoring.VirtualBest(row) : table.Cutoff;
                var planned = row.With((_, seconds) => isCalibration || WorkForecasts.IsShort(seconds, best));
                foreach (var profile in isCalibration && planned.Planned.Length > 0 ? (CircuitProfile[])[row.Profile, planned] : [planned])
                {
                    var drivers = JobDrivers.Of(basis, profile, row.Shape(backend.MaxThreads));
                    result.Add(new TrainingRow(backend.Id, basis.Name, drivers.Terms, drivers.Features, arm.Status == ArmStatus.Ok ? arm.Best : table.Cutoff, arm.Status != ArmStatus.Ok) { Kin = drivers.Kin });
                }
            }
        }

        return result;
    }

    private (CircuitProfile Profile, List<PlannedAttempt> Attempts) Choose(PerformancePredictor predictor, TableRow row, Replayed result, bool learned = false)
    {
        BackendDescriptor[] able = [.. _descriptors.Where(d => row.Arms.TryGetValue(d.Id, out var arm) && arm.Status != ArmStatus.NotApplicable)];

        // By processor time: what others on the machine take away is not the decision's.
        var start = ThreadTime.Microseconds;
        var (predictions, profile, planning) = Predict(predictor, row, able);
        var candidates = new List<RoutingCandidate>(predictions.Length);
        foreach (var prediction in predictions)
        {
            if (prediction.PeakBytes.Lower <= MemoryBytes)
            {
                candidates.Add(new RoutingCandidate { Prediction = prediction, Cost = new CostEstimate(0, 0, 0, "USD"), SuccessRate = 1, InFlight = 0 });
            }
        }

        var predicting = row.ProfileSeconds + planning + ThreadTime.SecondsSince(start);
        foreach (var decided in predictions)
        {
            // What could not change the choice is predicted in full for those who read it.
            var prediction = decided.IsRough ? predictor.Predict(decided.Backend, row.Profile, row.Shape(decided.Backend.MaxThreads)) : decided;
            if (row.Arms[prediction.Backend.Id] is { Status: ArmStatus.Ok } arm)
            {
                result.Forecasts.Add(new Forecast(row, prediction.Backend.Id, prediction.Seconds.Median, prediction.Seconds.Lower, prediction.Seconds.Upper, arm.Best, Math.Exp(Math.Abs(Math.Log(arm.Half(0) / arm.Half(1))))));
            }
        }

        List<PlannedAttempt>? taken = null;
        foreach (var router in _routers.Take(learned ? 1 : _routers.Length))
        {
            start = ThreadTime.Microseconds;
            var plan = candidates.Count == 0 ? [] : AttemptPlan.Of(router.Rank(new RoutingContext { Candidates = candidates, CostWeight = 0.3, PerformanceWeight = 0.7, CostThreshold = 0.1m, Deadline = null }), true);
            var deciding = predicting + ThreadTime.SecondsSince(start);
            var (stopped, last) = Run(row, plan);
            taken ??= plan[..(last + 1)];
            Add(result, router.Name, new Choice(row, last < 0 ? null : plan[last].Ranked.Candidate.Backend.Id, deciding) { StoppedSeconds = stopped, PlanningSeconds = planning, Plan = plan });
        }

        return (profile with { Features = row.Profile.Features }, taken ?? []);
    }

    // From the profile, of which the engines share what all ask; then those again that go by a sketch or are asked to plan, which takes as long as it took when the table was made.
    private static (BackendPrediction[] Predictions, CircuitProfile Profile, double PlanningSeconds) Predict(PerformancePredictor predictor, TableRow row, BackendDescriptor[] able)
    {
        var predictions = new BackendPrediction[able.Length];
        var (profile, planning) = (row.RoughProfile, 0.0);
        var shared = new SharedDrivers(profile, row.Shots);
        for (var i = 0; i < able.Length; i++)
        {
            var model = predictor.ModelOf(able[i].Id, able[i].CostModel);
            predictions[i] = PerformancePredictor.Predict(able[i], profile, model, JobDrivers.Of(model.Analytic.Basis, shared, row.Shape(able[i].MaxThreads)));
        }

        var rough = Array.FindIndex(predictions, p => p.IsRough);
        if (rough >= 0 && WorkForecasts.IsWorthSketching(predictions, rough, ChainSketch.Seconds(profile)))
        {
            (profile, planning) = (row.Profile, row.SketchSeconds);
            predictions[rough] = predictor.Predict(able[rough], profile, row.Shape(able[rough].MaxThreads));
        }

        var asked = new bool[able.Length];
        BackendPrediction?[] plannable = Array.ConvertAll(predictions, p => p.IsRough ? null : p);
        foreach (var (work, seconds) in row.Planned)
        {
            for (var i = 0; i < able.Length; i++)
            {
                if (able[i].CostModel == work.CostModel && plannable[i] is not null && WorkForecasts.IsWorth(plannable, i, seconds))
                {
                    (asked[i], profile, planning) = (true, profile with { Planned = profile.Planned.Add(work) }, planning + seconds);
                }
            }
        }

        for (var i = 0; i < able.Length; i++)
        {
            predictions[i] = asked[i] ? predictor.Predict(able[i], profile, row.Shape(able[i].MaxThreads)) : predictions[i];
        }

        return (predictions, profile, planning);
    }

    // Tries the attempts one by one; what was stopped beyond the cut-off is not known, and counts as unsolved.
    private (double Stopped, int Last) Run(TableRow row, List<PlannedAttempt> plan)
    {
        var stopped = 0.0;
        for (var i = 0; i < plan.Count; i++)
        {
            var arm = row.Arms[plan[i].Ranked.Candidate.Backend.Id];
            var limit = arm.LimitOf(plan[i]);
            if ((arm.Status == ArmStatus.Ok && arm.Best <= limit) || (arm.Status == ArmStatus.Timeout && limit > table.Cutoff) || i == plan.Count - 1)
            {
                return (stopped, i);
            }

            // A refusal for memory comes before the run.
            stopped += arm.Status == ArmStatus.Memout ? 0 : limit + StopSeconds;
        }

        return (stopped, -1);
    }

    private void AddBaselines(IReadOnlyList<TableRow> train, IReadOnlyList<TableRow> test, Replayed result)
    {
        var naive = _descriptors.ToDictionary(d => d.Id, d => NaiveForest.Train(train, d.Id, table.Cutoff), StringComparer.Ordinal);
        var dense = _descriptors.First(d => d.CostModel == "dense").Id;
        var stabilizer = _descriptors.FirstOrDefault(d => d.CostModel == "stabilizer")?.Id;
        foreach (var row in test)
        {
            foreach (var d in _descriptors)
            {
                Add(result, $"always {d.Id}", new Choice(row, d.Id, 0));
            }

            var isClifford = stabilizer is not null && row.Arms.TryGetValue(stabilizer, out var arm) && arm.Status != ArmStatus.NotApplicable;
            Add(result, "Clifford → stabilizer, else dense", new Choice(row, isClifford ? stabilizer : dense, 0));
            Add(result, "naive forest, raw seconds", new Choice(row, row.Arms.Where(a => a.Value.Status != ArmStatus.NotApplicable).MinBy(a => naive[a.Key].Predict(NaiveForest.Features(row)).Mean).Key, row.ProfileSeconds));
        }
    }

    private static void Add(Replayed result, string policy, Choice choice)
    {
        if (!result.Choices.TryGetValue(policy, out var list))
        {
            result.Choices[policy] = list = [];
        }

        list.Add(choice);
    }
}

/// <summary>The baseline that everyone writes first: a forest on qubits, depth, gates and entanglement that predicts seconds.</summary>
internal static class NaiveForest
{
    public static FlatForest Train(IReadOnlyList<TableRow> rows, string backend, double cutoff)
    {
        var arms = rows.Where(r => r.Arms.TryGetValue(backend, out var a) && a.Status is ArmStatus.Ok or ArmStatus.Timeout).ToList();
        return FlatForest.Train([.. arms.Select(Features)], [.. arms.Select(r => (float)(r.Arms[backend].Status == ArmStatus.Ok ? r.Arms[backend].Best : cutoff))], ModelComplexity.Default, 1);
    }

    public static float[] Features(TableRow row) => [row.Profile.NumQubits, row.Profile.CircuitDepth, row.Profile.GateCount, (float)row.Profile.EntanglementComplexity];
}
