using System.Net;
using System.Text.Json;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Simulation.Noisy;
using PredictiveOrchestration.TestKit.Fakes;
using PredictiveOrchestration.Tests.Noise;

namespace PredictiveOrchestration.Tests.Worker;

/// <summary>
/// What IonQ's public Python clients send, byte for byte where it matters, and the fields without which each of them fails: ionq-core 0.2 (under qiskit-ionq 2), which
/// takes required fields out of every answer, and cirq-ionq 1.7.
/// </summary>
public sealed class IonQClientTests
{
    // ionq-core: CircuitJobCreationPayload.to_dict().
    private const string CoreJob = """{"type": "ionq.circuit.v1", "input": {"qubits": 2, "gateset": "qis", "circuit": [{"gate": "h", "targets": [0]}, {"gate": "cnot", "targets": [1], "controls": [0]}]}, "backend": "simulator", "name": "bell", "shots": 100, "noise": {"model": "ideal"}}""";

    private static readonly string[] CoreJobFields =
    [
        "id", "status", "type", "backend", "dry_run", "submitter_id", "project_id", "parent_job_id", "session_id", "metadata", "name", "submitted_at", "started_at", "completed_at", "predicted_wait_time_ms",
        "predicted_execution_duration_ms", "execution_duration_ms", "failure", "output", "child_job_ids", "settings", "stats", "results",
    ];

    private static readonly string[] CoreStates = ["submitted", "ready", "started", "completed", "failed", "canceled"];

    [Theory]
    [InlineData("completed")]
    [InlineData("started")]
    [InlineData("failed")]
    [InlineData("canceled")]
    public async Task Core_JobInEveryState_HasTheFieldsThatItTakesOut(string state)
    {
        var backend = state switch
        {
            "completed" => new FakeBackend("b", isLocal: true),
            "failed" => new FakeBackend("b", (_, _) => Task.FromException<ExecutionResult>(new BackendException(BackendErrorKind.OutOfMemory, "b", "There is no room.")), isLocal: true),
            _ => FakeBackend.Hanging("b", isLocal: true),
        };
        await using var worker = await WorkerHost.StartAsync(backends: [backend]);
        var created = await worker.PostAsync("/v0.4/jobs", CoreJob);
        created.Status.Should().Be(HttpStatusCode.Created, created.Text);
        created.Json.EnumerateObject().Select(p => p.Name).Should().Contain(["id", "status", "session_id"]);
        var id = created.Json.GetProperty("id").GetString()!;
        if (state == "canceled")
        {
            (await worker.SendAsync(HttpMethod.Put, $"/v0.4/jobs/{id}/status/cancel")).Json.EnumerateObject().Select(p => p.Name).Should().Contain(["id", "status"]);
        }

        var job = state == "started" ? (await worker.GetAsync($"/v0.4/jobs/{id}")).Json : await IonQFacadeTests.EndAsync(worker, id);
        CoreStates.Should().Contain(job.GetProperty("status").GetString());
        job.EnumerateObject().Select(p => p.Name).Should().Contain(CoreJobFields);
        foreach (var field in (string[])["output", "settings", "stats", "noise"])
        {
            job.GetProperty(field).ValueKind.Should().Be(JsonValueKind.Object, field);
        }

        job.GetProperty("noise").GetProperty("model").GetString().Should().Be("ideal");
        var failure = job.GetProperty("failure");
        if (state is "failed" or "canceled")
        {
            failure.GetProperty("code").GetString().Should().Be(state == "failed" ? "QuantumCircuitComplexityError" : "SystemCancel");
            failure.GetProperty("message").GetString().Should().NotBeNullOrEmpty();
        }

        // cirq-ionq asks `'error' in job['failure']` of a job that has not completed: null would end it with a type error.
        (failure.ValueKind == JsonValueKind.Null).Should().Be(state == "completed");
    }

