using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text;
using System.Text.Json;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Remote.Ibm;

/// <summary>
/// IBM Quantum's REST interface with the sampler, version 2. The service takes only circuits in the device's own gates on its physical qubits, so they are
/// transpiled here. It has no idempotency key: a job carries its tag and is looked up by it.
/// </summary>
internal sealed class IbmProtocol(string backendId, IbmQuantumOptions options) : IRemoteProtocol
{
    private const long MostJobSeconds = 10_800;
    private readonly SemaphoreSlim _reading = new(1);
    private volatile DeviceModel? _device;
    private volatile DeviceCalibration? _calibration;

    public string Name => "ibm-runtime-v1";

    public SubmissionSafety Safety => SubmissionSafety.LookUp;

    public async ValueTask<RemotePlan> PrepareAsync(RemoteTransport http, ExecutionRequest request, string tag, CancellationToken cancellationToken)
    {
        TranspiledCircuit transpiled;
        try
        {
            transpiled = Transpiler.Transpile(request.Circuit, await DeviceAsync(http, cancellationToken).ConfigureAwait(false), request.Seed, cancellationToken);
        }
        catch (TranspilationException exception)
        {
            throw new BackendException(BackendErrorKind.Unsupported, backendId, $"Backend '{backendId}' cannot run the circuit: {exception.Message}", exception);
        }

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("program_id", "sampler");
            json.WriteString("backend", options.Target);
            json.WriteStartArray("tags");
            json.WriteStringValue(tag);
            json.WriteEndArray();
            if (MostSeconds() is { } most)
            {
                json.WriteNumber("cost", most);
            }

            json.WriteStartObject("params");
            json.WriteNumber("version", 2);
            json.WriteStartArray("pubs");
            json.WriteStartArray();
            json.WriteStringValue(IbmCircuits.Write(transpiled.Circuit));
            json.WriteNullValue();
            json.WriteNumberValue(request.Shots);
            json.WriteEndArray();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        if (await IsUsedUpAsync(http, cancellationToken).ConfigureAwait(false))
        {
            throw new BackendException(BackendErrorKind.BudgetRefused, backendId, $"The usage limit of the instance of '{backendId}' is reached: IBM Quantum would accept the job and never run it. Raise the limit, or wait for the next period.");
        }

        // Where nothing is measured all qubits are read, into bits behind the circuit's own.
        var bits = transpiled.Circuit.NumClbits > request.Circuit.NumClbits ? request.Circuit.NumQubits : request.Circuit.NumClbits;
        return new RemotePlan(Encoding.UTF8.GetString(buffer.ToArray()), [.. Enumerable.Range(transpiled.Circuit.NumClbits - bits, bits)], transpiled.Circuit);
    }

