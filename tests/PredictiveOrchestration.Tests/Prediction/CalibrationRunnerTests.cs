using Microsoft.Extensions.Logging.Abstractions;
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
        var backend = new Timed(onProcessor, TimeSpan.FromMilliseconds(wall), TimeSpan.FromMilliseconds(processor));
        var rows = await new CalibrationRunner(TimeProvider.System, NullLogger.Instance, () => backend.Processor).RunAsync([backend], TimeSpan.FromMinutes(10), default);
        rows.Should().NotBeEmpty().And.OnlyContain(r => 1e3 * r.Seconds >= least - 1e-9 && 1e3 * r.Seconds <= most + 1e-9, because);
    }

    // Says that each run took so long, and so much of the processor.
    private sealed class Timed(bool onProcessor, TimeSpan wall, TimeSpan each) : IQuantumBackend, ICalibratable
    {
        private readonly StateVectorSimulator _engine = new();

        public TimeSpan Processor { get; private set; }

        public BackendDescriptor Descriptor => _engine.Descriptor;

        public IReadOnlyList<ExecutionRequest> CalibrationWorkloads { get; } = [new ExecutionRequest { Circuit = States.Ghz(4), Shots = 10 }];

        public bool RunsOnProcessor => onProcessor;

        public async Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default)
        {
            var result = await _engine.ExecuteAsync(request, cancellationToken);
            Processor += each;
            return result with { Timings = new ExecutionTimings(TimeSpan.Zero, TimeSpan.Zero, wall, TimeSpan.Zero) };
        }
    }
}
