using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Orleans.Knowledge;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>What one silo has learned, others begin with; what they cannot read they leave alone.</summary>
[Collection(nameof(ClusterTests))]
public sealed class SharedKnowledgeTests
{
    [Fact]
    public async Task Begin_NewSilo_StartsFromTheBestOfItsKindOfMachine()
    {
        // The third silo is of a newer version, whose models have another form.
        var form = 0;
        await using var silos = await TestSilos.StartAsync(3, o => o.ModelForm = Interlocked.Increment(ref form) == 3 ? LearnedState.FormatVersion + 1 : LearnedState.FormatVersion);
        var sharers = silos.Cluster.Silos.Select(s => s.ServiceProvider.GetServices<IHostedService>().OfType<KnowledgeSharer>().Single()).ToList();
        var orchestrators = silos.Cluster.Silos.Select(TestSilos.Of<PredictiveOrchestrator>).ToList();
        var old = Enumerable.Range(0, 3).Where(i => Form(silos, i) == LearnedState.FormatVersion).ToList();
        var (teacher, pupil, newer) = (old[0], old[1], Enumerable.Range(0, 3).Except(old).Single());
        for (var i = 0; i < 60; i++)
        {
            await orchestrators[teacher].ExecuteAsync(RandomCircuits.Create(i, new RandomCircuitOptions { Qubits = 4 + (i % 5), Operations = 20 + (7 * i % 50), Unitaries = false }), new OrchestrationRequest { Backend = "local-dense" });
        }

        await orchestrators[teacher].FlushLearningAsync();
        (await sharers[pupil].BeginAsync(default)).Should().BeNull("nobody has published yet");
        await sharers[teacher].ShareAsync(default);
        (await sharers[pupil].BeginAsync(default)).Should().Be(silos.Cluster.Silos[teacher].Name);
        orchestrators[pupil].Models.HasLearned.Should().BeTrue();
        (await sharers[pupil].BeginAsync(default)).Should().BeNull("it has learned something now");
        var circuit = RandomCircuits.Create(99, new RandomCircuitOptions { Qubits = 6, Operations = 40, Unitaries = false });
        double Predicted(int silo) => orchestrators[silo].GetRoutingRecommendation(circuit, new OrchestrationRequest { Backend = "local-dense" }).ExpectedPerformance.Seconds.Median;
        Predicted(pupil).Should().BeApproximately(Predicted(teacher), 1e-12, "it predicts with the teacher's models");

        // The newer silo neither takes what it cannot read nor is in the way.
        (await sharers[newer].BeginAsync(default)).Should().BeNull();
        orchestrators[newer].Models.HasLearned.Should().BeFalse();
        var (job, request) = (RandomCircuits.Create(1, new RandomCircuitOptions { Unitaries = false, Gates = TestSilos.Gates, MeasureAtEnd = true }), new OrchestrationRequest { Seed = 3, Backend = "local-dense" });
        var direct = await TestSilos.DirectAsync(job, request);
        for (var i = 0; i < 6; i++)
        {
            (await silos.Jobs.WaitAsync((await silos.Jobs.SubmitAsync(ClusterJobRequest.Of(job, request))).Id)).Runs[0].Result!.Counts.Should().BeEquivalentTo(direct.Counts);
        }
    }

    [Fact]
    public async Task Registry_Verdicts_MakeChampions()
    {
        await using var silos = await TestSilos.StartAsync(1);
        var registry = silos.Cluster.Client.GetGrain<IModelRegistryGrain>(0);
        static ModelRelease Release(string instance, string machine, int form = 1) => new() { Instance = instance, Machine = machine, Form = form, Runs = 100 };
        var a = await registry.PublishAsync(Release("a", "linux|x64|8|net"));
        var b = await registry.PublishAsync(Release("b", "linux|x64|8|net"));
        await registry.PublishAsync(Release("far", "linux|arm|64|net"));
        await registry.PublishAsync(Release("other", "linux|x64|8|net", form: 2));

        async Task<string> Order(string machine, int form) => string.Join(' ', (await registry.FindAsync(machine, form)).Select(r => r.Instance));
        (await Order("linux|x64|8|net", 1)).Should().Be("b a far", "the newest of the same kind of machine first");
        await registry.JudgeAsync("a", a, true);
        (await Order("linux|x64|8|net", 1)).Should().Be("a b far", "a champion before challengers");
        await registry.JudgeAsync("a", a, false);
        await registry.JudgeAsync("a", a, false);
        (await registry.FindAsync("linux|x64|8|net", 1)).Single(r => r.Instance == "a").IsChampion.Should().BeFalse("it was of use once of three times");
        await registry.JudgeAsync("b", b - 1, true);
        (await registry.FindAsync("linux|x64|8|net", 1)).Single(r => r.Instance == "b").Trials.Should().Be(0, "a verdict on another release does not count");
        (await Order("linux|arm|64|net", 1)).Should().StartWith("far");
        (await Order("linux|x64|8|net", 2)).Should().Be("other");
        await registry.PublishAsync(Release("a", "linux|x64|8|net"));
        (await registry.FindAsync("linux|x64|8|net", 1)).Should().ContainSingle(r => r.Instance == "a").Which.Trials.Should().Be(0, "a new release is a challenger again");
    }

    private static int Form(TestSilos silos, int index) => TestSilos.Of<Microsoft.Extensions.Options.IOptions<OrleansWorkerOptions>>(silos.Cluster.Silos[index]).Value.ModelForm;
}