    [Fact]
    public async Task Core_BackendsEstimateCostAndCharacterizations_HaveTheFieldsThatItTakesOut()
    {
        await using var worker = await WorkerHost.StartAsync(o => o.NoisyDevices.Add(NoisySimulatorOptions.For(DeviceCalibration.Parse(CalibrationTests.IonQ)) with { Id = "test-1" }));
        foreach (var backend in (await worker.GetAsync("/v0.4/backends")).Json.EnumerateArray())
        {
            backend.EnumerateObject().Select(p => p.Name).Should().Contain(["average_queue_time", "backend", "degraded", "last_updated", "qubits", "status"]);
        }

        var estimate = (await worker.GetAsync("/v0.4/jobs/estimate?backend=simulator&type=ionq.circuit.v1&qubits=25&shots=1000&1q_gates=0&2q_gates=0&error_mitigation=False")).Json;
        estimate.EnumerateObject().Select(p => p.Name).Should().Contain(["estimate_context", "estimated_at", "estimated_unit", "rate_card", "estimated_total_cost", "estimated_execution_time", "current_predicted_queue_time"]);
        estimate.GetProperty("estimate_context").EnumerateObject().Select(p => p.Name).Should().Contain(["backend", "organization", "project"]);

        var page = (await worker.GetAsync("/v0.4/backends/qpu.test-1/characterizations?limit=10")).Json;
        var id = page.GetProperty("characterizations").EnumerateArray().Single().GetProperty("id").GetString();
        Guid.TryParse(id, out _).Should().BeTrue("it is read as a UUID");
        (await worker.GetAsync("/v0.4/backends/qpu.test-1")).Json.GetProperty("characterization_id").GetString().Should().Be(id);
        (await worker.GetAsync($"/v0.4/backends/qpu.test-1/characterizations/{id}")).Json.GetProperty("fidelity").GetProperty("spam").GetProperty("median").GetDouble().Should().BeInRange(0.5, 1);
        (await worker.GetAsync($"/v0.4/backends/qpu.test-1/characterizations/{Guid.Empty}")).Status.Should().Be(HttpStatusCode.NotFound);

        var job = (await worker.PostAsync("/v0.4/jobs", CoreJob)).Json.GetProperty("id").GetString()!;
        await IonQFacadeTests.EndAsync(worker, job);
        (await worker.GetAsync($"/v0.4/jobs/{job}/cost")).Json.GetProperty("dry_run").ValueKind.Should().Be(JsonValueKind.False);
    }

    [Fact]
    public async Task Qiskit_OneCircuitInAJobOfSeveral_IsReadAsIfAlone()
    {
        // qiskit-ionq 2 submits every circuit so, and reads {state: probability} of the job itself.
        const string body = """{"backend": "simulator", "input": {"gateset": "qis", "circuits": [{"circuit": [{"gate": "x", "targets": [1]}], "qubits": 2}]}, "type": "ionq.multi-circuit.v1", "shots": 1024}""";
        await using var worker = await WorkerHost.StartAsync();
        var id = (await worker.PostAsync("/v0.4/jobs", body)).Json.GetProperty("id").GetString()!;
        await IonQFacadeTests.EndAsync(worker, id);
        (await worker.GetAsync($"/v0.4/jobs/{id}/results/probabilities")).Text.Should().Be("{\"2\":1}");
    }

    [Fact]
    public async Task Cirq_FromCreationToResults()
    {
        // cirq-ionq: shots as text, measurement keys in the metadata, the target under both names.
        const string body = """{"target": "simulator", "backend": "simulator", "lang": "json", "type": "ionq.circuit.v1", "input": {"gateset": "qis", "qubits": 2, "circuit": [{"gate": "x", "targets": [0]}]}, "name": "c", "shots": "200", "metadata": {"measurement0": "a\u001f0,1", "shots": "200"}}""";
        await using var worker = await WorkerHost.StartAsync();
        var id = (await worker.PostAsync("/v0.4/jobs", body)).Json.GetProperty("id").GetString()!;
        var job = await IonQFacadeTests.EndAsync(worker, id);
        job.GetProperty("target").GetString().Should().Be("simulator");
        int.Parse(job.GetProperty("metadata").GetProperty("shots").GetString()!).Should().Be(200);
        job.GetProperty("metadata").GetProperty("measurement0").GetString().Should().Be("a\u001f0,1");
        job.GetProperty("qubits").GetInt32().Should().Be(2);
        (await worker.GetAsync($"/v0.4/jobs/{id}/results/probabilities?sharpen=False")).Text.Should().Be("{\"1\":1}");
    }

    [Fact]
    public async Task Session_IsRefused_RatherThanRunWithoutItsLimits()
    {
        await using var worker = await WorkerHost.StartAsync();
        var refused = await worker.PostAsync("/v0.4/jobs", CoreJob.Replace("\"name\"", "\"session_id\": \"0b9e\", \"name\"", StringComparison.Ordinal));
        refused.Status.Should().Be(HttpStatusCode.BadRequest);
        refused.Json.GetProperty("message").GetString().Should().Contain("no sessions");
        (await worker.PostAsync("/v0.4/jobs", CoreJob.Replace("\"name\"", "\"session_id\": null, \"name\"", StringComparison.Ordinal))).Status.Should().Be(HttpStatusCode.Created);
    }
}