    public async Task<string> SubmitAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken) =>
        (await http.SendAsync(new RemoteCall(HttpMethod.Post, "jobs") { Body = job.Payload }, cancellationToken).ConfigureAwait(false)).Json().Get("id").Text()
        ?? throw new FormatException("The answer to the submission holds no id.");

    public async Task<string?> FindAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        var json = (await http.SendAsync(new RemoteCall(HttpMethod.Get, $"jobs?limit=200&exclude_params=true&tags={Uri.EscapeDataString(job.Tag)}"), cancellationToken).ConfigureAwait(false)).Json();
        var found = (json.Get("jobs") ?? throw new FormatException("The answer lists no jobs.")) is var jobs
            ? ((JsonElement?)jobs).Items().LastOrDefault(j => j.Get("tags").Items().Any(t => t.ValueKind == JsonValueKind.String && t.GetString() == job.Tag))
            : default;
        return found.Get("id").Text();
    }

    public async Task<RemoteStatus> GetStatusAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        var json = (await http.SendAsync(new RemoteCall(HttpMethod.Get, $"jobs/{Id(job)}?exclude_params=true"), cancellationToken).ConfigureAwait(false)).Json();
        var word = json.Get("state", "status").Text() ?? json.Get("status").Text() ?? throw new FormatException("The job has no status.");
        var code = (json.Get("state", "reason_code") ?? json.Get("state", "reasonCode")).Text();
        var phase = word.ToLowerInvariant() switch
        {
            "queued" => RemotePhase.Queued,
            "running" => RemotePhase.Running,
            "completed" => RemotePhase.Succeeded,
            "failed" or "cancelled - ran too long" => RemotePhase.Failed,
            "cancelled" => code == "1305" ? RemotePhase.Failed : RemotePhase.Cancelled,
            _ => RemotePhase.Unknown,
        };
        return new RemoteStatus(phase, word)
        {
            Reason = $"{code} {json.Get("state", "reason").Text()}".Trim(),
            RunTime = json.Get("usage", "qpu_charge_time_seconds").Number() is { } seconds and > 0 and < 1e8 ? TimeSpan.FromSeconds(seconds) : null,
        };
    }

    public async Task<string> FetchAsync(RemoteTransport http, RemoteJob job, RemoteStatus status, CancellationToken cancellationToken)
    {
        var reply = await http.SendAsync(new RemoteCall(HttpMethod.Get, $"jobs/{Id(job)}/results"), cancellationToken).ConfigureAwait(false);
        return reply.Status == HttpStatusCode.NoContent
            ? throw new RemoteCallException(BackendErrorKind.Unavailable, backendId, "The result is not there yet.", RemoteFailure.NotAccepted, null)
            : reply.Text;
    }

    public RemoteOutcome Read(RemoteJob job, string result)
    {
        var pub = JsonReading.Parse(result).Get("results").Items().FirstOrDefault();
        var registers = pub.Get("data").Members().ToList();
        var samples = registers.Count == 1 ? registers[0].Value.Get("samples") : pub.Get("data", "c", "samples");
        var counts = new Dictionary<BitString, long>();
        foreach (var sample in samples.Items())
        {
            // The leading 0 keeps the highest digit from being read as a sign.
            var text = sample.GetString() ?? string.Empty;
            if (!text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) || !BigInteger.TryParse("0" + text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                throw new FormatException($"'{text}' is no sample.");
            }

            Readout.Add(counts, Readout.Select(job.Readout, bit => !((value >> bit) & 1).IsZero), 1L);
        }

        return counts.Count == 0 ? throw new FormatException("The result holds no samples.") : new RemoteOutcome(counts) { Shots = (int)counts.Values.Sum() };
    }

    public Task CancelAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken) =>
        http.SendAsync(new RemoteCall(HttpMethod.Post, $"jobs/{Id(job)}/cancel") { IsRepeatable = true, Accepts = [HttpStatusCode.Conflict], ExpectsJson = false }, cancellationToken);

    public async Task<RemoteCost?> GetCostAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        if (options.PricePerSecond is not { } price)
        {
            return null;
        }

        var usage = (await http.SendAsync(new RemoteCall(HttpMethod.Get, $"jobs/{Id(job)}/metrics") { MaxRetries = 2 }, cancellationToken).ConfigureAwait(false)).Json().Get("usage");

        // "pending" means that the number may still change: then it is not booked.
        var isFinal = usage?.Get("status").Text() is null or "complete";
        return isFinal && usage?.Get("qpu_charge_time_seconds").Amount() is { } seconds ? new RemoteCost(seconds * price, options.Currency) : null;
    }

    public async Task<RemoteQueue?> GetQueueAsync(RemoteTransport http, CancellationToken cancellationToken)
    {
        var json = (await http.SendAsync(new RemoteCall(HttpMethod.Get, $"backends/{Uri.EscapeDataString(options.Target)}/status"), cancellationToken).ConfigureAwait(false)).Json();
        var status = await IsUsedUpAsync(http, cancellationToken).ConfigureAwait(false) ? "the usage limit of the instance is reached" : json.Get("status").Text() ?? "unknown";
        return new RemoteQueue(json.Get("state") is { ValueKind: JsonValueKind.True } && status == "active", status, (int?)json.Get("length_queue").Number(), null, options.Time.GetUtcNow());
    }

    // What may be paid at the most, as the seconds after which the service ends the job by itself.
    private long? MostSeconds()
    {
        if (options.MaxCostPerJob is not { } most || options.PricePerSecond is not > 0m)
        {
            return null;
        }

        var seconds = (long)Math.Min(MostJobSeconds, Math.Floor(most / options.PricePerSecond.Value));
        return seconds >= 1 ? seconds : throw new BackendException(
            BackendErrorKind.BudgetRefused, backendId, $"A second of '{backendId}' costs {options.PricePerSecond} {options.Currency}; MaxCostPerJob is {most}, and the service limits jobs by whole seconds.");
    }

    // Jobs beyond the limit are accepted and never run. What cannot be asked is no reason against a job.
    private async Task<bool> IsUsedUpAsync(RemoteTransport http, CancellationToken cancellationToken)
    {
        try
        {
            var call = new RemoteCall(HttpMethod.Get, "instances/usage") { MaxRetries = 1 };
            return (await http.SendAsync(call, cancellationToken).ConfigureAwait(false)).Json().Get("usage_limit_reached") is { ValueKind: JsonValueKind.True };
        }
        catch (Exception exception) when (exception is RemoteCallException or JsonException)
        {
            return false;
        }
    }

    public async Task<DeviceCalibration?> GetCalibrationAsync(RemoteTransport http, CancellationToken cancellationToken)
    {
        var call = new RemoteCall(HttpMethod.Get, $"backends/{Uri.EscapeDataString(options.Target)}/properties") { Accepts = [HttpStatusCode.NotFound] };
        var reply = await http.SendAsync(call, cancellationToken).ConfigureAwait(false);
        return reply.IsSuccess ? _calibration = IbmProperties.Read(reply.Json()) : null;
    }

    public DeviceCounts? Compile(Circuit circuit, CancellationToken cancellationToken) =>
        _device is { } device ? DeviceCompiler.TryCount(circuit, device, _calibration, cancellationToken) : null;

    /// <summary>Asks for the device and its calibration, so that predictions can go by them.</summary>
    public async Task<(DeviceModel Device, DeviceCalibration? Calibration)> LearnAsync(RemoteTransport http, CancellationToken cancellationToken)
    {
        var device = await DeviceAsync(http, cancellationToken).ConfigureAwait(false);
        return (device, await GetCalibrationAsync(http, cancellationToken).ConfigureAwait(false));
    }

    private async Task<DeviceModel> DeviceAsync(RemoteTransport http, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _device ??= IbmDevices.ReadModel((await http.SendAsync(new RemoteCall(HttpMethod.Get, $"backends/{Uri.EscapeDataString(options.Target)}/configuration"), cancellationToken).ConfigureAwait(false)).Json());
        }
        finally
        {
            _reading.Release();
        }
    }

    private static string Id(RemoteJob job) => Uri.EscapeDataString(job.RemoteId ?? throw new InvalidOperationException($"Job '{job.Tag}' has no id at the service."));
}

