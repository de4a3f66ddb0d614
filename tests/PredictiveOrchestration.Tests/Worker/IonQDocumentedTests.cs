using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using PredictiveOrchestration.AspNetCore;
using PredictiveOrchestration.TestKit.Fakes;

namespace PredictiveOrchestration.Tests.Worker;

/// <summary>IonQ's façade against what IonQ documents of version 0.4: paths, fields and their kinds, errors; and the habits of its public clients.</summary>
public sealed class IonQDocumentedTests
{
    private const string Bell = """{"type":"ionq.circuit.v1","backend":"simulator","name":"bell","shots":100,"metadata":{"k":"v"},"settings":{"error_mitigation":{"debiasing":false}},"input":{"qubits":2,"gateset":"qis","circuit":[{"gate":"h","target":0},{"gate":"cnot","control":0,"target":1}]}}""";

    [Fact]
    public async Task Create_AnswersWhatIsDocumented_AndTheJobHasEveryField()
    {
        await using var worker = await WorkerHost.StartAsync();
        var created = await worker.PostAsync("/v0.4/jobs", Bell);
        created.Status.Should().Be(HttpStatusCode.Created);
        created.Json.EnumerateObject().Select(p => p.Name).Should().BeEquivalentTo("id", "status", "session_id");
        var id = created.Json.GetProperty("id").GetString()!;
        Guid.TryParse(id, out _).Should().BeTrue();

        var job = await IonQFacadeTests.EndAsync(worker, id);
        foreach (var (field, kinds) in new Dictionary<string, JsonValueKind[]>
        {
            ["id"] = [JsonValueKind.String], ["status"] = [JsonValueKind.String], ["type"] = [JsonValueKind.String], ["backend"] = [JsonValueKind.String], ["dry_run"] = [JsonValueKind.False], ["submitter_id"] = [JsonValueKind.String],
            ["parent_job_id"] = [JsonValueKind.Null], ["child_job_ids"] = [JsonValueKind.Null], ["session_id"] = [JsonValueKind.Null], ["metadata"] = [JsonValueKind.Object], ["name"] = [JsonValueKind.String],
            ["submitted_at"] = [JsonValueKind.String], ["started_at"] = [JsonValueKind.String], ["completed_at"] = [JsonValueKind.String], ["predicted_wait_time_ms"] = [JsonValueKind.Null, JsonValueKind.Number],
            ["predicted_execution_duration_ms"] = [JsonValueKind.Number], ["execution_duration_ms"] = [JsonValueKind.Number], ["shots"] = [JsonValueKind.Number], ["noise"] = [JsonValueKind.Object], ["cost_model"] = [JsonValueKind.String],
            ["settings"] = [JsonValueKind.Object], ["stats"] = [JsonValueKind.Object], ["results"] = [JsonValueKind.Object],
        })
        {
            job.TryGetProperty(field, out var value).Should().BeTrue(field);
            kinds.Should().Contain(value.ValueKind, field);
        }

        foreach (var moment in new[] { "submitted_at", "started_at", "completed_at" })
        {
            job.GetProperty(moment).GetDateTimeOffset().Offset.Should().Be(TimeSpan.Zero);
        }

        job.GetProperty("settings").GetProperty("error_mitigation").GetProperty("debiasing").GetBoolean().Should().BeFalse("settings come back as they were sent");
        job.GetProperty("stats").GetProperty("gate_counts").GetProperty("2q").GetInt32().Should().Be(1);
        (await worker.GetAsync($"/v0.4/jobs/{id}/results/probabilities")).Text.Should().MatchRegex("^\\{\"0\":0\\.[45]\\d*,\"3\":0\\.[45]\\d*\\}$");
        var cost = (await worker.GetAsync($"/v0.4/jobs/{id}/cost")).Json;
        (cost.GetProperty("dry_run").GetBoolean(), cost.GetProperty("estimated_cost").GetProperty("unit").GetString(), cost.GetProperty("cost").GetProperty("value").ValueKind).Should().Be((false, "usd", JsonValueKind.Number));
        (await worker.GetAsync("/v0.4/whoami")).Json.EnumerateObject().Select(p => p.Name).Should().Contain(["key_id", "key_name"]);
    }

