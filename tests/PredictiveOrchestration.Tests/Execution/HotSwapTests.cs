using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;
using PredictiveOrchestration.Simulation.StateVector;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Execution;

/// <summary>Plans against an exhaustive search, and runs in parts against the oracle, with costs that the tests set.</summary>
public sealed class HotSwapTests
{
    private static readonly ISegmentedBackend[] Engines = [new StateVectorSimulator(), new SparseStateSimulator(), new StabilizerSimulator()];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Plan_AnyCircuit_CostsNoMoreThanAnySingleEngine(int seed)
    {
        var circuit = RandomCircuits.Create(seed, new RandomCircuitOptions { Qubits = 10, Operations = 60 });
        var planner = Planner(circuit, new FakeCosts());
        var best = planner.Plan(StateOutlook.AtStart)!;
        for (var e = 0; e < 2; e++)
        {
            var alone = planner.Plan(StateOutlook.AtStart, only: e)!;
            best.Seconds.Should().BeLessThanOrEqualTo(alone.Seconds * (1 + 1e-12), "seed {0}", seed);
            planner.Plan(StateOutlook.AtStart, stay: e)!.StaySeconds.Should().BeApproximately(alone.Seconds, 1e-9 * alone.Seconds, "the time alone is that of the plan with one engine");
        }
    }

    [Fact]
    public void Plan_SparseBeginningAndDenseEnd_ChangesBetweenThem()
    {
        var plan = Planner(SparseThenDense(12), new FakeCosts()).Plan(StateOutlook.AtStart)!;
        plan.Segments.Select(s => s.Backend.Descriptor.Id).Should().Equal("local-sparse", "local-dense");
        plan.Segments[0].Start.Should().Be(0);
        plan.Segments[0].End.Should().Be(plan.Segments[1].Start).And.BeGreaterThanOrEqualTo(400);
        plan.Segments[1].End.Should().Be(SparseThenDense(12).Operations.Length);
    }

    [Fact]
    public void Plan_CliffordPrefix_GivesItToTheTableauWhereThatIsCheap()
    {
        var builder = new CircuitBuilder(12);
        for (var i = 0; i < 600; i++)
        {
            builder.H(i % 12).CX(i % 12, (i + 5) % 12);
        }

        var circuit = builder.T(0).H(0).Build();
        var plan = Planner(circuit, new FakeCosts()).Plan(StateOutlook.AtStart)!;
        plan.Segments[0].Backend.Descriptor.Id.Should().Be("local-stabilizer");
        plan.Segments[^1].Backend.Descriptor.Capabilities.CliffordOnly.Should().BeFalse();
    }

    [Fact]
    public void Plan_LeastSaving_IsWhatTheSurestAndTheMostDoubtfulCostsLeave()
    {
        var circuit = SparseThenDense(12);
        HotSwapPlan With(double sigma) => Planner(circuit, new FakeCosts { Sigma = sigma }).Plan(StateOutlook.AtStart, stay: 0)!;
        var sure = With(0);
        sure.IsSingle.Should().BeFalse();
        sure.LeastSaving.Should().BeApproximately(sure.StaySeconds - sure.Seconds, 0.01 * sure.StaySeconds, "only the hand-over is in doubt");
        With(0.3).LeastSaving.Should().BePositive().And.BeLessThan(sure.LeastSaving);

        // The dense part is the same in both; the sparse part costs a thousandth of what it saves.
        var saved = sure.StaySeconds - sure.Seconds;
        With(0.3).LeastSaving.Should().BeApproximately(saved * Math.Exp(-1.2816 * 0.3), 0.05 * saved);
        With(5).LeastSaving.Should().BeNegative("what is saved may be a thousand times less, and what it costs as much more");
        Planner(circuit, new FakeCosts()).Plan(StateOutlook.AtStart, only: 0, stay: 0)!.LeastSaving.Should().BeInRange(-1e-5, 0, "there is nothing to save");
    }

