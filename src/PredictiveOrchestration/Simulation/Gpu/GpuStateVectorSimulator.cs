using System.Runtime.CompilerServices;
using PredictiveOrchestration.Backends;
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

    private protected override IQuantumState CreateState(int numQubits, ExecutionLimits limits, RunContext context)
    {
        var device = _source.Find(out var reason) ?? throw new BackendException(
            BackendErrorKind.Unavailable, Descriptor.Id, $"Backend '{Descriptor.Id}' has no device: {reason}. Install a driver, or choose another backend.");
        return Create(numQubits, device, context);
    }

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
                ExpectationValues = true,
                IsExact = options.Precision == GpuPrecision.Double,
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