    [Fact]
    public async Task Create_WithoutContentTypeAndWithOldFields_IsTaken()
    {
        await using var worker = await WorkerHost.StartAsync();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes("""{"target":"simulator","lang":"json","shots":"100","body":null,"input":{"qubits":1,"circuit":[{"gate":"not","targets":[0]}]}}"""));
        content.Headers.ContentType = null;
        using var answer = await worker.Client.PostAsync("/v0.4/jobs", content);
        answer.StatusCode.Should().Be(HttpStatusCode.Created);
        using var created = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        var id = created.RootElement.GetProperty("id").GetString()!;
        await IonQFacadeTests.EndAsync(worker, id);
        (await worker.GetAsync($"/v0.4/jobs/{id}/results/probabilities")).Text.Should().Be("{\"1\":1}");
    }

    [Fact]
    public async Task List_FiltersByIdsAndStatus_DeletesAndCancelsInBulk()
    {
        await using var worker = await WorkerHost.StartAsync();
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add((await worker.PostAsync("/v0.4/jobs", Bell)).Json.GetProperty("id").GetString()!);
            await IonQFacadeTests.EndAsync(worker, ids[^1]);
        }

        async Task<List<string?>> ListAsync(string query) => [.. (await worker.GetAsync("/v0.4/jobs?" + query)).Json.GetProperty("jobs").EnumerateArray().Select(j => j.GetProperty("id").GetString())];
        (await ListAsync($"ids={ids[2]},{ids[0]}")).Should().Equal(ids[2], ids[0]);
        (await ListAsync("status=completed")).Should().Equal(ids[2], ids[1], ids[0]);
        (await ListAsync("status=failed")).Should().BeEmpty();
        (await worker.GetAsync("/v0.4/jobs?status=strange")).Status.Should().Be(HttpStatusCode.BadRequest);

        var deleted = (await worker.SendAsync(HttpMethod.Delete, "/v0.4/jobs", JsonSerializer.Serialize(new { ids = ids.Take(2) }))).Json;
        deleted.GetProperty("status").GetString().Should().Be("deleted");
        deleted.GetProperty("ids").EnumerateArray().Select(i => i.GetString()).Should().Equal(ids.Take(2));
        (await ListAsync(string.Empty)).Should().Equal(ids[2]);
    }

    [Fact]
    public async Task DryRun_PricesOnly()
    {
        await using var worker = await WorkerHost.StartAsync();
        var id = (await worker.PostAsync("/v0.4/jobs", Bell.Replace("\"shots\"", "\"dry_run\":true,\"shots\"", StringComparison.Ordinal))).Json.GetProperty("id").GetString()!;
        var job = await IonQFacadeTests.EndAsync(worker, id);
        (job.GetProperty("dry_run").GetBoolean(), job.GetProperty("results").ValueKind).Should().Be((true, JsonValueKind.Null));
        (await worker.GetAsync($"/v0.4/jobs/{id}/cost")).Json.GetProperty("dry_run").GetBoolean().Should().BeTrue();
        (await worker.GetAsync($"/v0.4/jobs/{id}/results/probabilities")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Cost_BeforeTheEnd_HasNoAmountBilled()
    {
        await using var worker = await WorkerHost.StartAsync(backends: [FakeBackend.Hanging("never", isLocal: true)]);
        var id = (await worker.PostAsync("/v0.4/jobs", Bell)).Json.GetProperty("id").GetString()!;
        var cost = (await worker.GetAsync($"/v0.4/jobs/{id}/cost")).Json;
        cost.TryGetProperty("estimated_cost", out _).Should().BeTrue();
        cost.TryGetProperty("cost", out _).Should().BeFalse("nothing was billed yet");
    }

    [Fact]
    public async Task Estimate_HasBothShapesThatClientsRead()
    {
        await using var worker = await WorkerHost.StartAsync();
        var estimate = (await worker.GetAsync("/v0.4/jobs/estimate?backend=simulator&type=ionq.circuit.v1&qubits=5&shots=100&1q_gates=10&2q_gates=4&error_mitigation=true&session=none")).Json;
        foreach (var field in new[] { "estimate_context", "estimated_at", "estimated_unit", "rate_card", "estimated_total_cost", "estimated_execution_time", "current_predicted_queue_time", "input_values", "cost_unit", "rate_information", "estimated_cost" })
        {
            estimate.TryGetProperty(field, out _).Should().BeTrue(field);
        }

        estimate.GetProperty("rate_information").EnumerateObject().Select(p => p.Name).Should().Contain(["job_cost_minimum", "cost_1q_gate", "cost_2q_gate"]);
    }

    [Fact]
    public async Task Backend_HasTheRequiredFields()
    {
        await using var worker = await WorkerHost.StartAsync();
        foreach (var backend in new[] { (await worker.GetAsync("/v0.4/backends")).Json[0], (await worker.GetAsync("/v0.4/backends/simulator")).Json })
        {
            backend.EnumerateObject().Select(p => p.Name).Should().Contain(["backend", "status", "qubits", "average_queue_time", "last_updated", "noise_models"]);
        }
    }

    [Fact]
    public async Task Errors_AreInTheDocumentedForm()
    {
        await using var worker = await WorkerHost.StartAsync(o =>
        {
            o.ApiKeys.Add(WorkerApiKey.FromText("me", "me-0123456789abcdefgh") with { SubmissionsPerSecond = 0.001, SubmissionBurst = 1 });
            o.MaxRequestBytes = 4096;
        });
        var key = new AuthenticationHeaderValue("apiKey", "me-0123456789abcdefgh").ToString();
        async Task<Reply> PostAsync(string body) => await worker.PostAsync("/v0.4/jobs", body, null, ("Authorization", key));

        var unknown = await worker.GetAsync("/v0.4/jobs", null, ("Authorization", "apiKey wrong"));
        var invalid = await PostAsync("{\"backend\":\"simulator\",\"shots\":0,\"input\":{\"qubits\":1,\"circuit\":[]}}");
        var missing = await worker.GetAsync("/v0.4/jobs/none", null, ("Authorization", key));
        var large = await PostAsync(Bell.Replace("\"v\"", $"\"{new string('x', 5000)}\"", StringComparison.Ordinal));
        (await PostAsync(Bell)).Status.Should().Be(HttpStatusCode.Created);
        var often = await PostAsync(Bell);

        foreach (var (reply, status) in new[] { (unknown, 401), (invalid, 400), (missing, 404), (large, 413), (often, 429) })
        {
            ((int)reply.Status).Should().Be(status, reply.Text);
            reply.Json.GetProperty("statusCode").GetInt32().Should().Be(status);
            reply.Json.GetProperty("error").GetString().Should().NotBeNullOrEmpty();
            reply.Json.GetProperty("message").GetString().Should().NotBeNullOrEmpty();
        }

        invalid.Json.GetProperty("validation").GetProperty("keys").EnumerateArray().Select(k => k.GetString()).Should().Equal("shots");
        int.Parse(often.Header("Retry-After")!).Should().BePositive("clients read a number of seconds");
    }

    [Fact]
    public async Task MultiCircuit_WithACircuitBesides_IsRefused()
    {
        await using var worker = await WorkerHost.StartAsync();
        (await worker.PostAsync("/v0.4/jobs", """{"type":"ionq.multi-circuit.v1","backend":"simulator","input":{"qubits":1,"circuits":[{"circuit":[]}],"circuit":[]}}""")).Status.Should().Be(HttpStatusCode.BadRequest);
    }
}