    [Fact]
    public void Plan_LessGrowthThanTheBoundSays_DoesNotMakeUpASaving()
    {
        // By the bound the sparse engine would be the worse one by far; where half the growth comes true it is the better one.
        var builder = new CircuitBuilder(12);
        for (var round = 0; round < 12; round++)
        {
            builder.RY(0.3, round).RZ(0.1, round).RZ(0.2, round).RZ(0.3, round);
        }

        for (var i = 0; i < 300; i++)
        {
            builder.CX(i % 12, (i + 1) % 12);
        }

        var plan = Planner(builder.Build(), new FakeCosts { Dense = 3e-4, Sigma = 0 }).Plan(StateOutlook.AtStart, stay: 1)!;
        plan.Segments[^1].Backend.Descriptor.Id.Should().Be("local-dense");
        plan.Seconds.Should().BeLessThan(plan.StaySeconds);
        plan.LeastSaving.Should().BeNegative();
    }

    [Fact]
    public void Expected_WhereTheBoundRises_TheSupportRises()
    {
        // Little has come of forty gates that mix, but fresh qubits that are rotated double the amplitudes.
        var builder = new CircuitBuilder(10);
        for (var i = 0; i < 40; i++)
        {
            builder.RY(0.3, 0);
        }

        for (var q = 1; q < 10; q++)
        {
            builder.RY(0.4, q);
        }

        var planner = Planner(builder.Build(), new FakeCosts());
        var outlook = planner.Walk.Outlook(40, 0);
        outlook.GrowthPerMixing.Should().Be(0.1);
        planner.Walk.Expected(outlook, 49).Should().BeApproximately(9, 1e-12);
    }

    [Fact]
    public void PlanningCost_IsLearned_AndForgottenWhereItStoodInTheWay()
    {
        var cost = new PlanningCost();
        for (var i = 0; i < 300; i++)
        {
            cost.Observe(1000, i % 10 == 0 ? 1 : 2e-4);
        }

        cost.Seconds(1000).Should().BeInRange(1.3e-4, 4e-4, "one plan in ten waited for the processor");
        cost.IsWithin(1000, 1).Should().BeTrue();
        var tries = 0;
        while (!cost.IsWithin(1000, 5e-5) && tries < 1000)
        {
            tries++;
        }

        tries.Should().BeInRange(20, 200);
    }

    [Fact]
    public void Plan_MemoryTooSmallForTheDenseState_StaysSparse()
    {
        var plan = Planner(SparseThenDense(12), new FakeCosts(), memoryBytes: 40_000).Plan(StateOutlook.AtStart);
        plan?.Segments.Should().OnlyContain(s => s.Backend.Descriptor.Id != "local-dense");
    }

    [Fact]
    public void Run_PlannedSwap_GivesTheOracleDistributionAndListsTheSwap()
    {
        var circuit = SparseThenDense(9);
        var report = Run(circuit, new FakeCosts());
        report.Result.Should().NotBeNull();
        Matches(report.Result!, circuit);
        var swap = report.Swaps.Should().ContainSingle().Subject;
        (swap.From, swap.To, swap.Trigger).Should().Be(("local-sparse", "local-dense", SwapTrigger.SparsityChange));
        swap.OperationIndex.Should().BeInRange(1, circuit.Operations.Length - 1);
        swap.BytesMoved.Should().BePositive();
        swap.PredictedGain.Should().BePositive();
        swap.ActualGain.Should().NotBeNull();
        report.Parts.Should().HaveCount(2);
        report.Parts[0].End.Should().Be(report.Parts[1].Start).And.Be(swap.OperationIndex);
    }

    [Fact]
    public void Run_UncomputedEnd_GoesBackToSparse()
    {
        var builder = new CircuitBuilder(10);
        for (var q = 0; q < 10; q++)
        {
            builder.RY(0.4, q).RX(0.9, q);
        }

        var half = builder.Build();
        var arithmetic = new CircuitBuilder(10);
        for (var i = 0; i < 3000; i++)
        {
            arithmetic.CCX(i % 10, (i + 1) % 10, (i + 3) % 10);
        }

        var circuit = half.Compose(half.Inverse()).Compose(arithmetic.Build());
        var report = Run(circuit, new FakeCosts { Dense = 1e-4, Sparse = 1e-5 }, first: 0);
        report.Swaps.Should().Contain(s => s.From == "local-dense" && s.To == "local-sparse");
        Matches(report.Result!, circuit);
    }

