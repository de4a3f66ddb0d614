using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using PredictiveOrchestration.Circuits.OpenQasm;

namespace PredictiveOrchestration.TestKit.Remote;

/// <summary>IBM Cloud's identity service and IBM Quantum's REST interface, as documented, with a device of eight qubits; circuits run on the oracle.</summary>
public sealed partial class FakeIbm(TimeProvider time) : FakeCloud(time, queueSeconds: 30)
{
    private static readonly int[][] Couplings = [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [1, 6], [3, 7]];
    private readonly Dictionary<string, (JsonElement Body, DateTimeOffset At)> _byId = [];
    private int _tokens;
    private DateTimeOffset _tokenUntil;

    public TimeSpan TokenLife { get; set; } = TimeSpan.FromHours(1);

    public TimeSpan RunTime { get; set; } = TimeSpan.FromSeconds(5);

    public string? ReasonCode { get; set; }

    public bool IsCancelled { get; set; }

    /// <summary>Whether the usage limit of the instance is reached.</summary>
    public bool IsUsedUp { get; set; }

    public int Tokens => _tokens;

    public List<(string Id, JsonElement Body, DateTimeOffset At)> Jobs { get; } = [];

    protected override FakeReply Handle(FakeRequest request)
    {
        if (request.Path == "/identity/token")
        {
            if (request.Method != "POST" || !request.Body.Contains("apikey=api-key", StringComparison.Ordinal) || !request.Body.Contains("grant-type%3Aapikey", StringComparison.Ordinal))
            {
                return new FakeReply(400, """{"errorMessage":"bad key"}""");
            }

            _tokenUntil = Now + TokenLife;
            return new FakeReply(200, $$"""{"access_token":"token-{{++_tokens}}","refresh_token":"r","token_type":"Bearer","expires_in":{{(int)TokenLife.TotalSeconds}},"expiration":{{_tokenUntil.ToUnixTimeSeconds()}}}""");
        }

        if (request.Headers.GetValueOrDefault("Authorization") != $"Bearer token-{_tokens}" || Now >= _tokenUntil)
        {
            return Error(401, "1201", "invalid credentials");
        }

        if (!request.Headers.ContainsKey("Service-CRN") || !request.Headers.ContainsKey("IBM-API-Version"))
        {
            return Error(400, "1000", "headers are missing");
        }

        var parts = request.Path["/api/v1/".Length..].Split('/');
        return (request.Method, parts) switch
        {
            ("GET", ["backends", _, "configuration"]) => new FakeReply(200, new JsonObject
            {
                ["backend_name"] = "ibm_test", ["n_qubits"] = 8, ["basis_gates"] = new JsonArray("cz", "id", "rz", "sx", "x"), ["max_shots"] = 100000,
                ["coupling_map"] = JsonSerializer.SerializeToNode(Couplings.Concat(Couplings.Select(c => new[] { c[1], c[0] }))),
            }.ToJsonString()),
            ("GET", ["backends", _, "properties"]) => new FakeReply(200, """{"backend_name":"ibm_test","last_update_date":"2026-11-01T10:00:00Z","qubits":[[{"name":"T1","unit":"us","value":200},{"name":"T2","unit":"us","value":100},{"name":"readout_error","unit":"","value":0.01},{"name":"readout_length","unit":"ns","value":1200}],[{"name":"T1","unit":"us","value":300},{"name":"prob_meas0_prep1","unit":"","value":0.04},{"name":"prob_meas1_prep0","unit":"","value":0.02}]],"gates":[{"gate":"sx","qubits":[0],"parameters":[{"name":"gate_error","unit":"","value":0.0002},{"name":"gate_length","unit":"ns","value":32}]},{"gate":"cz","qubits":[1,0],"parameters":[{"name":"gate_error","unit":"","value":0.003},{"name":"gate_length","unit":"ns","value":68}]}],"general":[],"unknown":{}}"""),
            ("GET", ["backends", _, "status"]) => new FakeReply(200, """{"state":true,"status":"active","message":"","length_queue":12,"backend_version":"1"}"""),
            ("GET", ["instances", "usage"]) => new FakeReply(200, $$"""{"instance_id":"i","plan_id":"p","usage_consumed_seconds":{{(IsUsedUp ? 600 : 12)}},"usage_limit_seconds":600,"usage_limit_reached":{{(IsUsedUp ? "true" : "false")}}}"""),
            ("POST", ["jobs"]) => Create(request.Body),
            ("GET", ["jobs"]) => new FakeReply(200, new JsonObject { ["jobs"] = new JsonArray([.. Jobs.Where(j => Tag(j.Body) == request.Query["tags"]).Reverse().Select(j => (JsonNode)new JsonObject { ["id"] = j.Id, ["tags"] = new JsonArray(Tag(j.Body)) })]), ["count"] = 1 }.ToJsonString()),
            (_, ["jobs", var id, ..]) when !_byId.ContainsKey(id) => Error(404, "1291", "job not found"),
            ("GET", ["jobs", var id]) => Describe(id),
            ("GET", ["jobs", var id, "results"]) => Status(id) == "Completed" ? Results(_byId[id].Body) : new FakeReply(204),
            ("GET", ["jobs", _, "metrics"]) => new FakeReply(200, IsCancelled ? """{"timestamps":{},"usage":{"qpu_charge_time_seconds":0,"status":"complete"}}""" : """{"timestamps":{},"usage":{"qpu_charge_time_seconds":2.5,"status":"complete"}}"""),
            ("POST", ["jobs", _, "cancel"]) => Cancel(),
            _ => Error(404, "1000", "no such path"),
        };
    }

