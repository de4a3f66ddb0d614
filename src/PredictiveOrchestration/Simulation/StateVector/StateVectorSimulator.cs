using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// The dense engine: all 2^n amplitudes in double precision, exact up to rounding. Memory: 16 · 2^n bytes, and as much again for each
/// open branch of a measurement in mid-circuit (a branch that does not fit is replayed instead).
/// </summary>
public sealed class StateVectorSimulator : LocalSimulator, ICalibratable
{
    /// <summary>The greatest number of qubits: 2^30 amplitudes take 16 GiB.</summary>
    public const int MaxQubits = 30;

    private readonly StateVectorOptions _options;
    private readonly DenseKernelSet _kernels;
    private readonly PlanCache _plans = new();

    /// <summary>Creates the engine.</summary>
    /// <param name="options">Id, threads and memory; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public StateVectorSimulator(StateVectorOptions? options = null, TimeProvider? time = null)
        : this(options, time, DenseKernelSelector.Best)
    {
    }

    internal StateVectorSimulator(StateVectorOptions? options, TimeProvider? time, DenseKernelSet kernels)
        : base(Describe(options ??= new StateVectorOptions()), time)
    {
        _options = options;
        _kernels = kernels;
    }

    /// <inheritdoc/>
    public IReadOnlyList<ExecutionRequest> CalibrationWorkloads { get; } = DenseWorkloads.All();

    private protected override IQuantumState CreateState(int numQubits, StateSnapshot? initial, ExecutionLimits limits, RunContext context)
    {
        var threads = Math.Max(1, Math.Min(_options.MaxThreads, limits.Threads ?? int.MaxValue));
        var state = new DenseState(numQubits, threads, _kernels, _plans, context);
        try
        {
            if (initial is not null)
            {
                state.Load(initial);
            }

            return state;
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    private static BackendDescriptor Describe(StateVectorOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Id);
        Guard.InRange(options.MaxThreads, 1, 1024);
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
                ExpectationValues = true,
                IsExact = true,
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

    /// <summary>Gets the most bytes that one run may take; null (default) for what the machine has.</summary>
    public long? MaxMemoryBytes { get; init; }
}
