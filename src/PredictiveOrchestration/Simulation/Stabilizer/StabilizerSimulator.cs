using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Noise;

namespace PredictiveOrchestration.Simulation.Stabilizer;

/// <summary>
/// The stabilizer engine: Clifford circuits on up to 10,000 qubits, exact. Memory: about n²/2 bytes. Circuits that measure or reset in mid-circuit run once
/// on the tableau and then as Pauli frames, many shots in one vector (Gidney, Quantum 5, 497, 2021).
/// </summary>
public sealed class StabilizerSimulator : LocalSimulator, ICalibratable
{
    /// <summary>The greatest number of qubits.</summary>
    public const int MaxQubits = 10_000;

    /// <summary>Creates the engine.</summary>
    /// <param name="options">Id and memory; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public StabilizerSimulator(StabilizerOptions? options = null, TimeProvider? time = null)
        : base(Describe(options ?? new StabilizerOptions()), time)
    {
    }

    /// <inheritdoc/>
    public IReadOnlyList<ExecutionRequest> CalibrationWorkloads { get; } = StabilizerWorkloads.All();

    bool ICalibratable.RunsOnProcessor => true;

    private protected override IQuantumState CreateState(int numQubits, ExecutionLimits limits, RunContext context) =>
        new StabilizerState(numQubits, context);

    private protected override ExecutionResult? TryRunAtOnce(ExecutionRequest request, StateSnapshot? initial, RunContext context, TimeProvider time) =>
        initial is null && FrameProgram.IsWorthwhile(request) && FrameProgram.TryCompile(request.Circuit, context) is { } program
            ? FrameSampler.Run(program, request, context, time)
            : null;

    internal override ExecutionResult? TryRunNoisy(ExecutionRequest request, NoisePlan plan, RunContext context) =>
        FrameProgram.TryCompile(request.Circuit, context, plan) is { } program ? FrameSampler.Run(program, request, context, Time) : null;

    private static BackendDescriptor Describe(StabilizerOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Id);
        return new BackendDescriptor
        {
            Id = options.Id,
            Type = BackendType.LocalStabilizer,
            DisplayName = "Stabilizer tableau",
            CostModel = "stabilizer",
            IsLocal = true,
            Capabilities = new BackendCapabilities
            {
                MaxQubits = MaxQubits,
                MaxMemoryBytes = options.MaxMemoryBytes,
                ExactProbabilities = true,
                ShotRanges = true,
                ExpectationValues = true,
                IsExact = true,
                CliffordOnly = true,
            },
        };
    }
}

/// <summary>How a <see cref="StabilizerSimulator"/> works.</summary>
public sealed record StabilizerOptions
{
    /// <summary>Gets the backend's id; default <c>local-stabilizer</c>.</summary>
    public string Id { get; init; } = "local-stabilizer";

    /// <summary>Gets the most bytes that one run may take; null (default) for what the machine has.</summary>
    public long? MaxMemoryBytes { get; init; }
}
