using PredictiveOrchestration.Aws;
using PredictiveOrchestration.Azure;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.Ibm;
using PredictiveOrchestration.Remote.IonQ;
using PredictiveOrchestration.Routing;
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

    [Theory]
    [InlineData(100, true)]
    [InlineData(0, false)]
    public async Task Execute_OnIbmQuantumWithAPrice_IsPricedBeforehandAndBookedBySeconds(int threshold, bool runs)
    {
        var service = new FakeIbm(TimeProvider.System) { QueueTime = TimeSpan.Zero, RunTime = TimeSpan.Zero };
        await using var host = await LoopbackHost.StartAsync(service);
        await using var orchestrator = new PredictiveOrchestratorBuilder()
            .WithoutLocalEngines()
            .Configure(o => (o.StateDirectory, o.CalibrationBudget, o.CostThreshold, o.Budget) = (string.Empty, TimeSpan.Zero, threshold, 1000))
            .AddIbmQuantum(new IbmQuantumOptions
            {
                Target = "ibm_test", Instance = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::", MaxQubits = 8, PricePerSecond = 1.6m, Endpoint = new Uri(host.Address, "/api/v1"),
                IdentityEndpoint = host.Address, Credential = RemoteCredential.FromSecret("api-key"), MinPollInterval = TimeSpan.FromMilliseconds(5), RateLimit = new RemoteRateLimit(1000, 1000),
            })
            .Build();
        await orchestrator.StartAsync();
        var run = () => orchestrator.ExecuteAsync(new CircuitBuilder(5, 5).X(3).Measure(3, 1).Build(), new OrchestrationRequest { RequireExact = false });

        if (runs)
        {
            (await run()).Cost.Should().Be(4.00m, "2.5 seconds at 1.60");
            orchestrator.GetCostAnalysis().TotalCost.Should().Be(4.00m);
        }
        else
        {
            await run.Should().ThrowAsync<NoFeasibleBackendException>("a device with a price is not free");
            service.Jobs.Should().BeEmpty();
        }
    }

    [Theory]
    [InlineData("braket-amazon-sv1", 1.75)]
    [InlineData("azure-ionq-simulator", 12.4166)]
    public async Task Execute_OnACloudOfAnotherPackage_ReservesByItsPriceAndBooksWhatItCost(string id, double cost)
    {
        ScriptedService service = id == "braket-amazon-sv1"
            ? new FakeBraket(TimeProvider.System) { QueueTime = TimeSpan.Zero, RunTime = TimeSpan.Zero }
            : new FakeAzure(TimeProvider.System) { QueueTime = TimeSpan.Zero, RunTime = TimeSpan.Zero, Storage = null };
        await using var host = await LoopbackHost.StartAsync(service);
        var price = new PriceModel { PerRun = 0.3m, PerShot = 0.00145m };
        var builder = new PredictiveOrchestratorBuilder()
            .WithoutLocalEngines()
            .Configure(o => (o.StateDirectory, o.CalibrationBudget, o.CostThreshold, o.Budget) = (string.Empty, TimeSpan.Zero, 5, 100));
        builder = service is FakeBraket
            ? builder.AddBraket(new BraketOptions
            {
                Target = BraketHarness.Sv1, Endpoint = host.Address, StorageEndpoint = host.Address, ResultBucket = "amazon-braket-results", Price = price, MinPollInterval = TimeSpan.FromMilliseconds(5),
                Credentials = new Amazon.Runtime.BasicAWSCredentials("AKIDEXAMPLE", "secret-key"),
            })
            : builder.AddAzureQuantum(new AzureQuantumOptions
            {
                Target = "ionq.simulator", Endpoint = host.Address, SubscriptionId = "sub", ResourceGroup = "group", Workspace = "space", Price = price, MinPollInterval = TimeSpan.FromMilliseconds(5),
                Credential = RemoteCredential.FromSecret("secret-key"),
            });
        await using var orchestrator = builder.Build();
        await orchestrator.StartAsync();

        var result = await orchestrator.ExecuteAsync(new CircuitBuilder(5, 5).X(3).Measure(3, 1).Build());

        result.Execution.BackendId.Should().Be(id);
        result.Execution.Counts.Should().ContainSingle().Which.Key.Should().Be(BitString.Parse("00010"));
        result.Cost.Should().Be((decimal)cost);
        orchestrator.GetCostAnalysis().TotalCost.Should().Be((decimal)cost);
        result.Decision.Explain().Should().Contain("1.75", "the price by the list is what was expected of 1000 shots");
    }
}
