using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>What waits at a silo that does not get on goes to one that has nothing to do.</summary>
[Collection(nameof(ClusterTests))]
public sealed class WorkSharingTests
{
    [Fact]
    public async Task Wait_AtASiloThatIsHeldUp_IsTakenOverByAnother()
    {
        const int Runs = 40;
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (started, stuck) = (0, 0);
        await using var silos = await TestSilos.StartAsync(2, o => o.ReportInterval = TimeSpan.FromMilliseconds(100), b =>
        {
            // The engine of the first silo is held up, and nothing has predicted that.
            var isHeld = Interlocked.Increment(ref started) == 1;
            b.AddBackend(new FakeBackend("engine", async (request, token) =>
            {
                if (isHeld)
                {
                    Interlocked.Increment(ref stuck);
                    await gate.Task.WaitAsync(token);
                }

                return FakeBackend.Result("engine", request);
            }, isLocal: true));
        });
        var circuits = Enumerable.Range(1, Runs).Select(i => new CircuitBuilder(2, 2).H(0).CX(0, 1).RX(i, 0).Measure(0, 0).Measure(1, 1).Build());
        var job = await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(circuits, new OrchestrationRequest { Backend = "engine" }));
        using var guard = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        while ((await silos.Jobs.GetStatusAsync(job.Id)).PartsEnded < Runs - Volatile.Read(ref stuck))
        {
            await Task.Delay(20, guard.Token);
        }

        // All but what the silo had begun, and it has two places.
        stuck.Should().BeLessThanOrEqualTo(2);
        (await silos.Jobs.GetStatusAsync(job.Id)).Restarts.Should().Be(0, "nothing was lost");
        gate.SetResult();
        var result = await silos.Jobs.WaitAsync(job.Id);
        result.Status.State.Should().Be(ClusterJobState.Succeeded);
        result.Runs.Should().HaveCount(Runs).And.OnlyContain(r => r.Result != null);
    }
}
