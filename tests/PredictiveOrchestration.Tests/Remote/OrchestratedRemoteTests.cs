using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.IonQ;
using PredictiveOrchestration.TestKit.Remote;

namespace PredictiveOrchestration.Tests.Remote;

public sealed class OrchestratedRemoteTests
{
    [Fact]
    public async Task Execute_OnARemoteBackend_ReservesOnceAndBooksWhatTheServiceBilled()
    {
        var service = new FakeIonQ(TimeProvider.System) { QueueTime = TimeSpan.Zero, RunTime = TimeSpan.Zero };
        await using var host = await LoopbackHost.StartAsync(service);
        await using var orchestrator = new PredictiveOrchestratorBuilder()
            .WithoutLocalEngines()
            .Configure(o =>
            {
                (o.StateDirectory, o.CalibrationBudget, o.CostThreshold, o.Budget) = (string.Empty, TimeSpan.Zero, 1, 10);
                o.Prices["ionq-simulator"] = new PriceModel { PerRun = 0.3m };
            })
            .AddIonQ(new IonQOptions { Endpoint = new Uri(host.Address, "/v0.4"), Target = "simulator", Credential = RemoteCredential.FromSecret("secret-key"), MinPollInterval = TimeSpan.FromMilliseconds(5) })
            .Build();
        await orchestrator.StartAsync();

        var result = await orchestrator.ExecuteAsync(new CircuitBuilder(5, 5).X(3).Measure(3, 1).Build());

        result.Execution.Counts.Should().ContainSingle().Which.Key.Should().Be(BitString.Parse("00010"));
        result.Cost.Should().Be(0.20m, "the service billed that, whatever was predicted");
        var costs = orchestrator.GetCostAnalysis();
        costs.TotalCost.Should().Be(0.20m);
        orchestrator.GetAvailableBackends().Should().ContainSingle().Which.Descriptor.Type.Should().Be(BackendType.RemoteCloud);
    }
}
