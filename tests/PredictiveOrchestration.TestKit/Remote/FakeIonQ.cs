using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace PredictiveOrchestration.TestKit.Remote;

/// <summary>IonQ's cloud, version 0.4, as documented; circuits run on the oracle.</summary>
public sealed class FakeIonQ(TimeProvider time) : FakeCloud(time)
{
    private readonly Dictionary<string, Job> _byId = [];

    public string Key { get; set; } = "secret-key";

    public TimeSpan RunTime { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Results as artifacts by format instead of addresses by kind.</summary>
    public bool Artifacts { get; set; }

    /// <summary>Whether the address of version-1 probabilities still exists beside artifacts.</summary>
    public bool HasProbabilities { get; set; } = true;

    /// <summary>Gives the same job for the same tag; the real service does not.</summary>
    public bool IsIdempotent { get; set; }

    public bool HasCost { get; set; } = true;

    public List<Job> Jobs { get; } = [];

    public sealed class Job(string id, JsonElement body, DateTimeOffset at)
    {
        public string Id => id;

        public JsonElement Body => body;

        public DateTimeOffset At => at;

        public bool Cancelled { get; set; }

        public string Tag => body.GetProperty("metadata").GetProperty("client_tag").GetString()!;
    }

    protected override FakeReply Handle(FakeRequest request)
    {
        if (!request.Path.StartsWith("/v0.4/", StringComparison.Ordinal))
        {
            return Error(404, "no such path");
        }

        var parts = request.Path["/v0.4/".Length..].Split('/');
        if (parts[0] != "backends" && request.Headers.GetValueOrDefault("Authorization") != "apiKey " + Key)
        {
            return Error(401, "bad key");
        }

        return (request.Method, parts) switch
        {
            ("POST", ["jobs"]) => Create(request.Body),
            ("GET", ["jobs", "estimate"]) => new FakeReply(200, """{"estimated_at":"2026-11-02T09:00:00Z","estimated_unit":"usd","estimated_total_cost":0.25,"estimated_execution_time":3000,"current_predicted_queue_time":7000,"estimate_context":{}}"""),
            ("GET", ["jobs"]) => List(request.Query),
            ("GET", ["backends", var b]) => new FakeReply(200, $$"""{"backend":"{{b}}","status":"available","qubits":36,"average_queue_time":136598,"last_updated":1490932820}"""),
            ("GET", ["backends", var b, "characterizations"]) => new FakeReply(200, $$$"""{"characterizations":[{"id":"c","backend":"{{{b}}}","date":"2026-11-01T00:00:00Z","qubits":36,"connectivity":[[0,1],[1,2]],"fidelity":{"1q":{"median":0.9998,"stderr":null},"2q":{"mean":0.995},"spam":{"median":0.9951}},"timing":{"readout":0.0003,"reset":0.00002,"1q":0.000135,"2q":0.0006,"t1":100,"t2":1}}]}"""),
            (_, ["jobs", var id, ..]) when !_byId.ContainsKey(id) => Error(404, "no such job"),
            ("GET", ["jobs", var id]) => new FakeReply(200, Describe(_byId[id]).ToJsonString()),
            ("GET", ["jobs", var id, "results", "probabilities"]) => HasProbabilities && Status(_byId[id]) == "completed" ? new FakeReply(200, Probabilities(_byId[id], false)) : Error(404, "not found or not yet completed"),
            ("GET", ["jobs", var id, "artifacts", "v2"]) when Artifacts => new FakeReply(200, Probabilities(_byId[id], true)),
            ("GET", ["jobs", _, "cost"]) => new FakeReply(200, HasCost ? """{"dry_run":false,"estimated_cost":{"value":0.25,"unit":"usd"},"cost":{"value":"0.20","unit":"usd"}}""" : """{"dry_run":false,"estimated_cost":{"value":0.25,"unit":"usd"}}"""),
            ("PUT", ["jobs", var id, "status", "cancel"]) => Cancel(_byId[id]),
            _ => Error(404, "no such path"),
        };
    }

    private static FakeReply Error(int status, string message) => new(status, $$"""{"statusCode":{{status}},"error":"Error","message":"{{message}}"}""");

    private FakeReply Create(string body)
    {
        JsonElement json;
        try
        {
            json = JsonDocument.Parse(body).RootElement.Clone();
        }
        catch (JsonException)
        {
            return Error(400, "the body is no JSON");
        }

        if (json.GetProperty("shots").GetInt32() is < 1 or > 1_000_000)
        {
            return Error(400, "shots");
        }

        if (IsIdempotent && Jobs.Find(j => j.Tag == json.GetProperty("metadata").GetProperty("client_tag").GetString()) is { } known)
        {
            return new FakeReply(200, $$"""{"id":"{{known.Id}}","status":"ready"}""");
        }

        var id = $"ionq-{Jobs.Count + 1:D6}";
        var job = new Job(id, json, Now);
        Jobs.Add(job);
        _byId.Add(id, job);
        return new FakeReply(201, $$"""{"id":"{{id}}","status":"ready","session_id":null}""");
    }

    private FakeReply Cancel(Job job)
    {
        job.Cancelled = true;
        return new FakeReply(200, $$"""{"id":"{{job.Id}}","status":"canceled"}""");
    }

    // Newest first, in pages.
    private FakeReply List(IReadOnlyDictionary<string, string> query)
    {
        var limit = int.Parse(query.GetValueOrDefault("limit", "25"), CultureInfo.InvariantCulture);
        var skip = int.Parse(query.GetValueOrDefault("next", "0"), CultureInfo.InvariantCulture);
        var page = new JsonArray();
        for (var k = Jobs.Count - 1 - skip; k >= 0 && page.Count < limit; k--)
        {
            page.Add(Describe(Jobs[k]));
        }

        var answer = new JsonObject { ["jobs"] = page, ["next"] = skip + limit < Jobs.Count ? (skip + limit).ToString(CultureInfo.InvariantCulture) : null };
        return new FakeReply(200, answer.ToJsonString());
    }

    private string Status(Job job) => Word ?? (job.Cancelled ? "canceled" : Now - job.At < QueueTime ? "ready" : Now - job.At < QueueTime + RunTime ? "started" : Failure is null ? "completed" : "failed");

    private JsonObject Describe(Job job)
    {
        var status = Status(job);
        JsonNode? results = status != "completed" ? null
            : Artifacts ? new JsonObject { ["ionq.result.probabilities.json.v2"] = new JsonObject { ["id"] = "v2", ["format"] = "ionq.result.probabilities.json.v2", ["media_type"] = "application/json" } }
            : new JsonObject { ["probabilities"] = new JsonObject { ["url"] = $"/v0.4/jobs/{job.Id}/results/probabilities" } };
        return new JsonObject
        {
            ["id"] = job.Id, ["status"] = status, ["type"] = "ionq.circuit.v1", ["backend"] = job.Body.GetProperty("backend").GetString(),
            ["name"] = job.Body.GetProperty("name").GetString(), ["metadata"] = JsonNode.Parse(job.Body.GetProperty("metadata").GetRawText()),
            ["submitted_at"] = job.At.ToString("O", CultureInfo.InvariantCulture), ["predicted_wait_time_ms"] = status == "ready" ? 8000 : null,
            ["execution_duration_ms"] = status == "completed" ? RunTime.TotalMilliseconds : null,
            ["failure"] = status == "failed" ? new JsonObject { ["code"] = "SimulationError", ["error"] = Failure } : null, ["results"] = results,
        };
    }

    private string Probabilities(Job job, bool second)
    {
        var state = Simulate(job.Body.GetProperty("input"));
        var qubits = BitOperations.Log2((uint)state.Length);
        var states = new JsonObject();
        for (var i = 0; i < state.Length; i++)
        {
            var p = state[i].Magnitude * state[i].Magnitude;
            if (p > 1e-12)
            {
                states[second ? Convert.ToString(i, 2).PadLeft(qubits, '0') : i.ToString(CultureInfo.InvariantCulture)] = second ? p : JsonValue.Create(p.ToString("R", CultureInfo.InvariantCulture));
            }
        }

        return (second ? new JsonObject { ["probabilities"] = new JsonObject { ["registers"] = new JsonObject { ["output_all"] = states } } } : states).ToJsonString();
    }

    internal static Complex[] Simulate(JsonElement input)
    {
        var state = new Complex[1 << input.GetProperty("qubits").GetInt32()];
        state[0] = 1;
        foreach (var op in input.GetProperty("circuit").EnumerateArray())
        {
            var name = op.GetProperty("gate").GetString()!;
            double[] parameters = op.TryGetProperty("rotation", out var rotation) ? [rotation.GetDouble()] : [];
            int[] targets = op.TryGetProperty("targets", out var many) ? [.. many.EnumerateArray().Select(t => t.GetInt32())] : [op.GetProperty("target").GetInt32()];
            int[] controls = op.TryGetProperty("control", out var control) ? [control.GetInt32()] : [];
            var matrix = OracleGates.Matrix(name switch { "si" => "sdg", "ti" => "tdg", "v" => "sx", "vi" => "sxdg", "cnot" => "x", _ => name }, parameters);
            state = OracleSimulator.Transform(state, matrix, [.. controls, .. targets], controls.Length);
        }

        return state;
    }
}
