using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.Tests.Telemetry;

public sealed class TelemetryRingBufferTests
{
    [Fact]
    public void TryWrite_Full_DropsAndCounts()
    {
        var ring = new TelemetryRingBuffer(4);
        Enumerable.Range(0, 6).Select(i => ring.TryWrite(Record(i))).Should().Equal(true, true, true, true, false, false);
        ring.Dropped.Should().Be(2);
        ring.TryRead(out var first).Should().BeTrue();
        first!.Shots.Should().Be(0);
        ring.TryWrite(Record(9)).Should().BeTrue();
        ring.Written.Should().Be(5);
    }

    [Fact]
    public async Task TryWrite_FourWritersOneReader_NothingIsLostUncounted()
    {
        var ring = new TelemetryRingBuffer(1024);
        const int each = 50_000;
        var writers = Enumerable.Range(0, 4).Select(w => Task.Run(() =>
        {
            for (var i = 0; i < each; i++)
            {
                ring.TryWrite(Record(w * each + i));
            }
        })).ToArray();
        var all = Task.WhenAll(writers);
        var last = new[] { -1, -1, -1, -1 };
        long read = 0;
        while (true)
        {
            var done = all.IsCompleted;
            while (ring.TryRead(out var record))
            {
                var writer = record.Shots / each;
                record.Shots.Should().BeGreaterThan(last[writer], "each writer's records keep their order");
                last[writer] = record.Shots;
                read++;
            }

            if (done)
            {
                break;
            }
        }

        await all;
        (read + ring.Dropped).Should().Be(4 * each);
        ring.Written.Should().Be(read);
    }

    internal static ExecutionRecord Record(int shots, string backend = "b", double seconds = 0.01, ExecutionOutcome outcome = ExecutionOutcome.Completed, CircuitProfile? profile = null) => new()
    {
        Timestamp = DateTimeOffset.UnixEpoch,
        BackendId = backend,
        CostModel = "dense",
        Strategy = "predictive",
        Outcome = outcome,
        Profile = profile ?? CircuitProfiler.FromValues(4, 4, 10, 0.5, 256),
        Shots = shots,
        Threads = 1,
        ServiceTime = TimeSpan.FromSeconds(seconds),
        PredictedSeconds = 0.01,
        PredictedLowerSeconds = 0.005,
        PredictedUpperSeconds = 0.02,
        ModelVersion = 1,
    };
}
