using System.Net;
using System.Text.Json;
using PredictiveOrchestration.AspNetCore.IonQ;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Worker;

/// <summary>IonQ's protocol as its public clients use it, request by request.</summary>
public sealed class IonQFacadeTests
{
    private static readonly (string Name, string Value) Key = ("Authorization", "apiKey anything");

    // What a public Python client posts: target and lang and shots in quotes, no content type needed.
    private const string FiveQubits =
        """
        {"backend":"simulator","type":"ionq.circuit.v1","lang":"json","name":"asym","shots":"200","metadata":{"shots":"200","measurement0":"m\u001f0,1"},
         "input":{"gateset":"qis","qubits":5,"circuit":[{"gate":"x","targets":[0]},{"gate":"ry","target":1,"rotation":0.7},{"gate":"ry","target":2,"rotation":1.3},
         {"gate":"cnot","control":2,"target":3},{"gate":"v","target":4},{"gate":"x","targets":[1],"controls":[0,4]}]}}
        """;

    [Fact]
    public async Task Job_FromCreationToDeletion_AsAClientDoesIt()
    {
        await using var worker = await WorkerHost.StartAsync();
        var created = await worker.PostAsync("/v0.4/jobs", FiveQubits, null, Key);
        created.Status.Should().Be(HttpStatusCode.Created, created.Text);
        var id = created.Json.GetProperty("id").GetString()!;
        created.Json.GetProperty("status").GetString().Should().Be("ready");
        var job = await EndAsync(worker, id);
        job.GetProperty("status").GetString().Should().Be("completed");
        job.GetProperty("backend").GetString().Should().Be("simulator");
        job.GetProperty("metadata").GetProperty("shots").GetString().Should().Be("200");
        job.GetProperty("stats").GetProperty("qubits").GetInt32().Should().Be(5);
        job.GetProperty("failure").ValueKind.Should().Be(JsonValueKind.Null);

        // Both result layouts: the address is relative and holds the version.
        var url = job.GetProperty("results").GetProperty("probabilities").GetProperty("url").GetString()!;
        url.Should().Be($"/v0.4/jobs/{id}/results/probabilities");
        var probabilities = (await worker.GetAsync(url + "?sharpen=false", null, Key)).Json;
        var expected = OracleSimulator.OutcomeDistribution(IonQGates.Read(JsonDocument.Parse(FiveQubits).RootElement.GetProperty("input").GetProperty("circuit"), 5, "qis"));
        var nonZero = expected.Where(e => e.Value > 1e-14).ToDictionary(e => Convert.ToInt32(e.Key, 2).ToString(), e => e.Value);
        probabilities.EnumerateObject().Select(p => p.Name).Should().BeEquivalentTo(nonZero.Keys);
        foreach (var p in probabilities.EnumerateObject())
        {
            p.Value.GetDouble().Should().BeApproximately(nonZero[p.Name], 1e-12);
            (int.Parse(p.Name) & 1).Should().Be(1, "qubit 0 was flipped and is the least significant bit");
        }

        var artifact = job.GetProperty("results").GetProperty("ionq.result.probabilities.json.v2").GetProperty("id").GetString();
        (await worker.GetAsync($"/v0.4/jobs/{id}/artifacts/{artifact}", null, Key)).Json.GetProperty("probabilities").GetProperty("registers").GetProperty("output_all").EnumerateObject().Sum(p => p.Value.GetDouble()).Should().BeApproximately(1, 1e-9);
        (await worker.GetAsync($"/v0.4/jobs/{id}/results/histogram", null, Key)).Json.EnumerateObject().Sum(p => p.Value.GetInt64()).Should().Be(200);
        (await worker.GetAsync($"/v0.4/jobs/{id}/results/shots", null, Key)).Json.GetArrayLength().Should().Be(200);
        (await worker.GetAsync($"/v0.4/jobs/{id}/cost", null, Key)).Json.GetProperty("cost").GetProperty("unit").GetString().Should().Be("usd");

        // A job that has ended is not cancelled any more, and its client is not told an error.
        (await worker.SendAsync(HttpMethod.Put, $"/v0.4/jobs/{id}/status/cancel", null, null, Key)).Status.Should().Be(HttpStatusCode.OK);
        var deleted = await worker.SendAsync(HttpMethod.Delete, $"/v0.4/jobs/{id}", null, null, Key);
        deleted.Json.GetProperty("status").GetString().Should().Be("deleted");
        (await worker.GetAsync($"/v0.4/jobs/{id}", null, Key)).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Job_OpenQasm3_MeasuresWhatItSays()
    {
        await using var worker = await WorkerHost.StartAsync();
        var body = JsonSerializer.Serialize(new { type = "ionq.qasm3.v1", backend = "simulator", shots = 50, input = new { data = "OPENQASM 3.0; include \"stdgates.inc\"; qubit[3] q; bit[2] c; x q[2]; c[1] = measure q[2];" } });
        var id = (await worker.PostAsync("/v0.4/jobs", body)).Json.GetProperty("id").GetString()!;
        await EndAsync(worker, id);
        (await worker.GetAsync($"/v0.4/jobs/{id}/results/probabilities")).Text.Should().Be("{\"2\":1}");
    }

    [Fact]
    public async Task Job_OfSeveralCircuits_KeepsTheirOrder()
    {
        await using var worker = await WorkerHost.StartAsync();
        const string body = """
            {"type":"ionq.multi-circuit.v1","backend":"simulator","shots":100,"input":{"gateset":"qis","qubits":2,"circuits":[
             {"name":"a","circuit":[{"gate":"x","target":0}]},{"name":"b","circuit":[{"gate":"x","target":1}]},{"name":"c","qubits":3,"circuit":[{"gate":"x","target":2}]}]}}
            """;
        var created = await worker.PostAsync("/v0.4/jobs", body);
        created.Status.Should().Be(HttpStatusCode.Created, created.Text);
        var id = created.Json.GetProperty("id").GetString()!;
        var job = await EndAsync(worker, id);
        var children = job.GetProperty("child_job_ids").EnumerateArray().Select(c => c.GetString()).ToList();
        var aggregated = (await worker.GetAsync(job.GetProperty("results").GetProperty("probabilities").GetProperty("url").GetString()!)).Json;
        aggregated.EnumerateObject().Select(c => c.Name).Should().Equal(children);
        aggregated.EnumerateObject().Select(c => c.Value.EnumerateObject().Single().Name).Should().Equal("1", "2", "4");
        (await worker.GetAsync($"/v0.4/jobs?parent_job_id={id}")).Json.GetProperty("jobs").GetArrayLength().Should().Be(3);
        (await worker.GetAsync("/v0.4/jobs")).Json.GetProperty("jobs").GetArrayLength().Should().Be(1, "parts are not listed");
    }

    [Fact]
    public async Task List_LastPage_HasNoNext_EvenAskedByABody()
    {
        await using var worker = await WorkerHost.StartAsync();
        for (var i = 0; i < 3; i++)
        {
            await worker.PostAsync("/v0.4/jobs", FiveQubits);
        }

        // A public client sends the limit in the body of the GET and asks on while there is a 'next'.
        var first = await worker.SendAsync(HttpMethod.Get, "/v0.4/jobs", "{\"limit\": 2}");
        first.Json.GetProperty("jobs").GetArrayLength().Should().Be(2);
        var second = await worker.SendAsync(HttpMethod.Get, $"/v0.4/jobs?next={first.Json.GetProperty("next").GetString()}", "{\"limit\": 2}");
        second.Json.GetProperty("jobs").GetArrayLength().Should().Be(1);
        second.Json.TryGetProperty("next", out _).Should().BeFalse();
    }

    [Fact]
    public async Task Cancel_RunningJob_IsCanceled()
    {
        await using var worker = await WorkerHost.StartAsync(backends: [FakeBackend.Hanging("never", isLocal: true)]);
        var ids = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            ids.Add((await worker.PostAsync("/v0.4/jobs", FiveQubits)).Json.GetProperty("id").GetString()!);
        }

        (await worker.GetAsync($"/v0.4/jobs/{ids[0]}/results/probabilities")).Status.Should().Be(HttpStatusCode.NotFound);
        (await worker.SendAsync(HttpMethod.Put, $"/v0.4/jobs/{ids[0]}/status/cancel")).Json.GetProperty("status").GetString().Should().Be("canceled");
        (await worker.SendAsync(HttpMethod.Put, "/v0.4/jobs/status/cancel", JsonSerializer.Serialize(new { ids }))).Json.GetProperty("status").GetString().Should().Be("canceled");
        (await EndAsync(worker, ids[1])).GetProperty("status").GetString().Should().Be("canceled");
    }