    [Fact]
    public void Run_RequestSwap_GoesWhereTheCallerWants()
    {
        var circuit = RandomCircuits.Create(5, new RandomCircuitOptions { Qubits = 6, Operations = 40 });
        var control = new SwapControl();
        control.RequestSwap("local-sparse");
        var report = Run(circuit, new FakeCosts { Sparse = 1 }, first: 0, control: control);
        report.Swaps[0].Trigger.Should().Be(SwapTrigger.Manual);
        report.Swaps[0].To.Should().Be("local-sparse");
        Matches(report.Result!, circuit);
    }

    [Fact]
    public void Run_EngineFailsAfterTheHandOver_ResumesFromTheSnapshot()
    {
        var circuit = SparseThenDense(9);
        var failing = new FailingBackend(Engines[0]);
        var report = Run(circuit, new FakeCosts(), engines: [failing, Engines[1], Engines[2]]);
        failing.Opened.Should().Be(1);
        Matches(report.Result!, circuit);
        report.Parts.Should().Contain(p => p.Error is BackendException);
        var resumed = report.Swaps.Should().Contain(s => s.Trigger == SwapTrigger.Fault).Subject;
        resumed.OperationIndex.Should().BePositive("nothing before the snapshot is run again");
        resumed.To.Should().Be("local-sparse");
    }

