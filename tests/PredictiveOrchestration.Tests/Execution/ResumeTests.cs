using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Execution;

/// <summary>Runs that end in the middle and go on from what they wrote down.</summary>
public sealed class ResumeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("resume-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData("local-dense")]
    [InlineData("local-sparse")]
    [InlineData("local-mps")]
    [InlineData(null)]
    public async Task ExecuteAsync_CancelledAtAnyPlace_GoesOnWithTheCountsOfAnUninterruptedRun(string? backend)
    {
        await using var orchestrator = await StartAsync();
        for (var seed = 1; seed <= 4; seed++)
        {
            var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 4 + seed, Operations = 60, MidCircuit = seed == 3, MeasureAtEnd = seed > 1 });
            var request = new OrchestrationRequest { Shots = 500, Seed = (ulong)seed, Backend = backend, TopProbabilities = seed == 2 ? int.MaxValue : 0 };
            var expected = await orchestrator.ExecuteAsync(circuit, request);
            expected.ResumedAtOperation.Should().BeNull();
            Files().Should().BeEmpty("a run that is done leaves nothing");
            foreach (var at in new[] { 2, circuit.UnitaryEnd(0) / 2, circuit.UnitaryEnd(0) }.Where(a => a > 1).Distinct())
            {
                await InterruptAsync(orchestrator, circuit, request, at);
                Files().Should().ContainSingle("seed {0}, operation {1}", seed, at);
                var resumed = await orchestrator.ExecuteAsync(circuit, request);
                resumed.ResumedAtOperation.Should().BeInRange(1, circuit.UnitaryEnd(0), "seed {0}", seed);
                resumed.Counts.Values.Sum().Should().Be(500);
                if (backend is not null)
                {
                    resumed.Counts.Should().BeEquivalentTo(expected.Counts, "seed {0}, operation {1}", seed, at);
                }

                resumed.Attempts.Should().OnlyContain(a => a.IsPartial, "the whole would have taken longer");
                if (request.TopProbabilities > 0)
                {
                    StateComparison.Distance(resumed.Probabilities, OracleSimulator.OutcomeDistribution(circuit)).Should().BeLessThan(1e-12);
                }

                Files().Should().BeEmpty();
            }
        }
    }

    [Fact]
    public async Task ExecuteAsync_AnotherSeed_DoesNotTakeUpTheState()
    {
        await using var orchestrator = await StartAsync();
        var circuit = RandomCircuits.Create(5, new RandomCircuitOptions { Qubits = 6, Operations = 50 });
        await InterruptAsync(orchestrator, circuit, OrchestrationRequest.Default, 20);
        (await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Seed = 1 })).ResumedAtOperation.Should().BeNull();
        (await orchestrator.ExecuteAsync(circuit)).ResumedAtOperation.Should().BePositive();
    }

    [Fact]
    public async Task ExecuteAsync_DamagedState_BeginsAnew()
    {
        await using var orchestrator = await StartAsync();
        var circuit = RandomCircuits.Create(6, new RandomCircuitOptions { Qubits = 6, Operations = 50 });
        var expected = await orchestrator.ExecuteAsync(circuit);
        await InterruptAsync(orchestrator, circuit, OrchestrationRequest.Default, 20);
        var file = Files().Should().ContainSingle().Subject;
        var bytes = File.ReadAllBytes(file);
        bytes[^40] ^= 1;
        File.WriteAllBytes(file, bytes);
        var result = await orchestrator.ExecuteAsync(circuit);
        result.ResumedAtOperation.Should().BeNull();
        result.Counts.Should().BeEquivalentTo(expected.Counts);
        File.Exists(file + ".damaged").Should().BeTrue();
    }

    [Fact]
    public void SecondsUntilDue_SlowDisk_KeepsCheckpointsWithinTheirShare()
    {
        var time = new SteppedTime();
        var store = new CheckpointStore(_folder, new CheckpointPolicy { Interval = TimeSpan.FromSeconds(1), MaxShare = 0.02 }, time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        using var slot = store.Claim(new byte[32])!;
        var checkpointer = new Checkpointer(slot, 1e9, time);
        using var session = new SlowSession(time);
        checkpointer.SecondsUntilDue(1000, 1000).Should().BeApproximately(1, 1e-9, "the interval is not over");
        for (var second = 0; second < 10_000; second++)
        {
            if (checkpointer.SecondsUntilDue(1000, 1000) <= 0)
            {
                checkpointer.Write(session, s => new Checkpoint("x", s, 0, 1, true), CancellationToken.None);
            }

            time.Advance(TimeSpan.FromSeconds(1));
        }

        // Each takes 10 s: a share of 2 % is one in 500 s.
        checkpointer.Written.Should().BeInRange(15, 21);
        checkpointer.SecondsUntilDue(1e9, 1000).Should().Be(double.PositiveInfinity, "state and copy together do not fit");
    }

    [Fact]
    public async Task ExecuteAsync_WouldExplore_GoesOnWithTheStateInstead()
    {
        var (router, time) = (new Exploring(), new SteppedTime());
        await using var orchestrator = await StartAsync(b => b.AddRouter(router).UseTimeProvider(time).Configure(o => (o.Learning, o.ExplorationShare) = (true, 0.5)), () => time.Advance(TimeSpan.FromHours(1)));
        orchestrator.SetRoutingStrategy(router.Name);
        var circuit = RandomCircuits.Create(7, new RandomCircuitOptions { Qubits = 6, Operations = 50 });
        var request = new OrchestrationRequest { TopProbabilities = int.MaxValue };
        var expected = await orchestrator.ExecuteAsync(circuit, request);
        await InterruptAsync(orchestrator, circuit, request, 20);
        router.Explores = true;
        var resumed = await orchestrator.ExecuteAsync(circuit, request);
        resumed.ResumedAtOperation.Should().BePositive();
        StateComparison.Distance(resumed.Probabilities, OracleSimulator.OutcomeDistribution(circuit)).Should().BeLessThan(1e-12);
        if (resumed.ActualBackend == expected.ActualBackend)
        {
            // What it learned from the first run may have it end on another engine, which draws other outcomes.
            resumed.Counts.Should().BeEquivalentTo(expected.Counts);
        }

        resumed.Decision.IsExploration.Should().BeTrue("there was enough at stake, and it would have run elsewhere");
    }

    private string[] Files() => Directory.GetFiles(_folder, "*.checkpoint");

    private static async Task InterruptAsync(PredictiveOrchestrator orchestrator, Circuit circuit, OrchestrationRequest request, int at)
    {
        Interruption.At = at;
        try
        {
            await orchestrator.Invoking(o => o.ExecuteAsync(circuit, request)).Should().ThrowAsync<OperationCanceledException>();
        }
        finally
        {
            Interruption.At = null;
        }
    }

    private async Task<PredictiveOrchestrator> StartAsync(Action<PredictiveOrchestratorBuilder>? configure = null, Action? ending = null)
    {
        var builder = new PredictiveOrchestratorBuilder().WithoutLocalEngines().Configure(o =>
        {
            // Where nothing learns nothing explores, which would hang on how long the runs before took.
            (o.StateDirectory, o.Learning, o.CalibrationBudget) = (string.Empty, false, TimeSpan.Zero);
            o.CheckpointDirectory = _folder;
            o.Checkpoints = new CheckpointPolicy { Interval = TimeSpan.Zero, MaxShare = 1 };
        });
        foreach (var engine in new ISegmentedBackend[] { new StateVectorSimulator(), new SparseStateSimulator(), new MatrixProductStateSimulator() })
        {
            builder.AddBackend(new Interruption(engine, ending));
        }

        configure?.Invoke(builder);

        var orchestrator = builder.Build();
        await orchestrator.StartAsync();
        return orchestrator;
    }

    // An engine whose process ends before it runs an operation.
    private sealed class Interruption(ISegmentedBackend inner, Action? ending) : WrappedBackend(inner)
    {
        private static readonly AsyncLocal<int?> Place = new();

        public static int? At
        {
            get => Place.Value;
            set => Place.Value = value;
        }

        protected override IBackendSession Wrap(IBackendSession session) => new WatchedSession(session, end =>
        {
            if (end >= At || (end == int.MaxValue && At is not null))
            {
                throw new OperationCanceledException();
            }

            if (end == int.MaxValue)
            {
                ending?.Invoke();
            }
        });
    }

    // Takes the second wherever it may explore.
    private sealed class Exploring : IChanceRouter
    {
        public bool Explores { get; set; }

        public string Name => "exploring";

        public bool NeedsDraw => false;

        public IReadOnlyList<RankedBackend> Rank(RoutingContext context) => [.. context.Candidates.Select((c, i) => new RankedBackend(c, i + 1, 0.1, "in order"))];

        public TimeSpan? Choose(RankedBackend[] ranked, int good, in Chance chance)
        {
            if (!Explores)
            {
                return null;
            }

            Ranking.ToFront(ranked, 1);
            return TimeSpan.FromSeconds(10);
        }
    }

    private sealed class SlowSession(SteppedTime time) : IBackendSession
    {
        public int Position => 1;

        public void Advance(int endOperation)
        {
        }

        public SessionObservation Observe(bool count = false) => new(1, 1, null, 1000, 1000, TimeSpan.Zero, 0);

        public StateSnapshot TakeSnapshot(bool compact = false)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            return StateSnapshot.Dense(1, 1, [1, 0]);
        }

        public ExecutionResult Finish() => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
