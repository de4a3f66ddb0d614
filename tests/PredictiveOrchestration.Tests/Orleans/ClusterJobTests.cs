using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>Durable jobs on three silos: accepted once, ended once, with the results of one machine.</summary>
[Collection(nameof(ClusterTests))]
public sealed class ClusterJobTests(ClusterJobTests.Silos silos) : IClassFixture<ClusterJobTests.Silos>
{
    private static readonly RandomCircuitOptions Small = new() { Qubits = 5, Clbits = 5, Operations = 30, MeasureAtEnd = true, Unitaries = false, Gates = TestSilos.Gates };

    private ClusterJobs Jobs => silos.Started.Jobs;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public async Task Submit_AnyCircuit_GivesWhatOneMachineGives(int seed, bool dynamic)
    {
        var circuit = RandomCircuits.Create(seed, Small with { MidCircuit = dynamic, ControlFlow = dynamic });
        var request = new OrchestrationRequest { Shots = 500, Seed = 7, Backend = "local-dense", TopProbabilities = 8, Observables = [PauliSum.Parse("ZIIIX")] };
        var direct = await TestSilos.DirectAsync(circuit, request);

        var job = await Jobs.SubmitAsync(ClusterJobRequest.Of(circuit, request));
        var result = await Jobs.WaitAsync(job.Id);

        result.Status.State.Should().Be(ClusterJobState.Succeeded);
        var run = result.Runs.Should().ContainSingle().Which.Result!;
        run.Counts.Should().BeEquivalentTo(direct.Counts);
        run.Probabilities.Should().Equal(direct.Probabilities);
        run.ExpectationValues.Should().Equal(direct.ExpectationValues);
        (run.Seed, run.Shots, run.BackendId).Should().Be((7UL, 500, "local-dense"));
    }

    [Fact]
    public async Task Submit_SameKeyFromManyAtOnce_IsOneJob()
    {
        var request = ClusterJobRequest.Of(RandomCircuits.Create(3, Small));
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Jobs.SubmitAsync(request, "one-key")));

        answers.Select(a => a.Id).Distinct().Should().Equal("default/one-key");
        answers.Count(a => !a.IsReplay).Should().Be(1);
        (await Jobs.WaitAsync("default/one-key")).Status.State.Should().Be(ClusterJobState.Succeeded);
        (await Jobs.SubmitAsync(request, "one-key")).IsReplay.Should().BeTrue("its result is still kept");
        await FluentActions.Awaiting(() => Jobs.SubmitAsync(ClusterJobRequest.Of(RandomCircuits.Create(4, Small)), "one-key")).Should().ThrowAsync<ArgumentException>().WithMessage("*was used for another job*");
    }

    [Fact]
    public async Task Submit_BatchAndSweep_GivesEachRunInOrder()
    {
        const string Sweep = "OPENQASM 3.0; include \"stdgates.inc\"; input float theta; qubit q; bit c; ry(theta) q; c = measure q;";
        var request = new ClusterJobRequest
        {
            Programs = [Sweep], Bindings = [.. Enumerable.Range(0, 9).Select(i => (IReadOnlyDictionary<string, double>)new Dictionary<string, double> { ["theta"] = Math.PI * i / 8 })],
            Request = new OrchestrationRequest { Shots = 0, TopProbabilities = 2 },
        };
        var swept = await Jobs.WaitAsync((await Jobs.SubmitAsync(request)).Id);

        swept.Runs.Should().HaveCount(9);
        for (var i = 0; i < 9; i++)
        {
            // |⟨1|ry(θ)|0⟩|² = sin²(θ / 2).
            swept.Runs[i].Result!.Probabilities.Where(p => p.Outcome[0]).Sum(p => p.Probability).Should().BeApproximately(Math.Pow(Math.Sin(Math.PI * i / 16), 2), 1e-12);
        }

        var circuits = Enumerable.Range(10, 12).Select(s => RandomCircuits.Create(s, Small)).ToList();
        var batch = await Jobs.WaitAsync((await Jobs.SubmitAsync(ClusterJobRequest.Of(circuits, new OrchestrationRequest { Shots = 0, TopProbabilities = 4 }))).Id);
        for (var i = 0; i < circuits.Count; i++)
        {
            var expected = await TestSilos.DirectAsync(circuits[i], new OrchestrationRequest { Shots = 0, TopProbabilities = 4 });
            batch.Runs[i].Result!.Probabilities.Select(p => p.Probability).Should().BeEquivalentTo(expected.Probabilities.Select(p => p.Probability), o => o.Using<double>(c => c.Subject.Should().BeApproximately(c.Expectation, 1e-10)).WhenTypeIs<double>());
        }
    }

    [Theory]
    [InlineData("OPENQASM 3.0; qubit q; nothing q;", "*nothing*")]
    [InlineData("OPENQASM 3.0; include \"stdgates.inc\"; qubit[20000] q; h q[0]; t q[0];", "*No backend can run this*")]
    public async Task Submit_WhatNobodyCanRun_IsRefusedWithTheReason(string program, string expected) =>
        await FluentActions.Awaiting(() => Jobs.SubmitAsync(new ClusterJobRequest { Programs = [program] })).Should().ThrowAsync<ArgumentException>().WithMessage(expected);

    [Fact]
    public async Task Cancel_RunningJob_EndsIt()
    {
        var job = await Jobs.SubmitAsync(ClusterJobRequest.Of(RandomCircuits.Pairs(1, 22, 4000), new OrchestrationRequest { Shots = 1, Backend = "local-dense" }));
        await Jobs.CancelAsync(job.Id);
        var result = await Jobs.WaitAsync(job.Id);

        result.Status.State.Should().Be(ClusterJobState.Cancelled);
        result.Runs.Should().ContainSingle().Which.Result.Should().BeNull();
    }

    [Fact]
    public async Task Get_NeverSubmitted_IsUnknown()
    {
        (await Jobs.GetStatusAsync("default/never")).State.Should().Be(ClusterJobState.Unknown);
        (await Jobs.GetResultAsync("default/never")).Should().BeNull();
        await FluentActions.Awaiting(() => Jobs.GetStatusAsync("never")).Should().ThrowAsync<ArgumentException>();
    }

    /// <summary>Three silos.</summary>
    public sealed class Silos : IAsyncLifetime
    {
        internal TestSilos Started { get; private set; } = null!;

        public async Task InitializeAsync() => Started = await TestSilos.StartAsync();

        public async Task DisposeAsync() => await Started.DisposeAsync();
    }
}
