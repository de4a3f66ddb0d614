using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Learning;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.Tests.Telemetry;

namespace PredictiveOrchestration.Tests.Learning;

public sealed class PersistenceTests : IDisposable
{
    private const int Head = 8 + 4 + SHA256.HashSizeInBytes;
    private readonly string _directory = Directory.CreateTempSubdirectory("po-learning-").FullName;

    private string Models => Path.Combine(_directory, "models.bin");

    public void Dispose() => Directory.Delete(_directory, true);

    [Fact]
    public async Task Restart_SameFolder_PredictsBitForBitTheSameWithoutFitting()
    {
        Dictionary<int, Estimate> before;
        await using (var first = new Learner(_directory))
        {
            await first.RunAsync(130, seed: 1);
            first.Loop.ModelsTrained.Should().BeGreaterThan(0);
            before = first.Predictions();
        }

        await using var second = new Learner(_directory);
        second.Loop.ModelsTrained.Should().Be(0, "the model itself was kept");
        second.Predictions().Should().Equal(before);
        await second.RunAsync(70, seed: 2);
        second.Loop.ModelsTrained.Should().Be(1, "the 200th run is counted over the restart");
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("flipped")]
    [InlineData("text")]
    [InlineData("empty")]
    [InlineData("foreign")]
    [InlineData("version")]
    public async Task Restart_DamagedOrForeignFile_IsSetAsideWithAWarning(string damage)
    {
        await using (var first = new Learner(_directory))
        {
            await first.RunAsync(60, seed: 1);
        }

        File.Delete(Path.Combine(_directory, "observations.jsonl"));
        var bytes = await File.ReadAllBytesAsync(Models);
        var changed = damage switch
        {
            "cut" => bytes[..(bytes.Length / 2)],
            "flipped" => [.. bytes[..5000], (byte)(bytes[5000] ^ 4), .. bytes[5001..]],
            "text" => "not a model"u8.ToArray(),
            "empty" => [],
            "version" => [.. bytes[..8], 99, 0, 0, 0, .. bytes[12..]],
            _ => Foreign(bytes),
        };
        await File.WriteAllBytesAsync(Models, changed);
        var log = new ListLogger();
        await using var second = new Learner(_directory, log);
        log.Warnings.Should().ContainSingle(w => w.Contains("set aside", StringComparison.Ordinal));
        File.Exists(Models + ".damaged").Should().BeTrue();
        second.Publisher.Current.Models.Should().BeEmpty();
        await second.RunAsync(5, seed: 2);
        second.Loop.RecordsLearned.Should().Be(5);
    }

    [Fact]
    public async Task Restart_ModelFileLost_IsFittedFromTheRows()
    {
        await using (var first = new Learner(_directory))
        {
            await first.RunAsync(60, seed: 1);
        }

        File.Delete(Models);
        await using var second = new Learner(_directory);
        second.Publisher.Current.Models.Single().Value.Observations.Should().Be(60);
        second.Publisher.Current.Models.Single().Value.Residual.Should().NotBeNull();
    }

