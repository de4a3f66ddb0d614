using PredictiveOrchestration.Orleans.Placement;
using PredictiveOrchestration.Orleans.Silos;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>Memory first, then the least predicted completion, and a margin for who has it.</summary>
public sealed class PlacementChooserTests
{
    private static readonly RunNeeds OneSecond = new() { Engines = [new EngineNeed("dense", 1, 0.01, 1000)] };

    [Fact]
    public void Choose_TooLittleMemory_IsNeverTaken() =>
        PlacementChooser.Choose([At("small", memory: 999), At("busy", memory: 1000, backlog: 1e6, running: 2)], OneSecond, "small", 0.1)!.Value.Silo.Should().Be("busy");

    [Fact]
    public void Choose_NobodyHasTheMemoryOrTheEngine_IsNull()
    {
        PlacementChooser.Choose([At("small", memory: 999)], OneSecond, null, 0).Should().BeNull();
        PlacementChooser.Choose([At("other", engine: "mps")], OneSecond, null, 0).Should().BeNull();
        PlacementChooser.Choose([At("closed", reason: "failing")], OneSecond, null, 0).Should().BeNull();
        PlacementChooser.Choose([At("leaving", draining: true)], OneSecond, null, 0).Should().BeNull();
    }

    [Theory]
    [InlineData(0.02, 1.5, "fast")] // Half as fast and free: 2 s; as fast and 1.5 s of work on one place: 2.5 s.
    [InlineData(0.02, 0.9, "near")]
    public void Choose_SlowMachineOrWait_TakesTheLeastCompletion(double slowReference, double backlog, string expected)
    {
        var places = new[] { At("fast", reference: slowReference), At("near", reference: 0.01, backlog: backlog, running: 1, places: 1) };
        var choice = PlacementChooser.Choose(places, OneSecond, null, 0)!.Value;
        choice.Silo.Should().Be(expected);
        choice.CompletionSeconds.Should().BeApproximately(expected == "fast" ? 2 : 1 + backlog, 1e-12);
    }

    [Theory]
    [InlineData(0.05, "mine")]
    [InlineData(0.5, "other")]
    public void Choose_LittleGain_StaysWithWhoHasIt(double gain, string expected) =>
        PlacementChooser.Choose([At("mine"), At("other", reference: 0.01 * (1 - gain))], OneSecond, "mine", 0.1)!.Value.Silo.Should().Be(expected);

    [Theory]
    [InlineData(2.0, true)] // Two seconds of other work on one place, and one of its own; the idle one takes a second.
    [InlineData(0.1, false)] // 1.1 s here, 1 s there: within the margin.
    [InlineData(0.12, true)]
    public void Gain_RunThatWaits_GoesWhereItEndsSoonerByMoreThanTheMargin(double before, bool goes)
    {
        var gain = PlacementChooser.Gain(At("here", backlog: before, running: 1, places: 1), At("idle"), OneSecond.Engines, 0.1);
        gain.HasValue.Should().Be(goes);
        (gain?.RunSeconds ?? 1).Should().Be(1);
    }

    [Fact]
    public void Busy_OfAFew_AsksThoseThatWaitLongestAndUnderstand()
    {
        static Place Waits(string name, double backlog, bool gives = true) => At(name, backlog: backlog, running: 2) is var at ? at with { Report = at.Report with { Waiting = 3, GivesWork = gives } } : default;
        PlacementChooser.Busy([Waits("b", 20), At("none", backlog: 99, running: 2), Waits("old", 99, gives: false), Waits("a", 30), Waits("me", 99), Waits("d", 1), Waits("c", 10)], "me")
            .Select(p => p.Report.Address).Should().Equal("a", "b", "c");
    }

    [Fact]
    public void Gain_IdleSiloLacksTheMemory_IsNone() => PlacementChooser.Gain(At("here", backlog: 1e6, running: 2), At("idle", memory: 999), OneSecond.Engines, 0).Should().BeNull();

    [Fact]
    public void Choose_AvoidedSilo_ComesLast()
    {
        var needs = OneSecond with { Avoid = ["a"] };
        PlacementChooser.Choose([At("a"), At("b", backlog: 100, running: 2)], needs, "a", 0.1)!.Value.Silo.Should().Be("b");
        PlacementChooser.Choose([At("a")], needs, null, 0.1)!.Value.Silo.Should().Be("a");
    }

    [Fact]
    public void Choose_EngineThatIsFasterThere_IsCounted()
    {
        var needs = new RunNeeds { Engines = [new EngineNeed("dense", 1, 0.01, 0), new EngineNeed("gpu", 0.2, 0, 0)] };
        var choice = PlacementChooser.Choose([At("cpu"), At("gpu", engine: "gpu", reference: 0.01)], needs, null, 0)!.Value;
        (choice.Silo, choice.Engine).Should().Be(("gpu", "gpu"));
    }

    [Fact]
    public void Directory_RunsSentSinceTheView_CountUntilTheNext()
    {
        var directory = new SiloDirectory(false, 0);
        var view = new ClusterView { Silos = [At("a", places: 1).Report, At("b", places: 1).Report], SiloCount = 2, Concurrency = 2 };
        directory.Update(view);
        var order = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            var choice = PlacementChooser.Choose(directory.Places(), OneSecond, null, 0)!.Value;
            directory.Sent(choice.Silo, choice.RunSeconds);
            order.Add(choice.Silo);
        }

        order.Count(s => s == "a").Should().Be(3, "each takes its share although no report has come: {0}", string.Join(' ', order));
        directory.Update(view);
        directory.Places().Should().OnlyContain(p => p.SentRuns == 0);
        directory.Remove("a");
        directory.Places().Should().ContainSingle().Which.Report.Address.Should().Be("b");
    }

    private static Place At(
        string name, long memory = 1 << 20, double backlog = 0, int running = 0, int places = 2, double reference = 0.01, string engine = "dense", string? reason = null, bool draining = false) => new(
        new SiloReport
        {
            Address = name, Name = name, MemoryBytes = memory, BacklogSeconds = backlog, Running = running, Concurrency = places, IsDraining = draining,
            Engines = [new EngineReport { Id = engine, ReferenceSeconds = reference, Reason = reason }],
        },
        0, 0);
}
