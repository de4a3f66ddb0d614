using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Tests.Prediction;

/// <summary>What calibration writes down where the machine is busy with other things.</summary>
public sealed class CalibrationRunnerTests
{
    [Theory]
    [InlineData(true, 300, 10, 10, 26, "the run waited for the processor")]
    [InlineData(true, 20, 39, 20, 20, "it ran on two threads")]
    [InlineData(true, 20, 19, 20, 20, "nothing held it up")]
    [InlineData(false, 300, 1, 300, 300, "it waited for a device")]
    public async Task RunAsync_RunTakesMoreThanItsProcessorTime_LeavesTheWaitOut(bool onProcessor, int wall, int processor, double least, double most, string because)
    {
        var time = new FakeTimeProvider();
        var backend = new Timed(time, onProcessor, TimeSpan.FromMilliseconds(wall), TimeSpan.FromMilliseconds(processor));
        var rows = await new CalibrationRunner(time, NullLogger.Instance, () => backend.Processor, Nothing).RunAsync([backend], TimeSpan.FromMinutes(10), default);
        rows.Should().NotBeEmpty().And.OnlyContain(r => 1e3 * r.Seconds >= least - 1e-9 && 1e3 * r.Seconds <= most + 1e-9, because);
    }

    [Theory]
    [InlineData(100, 10, 5, 5.6, "half a second at work is enough to see that nothing changes")]
    [InlineData(1000, 1, 12, 14.1, "four times the budget had passed")]
    [InlineData(10, 10, 0.5, 0.6, "nothing held it up")]
    public async Task RunAsync_RunsWaitForTheProcessor_BudgetIsTimeAtWork(int wall, int processor, double least, double most, string because)
    {
        var time = new FakeTimeProvider();
        var start = time.GetTimestamp();
        var backend = new Timed(time, true, TimeSpan.FromMilliseconds(wall), TimeSpan.FromMilliseconds(processor));
        await new CalibrationRunner(time, NullLogger.Instance, () => backend.Processor, Nothing).RunAsync([backend], TimeSpan.FromSeconds(3), default);
        time.GetElapsedTime(start).TotalSeconds.Should().BeInRange(least, most, because);
    }

    [Fact]
    public async Task RunAsync_EngineIsCompiledAnew_GoesOnUntilItIsQuick()
    {
        // 10 ms a run, and 1 ms from a second on, until which methods are compiled.
        var time = new FakeTimeProvider();
        var start = time.GetTimestamp();
        TimeSpan Elapsed() => time.GetElapsedTime(start);
        var backend = new Warming(time, _ => Elapsed() < TimeSpan.FromSeconds(1) ? TimeSpan.FromMilliseconds(10) : TimeSpan.FromMilliseconds(1));
        var rows = await new CalibrationRunner(time, NullLogger.Instance, Elapsed, () => ((long)Math.Min(1000, Elapsed().TotalMilliseconds), TimeSpan.Zero)).RunAsync([backend], TimeSpan.FromSeconds(3), default);
        rows.Should().NotBeEmpty().And.OnlyContain(r => Math.Abs(r.Seconds - 0.001) < 1e-9);
        Elapsed().Should().BeGreaterThan(TimeSpan.FromSeconds(1)).And.BeLessThan(TimeSpan.FromSeconds(1.6), "half a second after it was quick nothing had changed");
    }

    [Theory]
    [InlineData(0, 2.9, 3.2, "nothing was compiled")]
    [InlineData(0.5, 5.8, 6.3, "half of the time was the compiler's")]
    [InlineData(1, 12, 12.2, "four times the budget had passed")]
    public async Task RunAsync_RuntimeCompiles_BudgetIsTimeBesides(double share, double least, double most, string because)
    {
        // It becomes quicker all the time, so that nothing but the budget ends it.
        var time = new FakeTimeProvider();
        var start = time.GetTimestamp();
        TimeSpan Elapsed() => time.GetElapsedTime(start);
        var backend = new Warming(time, _ => TimeSpan.FromMilliseconds(20 * Math.Exp(-0.2 * Elapsed().TotalSeconds)));
        await new CalibrationRunner(time, NullLogger.Instance, Elapsed, () => (7, share * Elapsed())).RunAsync([backend], TimeSpan.FromSeconds(3), default);
        Elapsed().TotalSeconds.Should().BeInRange(least, most, because);
    }

    [Theory]
    [InlineData(10, 100, "half a second is enough to see that nothing changes")]
    [InlineData(100, 10, "each workload takes long and has four runs")]
    [InlineData(1000, 5, "then the budget was spent")]
    public async Task RunAsync_NothingBecomesQuicker_Ends(int milliseconds, int most, string because)
    {
        var time = new FakeTimeProvider();
        var backend = new Warming(time, _ => TimeSpan.FromMilliseconds(milliseconds));
        await CalibrateAsync(time, backend);
        backend.Runs.Should().BeGreaterThanOrEqualTo(3).And.BeLessThanOrEqualTo(most, because);
    }

