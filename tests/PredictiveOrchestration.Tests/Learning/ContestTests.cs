using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Learning;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.Tests.Telemetry;

namespace PredictiveOrchestration.Tests.Learning;

public sealed class ContestTests
{
    private static readonly CostBasis Dense = CostBasisCatalog.Get("dense");
    private static readonly CircuitProfile[] Profiles = [.. Enumerable.Range(2, 12).Select(n => CircuitProfiler.Profile(RandomFamilies.Random(n, n)))];

    [Theory]
    [InlineData(0.0, false)]
    [InlineData(0.02, false)]
    [InlineData(0.3, true)]
    public void Refuse_ChallengerWorseOnTheSameRuns_OnlyBeyondNoise(double worse, bool refused)
    {
        var random = new Random(3);
        var contest = new Contest();
        var heldOut = new Dictionary<TrainingRow, double>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < 100; i++)
        {
            var row = Row("a", 1, i);
            var error = random.NextDouble() - 0.5;
            contest.Note(row, error);
            heldOut.Add(row, Math.Sign(error) * (Math.Abs(error) + worse) + (0.1 * (random.NextDouble() - 0.5)));
        }

        (contest.Refuse(Model(1), Model(1), heldOut) is not null).Should().Be(refused);
    }

    [Fact]
    public void Refuse_NoisyRunsOfWhichFewAreWorse_IsNot()
    {
        // A mean that is 0.1 worse because of one run is chance.
        var contest = new Contest();
        var heldOut = new Dictionary<TrainingRow, double>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < 30; i++)
        {
            var row = Row("a", 1, i);
            contest.Note(row, 0.1);
            heldOut.Add(row, i == 0 ? 3 : 0.1);
        }

        contest.Refuse(Model(1), Model(1), heldOut).Should().BeNull();
    }

    [Fact]
    public void Refuse_ChallengerThatTurnsChoicesBetweenBackends_IsRefused()
    {
        // Backend a takes 1 s of its unit, b takes 2: a is the right choice.
        var pinned = Pinned(aScale: 1, bScale: 2);
        var others = new PerformancePredictor(1, [new("a", Model(1)), new("b", Model(2))]);
        pinned.Refuse("a", Model(1), Model(1.3), others).Should().BeNull("the order stays");
        pinned.Refuse("a", Model(1), Model(3), others).Should().Contain("12 times");
        pinned.Refuse("b", Model(2), Model(0.5), others).Should().Contain("12 times", "a new model of either backend may turn the choice");
        pinned.Refuse("a", Model(3), Model(1), others).Should().BeNull("it puts choices right");
        pinned.Refuse("c", Model(3), Model(1), others).Should().BeNull("a backend that shares no job");
    }

    [Fact]
    public void Refuse_BackendsThatTakeAboutTheSame_MayChangeOrder()
    {
        var others = new PerformancePredictor(1, [new("a", Model(1)), new("b", Model(1.1))]);
        Pinned(aScale: 1, bScale: 1.1).Refuse("a", Model(1), Model(3), others).Should().BeNull();
    }

    [Fact]
    public async Task Refits_ByCount_ComeAtFiftyDoublingThenAtTheFrequency()
    {
        var ring = new TelemetryRingBuffer(16);
        var publisher = new ModelPublisher(new PerformancePredictor(0, []));
        await using var loop = new LearningLoop(ring, publisher, [], new LearningOptions { ModelUpdateFrequency = 250 }, null, NullLogger.Instance);
        var fitted = new List<int>();
        var random = new Random(1);
        for (var i = 1; i <= 500; i++)
        {
            var before = loop.FitsTried;
            var profile = Profiles[random.Next(Profiles.Length)];
            ring.TryWrite(TelemetryRingBufferTests.Record(100, "a", 1e-4 * profile.GateCount * Math.Exp(0.1 * random.NextDouble()), ExecutionOutcome.Completed, profile));
            await loop.FlushAsync();
            if (loop.FitsTried > before)
            {
                fitted.Add((int)loop.RecordsLearned);
            }
        }

        fitted.Should().Equal(50, 100, 200, 250, 500);
    }

    [Fact]
    public async Task Turn_ManyRecords_LearnsAsOneByOneAndPublishesOnce()
    {
        const int records = 40;
        var (ring, publisher) = (new TelemetryRingBuffer(64), new ModelPublisher(new PerformancePredictor(0, [])));
        var (single, each) = (new TelemetryRingBuffer(64), new ModelPublisher(new PerformancePredictor(0, [])));
        await using var loop = new LearningLoop(ring, publisher, [], new LearningOptions(), null, NullLogger.Instance);
        await using var other = new LearningLoop(single, each, [], new LearningOptions(), null, NullLogger.Instance);
        var random = new Random(2);
        for (var i = 0; i < records; i++)
        {
            var profile = Profiles[random.Next(Profiles.Length)];
            var record = TelemetryRingBufferTests.Record(100, i % 3 == 0 ? "a" : "b", 1e-4 * profile.GateCount * Math.Exp(0.1 * random.NextDouble()), ExecutionOutcome.Completed, profile);
            ring.TryWrite(record);
            single.TryWrite(record);
            await other.FlushAsync();
        }

        loop.Turn();
        publisher.Current.Version.Should().BeInRange(1, records - 1, "now and then where learning takes long, else once");
        each.Current.Version.Should().Be(records);
        foreach (var id in new[] { "a", "b" })
        {
            var (model, same) = (publisher.Current.ModelOf(id, "dense"), each.Current.ModelOf(id, "dense"));
            (model.Observations, model.Bias, model.Predict(Drivers().Terms, Drivers().Features)).Should().Be((same.Observations, same.Bias, same.Predict(Drivers().Terms, Drivers().Features)));
        }

        static JobDrivers Drivers() => JobDrivers.Of(Dense, Profiles[4], new JobShape(100, 1, 0, 0));
    }

    [Fact]
    public async Task Publish_ReadersMeanwhile_SeeAllModelsOfOneImport()
    {
        var publisher = new ModelPublisher(new PerformancePredictor(0, []));
        await using var loop = new LearningLoop(new TelemetryRingBuffer(4), publisher, [], new LearningOptions(), null, NullLogger.Instance);
        using var done = new CancellationTokenSource();
        var reader = Task.Run(() =>
        {
            var torn = 0;
            while (!done.IsCancellationRequested)
            {
                var models = publisher.Current.Models.Select(m => m.Value.Observations).ToList();
                torn += models.Count is not 0 and not 3 || models.Distinct().Count() > 1 ? 1 : 0;
            }

            return torn;
        });
        for (var i = 1; i <= 2000; i++)
        {
            loop.Import(new[] { "a", "b", "c" }.ToDictionary(id => id, _ => new LearnedBackend(0, Model(1) with { Observations = i }, [], [])));
        }

        await done.CancelAsync();
        (await reader).Should().Be(0);
    }

    private static PinnedJobs Pinned(double aScale, double bScale)
    {
        var pinned = new PinnedJobs();
        for (var i = 0; i < 36; i++)
        {
            pinned.Add(Row("a", aScale, i % 12));
            pinned.Add(Row("b", bScale, i % 12));
        }

        return pinned;
    }

    private static BackendModel Model(double scale)
    {
        // Far from zero: fitted to rows that take the prior's time, scaled.
        var rows = Enumerable.Range(0, 12).Select(i => Row("x", scale, i)).ToList();
        return BackendModel.Prior(Dense) with { Analytic = AnalyticCostModel.Fit(Dense, rows) };
    }

    private static TrainingRow Row(string backend, double scale, int i)
    {
        var profile = Profiles[i % 12];
        var shape = new JobShape(100, 1, 0, 0);
        var drivers = JobDrivers.Of(Dense, profile, shape);
        return new TrainingRow(backend, Dense.Name, drivers.Terms, drivers.Features, scale * AnalyticCostModel.Prior(Dense).Predict(drivers.Terms), false)
        {
            Kin = drivers.Kin, Job = JobDrivers.JobOf(profile, shape),
        };
    }
}