    [Fact]
    public void Run_Cancelled_EndsWithoutAnotherTry()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var circuit = SparseThenDense(9);
        var planner = Planner(circuit, new FakeCosts());
        var run = new SegmentedRun(planner, new ConversionCosts(TimeProvider.System), new SwapPolicy(), new ExecutionRequest { Circuit = circuit }, null, 1e9, TimeProvider.System);
        var report = run.Run(planner.Plan(StateOutlook.AtStart)!, cancelled.Token);
        report.Result.Should().BeNull();
        report.Parts.Should().ContainSingle().Which.Error.Should().BeAssignableTo<OperationCanceledException>();
    }

    [Fact]
    public async Task ExecuteAsync_SwappedJob_ListsPartsAndKeepsThemAsCensored()
    {
        var circuit = SparseThenDense(16);
        await using var orchestrator = new PredictiveOrchestratorBuilder().Configure(o =>
        {
            o.StateDirectory = string.Empty;
            o.Swap = new SwapPolicy { ShortestRun = TimeSpan.Zero };
        }).Build();
        await orchestrator.StartAsync();
        var control = new SwapControl();
        control.RequestSwap("local-dense");
        var result = await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Shots = 100, Backend = null, SwapControl = control });
        result.SwapEvents.Should().NotBeEmpty();
        result.Attempts.Should().HaveCountGreaterThan(1).And.OnlyContain(a => a.IsPartial);
        result.Counts.Values.Sum().Should().Be(100);
        result.ActualBackend.Should().Be(result.SwapEvents[^1].To);
    }

    [Fact]
    public void Run_CliffordPrefixEnds_IsAnOptimizationOpportunity()
    {
        var builder = new CircuitBuilder(9);
        for (var i = 0; i < 400; i++)
        {
            builder.H(i % 9).CX(i % 9, (i + 4) % 9);
        }

        for (var q = 0; q < 9; q++)
        {
            builder.T(q).H(q);
        }

        var circuit = builder.Build();
        var report = Run(circuit, new FakeCosts());
        Matches(report.Result!, circuit);
        var swap = report.Swaps.Should().ContainSingle().Subject;
        (swap.Trigger, swap.From, swap.OperationIndex).Should().Be((SwapTrigger.OptimizationOpportunity, "local-stabilizer", 800));
    }

    // What a session shows is what counts, not what kind of backend it says it is.
    [Theory]
    [InlineData(BackendType.LocalMatrixProductState)]
    [InlineData(BackendType.LocalDenseTensor)]
    public void Run_EntanglementGrows_LeavesTheMatrixProductState(BackendType type)
    {
        // A weakly entangled beginning, in which every amplitude soon is not zero, then gates across the middle.
        var builder = new CircuitBuilder(10);
        for (var i = 0; i < 60; i++)
        {
            builder.RY(0.1 * i, i % 10).T(i % 10);
        }

        for (var layer = 0; layer < 4; layer++)
        {
            for (var q = 0; q < 10; q++)
            {
                builder.RX(0.3 + q, q).CX(q, (q + 5) % 10).CX(q, (q + 1) % 10);
            }
        }

        var circuit = builder.Build();
        ISegmentedBackend[] engines = [Engines[0], new RenamedBackend(new MatrixProductStateSimulator(), type)];
        var report = Run(circuit, new FakeCosts { Bond = 1e-5 }, engines: engines);
        Matches(report.Result!, circuit);
        var swap = report.Swaps.Should().ContainSingle().Subject;
        (swap.Trigger, swap.From, swap.To).Should().Be((SwapTrigger.Entanglement, "local-mps", "local-dense"));
        swap.OperationIndex.Should().BeInRange(110, 160);
    }

    [Fact]
    public void Run_TruncatedPart_IsNotCalledExact()
    {
        var circuit = RandomFamilies.Random(8, 14, 3);
        var truncating = new MatrixProductStateSimulator(new MatrixProductStateOptions { Truncation = new TruncationPolicy { MaxBondDimension = 4, RequireExact = false } });
        var planner = Planner(circuit, new FakeCosts { Bond = 1 }, engines: [Engines[0], truncating]);
        var request = new ExecutionRequest { Circuit = circuit, Shots = 10, RequireExact = false };
        var plan = new HotSwapPlan([new PlannedSegment(truncating, 0, 80), new PlannedSegment(Engines[0], 80, circuit.Operations.Length)], 1, 0, 1);
        var report = new SegmentedRun(planner, new ConversionCosts(TimeProvider.System), new SwapPolicy { MaxSwaps = 1 }, request, null, 1e9, new SteppedTime()).Run(plan, CancellationToken.None);
        report.Swaps.Should().Contain(s => s.From == "local-mps" && s.To == "local-dense", "{0}", string.Join("; ", report.Parts));
        report.Parts[^1].Backend.Descriptor.Id.Should().Be("local-dense");
        report.Result!.IsExact.Should().BeFalse();
        report.Result.FidelityLowerBound.Should().BeInRange(0, 1 - 1e-9);
        report.Result.DiscardedWeight.Should().BePositive();
    }

    [Fact]
    public void Run_MemoryAboveTheThreshold_LeavesTheEngine()
    {
        // As long as it is cheaper by far it stays; more than the share of the memory may not be held.
        var circuit = RandomCircuits.Create(3, new RandomCircuitOptions { Qubits = 9, Operations = 80 });
        var costs = new FakeCosts { Sparse = 1e-9, Dense = 1e-3 };
        var planner = Planner(circuit, costs, memoryBytes: 2e5);
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0, TopProbabilities = int.MaxValue };
        var run = new SegmentedRun(planner, new ConversionCosts(TimeProvider.System), new SwapPolicy { MemoryShare = 0.05, MinGain = 0 }, request, null, 2e5, new SteppedTime());
        var report = run.Run(planner.Plan(StateOutlook.AtStart, only: 1)!, CancellationToken.None);
        report.Swaps.Should().BeEmpty("no other engine is better, and the limit itself is not reached");
        Matches(report.Result!, circuit);

        costs = new FakeCosts { Sparse = 1.01e-3, Dense = 1e-3, DenseBytes = 100 };
        planner = Planner(circuit, costs, memoryBytes: 2e5);
        run = new SegmentedRun(planner, new ConversionCosts(TimeProvider.System), new SwapPolicy { MemoryShare = 0.05, MinGain = 0.9 }, request, null, 2e5, new SteppedTime());
        report = run.Run(planner.Plan(StateOutlook.AtStart, only: 1)!, CancellationToken.None);
        var swap = report.Swaps.Should().ContainSingle().Subject;
        (swap.Trigger, swap.From, swap.To).Should().Be((SwapTrigger.MemoryThreshold, "local-sparse", "local-dense"));
        Matches(report.Result!, circuit);
    }

    [Fact]
    public void Run_MemoryRunsOutAfterTheHandOver_GoesOnFromTheStateKept()
    {
        var circuit = SparseThenDense(9);
        var full = new FailingBackend(Engines[0], BackendErrorKind.OutOfMemory);
        var report = Run(circuit, new FakeCosts(), engines: [full, Engines[1], Engines[2]]);
        Matches(report.Result!, circuit);
        report.Swaps.Should().Contain(s => s.Trigger == SwapTrigger.MemoryThreshold && s.To == "local-sparse" && s.OperationIndex > 0);
    }

    [Fact]
    public void Run_StateKept_CountsAsMemoryHeld()
    {
        var circuit = SparseThenDense(9);
        var generous = Run(circuit, new FakeCosts());
        var tight = Run(circuit, new FakeCosts(), memoryBytes: 80_000);
        generous.Swaps.Should().ContainSingle();
        tight.Swaps.Should().ContainSingle();
        tight.Result!.PeakMemoryBytes.Should().BeLessThan(80_000);
        var failing = new FailingBackend(Engines[0]);
        Run(circuit, new FakeCosts(), engines: [failing, Engines[1], Engines[2]], memoryBytes: 74_000).Result.Should().BeNull("there was no room to keep the state beside the one that went on");
    }

    [Fact]
    public void Run_SlowerThanPredicted_IsATimeOverrun()
    {
        var circuit = SparseThenDense(9);
        var time = new SteppedTime();
        ISegmentedBackend[] engines = [Engines[0], new SlowBackend(Engines[1], time, TimeSpan.FromSeconds(10))];
        var planner = Planner(circuit, new FakeCosts { Dense = 1e-7, Sparse = 1e-6 }, engines: engines);
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0, TopProbabilities = int.MaxValue };
        var run = new SegmentedRun(planner, new ConversionCosts(TimeProvider.System), new SwapPolicy(), request, null, 1e9, time);
        var report = run.Run(planner.Plan(StateOutlook.AtStart, only: 1)!, CancellationToken.None);
        var swap = report.Swaps.Should().ContainSingle().Subject;
        (swap.Trigger, swap.From, swap.To).Should().Be((SwapTrigger.TimeOverrun, "local-sparse", "local-dense"));
        Matches(report.Result!, circuit);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(100, true)]
    public async Task Next_SlowerThanPredicted_IsLookedAtAgainSoon(double slower, bool stops)
    {
        // What is left takes some 40 s by prediction, and a quarter of 400 s may pass between two looks.
        const int seen = 380;
        var circuit = SparseThenDense(9);
        var planner = Planner(circuit, new FakeCosts(), engines: [Engines[1]]);
        using var session = await Engines[1].OpenAsync(new ExecutionRequest { Circuit = circuit }, null);
        var time = new SteppedTime();
        var (view, account) = (new RunView(planner, time), new RunAccount(time));
        view.Begin();
        view.Advancing(0, 0, seen);
        time.Advance(TimeSpan.FromSeconds(slower * planner.Seconds(0, 0, seen, StateOutlook.AtStart)));
        session.Advance(seen);
        view.Look(session, count: false);
        view.SeePace();
        view.Pace.Should().BeApproximately(slower, 1e-3 * slower);
        var next = new RunStops(planner, new ConversionCosts(TimeProvider.System), new SwapPolicy(), false, null, view, account).Next(planner.Plan(view.Outlook, 0)!, 0, session, 400);
        (next is not null).Should().Be(stops);
        (next ?? seen + 1).Should().BeInRange(seen + 1, circuit.UnitaryEnd(0) - 1);
    }

    [Fact]
    public void Run_EngineFailsWithACheckpoint_ResumesFromTheDisk()
    {
        var folder = Directory.CreateTempSubdirectory("hot-swap-");
        try
        {
            var circuit = SparseThenDense(8);
            var policy = new CheckpointPolicy { Interval = TimeSpan.Zero, MaxShare = 1 };
            using var slot = new CheckpointStore(folder.FullName, policy, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).Claim(new byte[32])!;
            ISegmentedBackend[] engines = [new FailingBackend(Engines[0], at: 300), Engines[1]];
            var planner = Planner(circuit, new FakeCosts { Dense = 1e-9, Sparse = 1 }, engines: engines);
            var request = new ExecutionRequest { Circuit = circuit, Shots = 0, TopProbabilities = int.MaxValue };
            var run = new SegmentedRun(planner, new ConversionCosts(TimeProvider.System), new SwapPolicy(), request, null, 1e9, TimeProvider.System, new Checkpointer(slot, 1e9, TimeProvider.System));
            var report = run.Run(planner.Plan(StateOutlook.AtStart, only: 0)!, CancellationToken.None);
            Matches(report.Result!, circuit);
            var swap = report.Swaps.Should().ContainSingle().Subject;
            (swap.Trigger, swap.To).Should().Be((SwapTrigger.Fault, "local-sparse"));
            swap.OperationIndex.Should().BeInRange(250, 300, "the last checkpoint was shortly before the fault");
        }
        finally
        {
            folder.Delete(true);
        }
    }

    private static Circuit SparseThenDense(int n)
    {
        var builder = new CircuitBuilder(n);
        // Not Clifford from the beginning.
        builder.T(0).H(0);
        for (var i = 0; i < 400; i++)
        {
            builder.CX(i % n, (i + 1) % n);
        }

        for (var round = 0; round < 3; round++)
        {
            for (var q = 0; q < n; q++)
            {
                builder.RY(0.3 + q, q).RX(0.2 * q, q).CX(q, (q + 1) % n);
            }
        }

        return builder.Build();
    }

    private static HotSwapPlanner Planner(Circuit circuit, FakeCosts costs, double memoryBytes = 1e9, ISegmentedBackend[]? engines = null) =>
        new(new WorkTrajectory(circuit), circuit.NumQubits, costs, new ConversionCosts(TimeProvider.System), engines ?? Engines, memoryBytes, 1);

    // The clock stands still: all engines are as fast as predicted.
    private static SegmentedReport Run(Circuit circuit, FakeCosts costs, int first = -1, SwapControl? control = null, ISegmentedBackend[]? engines = null, double memoryBytes = 1e9)
    {
        var planner = Planner(circuit, costs, memoryBytes, engines);
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0, TopProbabilities = int.MaxValue };
        var run = new SegmentedRun(planner, new ConversionCosts(TimeProvider.System), new SwapPolicy(), request, control, memoryBytes, new SteppedTime());
        return run.Run(planner.Plan(StateOutlook.AtStart, only: first)!, CancellationToken.None);
    }

    private static void Matches(ExecutionResult result, Circuit circuit) =>
        StateComparison.Distance(result.Probabilities, OracleSimulator.OutcomeDistribution(circuit)).Should().BeLessThan(1e-12);

    // Fails when it takes the state, or before an operation.
    private sealed class FailingBackend(ISegmentedBackend inner, BackendErrorKind kind = BackendErrorKind.Fault, int at = 0) : WrappedBackend(inner)
    {
        public int Opened { get; private set; }

        protected override IBackendSession Wrap(IBackendSession session)
        {
            Opened++;
            if (at > 0)
            {
                return new WatchedSession(session, end =>
                {
                    if (end >= at)
                    {
                        Fail();
                    }
                });
            }

            session.Dispose();
            Fail();
            return session;
        }

        private void Fail() => throw new BackendException(kind, Descriptor.Id, "It fails on purpose.");
    }

    private sealed class RenamedBackend(ISegmentedBackend inner, BackendType type) : WrappedBackend(inner)
    {
        public override BackendDescriptor Descriptor { get; } = inner.Descriptor with { Type = type };

        protected override IBackendSession Wrap(IBackendSession session) => session;
    }

    // Takes a time of its own for each advance.
    private sealed class SlowBackend(ISegmentedBackend inner, SteppedTime time, TimeSpan each) : WrappedBackend(inner)
    {
        protected override IBackendSession Wrap(IBackendSession session) => new WatchedSession(session, _ => time.Advance(each));
    }
}
