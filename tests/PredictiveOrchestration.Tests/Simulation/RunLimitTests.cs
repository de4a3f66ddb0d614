using Microsoft.Extensions.Time.Testing;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation;
using PredictiveOrchestration.Simulation.MatrixProductState;
using PredictiveOrchestration.Simulation.Sparse;
using PredictiveOrchestration.Simulation.Stabilizer;

namespace PredictiveOrchestration.Tests.Simulation;

/// <summary>What a run may take, and what it may take more once half of the job is done.</summary>
public sealed class RunLimitTests
{
    private const int Gates = 2000;

    [Theory]
    [InlineData(0.99, 0.0, true)]
    [InlineData(1.01, 0.49, false)]
    [InlineData(1.01, 0.5, true)]
    [InlineData(1.99, 0.5, true)]
    [InlineData(2.01, 0.99, false)]
    public void Check_AtSomeTime_GoesOnAsFarAsWhatIsDoneAllows(double seconds, double share, bool goesOn)
    {
        var time = new FakeTimeProvider();
        var context = new RunContext("engine", Limited(OnePass()), long.MaxValue, time, default);
        context.ReportOperations((int)(share * Gates));
        time.Advance(TimeSpan.FromSeconds(seconds));

        var check = () => context.Check((int)(share * Gates));

        if (goesOn)
        {
            check.Should().NotThrow();
        }
        else
        {
            check.Should().Throw<BackendException>().WithMessage($"*time limit of {(seconds > 2 ? 2 : 1)} s*").Which.Kind.Should().Be(BackendErrorKind.TimeLimit);
        }
    }

    [Fact]
    public void Check_NothingMoreIsAllowed_StopsAtTheLimit()
    {
        var time = new FakeTimeProvider();
        var context = new RunContext("engine", Limited(OnePass()) with { TimeIfHalfDone = null }, long.MaxValue, time, default);
        context.ReportOperations(Gates - 1);
        time.Advance(TimeSpan.FromSeconds(1.01));

        context.Invoking(c => c.Check(Gates - 1)).Should().Throw<BackendException>().WithMessage("*time limit of 1 s*");
    }

    [Fact]
    public void Check_ShotsGoThroughTheCircuitOneByOne_HalfOfThemCount()
    {
        var time = new FakeTimeProvider();
        var context = new RunContext("engine", Limited(new CircuitBuilder(1, 1).H(0).Measure(0, 0).H(0).Measure(0, 0).Build()), long.MaxValue, time, default);
        context.ReportShots(49);
        context.ReportOperations(4);
        time.Advance(TimeSpan.FromSeconds(0.99));
        context.Check(4);
        context.ReportShots(50);
        time.Advance(TimeSpan.FromSeconds(0.5));
        context.Check(1);

        context = new RunContext("engine", Limited(context.Circuit), long.MaxValue, time, default);
        context.ReportShots(49);
        context.ReportOperations(4);
        time.Advance(TimeSpan.FromSeconds(1.01));
        context.Invoking(c => c.Check(4)).Should().Throw<BackendException>();
    }

    [Theory]
    [InlineData("mps", 0.25, false)]
    [InlineData("mps", 0.6, true)]
    [InlineData("sparse", 0.25, false)]
    [InlineData("sparse", 0.6, true)]
    [InlineData("stabilizer", 0.25, false)]
    [InlineData("stabilizer", 0.6, true)]
    public async Task ExecuteAsync_LimitComesWhenAShareIsDone_GoesOnFromHalfOn(string engine, double share, bool goesOn)
    {
        var time = new FakeTimeProvider();
        IQuantumBackend backend = engine switch
        {
            "mps" => new MatrixProductStateSimulator(time: time),
            "sparse" => new SparseStateSimulator(time: time),
            _ => new StabilizerSimulator(time: time),
        };
        var request = Limited(OnePass()) with { Progress = new Clock(time, (int)(share * Gates)) };

        var run = () => backend.ExecuteAsync(request);

        if (goesOn)
        {
            (await run()).Counts.Values.Sum().Should().Be(100);
        }
        else
        {
            (await run.Should().ThrowAsync<BackendException>()).Which.Kind.Should().Be(BackendErrorKind.TimeLimit);
        }
    }

    private static ExecutionRequest Limited(Circuit circuit) =>
        new() { Circuit = circuit, Shots = 100, Limits = new ExecutionLimits { Time = TimeSpan.FromSeconds(1) }, TimeIfHalfDone = TimeSpan.FromSeconds(2) };

    // Two qubits that are turned and joined again and again.
    private static Circuit OnePass()
    {
        var builder = new CircuitBuilder(2, 2);
        for (var i = 0; i < Gates / 2; i++)
        {
            builder.H(0).CX(0, 1);
        }

        return builder.Build();
    }

    // The limit passes when so many operations are done.
    private sealed class Clock(FakeTimeProvider time, int operations) : IProgress<ExecutionProgress>
    {
        private bool _isPast;

        public void Report(ExecutionProgress value)
        {
            if (!_isPast && value.OperationsDone >= operations)
            {
                _isPast = true;
                time.Advance(TimeSpan.FromSeconds(1.5));
            }
        }
    }
}