    [Fact]
    public async Task Read_BytesChangedBehindAValidChecksum_AreRefusedOrHarmless()
    {
        await using var learner = new Learner(null);
        await learner.RunAsync(60, seed: 1);
        var bytes = learner.Loop.Export();
        var random = new Random(17);
        var refused = 0;
        for (var round = 0; round < 400; round++)
        {
            var changed = (byte[])bytes.Clone();
            for (var k = 0; k < 1 + round % 3; k++)
            {
                changed[random.Next(Head, changed.Length)] = (byte)random.Next(256);
            }

            SHA256.HashData(changed.AsSpan(Head), changed.AsSpan(Head - SHA256.HashSizeInBytes));
            try
            {
                foreach (var (id, backend) in LearnedState.Read(changed, anyMachine: true))
                {
                    var predictor = new PerformancePredictor(1, [new(id, backend.Model)]);
                    foreach (var (profile, job) in Learner.Jobs)
                    {
                        predictor.Predict(Learner.Dense with { Id = id }, profile, job);
                    }
                }
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }

        refused.Should().BeGreaterThan(10, "seed 17");
    }

    [Fact]
    public async Task Folder_SeveralWritersAtOnce_LosesNoRun()
    {
        var learners = Enumerable.Range(0, 4).Select(_ => new Learner(_directory, options: new LearningOptions { ModelUpdateFrequency = 1_000_000 })).ToList();
        await Task.WhenAll(learners.Select((l, i) => Task.Run(() => l.RunAsync(300, seed: i))));
        var crowd = new ListLogger();
        await Task.WhenAll(learners.Select(l => l.DisposeAsync().AsTask()));
        await using var last = new Learner(_directory, crowd);
        crowd.Warnings.Should().BeEmpty();
        LearnedState.Read(last.Loop.Export(), false).Single().Value.Rows.Should().HaveCount(1200);
        last.Publisher.Current.Models.Single().Value.Observations.Should().Be(300, "of several models of a backend one counts");
    }

    [Fact]
    public async Task Folder_MoreWritersThanSlots_LearnWithoutKeeping()
    {
        var slots = Enumerable.Range(0, 16).Select(_ => StateSlot.Take(_directory, NullLogger.Instance)!).ToList();
        var log = new ListLogger();
        await using (var learner = new Learner(_directory, log))
        {
            await learner.RunAsync(3, seed: 1);
            learner.Loop.RecordsLearned.Should().Be(3);
        }

        log.Warnings.Should().ContainSingle(w => w.Contains("cannot be kept", StringComparison.Ordinal));
        slots.ForEach(s => s.Dispose());
        using var free = StateSlot.Take(_directory, NullLogger.Instance);
        free.Should().NotBeNull("slots of processes that ended are free");
    }

    [Fact]
    public async Task Files_ManyRuns_StayBounded()
    {
        await using (var learner = new Learner(_directory, options: new LearningOptions { ModelUpdateFrequency = 1_000_000, KeptRows = 100, ReservoirSize = 100 }))
        {
            await learner.RunAsync(1500, seed: 1, fits: false);
            learner.Loop.RecordsLearned.Should().Be(1500);
            LearnedState.Read(learner.Loop.Export(), false).Single().Value.Rows.Should().HaveCount(100);
        }

        new FileInfo(Path.Combine(_directory, "observations.jsonl")).Length.Should().BeLessThan(100 * 1024 + 300 * 2048);
        var log = new ListLogger();
        await using var next = new Learner(_directory, log, new LearningOptions { ReservoirSize = 100 });
        log.Warnings.Should().BeEmpty("shortening leaves whole lines");
    }

    [Fact]
    public async Task RollBack_AfterAFit_PredictsAsBeforeIt()
    {
        await using var learner = new Learner(_directory);
        await learner.RunAsync(99, seed: 1);
        var before = learner.Publisher.Current.Models.Single().Value;
        await learner.RunAsync(1, seed: 2);
        learner.Loop.ModelsTrained.Should().Be(2);
        learner.Publisher.Current.Models.Single().Value.Residual.Should().NotBeSameAs(before.Residual);
        var version = learner.Publisher.Current.Version;
        learner.Loop.RollBack(Learner.Dense.Id).Should().BeTrue();
        learner.Publisher.Current.Models.Single().Value.Residual.Should().BeSameAs(before.Residual);
        learner.Publisher.Current.Version.Should().Be(version + 1, "a version never comes back");
        learner.Loop.RollBack(Learner.Dense.Id).Should().BeTrue("the model before anything was fitted is kept too");
        learner.Loop.RollBack(Learner.Dense.Id).Should().BeFalse();
        learner.Loop.RollBack("another").Should().BeFalse();
    }

    [Fact]
    public async Task ExportImport_AnotherOrchestrator_PredictsTheSameAndCanUndoIt()
    {
        await using var one = await StartedAsync();
        for (var i = 0; i < 60; i++)
        {
            await one.ExecuteAsync(States.Ghz(4 + i % 5), new OrchestrationRequest { Backend = "local-sparse" });
        }

        await one.FlushLearningAsync();
        using var stream = new MemoryStream();
        await one.ExportModelsAsync(stream);
        await using var two = await StartedAsync();
        var request = new OrchestrationRequest { Backend = "local-sparse", Shots = 77 };
        var before = two.GetRoutingRecommendation(States.W(6), request).ExpectedPerformance.Seconds;
        var bytes = stream.ToArray();
        var damaged = () => two.ImportModelsAsync(new MemoryStream(bytes[..^1]));
        await damaged.Should().ThrowAsync<InvalidDataException>().WithMessage("*cannot be imported*checksum*");
        var foreign = () => two.ImportModelsAsync(new MemoryStream(Foreign(bytes)));
        await foreign.Should().ThrowAsync<InvalidDataException>().WithMessage("*another machine*");
        two.GetRoutingRecommendation(States.W(6), request).ExpectedPerformance.Seconds.Should().Be(before);

        await two.ImportModelsAsync(new MemoryStream(Foreign(bytes)), anyMachine: true);
        two.GetRoutingRecommendation(States.W(6), request).ExpectedPerformance.Should().BeEquivalentTo(one.GetRoutingRecommendation(States.W(6), request).ExpectedPerformance);
        two.RollBackModel("local-sparse").Should().BeTrue();
        two.GetRoutingRecommendation(States.W(6), request).ExpectedPerformance.Seconds.Should().Be(before);
    }

    [Fact]
    public async Task ExportImport_LearningOff_SaysSo()
    {
        await using var orchestrator = new PredictiveOrchestratorBuilder().Configure(o => (o.StateDirectory, o.CalibrationBudget, o.Learning) = (string.Empty, TimeSpan.Zero, false)).Build();
        await orchestrator.StartAsync();
        var act = () => orchestrator.ExportModelsAsync(Stream.Null);
        await act.Should().ThrowAsync<InvalidOperationException>().WithMessage("*Learning is off*");
    }

    private static async Task<PredictiveOrchestrator> StartedAsync()
    {
        var orchestrator = new PredictiveOrchestratorBuilder().Configure(o => (o.StateDirectory, o.CalibrationBudget) = (string.Empty, TimeSpan.Zero)).Build();
        await orchestrator.StartAsync();
        return orchestrator;
    }

    // As another machine would have written it: the name of the machine is the first text, with its length before it.
    private static byte[] Foreign(byte[] bytes)
    {
        var changed = (byte[])bytes.Clone();
        var at = changed.AsSpan(Head).IndexOf(Encoding.UTF8.GetBytes(MachineFingerprint.Current)) + Head;
        changed[at] ^= 1;
        SHA256.HashData(changed.AsSpan(Head), changed.AsSpan(Head - SHA256.HashSizeInBytes));
        return changed;
    }

    /// <summary>A learning loop with made-up times of real profiles.</summary>
    private sealed class Learner : IAsyncDisposable
    {
        public static readonly Backends.BackendDescriptor Dense = new StateVectorSimulator().Descriptor;
        private readonly TelemetryRingBuffer _ring = new(1 << 11);

        public Learner(string? directory, ILogger? log = null, LearningOptions? options = null)
        {
            Loop = new LearningLoop(_ring, Publisher, [], options ?? new LearningOptions(), directory, log ?? NullLogger.Instance);
            Loop.Start();
        }

        public static IReadOnlyList<(CircuitProfile Profile, JobShape Job)> Jobs { get; } =
            [.. Enumerable.Range(2, 12).Select(n => (CircuitProfiler.Profile(n % 2 == 0 ? Fourier.Qft(n) : RandomFamilies.Random(n, n)), new JobShape(10 * n, 1, 0, 0)))];

        public ModelPublisher Publisher { get; } = new(new PerformancePredictor(0, []));

        public LearningLoop Loop { get; }

        public async Task RunAsync(int count, int seed, bool fits = true)
        {
            var random = new Random(seed);
            for (var i = 0; i < count; i++)
            {
                // Without learned parts: too few complete runs.
                var (profile, job) = Jobs[random.Next(Jobs.Count)];
                _ring.TryWrite(TelemetryRingBufferTests.Record(
                    job.Shots, Dense.Id, 1e-4 * profile.GateCount * Math.Exp(0.2 * random.NextDouble()), fits || i % 2 == 0 ? ExecutionOutcome.Completed : ExecutionOutcome.Cancelled, profile));
                if (i % 50 == 49)
                {
                    await Loop.FlushAsync();
                }
            }

            await Loop.FlushAsync();
        }

        public Dictionary<int, Estimate> Predictions() => Jobs.ToDictionary(j => j.Job.Shots, j => Publisher.Current.Predict(Dense, j.Profile, j.Job).Seconds);

        public async ValueTask DisposeAsync() => await Loop.DisposeAsync();
    }

    private sealed class ListLogger : ILogger
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
            {
                Warnings.Add(formatter(state, exception));
            }
        }
    }
}
