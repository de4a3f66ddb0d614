using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Backends;

/// <summary>What a backend can do. Everything here is decided before a run; a request beyond it is refused, never approximated in silence.</summary>
public sealed record BackendCapabilities
{
    /// <summary>Gets the greatest number of qubits.</summary>
    public required int MaxQubits { get; init; }

    /// <summary>Gets the greatest number of shots of one run; default <see cref="int.MaxValue"/>.</summary>
    public int MaxShots { get; init; } = int.MaxValue;

    /// <summary>Gets the most memory in bytes that one run may take, or null if the backend sets no limit of its own.</summary>
    public long? MaxMemoryBytes { get; init; }

    /// <summary>Gets a value indicating whether measurement before the end of a circuit, and reset, are supported; default true.</summary>
    public bool MidCircuitMeasurement { get; init; } = true;

    /// <summary>Gets a value indicating whether run-time control flow is supported; default true.</summary>
    public bool ClassicalControl { get; init; } = true;

    /// <summary>Gets a value indicating whether exact outcome probabilities can be returned.</summary>
    public bool ExactProbabilities { get; init; }

    /// <summary>Gets a value indicating whether <see cref="ExecutionRequest.FirstShot"/> is obeyed: the counts of parts of the shots add up to those of all, exactly.</summary>
    public bool ShotRanges { get; init; }

    /// <summary>Gets a value indicating whether expectation values of Pauli sums can be returned.</summary>
    public bool ExpectationValues { get; init; }

    /// <summary>Gets a value indicating whether results follow the ideal circuit up to rounding and sampling: no noise, no truncation.</summary>
    public bool IsExact { get; init; }

    /// <summary>Gets a value indicating whether only Clifford gates are supported.</summary>
    public bool CliffordOnly { get; init; }

    /// <summary>
    /// Gets a value indicating whether a run holds all 2^n amplitudes, however many are zero: looking which are not takes a pass over the state, and gates are fused between looks only.
    /// The run in parts looks at such a state seldom.
    /// </summary>
    public bool StoresAllAmplitudes { get; init; }

    /// <summary>
    /// Gets the catalogue names of the supported gates (with any number of controls), or null if every gate of the
    /// <see cref="GateCatalog"/> and arbitrary unitaries are supported.
    /// </summary>
    public IReadOnlySet<string>? Gates { get; init; }
}
