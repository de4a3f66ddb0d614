using System.Runtime.CompilerServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>
/// The state vector on a GPU, through CUDA or OpenCL: all 2^n amplitudes in the device's memory, 16 · 2^n bytes (8 · 2^n in single precision).
/// The device is looked for when it is first needed; where there is none the backend is listed as not available, with the reason.
/// A driver's error in mid-run is a <see cref="BackendException"/> of kind <see cref="BackendErrorKind.Fault"/>, with which a run goes on elsewhere.
/// </summary>
public sealed class GpuStateVectorSimulator : LocalSimulator, ICalibratable, IConditionalBackend
{
    /// <summary>The greatest number of qubits: 2^30 amplitudes take 16 GiB. The device's memory may allow fewer.</summary>
    public const int MaxQubits = GateFuser.MaxBits;

    private readonly GpuStateVectorOptions _options;
    private readonly GpuDeviceSource _source;

    /// <summary>Creates the engine; no device is touched yet.</summary>
    /// <param name="options">Id, precision, devices; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public GpuStateVectorSimulator(GpuStateVectorOptions? options = null, TimeProvider? time = null)
        : this(options ??= new GpuStateVectorOptions(), time, options.AllowCpuOpenCl ? GpuDeviceSource.GpuOrCpu : GpuDeviceSource.Gpu)
    {
    }

    internal GpuStateVectorSimulator(GpuStateVectorOptions options, TimeProvider? time, GpuDeviceSource source)
        : base(Describe(options), time)
    {
        _options = options;
        _source = source;
    }

    /// <inheritdoc/>
    public IReadOnlyList<ExecutionRequest> CalibrationWorkloads => AmplitudeWorkloads.All;

    /// <summary>Gets the device's name, and the precision.</summary>
    public string CalibrationKey => $"{DeviceName} {_options.Precision}";

    /// <summary>Gets why there is no device, or null if there is one. Looks for it.</summary>
    public string? UnavailableReason => _source.Find(out var reason) is null ? reason : null;

    /// <summary>Gets the device's name and interface, or null if there is none. Looks for it.</summary>
    public string? DeviceName => _source.Find(out _) is { } device ? NameOf(device) : null;