    [Fact]
    public async Task RunAsync_ShortWorkload_RunsOftenInEachTurn()
    {
        // The runtime compiles a method anew after some thirty calls: a tenth of a millisecond beside ten.
        var time = new FakeTimeProvider();
        int shortRuns = 0, longRuns = 0;
        var backend = new Warming(time, request =>
        {
            var isShort = request.Circuit.NumQubits == 4;
            (shortRuns, longRuns) = isShort ? (shortRuns + 1, longRuns) : (shortRuns, longRuns + 1);
            return TimeSpan.FromMilliseconds(isShort ? 0.1 : 10);
        });
        await CalibrateAsync(time, backend);
        shortRuns.Should().BeGreaterThan(30).And.BeInRange(9 * longRuns, 11 * longRuns + 1);
    }

    [Fact]
    public async Task RunAsync_ShortWorkload_CountsAsItBeginsATurn()
    {
        // A tenth of a millisecond where it ran just before, three tenths where the other did, or nothing that counts.
        var time = new FakeTimeProvider();
        int last = 0, runs = 0;
        var backend = new Warming(time, request =>
        {
            var isWarm = last == request.Circuit.NumQubits && runs++ > 0;
            last = request.Circuit.NumQubits;
            return TimeSpan.FromMilliseconds(isWarm ? 0.1 : 0.3);
        });
        var rows = await CalibrateAsync(time, backend);
        rows.Should().NotBeEmpty().And.OnlyContain(r => Math.Abs(r.Seconds - 3e-4) < 1e-9, "jobs that come one by one begin so");
    }

    [Fact]
    public async Task RunAsync_BackendThatSaysRunsTakeNoTime_Ends()
    {
        var time = new FakeTimeProvider();
        var backend = new Warming(time, _ => TimeSpan.FromMilliseconds(1), tells: false);
        var rows = await CalibrateAsync(time, backend);
        rows.Should().BeEmpty("nothing is known of it");
        backend.Runs.Should().BeLessThan(5002, "a turn of each workload passes the budget");
    }

    // With a budget of three seconds, by a clock of which all is work and where nothing is compiled.
    private static Task<IReadOnlyList<TrainingRow>> CalibrateAsync(FakeTimeProvider time, IQuantumBackend backend)
    {
        var start = time.GetTimestamp();
        return new CalibrationRunner(time, NullLogger.Instance, () => time.GetElapsedTime(start), Nothing).RunAsync([backend], TimeSpan.FromSeconds(3), default);
    }

    private static (long Methods, TimeSpan Taken) Nothing() => (7, TimeSpan.Zero);

    // Takes as long as it is told, by a clock that it moves, and says so or says nothing.
    private sealed class Warming(FakeTimeProvider time, Func<ExecutionRequest, TimeSpan> each, bool tells = true) : IQuantumBackend, ICalibratable
    {
        private readonly StateVectorSimulator _engine = new();

        public int Runs { get; private set; }

        public BackendDescriptor Descriptor => _engine.Descriptor;

        public IReadOnlyList<ExecutionRequest> CalibrationWorkloads { get; } = [new ExecutionRequest { Circuit = States.Ghz(4), Shots = 10 }, new ExecutionRequest { Circuit = States.Ghz(5), Shots = 10 }];

        public bool RunsOnProcessor => true;

        public async Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default)
        {
            var result = await _engine.ExecuteAsync(request, cancellationToken);
            var taken = each(request);
            Runs++;
            time.Advance(taken);
            return result with { Timings = new ExecutionTimings(TimeSpan.Zero, TimeSpan.Zero, tells ? taken : TimeSpan.Zero, TimeSpan.Zero) };
        }
    }

    // Says that each run took so long, by a clock that it moves, and so much of the processor.
    private sealed class Timed(FakeTimeProvider time, bool onProcessor, TimeSpan wall, TimeSpan each) : IQuantumBackend, ICalibratable
    {
        private readonly StateVectorSimulator _engine = new();

        public TimeSpan Processor { get; private set; }

        public BackendDescriptor Descriptor => _engine.Descriptor;

        public IReadOnlyList<ExecutionRequest> CalibrationWorkloads { get; } = [new ExecutionRequest { Circuit = States.Ghz(4), Shots = 10 }];

        public bool RunsOnProcessor => onProcessor;

        public async Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default)
        {
            var result = await _engine.ExecuteAsync(request, cancellationToken);
            time.Advance(wall);
            Processor += each;
            return result with { Timings = new ExecutionTimings(TimeSpan.Zero, TimeSpan.Zero, wall, TimeSpan.Zero) };
        }
    }
}
