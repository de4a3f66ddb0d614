using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Orleans;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>A silo is in the cluster before its orchestrator has measured the machine.</summary>
[Collection(nameof(ClusterTests))]
public sealed class StartingSiloTests
{
    [Fact]
    public async Task Submit_ToASiloThatIsStarting_WaitsForIt()
    {
        var (started, gate) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var silos = await TestSilos.StartAsync(1, orchestrator: b =>
        {
            if (Interlocked.Increment(ref started) == 2)
            {
                b.AddBackendSource(new Held(gate.Task));
            }
        });
        var starting = silos.Cluster.StartAdditionalSiloAsync();
        using var guard = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        var management = silos.Cluster.Client.GetGrain<IManagementGrain>(0);
        SiloAddress? second;
        while ((second = (await management.GetHosts(true)).Keys.FirstOrDefault(s => !s.Equals(silos.Cluster.Silos[0].SiloAddress))) is null)
        {
            await Task.Delay(20, guard.Token);
        }

        // Until the other silo knows what runs on the new one the hint is not followed, and the job ends there.
        var circuit = new CircuitBuilder(2, 2).H(0).CX(0, 1).Measure(0, 0).Measure(1, 1).Build();
        Task<ClusterJobStatus> submitting;
        do
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, second);
            submitting = silos.Jobs.SubmitAsync(ClusterJobRequest.Of(circuit));
            RequestContext.Clear();
        }
        while (await Task.WhenAny(submitting, Task.Delay(500, guard.Token)) == submitting && (await submitting).Id.Length > 0);

        guard.Token.ThrowIfCancellationRequested();
        gate.SetResult();
        await starting;
        (await silos.Jobs.WaitAsync((await submitting).Id)).Status.State.Should().Be(ClusterJobState.Succeeded);
    }

    private sealed class Held(Task gate) : IBackendSource
    {
        public async ValueTask<IAsyncDisposable> StartAsync(BackendSourceContext context, CancellationToken cancellationToken = default)
        {
            await gate.WaitAsync(cancellationToken);
            return new Nothing();
        }

        private sealed class Nothing : IAsyncDisposable
        {
            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