    /// <summary>
    /// Executes many requests. Circuits of at most 10 qubits that only measure at their end share launches, up to 4,096 circuits in one: what a launch
    /// costs is paid once. All others run one after the other.
    /// </summary>
    /// <param name="requests">The requests; time limits of those that share a launch count from its end.</param>
    /// <param name="cancellationToken">Ends all.</param>
    /// <returns>One result for each request, in order.</returns>
    /// <exception cref="BackendException">As for <see cref="IQuantumBackend.ExecuteAsync"/>, for the first request that fails.</exception>
    public Task<IReadOnlyList<ExecutionResult>> ExecuteBatchAsync(IReadOnlyList<ExecutionRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        foreach (var request in requests)
        {
            Check(request);
        }

        return Task.Run(() => ExecuteBatch(requests, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task PrepareAsync(CancellationToken cancellationToken = default)
    {
        // Compiles every kernel that calibration and its jobs use: one tile, several, sampling, sums.
        foreach (var workload in (ExecutionRequest[])[CalibrationWorkloads[0], CalibrationWorkloads[4]])
        {
            await ExecuteAsync(workload with { TopProbabilities = 1 }, cancellationToken).ConfigureAwait(false);
        }
    }

    private protected override long AvailableBytes => _source.Find(out _) is { } device ? AvailableOn(device) : 0;

    private protected override IQuantumState CreateState(int numQubits, ExecutionLimits limits, RunContext context) => Create(numQubits, Device(), context);

    private GpuDevice Device() => _source.Find(out var reason) ?? throw new BackendException(
        BackendErrorKind.Unavailable, Descriptor.Id, $"Backend '{Descriptor.Id}' has no device: {reason}. Install a driver, or choose another backend.");

    private IReadOnlyList<ExecutionResult> ExecuteBatch(IReadOnlyList<ExecutionRequest> requests, CancellationToken cancellationToken)
    {
        var results = new ExecutionResult[requests.Count];
        var small = Enumerable.Range(0, requests.Count).Where(i => GpuBatch.Takes(requests[i].Circuit)).ToList();
        foreach (var chunk in small.Chunk(GpuBatch.MaxCircuits))
        {
            var context = CreateContext(requests[chunk[0]] with { Limits = ExecutionLimits.None, Progress = null }, cancellationToken);
            var states = Evolve([.. chunk.Select(i => requests[i].Circuit)], Device(), context);
            var share = context.Elapsed / chunk.Length;
            for (var k = 0; k < chunk.Length; k++)
            {
                var request = requests[chunk[k]];
                var result = ExecuteFrom(request, states[k], request.Circuit.UnitaryEnd(0), cancellationToken);
                results[chunk[k]] = result with { Timings = result.Timings with { Run = result.Timings.Run + share }, PeakMemoryBytes = Math.Max(result.PeakMemoryBytes, states[k].MemoryBytes) };
            }
        }

        foreach (var i in Enumerable.Range(0, requests.Count).Except(small))
        {
            results[i] = Execute(requests[i], null, cancellationToken);
        }

        return results;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private IQuantumState[] Evolve(IReadOnlyList<Circuit> circuits, GpuDevice device, RunContext context) => _options.Precision == GpuPrecision.Double
        ? GpuBatch.Evolve<AmplitudeDouble>(circuits, device, context)
        : GpuBatch.Evolve<AmplitudeSingle>(circuits, device, context);

    // Apart, because compiling these loads ILGPU.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private IQuantumState Create(int numQubits, GpuDevice device, RunContext context) => _options.Precision == GpuPrecision.Double
        ? new GpuState<AmplitudeDouble>(numQubits, device, context)
        : new GpuState<AmplitudeSingle>(numQubits, device, context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string NameOf(GpuDevice device) => device.Name;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long AvailableOn(GpuDevice device) => device.AvailableBytes;

    private static BackendDescriptor Describe(GpuStateVectorOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Id);
        Guard.InRange((int)options.Precision, (int)GpuPrecision.Double, (int)GpuPrecision.Single);
        return new BackendDescriptor
        {
            Id = options.Id,
            Type = BackendType.GpuAccelerated,
            DisplayName = "State vector on a GPU",
            CostModel = "gpu",
            IsLocal = true,
            Capabilities = new BackendCapabilities
            {
                MaxQubits = MaxQubits,
                MaxMemoryBytes = options.MaxMemoryBytes,
                ExactProbabilities = true,
                ShotRanges = true,
                ExpectationValues = true,
                IsExact = options.Precision == GpuPrecision.Double,
                StoresAllAmplitudes = true,
            },
        };
    }
}

/// <summary>How a <see cref="GpuStateVectorSimulator"/> works.</summary>
public sealed record GpuStateVectorOptions
{
    /// <summary>Gets the backend's id; default <c>gpu</c>.</summary>
    public string Id { get; init; } = "gpu";

    /// <summary>Gets a value indicating whether an OpenCL device that is this machine's processor will do where there is no GPU; default false. Meant for tests.</summary>
    public bool AllowCpuOpenCl { get; init; }

    /// <summary>
    /// Gets the precision of the amplitudes; default double. Single precision halves memory, and on most consumer GPUs multiplies the speed of
    /// arithmetic by 16 to 64; results then count as not exact.
    /// </summary>
    public GpuPrecision Precision { get; init; }

    /// <summary>Gets the most bytes that one run may take; null (default) for what the device has.</summary>
    public long? MaxMemoryBytes { get; init; }
}

/// <summary>The precision of the amplitudes of a <see cref="GpuStateVectorSimulator"/>.</summary>
public enum GpuPrecision
{
    /// <summary>64-bit floating point: 16 bytes an amplitude, rounding errors of about 1e-16 a gate.</summary>
    Double,

    /// <summary>32-bit floating point: 8 bytes an amplitude, rounding errors of about 1e-7 a gate.</summary>
    Single,
}
