using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using PredictiveOrchestration.Circuits.OpenQasm;

namespace PredictiveOrchestration.TestKit.Remote;

/// <summary>
/// Azure Quantum's data plane and its blob storage, as documented: jobs by ids that the client chooses, input and output as blobs behind addresses whose
/// signatures end. Circuits run on the oracle.
/// </summary>
public sealed class FakeAzure(TimeProvider time) : FakeCloud(time)
{
    private const string Workspace = "/subscriptions/sub/resourceGroups/group/providers/Microsoft.Quantum/workspaces/space/";
    private readonly HashSet<string> _containers = [];
    private readonly Dictionary<string, string> _blobs = [];
    private readonly Dictionary<string, Job> _byId = [];

    public string Key { get; set; } = "secret-key";

    /// <summary>The token that is in force, or null for access by key.</summary>
    public string? Token { get; set; }

    public TimeSpan RunTime { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long an address of storage is good.</summary>
    public TimeSpan SignatureLife { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The address of the storage; the workspace's own where it is null.</summary>
    public string? Storage { get; set; } = "https://account.blob.core.windows.net";

    /// <summary>The word for success: there are two.</summary>
    public string Success { get; set; } = "Succeeded";

    public string Quotas { get; set; } = """{"value":[{"dimension":"qgs","scope":"Workspace","providerId":"ionq","utilization":10.5,"holds":1,"limit":50,"period":"Monthly"},{"dimension":"hqc","scope":"Subscription","providerId":"other","utilization":9,"holds":0,"limit":9,"period":"None"}]}""";

    public List<Job> Jobs { get; } = [];

    public sealed class Job(JsonElement body, string input, DateTimeOffset at)
    {
        public string Id => body.GetProperty("id").GetString()!;

        public JsonElement Body => body;

        public string Input => input;

        public DateTimeOffset At => at;

        public bool Cancelled { get; set; }
    }

    protected override FakeReply Handle(FakeRequest request)
    {
        if (request.Query.ContainsKey("sig"))
        {
            return Blob(request);
        }

        if (!request.Path.StartsWith(Workspace, StringComparison.Ordinal) || request.Query.GetValueOrDefault("api-version") is null)
        {
            return Error(404, "NotFound", "no such path");
        }

        if (Token is null ? request.Headers.GetValueOrDefault("x-ms-quantum-api-key") != Key : request.Headers.GetValueOrDefault("Authorization") != "Bearer " + Token)
        {
            return Error(401, "Unauthorized", "who are you?");
        }

        var parts = request.Path[Workspace.Length..].Split('/');
        return (request.Method, parts) switch
        {
            ("POST", ["storage", "sasUri"]) => new FakeReply(200, new JsonObject { ["sasUri"] = Signed(request, JsonDocument.Parse(request.Body).RootElement.GetProperty("containerName").GetString()!) }.ToJsonString()),
            ("PUT", ["jobs", var id]) => Create(id, request),
            ("GET", ["providerStatus"]) => Status(request),
            ("GET", ["quotas"]) => new FakeReply(200, Quotas),
            ("POST", ["jobs", var id]) when id.EndsWith(":cancel", StringComparison.Ordinal) && _byId.TryGetValue(id[..^7], out var job) => Cancel(job),
            (_, ["jobs", var id]) when !_byId.ContainsKey(id) => Error(404, "JobNotFound", "no such job"),
            ("GET", ["jobs", var id]) => new FakeReply(200, Describe(_byId[id], request).ToJsonString()),
            _ => Error(404, "NotFound", "no such path"),
        };
    }

    private static FakeReply Error(int status, string code, string message) => new FakeReply(status, $$$"""{"error":{"code":"{{{code}}}","message":"{{{message}}}"}}""").With("x-ms-error-code", code);

    private static FakeReply Xml(int status, string code) => new(status, $"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>", "application/xml");

    private string Signed(FakeRequest request, string path) => $"{Storage ?? "http://" + request.Headers["Host"]}/{path}?sv=2021&sp=racw&se={(Now + SignatureLife).ToUnixTimeSeconds()}&sig=hush";

    private FakeReply Blob(FakeRequest request)
    {
        if (request.Headers.ContainsKey("Authorization") || request.Headers.ContainsKey("x-ms-quantum-api-key"))
        {
            return Xml(400, "TheSecretOfTheWorkspaceWasSentToStorage");
        }

        if (long.Parse(request.Query["se"], CultureInfo.InvariantCulture) < Now.ToUnixTimeSeconds())
        {
            return Xml(403, "AuthenticationFailed");
        }

        var container = request.Path.Split('/')[1];
        switch (request.Method)
        {
            case "PUT" when request.Query.GetValueOrDefault("restype") == "container":
                return _containers.Add(request.Path.Trim('/')) ? new FakeReply(201) : Xml(409, "ContainerAlreadyExists");
            case "PUT" when !_containers.Contains(container):
                return Xml(404, "ContainerNotFound");
            case "PUT" when request.Headers.GetValueOrDefault("x-ms-blob-type") != "BlockBlob":
                return Xml(400, "MissingRequiredHeader");
            case "PUT":
                _blobs[request.Path] = request.Body;
                return new FakeReply(201);
            default:
                var job = container.StartsWith("job-", StringComparison.Ordinal) && request.Path.EndsWith("/rawOutputData", StringComparison.Ordinal) ? _byId.GetValueOrDefault(container[4..]) : null;
                return job is null || State(job) != Success ? Xml(404, "BlobNotFound") : new FakeReply(206, Result(job), "application/octet-stream");
        }
    }

    private FakeReply Create(string id, FakeRequest request)
    {
        var body = JsonDocument.Parse(request.Body).RootElement.Clone();
        var address = new Uri(body.GetProperty("inputDataUri").GetString()!);
        if (body.GetProperty("id").GetString() != id || address.Query.Length > 0 || !_blobs.TryGetValue(address.AbsolutePath, out var input))
        {
            return Error(400, "InvalidJobDefinition", "the id differs, or there is no input");
        }

        if (_byId.TryGetValue(id, out var known))
        {
            return new FakeReply(200, Describe(known, request).ToJsonString());
        }

        Jobs.Add(new Job(body, input, Now));
        _byId.Add(id, Jobs[^1]);
        return new FakeReply(201, Describe(Jobs[^1], request).ToJsonString());
    }

    private FakeReply Cancel(Job job)
    {
        if (State(job) == Success)
        {
            return Error(409, "JobNotCancellable", "it has ended");
        }

        job.Cancelled = true;
        return new FakeReply(204);
    }

    private string State(Job job) => Word ?? (job.Cancelled ? "Cancelled" : Now - job.At < QueueTime ? "Waiting" : Now - job.At < QueueTime + RunTime ? "Executing" : Failure is null ? Success : "Failed");

    private JsonObject Describe(Job job, FakeRequest request)
    {
        var state = State(job);
        var ended = state is "Failed" or "Cancelled" || state == Success;
        return new JsonObject
        {
            ["id"] = job.Id, ["name"] = job.Id, ["status"] = state, ["jobType"] = "QuantumComputing", ["providerId"] = job.Body.GetProperty("providerId").GetString(), ["itemType"] = "Job",
            ["creationTime"] = job.At.ToString("O", CultureInfo.InvariantCulture), ["outputDataUri"] = Signed(request, $"job-{job.Id}/rawOutputData"),
            ["beginExecutionTime"] = ended ? (job.At + QueueTime).ToString("O", CultureInfo.InvariantCulture) : null,
            ["endExecutionTime"] = ended ? (job.At + QueueTime + RunTime).ToString("O", CultureInfo.InvariantCulture) : null,
            ["errorData"] = state == "Failed" ? new JsonObject { ["code"] = "JobFailed", ["message"] = Failure } : null,
            ["costEstimate"] = state == Success ? JsonNode.Parse("""{"currencyCode":"USD","estimatedTotal":12.4166,"events":[{"dimensionId":"gs1q","amountBilled":0.0}]}""") : null,
        };
    }

    // In two pages: the second has the target.
    private FakeReply Status(FakeRequest request) => request.Query.ContainsKey("page")
        ? new FakeReply(200, """{"value":[{"id":"ionq","currentAvailability":"Degraded","targets":[{"id":"ionq.simulator","currentAvailability":"Degraded","averageQueueTime":90,"statusPage":""}]}],"nextLink":null}""")
        : new FakeReply(200, $$"""{"value":[{"id":"quantinuum","currentAvailability":"Available","targets":[{"id":"quantinuum.sim.h1-1e","currentAvailability":"Unavailable","averageQueueTime":7}]}],"nextLink":"https://{{request.Headers["Host"]}}{{request.RawTarget}}&page=2"}""");

    private static string Result(Job job)
    {
        var shots = job.Body.GetProperty("inputParams");
        if (job.Body.GetProperty("inputDataFormat").GetString() == "ionq.circuit.v1")
        {
            _ = shots.GetProperty("shots").GetInt32();
            var program = JsonDocument.Parse(job.Input).RootElement;
            var histogram = FakeIonQ.Simulate(program).Select((amplitude, i) => (Key: i.ToString(CultureInfo.InvariantCulture), P: amplitude.Magnitude * amplitude.Magnitude))
                .Where(o => o.P > 1e-12).Select(o => new KeyValuePair<string, JsonNode?>(o.Key, o.P));
            return new JsonObject { ["histogram"] = new JsonObject(histogram) }.ToJsonString();
        }

        if (job.Body.GetProperty("inputDataFormat").GetString() == "rigetti.quil.v1")
        {
            var program = FakeQuil.Read(job.Input);
            return new JsonObject { ["ro"] = new JsonArray([.. FakeShots.Of(OracleSimulator.OutcomeDistribution(program), shots.GetProperty("count").GetInt32()).Select(o => (JsonNode)new JsonArray([.. o.Reverse().Select(b => (JsonNode)(b - '0'))]))]) }.ToJsonString();
        }

        // Shot by shot, each register's bit 0 rightmost; the oracle's text has the first register's bit 0 rightmost.
        var read = OpenQasmReader.Read(job.Input).GetCircuitOrThrow();
        var count = shots.GetProperty("count").GetInt32();
        var all = FakeShots.Of(OracleSimulator.OutcomeDistribution(read), count);
        var result = new JsonObject();
        var start = 0;
        foreach (var register in read.ClassicalRegisters)
        {
            var (from, size) = (start, register.Size);
            result[register.Name] = new JsonArray([.. all.Select(o => (JsonNode)o[(o.Length - from - size)..(o.Length - from)])]);
            start += size;
        }

        result["access_token"] = "not a register";
        return result.ToJsonString();
    }
}
