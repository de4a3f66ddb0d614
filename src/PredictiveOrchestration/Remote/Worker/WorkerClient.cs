using System.Globalization;
using System.Net;
using System.Text.Json;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Remote.Worker;

/// <summary>The worker's protocol from the client's side. A job's tag is its idempotency key, so that a submission is safe to repeat.</summary>
internal sealed class WorkerClient(string backendId, WorkerBackendOptions options) : IRemoteProtocol
{
    private readonly KeyValuePair<string, string> _wait = new("Prefer", string.Create(CultureInfo.InvariantCulture, $"wait={(int)options.LongPoll.TotalSeconds}"));
    private volatile DeviceCalibration? _calibration;

    public string Name => "worker-v1";

    public SubmissionSafety Safety => SubmissionSafety.IdempotencyKey;

    public ValueTask<RemotePlan> PrepareAsync(RemoteTransport http, ExecutionRequest request, string tag, CancellationToken cancellationToken)
    {
        var submission = new WireSubmission
        {
            Program = new WireProgram(WorkerProtocol.OpenQasm3, Source(request.Circuit)),
            Device = options.Target,
            Shots = request.Shots,
            Seed = request.Seed,
            TopProbabilities = request.TopProbabilities,
            Observables = request.Observables.Count == 0 ? null : [.. request.Observables.Select(o => o.Terms.Select(t => Term(t, request.Circuit.NumQubits)).ToList())],
            RequireExact = request.RequireExact,
            Limits = request.Limits.Time is { } time ? new WireLimits { Seconds = time.TotalSeconds } : null,
            Name = request.Circuit.Name.Length is > 0 and <= 200 ? request.Circuit.Name : null,
        };
        return ValueTask.FromResult(new RemotePlan(JsonSerializer.Serialize(submission, WorkerJson.Default.WireSubmission), [], request.Circuit));
    }

    public async ValueTask<RemoteEstimate?> EstimateAsync(RemoteTransport http, RemotePlan plan, int shots, CancellationToken cancellationToken)
    {
        var reply = await http.SendAsync(new RemoteCall(HttpMethod.Post, "v1/estimate") { Body = plan.Payload, IsRepeatable = true, MaxRetries = 1 }, cancellationToken).ConfigureAwait(false);
        var estimate = JsonSerializer.Deserialize(reply.Body.Span, WorkerJson.Default.WireEstimate)!;
        return new RemoteEstimate(new RemoteCost((decimal)estimate.Cost.Upper, estimate.Currency), TimeSpan.FromMilliseconds(Math.Min(1e12, estimate.WaitMs)), TimeSpan.FromMilliseconds(Math.Min(1e12, estimate.RunMs.Median)));
    }