    [Theory]
    [InlineData("{\"backend\":\"qpu.forte-1\",\"input\":{\"qubits\":1,\"circuit\":[]}}", "backend")]
    [InlineData("{\"backend\":\"simulator\",\"shots\":0,\"input\":{\"qubits\":1,\"circuit\":[]}}", "shots")]
    [InlineData("{\"backend\":\"simulator\",\"input\":{\"qubits\":1,\"circuit\":[{\"gate\":\"warp\",\"target\":0}]}}", "'warp' is not known")]
    [InlineData("{\"backend\":\"simulator\",\"input\":{\"qubits\":1,\"circuit\":[{\"gate\":\"h\",\"target\":1}]}}", "gate 0")]
    [InlineData("{\"backend\":\"simulator\",\"input\":{\"qubits\":2,\"circuit\":[{\"gate\":\"rx\",\"target\":1}]}}", "'rotation'")]
    [InlineData("{\"backend\":\"simulator\",\"noise\":{\"model\":\"aria-1\"},\"input\":{\"qubits\":2,\"circuit\":[]}}", "noise")]
    [InlineData("{\"backend\":\"simulator\"}", "input")]
    [InlineData("nonsense", "JSON")]
    public async Task Create_WrongJob_IsRefusedInIonQsWords(string body, string says)
    {
        await using var worker = await WorkerHost.StartAsync();
        var reply = await worker.PostAsync("/v0.4/jobs", body);
        reply.Status.Should().Be(HttpStatusCode.BadRequest, reply.Text);
        reply.Json.GetProperty("statusCode").GetInt32().Should().Be(400);
        reply.Json.GetProperty("message").GetString().Should().Contain(says);
    }

