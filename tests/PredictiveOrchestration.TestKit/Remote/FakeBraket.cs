using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using PredictiveOrchestration.Circuits.OpenQasm;

namespace PredictiveOrchestration.TestKit.Remote;

/// <summary>Amazon Braket and S3, as documented: signatures are reckoned anew and clocks compared; circuits run on the oracle.</summary>
public sealed class FakeBraket(TimeProvider time) : FakeCloud(time)
{
    // What the dialect's gates are in the standard library's terms; a text that includes the library itself is refused.
    private const string Dialect = """
        include "stdgates.inc";
        gate cnot a, b { cx a, b; }
        gate si a { sdg a; }
        gate ti a { tdg a; }
        gate v a { sx a; }
        gate vi a { inv @ sx a; }
        gate phaseshift(t) a { p(t) a; }
        gate cphaseshift(t) a, b { cp(t) a, b; }
        gate ccnot a, b, c { ccx a, b, c; }
        gate zz(t) a, b { cx a, b; rz(t) b; cx a, b; }
        gate xx(t) a, b { h a; h b; cx a, b; rz(t) b; cx a, b; h a; h b; }
        gate yy(t) a, b { rx(pi/2) a; rx(pi/2) b; cx a, b; rz(t) b; cx a, b; rx(-pi/2) a; rx(-pi/2) b; }
        gate iswap a, b { s a; s b; h a; cx a, b; cx b, a; h b; }
        """;

    private readonly Dictionary<string, Job> _byArn = [];
    private readonly Dictionary<string, Job> _byToken = [];
    private readonly Dictionary<string, Job> _byFolder = [];

    public string AccessKey { get; set; } = "AKIDEXAMPLE";

    public string SecretKey { get; set; } = "secret-key";

    /// <summary>The session token that is in force, or null.</summary>
    public string? Token { get; set; }

