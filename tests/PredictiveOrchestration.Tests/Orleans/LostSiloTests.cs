using Orleans.TestingHost;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>Silos are killed under load: what was accepted ends once, with the right results.</summary>
[Collection(nameof(ClusterTests))]
public sealed class LostSiloTests
{
    [Fact]
    public async Task Kill_OneSilo_CountsOnceHoweverOftenItIsTried()
    {
        // Until the others find out that it is gone it is tried again and again; two silos that were lost would end a run.
        await using var silos = await TestSilos.StartAsync(3, o => o.MaxAttempts = 2);
        await AllEndWellAsync(silos, 100, s => s.KillSiloAsync(s.Silos[^1]));
    }

    [Fact]
    public async Task Stop_OneSiloInOrder_GivesBackWhatItHas()
    {
        // Whatever a silo that stops says how often, it is one silo.
        await using var silos = await TestSilos.StartAsync(3, o => o.MaxAttempts = 2);
        await AllEndWellAsync(silos, 150, s => s.StopSiloAsync(s.Silos[^1]));
    }

    [Fact]
    public async Task Kill_OneSiloThenAnother_EveryAcceptedJobEndsOnceAndRight()
    {
        const int Jobs = 300;
        await using var silos = await TestSilos.StartAsync(3);
        var circuits = Enumerable.Range(0, 10).Select(s => RandomCircuits.Create(s, new RandomCircuitOptions { Qubits = 10, Clbits = 10, Operations = 150, MeasureAtEnd = true, Unitaries = false, Gates = TestSilos.Gates })).ToList();
        var request = new OrchestrationRequest { Shots = 200, Seed = 9, Backend = "local-dense" };
        var expected = new List<IReadOnlyDictionary<BitString, long>>();
        foreach (var circuit in circuits)
        {
            expected.Add((await TestSilos.DirectAsync(circuit, request)).Counts);
        }

        var accepted = new List<string>();
        for (var i = 0; i < Jobs; i++)
        {
            if (i is Jobs / 3 or 2 * Jobs / 3)
            {
                // The last one of those that are left: the client's gateways are found anew.
                await silos.Cluster.KillSiloAsync(silos.Cluster.Silos[^1]);
            }

            accepted.Add((await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(circuits[i % circuits.Count], request), $"job-{i}")).Id);
        }

        var results = await Task.WhenAll(accepted.Select(id => silos.Jobs.WaitAsync(id)));
        for (var i = 0; i < Jobs; i++)
        {
            results[i].Status.State.Should().Be(ClusterJobState.Succeeded, $"job {i}: {results[i].Runs.FirstOrDefault()?.FailureMessage}");
            results[i].Runs[0].Result!.Counts.Should().BeEquivalentTo(expected[i % circuits.Count], $"job {i}");
        }

        // Submitted once more each is the same job, at its end: none was run under two ends.
        var again = await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(circuits[0], request), "job-0");
        (again.IsReplay, again.EndedAt).Should().Be((true, results[0].Status.EndedAt));
    }

    private static async Task AllEndWellAsync(TestSilos silos, int jobs, Func<InProcessTestCluster, Task> lose)
    {
        var circuit = RandomCircuits.Create(1, new RandomCircuitOptions { Qubits = 10, Clbits = 10, Operations = 300, MeasureAtEnd = true, Unitaries = false, Gates = TestSilos.Gates });
        var accepted = await Task.WhenAll(Enumerable.Range(0, jobs).Select(i => silos.Jobs.SubmitAsync(ClusterJobRequest.Of(circuit, new OrchestrationRequest { Shots = 200, Seed = (ulong)i, Backend = "local-dense" }))));
        await lose(silos.Cluster);
        foreach (var job in accepted)
        {
            var result = await silos.Jobs.WaitAsync(job.Id);
            result.Status.State.Should().Be(ClusterJobState.Succeeded, "{0}", result.Runs.FirstOrDefault()?.FailureMessage);
        }
    }
}