    [Fact]
    public async Task BackendsAndEstimate_HaveWhatClientsRead()
    {
        await using var worker = await WorkerHost.StartAsync();
        var backend = (await worker.GetAsync("/v0.4/backends")).Json[0];
        backend.GetProperty("backend").GetString().Should().Be("simulator");
        backend.GetProperty("qubits").GetInt32().Should().BeGreaterThan(20);
        (await worker.GetAsync("/v0.4/backends/simulator")).Json.GetProperty("status").GetString().Should().Be("available");
        var estimate = (await worker.GetAsync("/v0.4/jobs/estimate?backend=simulator&type=ionq.circuit.v1&qubits=5&shots=100&1q_gates=10&2q_gates=4")).Json;
        estimate.GetProperty("estimated_total_cost").GetDecimal().Should().Be(0);
        estimate.GetProperty("input_values").GetProperty("2q_gates").GetInt32().Should().Be(4);
    }

    [Theory]
    [InlineData("{\"gate\":\"gpi\",\"target\":0,\"phase\":0.17}")]
    [InlineData("{\"gate\":\"gpi2\",\"target\":1,\"phase\":0.31}")]
    [InlineData("{\"gate\":\"ms\",\"targets\":[0,1],\"phases\":[0.1,0.35],\"angle\":0.2}")]
    [InlineData("{\"gate\":\"zz\",\"targets\":[1,0],\"angle\":0.13}")]
    public void NativeGates_AreTheMatricesThatIonQPublishes(string gate)
    {
        var json = JsonDocument.Parse($"[{gate}]").RootElement;
        var circuit = IonQGates.Read(json, 2, "native");
        var g = json[0];
        var matrix = g.GetProperty("gate").GetString() switch
        {
            "gpi" => NativeMatrices.Gpi(g.GetProperty("phase").GetDouble()),
            "gpi2" => NativeMatrices.Gpi2(g.GetProperty("phase").GetDouble()),
            "ms" => NativeMatrices.MolmerSorensen(g.GetProperty("phases")[0].GetDouble(), g.GetProperty("phases")[1].GetDouble(), g.GetProperty("angle").GetDouble()),
            _ => NativeMatrices.Zz(g.GetProperty("angle").GetDouble()),
        };
        int[] targets = g.TryGetProperty("target", out var target) ? [target.GetInt32()] : [.. g.GetProperty("targets").EnumerateArray().Select(t => t.GetInt32())];
        NativeMatrices.ShouldActLike(circuit, matrix, targets);
    }

    [Fact]
    public void PauliExp_IsTheExponentialOfItsTerms()
    {
        var circuit = IonQGates.Read(JsonDocument.Parse("[{\"gate\":\"pauliexp\",\"targets\":[2,0],\"terms\":[\"XY\",\"ZZ\"],\"coefficients\":[0.3,-0.2],\"time\":0.9}]").RootElement, 3, "qis");

        // X and Y on different qubits anticommute with Z each, so XY and ZZ commute: the product is the exponential of the sum.
        var xy = NativeMatrices.PauliRotation("XY", 2 * 0.9 * 0.3);
        var zz = NativeMatrices.PauliRotation("ZZ", 2 * 0.9 * -0.2);
        NativeMatrices.ShouldActLike(circuit, NativeMatrices.Multiply(zz, xy), [2, 0]);
    }

    internal static async Task<JsonElement> EndAsync(WorkerHost worker, string id)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        while (true)
        {
            var job = (await worker.GetAsync($"/v0.4/jobs/{id}")).Json;
            if (job.GetProperty("status").GetString() is "completed" or "failed" or "canceled")
            {
                return job;
            }

            await Task.Delay(5, limit.Token);
        }
    }
}