    public async Task<string> SubmitAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        var call = new RemoteCall(HttpMethod.Post, "v1/jobs") { Body = job.Payload, IsRepeatable = true, Headers = [new(WorkerProtocol.IdempotencyKeyHeader, job.Tag), _wait] };
        var reply = await http.SendAsync(call, cancellationToken).ConfigureAwait(false);
        return Job(reply).Id;
    }

    public async Task<RemoteStatus> GetStatusAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        var reply = await http.SendAsync(new RemoteCall(HttpMethod.Get, Path(job)) { Headers = [_wait] }, cancellationToken).ConfigureAwait(false);
        var found = Job(reply);
        var phase = found.Status switch
        {
            JobState.Queued => RemotePhase.Queued,
            JobState.Running => RemotePhase.Running,
            JobState.Succeeded => RemotePhase.Succeeded,
            JobState.Failed or JobState.Expired => RemotePhase.Failed,
            JobState.Cancelled => RemotePhase.Cancelled,
            _ => RemotePhase.Unknown,
        };

        // A state of a newer worker is named as it names it.
        return new RemoteStatus(phase, phase == RemotePhase.Unknown ? reply.Json().Get("status").Text() ?? "none" : found.Status.Name())
        {
            Reason = found.Failure is { } failure ? $"{failure.Code}: {failure.Message}" : found.Status == JobState.Expired ? "its result was kept for its time and is gone" : null,

            // Where the worker waited with its answer, nobody else needs to.
            NextPoll = reply.Header("Preference-Applied") is not null && options.LongPoll >= TimeSpan.FromSeconds(1) ? TimeSpan.Zero : reply.RetryAfter,
            Wait = found.EstimatedWaitMs is { } wait ? TimeSpan.FromMilliseconds(Math.Min(1e12, wait)) : null,
            RunTime = found is { StartedAt: { } start, EndedAt: { } end } ? end - start : null,
        };
    }

    public async Task<string> FetchAsync(RemoteTransport http, RemoteJob job, RemoteStatus status, CancellationToken cancellationToken) =>
        (await http.SendAsync(new RemoteCall(HttpMethod.Get, Path(job) + "/result"), cancellationToken).ConfigureAwait(false)).Text;

    public RemoteOutcome Read(RemoteJob job, string result)
    {
        var read = JsonSerializer.Deserialize(result, WorkerJson.Default.WireResult) ?? throw new FormatException("the result is null");
        return new RemoteOutcome(read.ReadCounts())
        {
            Probabilities = read.ReadProbabilities(),
            ExpectationValues = read.ExpectationValues ?? [],
            Shots = read.Shots,
            RunTime = TimeSpan.FromMilliseconds(read.Timings.PrepareMs + read.Timings.RunMs + read.Timings.SampleMs),
            IsExact = read.IsExact,
        };
    }

    public async Task CancelAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken) =>
        await http.SendAsync(new RemoteCall(HttpMethod.Post, Path(job) + "/cancel") { IsRepeatable = true, Accepts = [HttpStatusCode.Conflict] }, cancellationToken).ConfigureAwait(false);

    public async Task<RemoteCost?> GetCostAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken)
    {
        var found = Job(await http.SendAsync(new RemoteCall(HttpMethod.Get, Path(job)), cancellationToken).ConfigureAwait(false));
        return found.Cost?.Actual is { } amount ? new RemoteCost(amount, found.Cost.Currency) : null;
    }

    public async Task<RemoteQueue?> GetQueueAsync(RemoteTransport http, CancellationToken cancellationToken)
    {
        var queue = JsonSerializer.Deserialize((await http.SendAsync(new RemoteCall(HttpMethod.Get, "v1/queue"), cancellationToken).ConfigureAwait(false)).Body.Span, WorkerJson.Default.WireQueue)!;
        return new RemoteQueue(true, "available", queue.Length, TimeSpan.FromMilliseconds(Math.Min(1e12, queue.EstimatedWaitMs)), queue.AsOf);
    }

    public async Task<DeviceCalibration?> GetCalibrationAsync(RemoteTransport http, CancellationToken cancellationToken)
    {
        if (options.Target == WorkerProtocol.AutoDevice)
        {
            return null;
        }

        var device = $"v1/devices/{Uri.EscapeDataString(options.Target)}";
        var reply = await http.SendAsync(new RemoteCall(HttpMethod.Get, device + "/calibration") { Accepts = [HttpStatusCode.NotFound] }, cancellationToken).ConfigureAwait(false);
        if (reply.Status == HttpStatusCode.NotFound)
        {
            return null;
        }

        var described = JsonSerializer.Deserialize((await http.SendAsync(new RemoteCall(HttpMethod.Get, device), cancellationToken).ConfigureAwait(false)).Body.Span, WorkerJson.Default.WireDevice)!;
        var found = DeviceCalibration.Parse(reply.Text);
        _calibration = described.IsExact ? null : found.NumQubits > 0 ? found : found with { NumQubits = described.MaxQubits };
        return found.NumQubits > 0 ? found : found with { NumQubits = described.MaxQubits };
    }

    public DeviceCounts? Compile(Circuit circuit, CancellationToken cancellationToken) =>
        _calibration is not { } calibration ? null
        : calibration.Couplings.Count > 0 || calibration.BasisGates.Count > 0 ? DeviceCompiler.TryCount(circuit, DeviceModel.FromCalibration(calibration), calibration, cancellationToken)
        : DeviceCompiler.Count(DeviceCompiler.Measured(circuit) ?? circuit, calibration);

    private string Source(Circuit circuit)
    {
        try
        {
            return OpenQasmWriter.Write(circuit);
        }
        catch (OpenQasmException exception)
        {
            throw new BackendException(BackendErrorKind.Unsupported, backendId, $"The circuit cannot be sent to '{backendId}' as OpenQASM: {exception.Message}", exception);
        }
    }

    internal static WirePauliTerm Term(PauliTerm term, int qubits)
    {
        var label = new char[qubits];
        Array.Fill(label, 'I');
        foreach (var (qubit, factor) in term.Factors)
        {
            label[qubits - 1 - qubit] = factor.ToString()[0];
        }

        return new WirePauliTerm(new string(label), term.Coefficient);
    }

    private static string Path(RemoteJob job) => $"v1/jobs/{Uri.EscapeDataString(job.RemoteId!)}";

    private static WireJob Job(RemoteReply reply) => JsonSerializer.Deserialize(reply.Body.Span, WorkerJson.Default.WireJob) ?? throw new FormatException("the job is null");
}
