using System.Runtime.CompilerServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Layout;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// The matrix-product-state engine: one tensor for each qubit, for circuits on many qubits with little entanglement between
/// neighbouring parts. Exact up to rounding, unless truncation is allowed. Memory: 32 · χl · χr bytes for each qubit with bonds χl and χr,
/// and some times that while a gate is applied.
/// </summary>
public sealed class MatrixProductStateSimulator : LocalSimulator, ICalibratable, IWorkForecaster
{
    /// <summary>The greatest number of qubits.</summary>
    public const int MaxQubits = 1000;

    private readonly TruncationPolicy _policy;
    private readonly MatrixKernelSet _kernels;
    private readonly Func<Circuit, Action, ChainLayout> _layout;

    // A circuit is often run again: in parts, for other shots, from the start after a measurement.
    private readonly ConditionalWeakTable<Circuit, ChainLayout> _layouts = [];

    /// <summary>Creates the engine.</summary>
    /// <param name="options">Id, memory and truncation; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bond dimension or the cutoff is out of range.</exception>
    public MatrixProductStateSimulator(MatrixProductStateOptions? options = null, TimeProvider? time = null)
        : this(options, time, MatrixKernelSelector.Best)
    {
    }

    internal MatrixProductStateSimulator(MatrixProductStateOptions? options, TimeProvider? time, MatrixKernelSet kernels, Func<Circuit, Action, ChainLayout>? layout = null)
        : base(Describe(options ??= new MatrixProductStateOptions()), time)
    {
        _policy = options.Truncation;
        _kernels = kernels;
        _layout = layout ?? ((circuit, check) => ChainLayout.Choose(circuit, _policy.RequireExact ? null : _policy.MaxBondDimension, check));
    }

    /// <inheritdoc/>
    public IReadOnlyList<ExecutionRequest> CalibrationWorkloads { get; } = MatrixProductWorkloads.All();

    bool ICalibratable.RunsOnProcessor => true;

    double IWorkForecaster.ForecastSeconds(CircuitProfile profile) => ChainForecast.Seconds(profile);

    PlannedWork? IWorkForecaster.Forecast(Circuit circuit, CircuitProfile profile) =>
        profile.NumQubits <= MaxQubits ? ChainForecast.Of(circuit, profile, _policy, _kernels, () => LayoutOf(circuit, null), Descriptor.CostModel) : null;

    private protected override IQuantumState CreateState(int numQubits, ExecutionLimits limits, RunContext context) =>
        new ChainState(numQubits, _policy, _kernels, LayoutOf(context.Circuit, context), context);

    private ChainLayout LayoutOf(Circuit circuit, RunContext? context) => _layouts.GetValue(circuit, c => _layout(c, () => context?.Check(0)));

    private static BackendDescriptor Describe(MatrixProductStateOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Id);
        options.Truncation.Validate();
        return new BackendDescriptor
        {
            Id = options.Id,
            Type = BackendType.LocalMatrixProductState,
            DisplayName = "Matrix product state",
            CostModel = "mps",
            IsLocal = true,
            Capabilities = new BackendCapabilities
            {
                MaxQubits = MaxQubits,
                MaxMemoryBytes = options.MaxMemoryBytes,
                ExactProbabilities = options.Truncation.RequireExact,
                ExpectationValues = true,
                ShotRanges = true,
                IsExact = options.Truncation.RequireExact,
            },
        };
    }
}

/// <summary>How a <see cref="MatrixProductStateSimulator"/> works.</summary>
public sealed record MatrixProductStateOptions
{
    /// <summary>Gets the backend's id; default <c>local-mps</c>.</summary>
    public string Id { get; init; } = "local-mps";

    /// <summary>Gets the most bytes that one run may take; null (default) for what the machine has.</summary>
    public long? MaxMemoryBytes { get; init; }

    /// <summary>Gets how far bonds may grow; by default as far as the memory allows, and never truncated.</summary>
    public TruncationPolicy Truncation { get; init; } = new();
}