/// <summary>Makes backends of IBM Quantum.</summary>
public static class IbmQuantumBackend
{
    /// <summary>Makes a backend; nothing is sent yet.</summary>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    public static RemoteBackend Create(IbmQuantumOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Make(options, new IbmProtocol(IdOf(options), options), null);
    }

    /// <summary>Asks the service for the device and its calibration, and makes a backend whose fidelity and cost are predicted from them.</summary>
    /// <param name="options">The options; <see cref="IbmQuantumOptions.MaxQubits"/> may be left 0.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    /// <exception cref="BackendException">The service cannot be reached or refuses.</exception>
    public static async Task<RemoteBackend> ConnectAsync(IbmQuantumOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var protocol = new IbmProtocol(IdOf(options), options);
        await using var probe = Make(options with { MaxQubits = Math.Max(1, options.MaxQubits), Journal = new MemoryJobJournal() }, protocol, null);
        try
        {
            var (device, calibration) = await protocol.LearnAsync(probe.Http, cancellationToken).ConfigureAwait(false);
            return Make(options with { MaxQubits = device.NumQubits }, protocol, calibration);
        }
        catch (Exception exception) when (exception is FormatException or InvalidOperationException or System.Text.Json.JsonException)
        {
            throw new BackendException(BackendErrorKind.Fault, IdOf(options), $"The description of '{options.Target}' cannot be read: {exception.Message}", exception);
        }
    }

    private static string IdOf(IbmQuantumOptions options) => options.Id ?? options.Target.Replace('_', '-');

    private static RemoteBackend Make(IbmQuantumOptions options, IbmProtocol protocol, DeviceCalibration? calibration)
    {
        List<string> failures = [];
        failures.AddRange(options.MaxQubits is >= 1 and <= 10_000 ? [] : [$"MaxQubits is {options.MaxQubits}; say how many qubits '{options.Target}' has, 1 to 10000"]);
        failures.AddRange(options.Instance.Length > 0 ? [] : ["Instance is empty; give the CRN of your instance"]);
        failures.AddRange(RemoteAddress.IsSafe(options.IdentityEndpoint) ? [] : ["IdentityEndpoint is neither https nor on this machine"]);
        options.Validate(options.Address, failures);
        var id = IdOf(options);
        var descriptor = new BackendDescriptor
        {
            Id = id,
            Type = BackendType.HardwareBackend,
            DisplayName = options.DisplayName ?? $"IBM Quantum {options.Target}",
            Errors = calibration?.ToErrorRates(),
            Capabilities = new BackendCapabilities { MaxQubits = options.MaxQubits, MaxShots = 100_000, ClassicalControl = false, IsExact = false },
        };

        // Documented are five submissions a minute; calls that only ask are not limited in writing.
        return new RemoteBackend(protocol, descriptor, options.Address, options, new IbmAuthorizer(id, options), new RemoteRateLimit(2, 20));
    }
}