    public TimeSpan RunTime { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Results by probabilities, as devices give them, instead of shot by shot.</summary>
    public bool Probabilities { get; set; }

    /// <summary>The order in which qubits are listed as measured, of n qubits; null to leave the list out.</summary>
    public Func<int, int[]>? Measured { get; set; } = n => [.. Enumerable.Range(0, n)];

    /// <summary>What the device is; a JSON text.</summary>
    public string Capabilities { get; set; } = """{"service":{"executionWindows":[{"executionDay":"Everyday","windowStartHour":"00:00","windowEndHour":"23:59:59"}],"shotsRange":[0,100000]},"action":{"braket.ir.openqasm.program":{"version":["1"],"supportedOperations":["cnot","h","x","y","z","s","si","t","ti","rx","ry","rz","v","vi","phaseshift","cphaseshift","ccnot","cswap","swap","xx","yy","zz","iswap","cy","cz"]}},"paradigm":{"qubitCount":34}}""";

    /// <summary>How often signatures were refused.</summary>
    public int Refused { get; private set; }

    public List<Job> Jobs { get; } = [];

    public sealed class Job(string arn, JsonElement body, DateTimeOffset at)
    {
        public string Arn => arn;

        public JsonElement Body => body;

        public DateTimeOffset At => at;

        public DateTimeOffset? Cancelled { get; set; }

        public string Tag => body.GetProperty("tags").GetProperty("client_tag").GetString()!;

        public string Program => JsonDocument.Parse(body.GetProperty("action").GetString()!).RootElement.GetProperty("source").GetString()!;

        public int Shots => body.GetProperty("shots").GetInt32();

        public string Folder => $"{body.GetProperty("outputS3KeyPrefix").GetString()}/{arn[(arn.LastIndexOf('/') + 1)..]}";
    }

    protected override FakeReply Handle(FakeRequest request)
    {
        if (request.Method == "GET" && request.Path.EndsWith("/results.json", StringComparison.Ordinal))
        {
            return Object(request);
        }

        if (Unauthorized(request) is { } refusal)
        {
            Refused++;
            return refusal;
        }

        // An ARN is one segment of the path, with its colons and slashes encoded.
        var parts = request.RawTarget.Split('?')[0].TrimStart('/').Split('/').Select(Uri.UnescapeDataString).ToArray();
        return (request.Method, parts) switch
        {
            ("POST", ["quantum-task"]) => Create(request.Body),
            ("POST", ["quantum-tasks"]) => Search(JsonDocument.Parse(request.Body).RootElement),
            ("GET", ["device", var arn]) => new FakeReply(200, new JsonObject
            {
                ["deviceArn"] = arn, ["deviceName"] = "a device", ["deviceStatus"] = "ONLINE", ["deviceType"] = "QPU", ["providerName"] = "a provider",
                ["deviceCapabilities"] = request.Headers["User-Agent"].Contains("BraketSchemas/1.8", StringComparison.Ordinal) ? Capabilities : "{}",
                ["deviceQueueInfo"] = JsonNode.Parse("""[{"queue":"QUANTUM_TASKS_QUEUE","queueSize":"12","queuePriority":"Normal"},{"queue":"QUANTUM_TASKS_QUEUE","queueSize":"3","queuePriority":"Priority"},{"queue":"JOBS_QUEUE","queueSize":"99"}]"""),
            }.ToJsonString()),
            (_, ["quantum-task", var arn, ..]) when !_byArn.ContainsKey(arn) => Error(404, "ResourceNotFoundException", "no such task"),
            ("GET", ["quantum-task", var arn]) => new FakeReply(200, Describe(_byArn[arn]).ToJsonString()),
            ("PUT", ["quantum-task", var arn, "cancel"]) => Cancel(_byArn[arn], request.Body),
            _ => Error(404, "UnknownOperationException", "no such path"),
        };
    }

    private static FakeReply Error(int status, string type, string message) =>
        new FakeReply(status, $$"""{"message":"{{message}}"}""").With("x-amzn-ErrorType", type + ":http://internal.amazon.com/coral/com.amazonaws.braket/");

    private FakeReply? Unauthorized(FakeRequest request)
    {
        var given = request.Headers.GetValueOrDefault("Authorization") ?? string.Empty;
        var stamp = request.Headers.GetValueOrDefault("x-amz-date") ?? string.Empty;
        if (!given.StartsWith("AWS4-HMAC-SHA256 Credential=", StringComparison.Ordinal) || !DateTimeOffset.TryParseExact(stamp, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            return Error(403, "MissingAuthenticationTokenException", "Missing Authentication Token");
        }

        var fields = given["AWS4-HMAC-SHA256 ".Length..].Split(", ").Select(f => f.Split('=', 2)).ToDictionary(f => f[0], f => f[1]);
        var credential = fields["Credential"].Split('/');
        if (credential[0] != AccessKey || request.Headers.GetValueOrDefault("x-amz-security-token") != Token)
        {
            return Error(403, "ExpiredTokenException", "The security token included in the request is expired");
        }

        if ((Now - at).Duration() > TimeSpan.FromMinutes(5))
        {
            return Error(403, "InvalidSignatureException", $"Signature {(at < Now ? "expired" : "not yet current")}: {stamp}");
        }

        var names = fields["SignedHeaders"].Split(';');
        if (!names.Contains("host") || !names.Contains("x-amz-date") || (Token is not null && !names.Contains("x-amz-security-token")) || credential[1..] is not [var day, "us-east-1", "braket", "aws4_request"] || day != stamp[..8])
        {
            return Error(403, "IncompleteSignatureException", "headers or scope");
        }

        var target = request.RawTarget.Split('?', 2);
        var path = target[0].Replace("%", "%25", StringComparison.Ordinal);
        var query = target.Length == 1 ? string.Empty : string.Join("&", target[1].Split('&').Order(StringComparer.Ordinal));
        var canonical = new StringBuilder().Append(request.Method).Append('\n').Append(path).Append('\n').Append(query).Append('\n');
        foreach (var name in names)
        {
            canonical.Append(name).Append(':').Append(request.Headers[name].Trim()).Append('\n');
        }

        canonical.Append('\n').Append(fields["SignedHeaders"]).Append('\n').Append(Hash(request.Body));
        var scope = string.Join('/', credential[1..]);
        var key = Encoding.UTF8.GetBytes("AWS4" + SecretKey);
        foreach (var part in credential[1..])
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        var expected = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{Hash(canonical.ToString())}")));
        return expected == fields["Signature"] ? null : Error(403, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided.");
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private FakeReply Create(string text)
    {
        var body = JsonDocument.Parse(text).RootElement.Clone();
        var token = body.GetProperty("clientToken").GetString()!;
        if (_byToken.TryGetValue(token, out var known))
        {
            return known.Body.GetRawText() == body.GetRawText() ? new FakeReply(201, $$"""{"quantumTaskArn":"{{known.Arn}}"}""") : Error(409, "ConflictException", "the token was used for another request");
        }

        var job = new Job($"arn:aws:braket:us-east-1:123456789012:quantum-task/00000000-0000-0000-0000-{Jobs.Count + 1:D12}", body, Now);
        if (token.Length > 64 || job.Program.Contains("include", StringComparison.Ordinal) || job.Shots < 1)
        {
            return Error(400, "ValidationException", "not valid");
        }

        Jobs.Add(job);
        _byArn.Add(job.Arn, job);
        _byToken.Add(token, job);
        _byFolder.Add(job.Folder, job);
        return new FakeReply(201, $$"""{"quantumTaskArn":"{{job.Arn}}"}""");
    }

    // In pages of two, so that following them is needed.
    private FakeReply Search(JsonElement body)
    {
        string Value(string name) => body.GetProperty("filters").EnumerateArray().First(f => f.GetProperty("name").GetString() == name).GetProperty("values")[0].GetString()!;
        if (body.GetProperty("filters").EnumerateArray().Any(f => !(f.GetProperty("name").GetString() is "quantumTaskArn" or "deviceArn" or "jobArn" or "status" or "createdAt")))
        {
            return Error(400, "ValidationException", "no such filter");
        }

        var since = DateTimeOffset.Parse(Value("createdAt"), CultureInfo.InvariantCulture);
        var skip = body.TryGetProperty("nextToken", out var next) ? int.Parse(next.GetString()!, CultureInfo.InvariantCulture) : 0;
        var found = Jobs.Where(j => j.Body.GetProperty("deviceArn").GetString() == Value("deviceArn") && j.At >= since).ToList();
        return new FakeReply(200, new JsonObject
        {
            ["quantumTasks"] = new JsonArray([.. found.Skip(skip).Take(2).Select(j => (JsonNode)Describe(j))]),
            ["nextToken"] = skip + 2 < found.Count ? (skip + 2).ToString(CultureInfo.InvariantCulture) : null,
        }.ToJsonString());
    }

    private FakeReply Cancel(Job job, string body)
    {
        _ = JsonDocument.Parse(body).RootElement.GetProperty("clientToken").GetString();
        if (Status(job) is "COMPLETED" or "FAILED")
        {
            return Error(409, "ConflictException", "it has ended");
        }

        job.Cancelled ??= Now;
        return new FakeReply(200, $$"""{"quantumTaskArn":"{{job.Arn}}","cancellationStatus":"CANCELLING"}""");
    }

    private string Status(Job job) => Word ?? (job.Cancelled is not null ? "CANCELLED" : Now - job.At < QueueTime / 2 ? "CREATED" : Now - job.At < QueueTime ? "QUEUED"
        : Now - job.At < QueueTime + RunTime ? "RUNNING" : Failure is null ? "COMPLETED" : "FAILED");

    private JsonObject Describe(Job job) => new()
    {
        ["quantumTaskArn"] = job.Arn, ["status"] = Status(job), ["deviceArn"] = job.Body.GetProperty("deviceArn").GetString(), ["deviceParameters"] = "{}", ["shots"] = job.Shots,
        ["outputS3Bucket"] = job.Body.GetProperty("outputS3Bucket").GetString(), ["outputS3Directory"] = job.Folder, ["createdAt"] = job.At.ToString("O", CultureInfo.InvariantCulture),
        ["tags"] = JsonNode.Parse(job.Body.GetProperty("tags").GetRawText()), ["failureReason"] = Status(job) == "FAILED" ? Failure : null,
        ["queueInfo"] = new JsonObject { ["queue"] = "QUANTUM_TASKS_QUEUE", ["position"] = ">2000", ["queuePriority"] = "Normal" },
    };

    // By path or by host, and only with the bucket's name.
    private FakeReply Object(FakeRequest request)
    {
        var folder = string.Join('/', request.Path.Split('/')[^3..^1]);
        var job = _byFolder.GetValueOrDefault(folder);
        var bucket = job?.Body.GetProperty("outputS3Bucket").GetString();
        var isThere = job is not null && Status(job) == "COMPLETED" && (request.Headers["Host"].StartsWith(bucket + ".", StringComparison.Ordinal) || request.Path.StartsWith($"/{bucket}/", StringComparison.Ordinal));
        return !request.Headers.ContainsKey("Authorization") ? Xml(403, "AccessDenied") : isThere ? new FakeReply(200, Result(job!)) : Xml(404, "NoSuchKey");
    }

    public static FakeReply Xml(int status, string code) => new(status, $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>", "application/xml");

    private string Result(Job job)
    {
        var circuit = OpenQasmReader.Read(job.Program.Replace("OPENQASM 3.0;", "OPENQASM 3.0;\n" + Dialect, StringComparison.Ordinal)).GetCircuitOrThrow();
        var order = (Measured ?? (n => [.. Enumerable.Range(0, n)]))(circuit.NumQubits);

        // A string's first character is the first measured qubit; the oracle's has bit 0 rightmost.
        string Listed(string outcome) => string.Concat(order.Select(q => outcome[^(q + 1)]));
        var outcomes = OracleSimulator.OutcomeDistribution(circuit).Select(o => new KeyValuePair<string, double>(Listed(o.Key), o.Value)).ToList();
        var result = new JsonObject
        {
            ["braketSchemaHeader"] = new JsonObject { ["name"] = "braket.task_result.gate_model_task_result", ["version"] = "1" },
            ["measuredQubits"] = Measured is null ? null : new JsonArray([.. order.Select(q => (JsonNode)q)]),
            ["measurements"] = null, ["measurementProbabilities"] = null,
            ["taskMetadata"] = new JsonObject { ["id"] = job.Arn, ["shots"] = job.Shots, ["deviceId"] = job.Body.GetProperty("deviceArn").GetString() },
            ["additionalMetadata"] = new JsonObject { ["simulatorMetadata"] = new JsonObject { ["executionDuration"] = 4500 } },
        };
        if (Probabilities)
        {
            result["measurementProbabilities"] = new JsonObject(outcomes.Where(o => o.Value > 1e-12).Select(o => new KeyValuePair<string, JsonNode?>(o.Key, o.Value)));
        }
        else
        {
            result["measurements"] = new JsonArray([.. FakeShots.Of(outcomes, job.Shots).Select(s => (JsonNode)new JsonArray([.. s.Select(c => (JsonNode)(c - '0'))]))]);
        }

        return result.ToJsonString();
    }
}