    private static FakeReply Error(int status, string code, string message) => new(status, $$"""{"trace":"t","errors":[{"code":"{{code}}","message":"{{message}}"}]}""");

    public static string Tag(JsonElement body) => body.GetProperty("tags")[0].GetString()!;

    private FakeReply Cancel()
    {
        IsCancelled = true;
        return new FakeReply(204);
    }

    // The service does not transpile: what is not in the device's gates, on its couplings, is refused.
    private FakeReply Create(string text)
    {
        var body = JsonDocument.Parse(text).RootElement.Clone();
        var source = body.GetProperty("params").GetProperty("pubs")[0][0].GetString()!;
        foreach (Match gate in GateLine().Matches(source))
        {
            if (!(gate.Groups[1].Value is "cz" or "id" or "rz" or "sx" or "x"))
            {
                return Error(400, "1517", $"not an ISA circuit: {gate.Groups[1].Value}");
            }

            if (gate.Groups[3].Success && !Couplings.Any(c => c.Order().SequenceEqual(new[] { Number(gate.Groups[2]), Number(gate.Groups[3]) }.Order())))
            {
                return Error(400, "1517", $"not an ISA circuit: {gate.Value}");
            }
        }

        var id = $"ibm-{Jobs.Count + 1}";
        Jobs.Add((id, body, Now));
        _byId.Add(id, (body, Now));
        return new FakeReply(200, $$"""{"id":"{{id}}","backend":"ibm_test"}""");
    }

    private static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    private string Status(string id)
    {
        var age = Now - _byId[id].At;
        return Word ?? (IsCancelled || ReasonCode is not null ? "Cancelled" : age < QueueTime ? "Queued" : age < QueueTime + RunTime ? "Running" : Failure is null ? "Completed" : "Failed");
    }

    private FakeReply Describe(string id)
    {
        var state = new JsonObject { ["status"] = Status(id) };
        if (ReasonCode is not null)
        {
            (state["reason_code"], state["reason"]) = (int.Parse(ReasonCode, CultureInfo.InvariantCulture), "Ran too long");
        }

        if (Failure is not null)
        {
            state["reason"] = Failure;
        }

        return new FakeReply(200, new JsonObject { ["id"] = id, ["state"] = state, ["status"] = Status(id), ["usage"] = new JsonObject { ["qpu_charge_time_seconds"] = 2.5, ["status"] = "complete" } }.ToJsonString());
    }

    private static FakeReply Results(JsonElement body)
    {
        var pub = body.GetProperty("params").GetProperty("pubs")[0];
        var circuit = OpenQasmReader.Read(pub[0].GetString()!).GetCircuitOrThrow();
        var shots = pub[2].GetInt32();
        var samples = new JsonArray([.. FakeShots.Of(OracleSimulator.OutcomeDistribution(circuit), shots).Select(o => (JsonNode)("0x" + Convert.ToInt64(o, 2).ToString("x", CultureInfo.InvariantCulture)))]);
        var data = new JsonObject { ["c"] = new JsonObject { ["samples"] = samples, ["num_bits"] = circuit.NumClbits } };
        return new FakeReply(200, new JsonObject { ["results"] = new JsonArray(new JsonObject { ["data"] = data, ["metadata"] = new JsonObject() }), ["metadata"] = new JsonObject() }.ToJsonString());
    }

    [GeneratedRegex(@"^(?!c\[|bit|include|OPENQASM|barrier|reset)([a-z]+)(?:\([^)]*\))? \$(\d+)(?:, \$(\d+))?;", RegexOptions.Multiline)]
    private static partial Regex GateLine();
}
