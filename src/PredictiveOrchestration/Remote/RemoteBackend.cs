using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Noise;

namespace PredictiveOrchestration.Remote;

/// <summary>
/// A simulator or device behind HTTP. One way for every service: validate, estimate, reserve money, write the job down, submit, write its id down, wait with
/// the spacing that the service asks for, fetch, read, settle. A job outlives the process: <see cref="ListPendingAsync"/>, <see cref="ResumeAsync"/>. A
/// submission whose answer was lost is cleared up by idempotency key or by looking the job up; where neither works it is held until
/// <see cref="ReconcileAsync(CancellationToken)"/>, never sent again on a guess. Thread-safe.
/// </summary>
public sealed partial class RemoteBackend : IPayingBackend, IConditionalBackend, ICompilingBackend, IAsyncDisposable
{
    private readonly IRemoteProtocol _protocol;
    private readonly RemoteBackendOptions _options;
    private readonly RemoteTransport _http;
    private readonly IRemoteJobJournal _journal;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _closing = new();
    private readonly HashSet<string> _underWay = new(StringComparer.Ordinal);
    private readonly HashSet<Task> _background = [];
    private volatile ISpendGate? _account;

    /// <summary>Makes a backend of a protocol. Those that come with this library, and its packages, make theirs with it too.</summary>
    /// <param name="protocol">The mapping.</param>
    /// <param name="descriptor">What the target is and can do.</param>
    /// <param name="endpoint">The service's address.</param>
    /// <param name="options">How to use it.</param>
    /// <param name="authorizer">Puts credentials on calls; disposed with the backend if it is <see cref="IDisposable"/>.</param>
    /// <param name="documentedRate">The rate of calls that the service documents, or null.</param>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    public RemoteBackend(IRemoteProtocol protocol, BackendDescriptor descriptor, Uri endpoint, RemoteBackendOptions options, IRemoteAuthorizer authorizer, RemoteRateLimit? documentedRate)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        ArgumentNullException.ThrowIfNull(descriptor);
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(authorizer);
        options.Validate(endpoint);
        Descriptor = descriptor;
        _protocol = protocol;
        _options = options;
        _time = options.Time;
        _logger = options.Logger ?? NullLogger.Instance;
        _journal = options.Journal ?? new MemoryJobJournal();
        _http = new RemoteTransport(descriptor.Id, endpoint, options, authorizer, documentedRate);
    }

    /// <inheritdoc/>
    public BackendDescriptor Descriptor { get; }

    /// <inheritdoc/>
    public string? UnavailableReason => _options.Availability.Count > 0 && !_options.Availability.Any(w => w.Contains(_time.GetUtcNow())) ? "it takes no work at this hour"
        : _http.Retries.OpenFor is { } left ? $"its service failed too often and is left alone for {left.TotalSeconds:F0} s more"
        : null;

    /// <inheritdoc/>
    void IPayingBackend.UseAccount(ISpendGate account) => _account = account;

    // The user's own first.
    private ISpendGate? Account => _options.SpendGate ?? _account;

    /// <summary>Gets the calls to the service, for those who build protocols: to ask a device what it can do, say.</summary>
    public RemoteTransport Http => _http;

    /// <inheritdoc/>
    /// <exception cref="RemoteJobException">The job was submitted, perhaps, and did not end well; it carries the job, to resume or to reconcile.</exception>
    public async Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(request);
        cancellationToken.ThrowIfCancellationRequested();
        using var limit = Limit(request.Limits.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token, _closing.Token);
        var start = _time.GetTimestamp();
        var tag = _options.NewTag?.Invoke() ?? Guid.CreateVersion7(_time.GetUtcNow()).ToString();
        RemoteJob? job = null;
        try
        {
            var plan = await _protocol.PrepareAsync(_http, request, tag, either.Token).ConfigureAwait(false);
            job = await DraftAsync(plan, request, tag, either.Token).ConfigureAwait(false);
            var gate = request.Spending?.Gate ?? Account;
            await BeginAsync(job, gate, request.Spending, either.Token).ConfigureAwait(false);
            job = await SubmitAsync(job, gate, either.Token).ConfigureAwait(false);
            var result = await FollowAsync(job, gate, _time.GetElapsedTime(start), either.Token).ConfigureAwait(false);
            request.Progress?.Report(new ExecutionProgress(request.Circuit.Operations.Length, request.Circuit.Operations.Length, result.Shots, request.Shots));
            return result;
        }
        catch (OperationCanceledException exception) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // Whoever set the limit has other plans: the job must not go on costing.
            var known = job is null ? null : await _journal.FindAsync(tag, CancellationToken.None).ConfigureAwait(false);
            if (known is { IsPending: true })
            {
                Background(AbandonAsync(known, request.Spending?.Gate ?? Account));
            }

            var message = $"Backend '{Descriptor.Id}' did not give a result within the limit of {request.Limits.Time!.Value.TotalSeconds:G4} s.";
            throw known is null ? new BackendException(BackendErrorKind.TimeLimit, Descriptor.Id, message, exception) : new RemoteJobException(BackendErrorKind.TimeLimit, known, message, exception);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            if (_options.CancelRemoteJobs && job is not null && await _journal.FindAsync(tag, CancellationToken.None).ConfigureAwait(false) is { IsPending: true } pending)
            {
                Background(AbandonAsync(pending, request.Spending?.Gate ?? Account));
            }

            throw new OperationCanceledException($"The wait for backend '{Descriptor.Id}' was cancelled.", cancellationToken);
        }
    }

    /// <summary>Goes on with a job that was submitted earlier, perhaps by another process; one whose result is here already is read again at no cost.</summary>
    /// <param name="tag">The job's tag.</param>
    /// <param name="cancellationToken">Ends the wait, not the job.</param>
    /// <exception cref="KeyNotFoundException">The journal has no such job of this backend.</exception>
    /// <exception cref="RemoteJobException">As for <see cref="ExecuteAsync"/>.</exception>
    public async Task<ExecutionResult> ResumeAsync(string tag, CancellationToken cancellationToken = default)
    {
        var job = await FindAsync(tag, cancellationToken).ConfigureAwait(false);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        switch (job.State)
        {
            case RemoteJobState.Fetched:
                return Result(job, Read(job), TimeSpan.Zero, null, TimeSpan.Zero);
            case RemoteJobState.Failed or RemoteJobState.NotAccepted:
                throw new RemoteJobException(BackendErrorKind.Fault, job, $"Job '{tag}' on '{Descriptor.Id}' ended without a result: {job.Error}");
            case RemoteJobState.Submitted:
                break;
            default:
                job = await ClearUpAsync(job, Account, maySubmit: true, either.Token).ConfigureAwait(false);
                break;
        }

        return await FollowAsync(job, Account, TimeSpan.Zero, either.Token).ConfigureAwait(false);
    }

    /// <summary>Lists the jobs of this backend that were begun and whose end is not known, oldest first.</summary>
    public async Task<IReadOnlyList<RemoteJob>> ListPendingAsync(CancellationToken cancellationToken = default) =>
        await _journal.ListPendingAsync(Descriptor.Id, cancellationToken).ConfigureAwait(false);

    /// <summary>Cancels a pending job at the service; it may be too late, so look at the state that is returned.</summary>
    /// <exception cref="KeyNotFoundException">The journal has no such job of this backend.</exception>
    public async Task<RemoteJob> CancelAsync(string tag, CancellationToken cancellationToken = default) =>
        await AbandonAsync(await FindAsync(tag, cancellationToken).ConfigureAwait(false), Account).WaitAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Asks the service for the target's state and queue; null if it does not tell.</summary>
    public Task<RemoteQueue?> GetQueueAsync(CancellationToken cancellationToken = default) => _protocol.GetQueueAsync(_http, cancellationToken);

    /// <summary>Asks the service for the target's calibration; null if it does not tell.</summary>
    public Task<DeviceCalibration?> GetCalibrationAsync(CancellationToken cancellationToken = default) => _protocol.GetCalibrationAsync(_http, cancellationToken);

    /// <inheritdoc/>
    public DeviceCounts? Compile(Circuit circuit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        return _protocol.Compile(circuit, cancellationToken);
    }

    /// <summary>Asks the service what a request will cost and take; null if it does not tell. Nothing is submitted.</summary>
    public async Task<RemoteEstimate?> EstimateAsync(ExecutionRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(request);
        var plan = await _protocol.PrepareAsync(_http, request, "estimate", cancellationToken).ConfigureAwait(false);
        return await _protocol.EstimateAsync(_http, plan, request.Shots, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends waiting (jobs go on at the service) and frees what is held.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        Task[] left;
        lock (_background)
        {
            left = [.. _background];
        }

        await Task.WhenAll(left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _http.Dispose();
        (_protocol as IDisposable)?.Dispose();
        (_options.Journal is null ? _journal as IDisposable : null)?.Dispose();
    }

    private async Task<RemoteJob> FindAsync(string tag, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(tag);
        return await _journal.FindAsync(tag, cancellationToken).ConfigureAwait(false) is { } job && job.BackendId == Descriptor.Id
            ? job
            : throw new KeyNotFoundException($"The journal has no job '{tag}' of backend '{Descriptor.Id}'.");
    }

    private void Check(ExecutionRequest request)
    {
        var capabilities = Descriptor.Capabilities;
        var problem = UnavailableReason is { } reason ? (BackendErrorKind.Unavailable, reason)
            : request.Circuit.NumQubits > capabilities.MaxQubits ? (BackendErrorKind.Unsupported, $"it has {capabilities.MaxQubits} qubits, the circuit {request.Circuit.NumQubits}")
            : request.Shots < 1 && !(capabilities.ExactProbabilities || capabilities.ExpectationValues) ? (BackendErrorKind.Unsupported, "it needs at least one shot")
            : request.Shots > capabilities.MaxShots ? (BackendErrorKind.Unsupported, $"it takes at most {capabilities.MaxShots} shots, {request.Shots} are asked for")
            : request.RequireExact && !capabilities.IsExact ? (BackendErrorKind.Unsupported, "its results are noisy and an exact answer is required; set RequireExact to false to allow them")
            : request.TopProbabilities > 0 && !capabilities.ExactProbabilities ? (BackendErrorKind.Unsupported, "it does not return exact probabilities")
            : request.Observables.Count > 0 && !capabilities.ExpectationValues ? (BackendErrorKind.Unsupported, "it does not return expectation values")
            : ((BackendErrorKind, string)?)null;
        if (problem is { } p)
        {
            throw new BackendException(p.Item1, Descriptor.Id, $"Backend '{Descriptor.Id}' does not take the job: {p.Item2}.");
        }
    }

    private CancellationTokenSource Limit(TimeSpan? time) => time is { } t && t < TimeSpan.FromDays(40) ? new CancellationTokenSource(t, _time) : new CancellationTokenSource();

    private void Background(Task task)
    {
        lock (_background)
        {
            _background.Add(task);
        }

        task.ContinueWith(
            done =>
            {
                lock (_background)
                {
                    _background.Remove(done);
                }

                if (done.Exception is { } error)
                {
                    BackgroundFailed(error.GetBaseException(), Descriptor.Id);
                }
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Work after a cancelled wait failed on backend '{Backend}'")]
    private partial void BackgroundFailed(Exception exception, string backend);
}
