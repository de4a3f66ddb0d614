using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// The dense engine: all 2^n amplitudes, in double precision (exact up to rounding) or, where asked, in single precision. Memory:
/// 16 · 2^n bytes (8 · 2^n in single precision), and as much again for each open branch of a measurement in mid-circuit (a branch that
/// does not fit is replayed instead).
/// </summary>
public sealed class StateVectorSimulator : LocalSimulator, ICalibratable, IWorkForecaster
{
    /// <summary>The greatest number of qubits: 2^30 amplitudes take 16 GiB.</summary>
    public const int MaxQubits = GateFuser.MaxBits;

    private readonly StateVectorOptions _options;
    private readonly DenseSettings _settings;
    private readonly PlanCache _plans;

    /// <summary>Creates the engine.</summary>
    /// <param name="options">Id, threads and memory; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public StateVectorSimulator(StateVectorOptions? options = null, TimeProvider? time = null)
        : this(options, time, new DenseSettings(DenseKernelSelector.Best(options?.Precision ?? StateVectorPrecision.Double)))
    {
    }

    internal StateVectorSimulator(StateVectorOptions? options, TimeProvider? time, DenseSettings settings)
        : base(Describe(options ??= new StateVectorOptions()), time)
    {
        _options = options;
        _settings = settings;
        _plans = new PlanCache(settings);
    }

    /// <inheritdoc/>
    public IReadOnlyList<ExecutionRequest> CalibrationWorkloads => AmplitudeWorkloads.All;

    bool ICalibratable.RunsOnProcessor => true;

    double IWorkForecaster.ForecastSeconds(CircuitProfile profile) => DenseForecast.Seconds(profile.GateCount);

    PlannedWork? IWorkForecaster.Forecast(Circuit circuit, CircuitProfile profile) => DenseForecast.Of(circuit, _settings, Descriptor.CostModel);

    private protected override IQuantumState CreateState(int numQubits, ExecutionLimits limits, RunContext context) =>
        new DenseState(numQubits, Math.Max(1, Math.Min(_options.MaxThreads, limits.Threads ?? int.MaxValue)), _settings, _plans, context);

    private static BackendDescriptor Describe(StateVectorOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Id);
        Guard.InRange(options.MaxThreads, 1, 1024);
        Guard.InRange((int)options.Precision, (int)StateVectorPrecision.Double, (int)StateVectorPrecision.Single);
        return new BackendDescriptor
        {
            Id = options.Id,
            Type = BackendType.LocalDenseTensor,
            DisplayName = "State vector",
            CostModel = "dense",
            IsLocal = true,
            MaxThreads = options.MaxThreads,
            Capabilities = new BackendCapabilities
            {
                MaxQubits = MaxQubits,
                MaxMemoryBytes = options.MaxMemoryBytes,
                ExactProbabilities = true,
                ShotRanges = true,
                ExpectationValues = true,
                IsExact = options.Precision == StateVectorPrecision.Double,
                StoresAllAmplitudes = true,
            },
        };
    }
}

/// <summary>How a <see cref="StateVectorSimulator"/> works.</summary>
public sealed record StateVectorOptions
{
    /// <summary>Gets the backend's id; default <c>local-dense</c>.</summary>
    public string Id { get; init; } = "local-dense";

    /// <summary>Gets the most threads of one run, 1 to 1024; default the number of processors.</summary>
    public int MaxThreads { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// Gets the precision of the amplitudes; default double. Single precision halves memory and nearly halves time, and counts as not
    /// exact (<see cref="ExecutionResult.IsExact"/> is false, and a request for exact results is refused): each pass over an amplitude
    /// rounds it by up to 6e-8 of its size, so that after g gates probabilities and expectation values are off by about 1e-7 · √g.
    /// </summary>
    public StateVectorPrecision Precision { get; init; }

    /// <summary>Gets the most bytes that one run may take; null (default) for what the machine has.</summary>
    public long? MaxMemoryBytes { get; init; }
}
