using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>
/// The sparse engine: only non-zero amplitudes are stored, for up to 128 qubits; exact up to rounding and to the pruning threshold,
/// whose effect is reported. Memory: 24 bytes for each non-zero amplitude up to 64 qubits, 32 beyond, and about four times that while a gate
/// mixes basis states.
/// </summary>
public sealed class SparseStateSimulator : LocalSimulator, ICalibratable
{
    /// <summary>The greatest number of qubits.</summary>
    public const int MaxQubits = 128;

    private readonly SparseStateOptions _options;
    private readonly SparseKernelSet _kernels;

    /// <summary>Creates the engine.</summary>
    /// <param name="options">Id, memory and pruning; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="ArgumentOutOfRangeException">The pruning threshold is negative, above 1e-6 or not a number.</exception>
    public SparseStateSimulator(SparseStateOptions? options = null, TimeProvider? time = null)
        : this(options, time, SparseKernelSelector.Best)
    {
    }

    internal SparseStateSimulator(SparseStateOptions? options, TimeProvider? time, SparseKernelSet kernels)
        : base(Describe(options ??= new SparseStateOptions()), time)
    {
        _options = options;
        _kernels = kernels;
    }

    /// <inheritdoc/>
    public IReadOnlyList<ExecutionRequest> CalibrationWorkloads { get; } = SparseWorkloads.All();

    bool ICalibratable.RunsOnProcessor => true;

    private protected override IQuantumState CreateState(int numQubits, ExecutionLimits limits, RunContext context) =>
        new SparseState(numQubits, _options.PruningThreshold, _kernels, context);

    private static BackendDescriptor Describe(SparseStateOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Id);
        if (!(options.PruningThreshold is >= 0 and <= 1e-6))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.PruningThreshold, $"The pruning threshold is {options.PruningThreshold}; accepted are 0 to 1e-6.");
        }

        return new BackendDescriptor
        {
            Id = options.Id,
            Type = BackendType.LocalSparseTensor,
            DisplayName = "Sparse state",
            CostModel = options.PruningThreshold <= SparseStateOptions.Rounding ? "sparse" : "sparse, pruned",
            IsLocal = true,
            Capabilities = new BackendCapabilities
            {
                MaxQubits = MaxQubits,
                MaxMemoryBytes = options.MaxMemoryBytes,
                ExactProbabilities = true,
                ShotRanges = true,
                ExpectationValues = true,
                IsExact = true,
            },
        };
    }
}

/// <summary>How a <see cref="SparseStateSimulator"/> works.</summary>
public sealed record SparseStateOptions
{
    /// <summary>Gets the backend's id; default <c>local-sparse</c>.</summary>
    public string Id { get; init; } = "local-sparse";

    /// <summary>Gets the most bytes that one run may take; null (default) for what the machine has.</summary>
    public long? MaxMemoryBytes { get; init; }

    /// <summary>
    /// Gets the probability below which an amplitude is dropped when a gate mixes basis states, 0 to 1e-6; default 1e-30: what rounding leaves
    /// where amplitudes cancel. The dropped weight is in <see cref="ExecutionResult.DiscardedWeight"/>.
    /// </summary>
    public double PruningThreshold { get; init; } = Rounding;

    internal const double Rounding = 1e-30;
}
