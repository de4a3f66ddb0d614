using System.Collections.Immutable;
using System.Text.Json.Serialization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Common.Html;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// What is known of a circuit before it runs: seven headline values, and (if made from a circuit) the features that drive the cost
/// of each kind of backend. Immutable. Formulas: docs/prediction.md.
/// </summary>
[TypeFormatterSource(typeof(NotebookFormatterSource))]
public sealed record CircuitProfile : IHtml
{
    /// <summary>Gets the number of qubits.</summary>
    public required int NumQubits { get; init; }

    /// <summary>Gets the number of layers when every operation is placed as early as possible; barriers do not count.</summary>
    public required int CircuitDepth { get; init; }

    /// <summary>Gets the number of gates: no measurements, resets, barriers, classical operations.</summary>
    public required int GateCount { get; init; }

    /// <summary>Gets how entangling the circuit can be, 0 (product states) to 1.</summary>
    public required double EntanglementComplexity { get; init; }

    /// <summary>Gets the memory in bytes that the cheapest exact in-process representation is expected to need.</summary>
    public required long MemoryRequirement { get; init; }

    /// <summary>Gets the host's hint of the execution time, or null.</summary>
    public TimeSpan? ExecutionTimeEstimate { get; init; }

    /// <summary>Gets the host's hint of the cost in the account's currency, or null.</summary>
    public decimal? CostEstimate { get; init; }

    /// <summary>Gets the features of the circuit, or null if the profile was made by hand from the headline values.</summary>
    public CircuitFeatures? Features { get; init; }

    /// <summary>Gets what backends planned for the circuit, for those that were asked.</summary>
    [JsonInclude]
    internal ImmutableArray<PlannedWork> Planned { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Whether a rough estimate stands for the sketch of a matrix product state.</summary>
    internal bool IsChainRough => Features is { IsChainRough: true };

    /// <summary>The profile, made from a circuit, with the sketch of a matrix product state.</summary>
    internal CircuitProfile WithChain(double[] work) => this with { Features = Features! with { ChainWork = work, IsChainRough = false } };

    /// <summary>Finds what was planned on a cost basis, or null.</summary>
    internal double[]? PlannedFor(string costModel)
    {
        foreach (var planned in Planned)
        {
            if (planned.CostModel == costModel)
            {
                return planned.Amounts;
            }
        }

        return null;
    }

    /// <summary>What the circuit becomes on the backends that compile it; null if there are none, or nothing but the profile is known.</summary>
    [JsonInclude]
    internal DeviceTable? OnDevices { get; init; }

    /// <summary>Gets what the circuit becomes on a backend that compiles it for a device; null if it does not, or that is not known.</summary>
    /// <param name="backendId">The backend.</param>
    public DeviceCounts? On(string backendId) => OnDevices?.Find(backendId);

    /// <summary>Shows the profile as a self-contained piece of HTML for notebooks and pages.</summary>
    public string ToHtml() => ProfileHtml.Of(this);
}

/// <summary>The features of a circuit that predict what each kind of backend needs. All counts include both arms of run-time branches once.</summary>
public sealed record CircuitFeatures
{
    /// <summary>Gets the six SupermarQ features.</summary>
    public required SupermarqFeatures Supermarq { get; init; }

    /// <summary>Gets the number of gates on one qubit, without controls.</summary>
    public required int OneQubitGateCount { get; init; }

    /// <summary>Gets the number of gates on exactly two qubits, controls included.</summary>
    public required int TwoQubitGateCount { get; init; }

    /// <summary>Gets the number of gates on three qubits or more, controls included.</summary>
    public required int MultiQubitGateCount { get; init; }

    /// <summary>Gets the number of Clifford gates.</summary>
    public required int CliffordCount { get; init; }

    /// <summary>Gets the number of T and T† gates, and phases that equal them.</summary>
    public required int TCount { get; init; }

    /// <summary>Gets the number of gates before the first that is not Clifford.</summary>
    public required int CliffordPrefixLength { get; init; }

    /// <summary>Gets the number of gates that are diagonal.</summary>
    public required int DiagonalCount { get; init; }

    /// <summary>Gets the number of gates that permute basis states with phases and are not diagonal.</summary>
    public required int MonomialCount { get; init; }

    /// <summary>Gets the number of bits of an outcome: the classical bits, or the qubits where nothing is measured.</summary>
    public required int OutcomeBits { get; init; }

    /// <summary>Gets the number of measurements.</summary>
    public required int MeasurementCount { get; init; }

    /// <summary>Gets the number of measurements that cannot wait until the end: in control flow, or the qubit or the bit's value is used again, or the bit is written again.</summary>
    public required int MidCircuitMeasurementCount { get; init; }

    /// <summary>Gets the number of resets.</summary>
    public required int ResetCount { get; init; }

    /// <summary>Gets a value indicating whether run-time control flow, assignments or parameters occur.</summary>
    public required bool IsDynamic { get; init; }

    /// <summary>
    /// Gets the dense work: the sum over gates of 2^(n - controls) · w, w = 1/2 for diagonal, 1 for one-target, 2^(k-1) for k-target gates.
    /// </summary>
    public required double DenseWork { get; init; }

    /// <summary>The number of amounts of fused work; what was kept with another number is of an earlier version, and does not count.</summary>
    internal const int FusedAmounts = Simulation.Fusion.FusedWork.Count;

    /// <summary>About what passes over a fused state vector would do, in the order of the engine's plan; empty where there are too many qubits.</summary>
    [JsonInclude]
    internal double[] FusedWork { get; init; } = [];

    /// <summary>About what a matrix product state would do, as <see cref="ChainAmounts"/> counts it; empty where there are too many qubits.</summary>
    [JsonInclude]
    internal double[] ChainWork { get; init; } = [];

    /// <summary>Whether <see cref="ChainWork"/> is what <see cref="RoughChain"/> says, because nobody asked for more.</summary>
    [JsonInclude]
    internal bool IsChainRough { get; init; }

    /// <summary>Gets the number of groups of consecutive gates on at most four qubits.</summary>
    public required int FusedGateCount { get; init; }

    /// <summary>Gets the base-2 logarithm of the proved bound on non-zero amplitudes at any time; at most the number of qubits.</summary>
    public required int PeakSupportLog2 { get; init; }

    /// <summary>Gets the base-2 logarithm of the proved bound on the amplitudes that an engine stores that puts Hadamard gates off and runs the circuit in one go; at most <see cref="PeakSupportLog2"/>.</summary>
    [JsonInclude]
    internal int PeakEntriesLog2 { get; init; }

    /// <summary>Gets the base-2 logarithm of how many amplitudes are surely not zero at some time, and large enough that an engine keeps them.</summary>
    [JsonInclude]
    internal int SureSupportLog2 { get; init; }

    /// <summary>Gets the base-2 logarithm of the proved bound on non-zero amplitudes after the last operation; exact where all gates are Clifford gates.</summary>
    public required int FinalSupportLog2 { get; init; }

    /// <summary>
    /// Gets the bits of randomness in the results of all measurements and resets, those included that can wait until the end, or in an outcome of all qubits where nothing is measured:
    /// exact where all gates are Clifford gates, else a bound where no loop repeats measurements.
    /// </summary>
    public required int RandomBits { get; init; }

    /// <summary>
    /// Gets the part of <see cref="RandomBits"/> that the run meets before its end, in results that cannot wait and in resets: shots divide there.
    /// </summary>
    public required int BranchingBits { get; init; }

    /// <summary>Gets the sparse work: the sum over gates of the support bound 2^k after the gate.</summary>
    public required double SparseWork { get; init; }

    /// <summary>Gets the part of <see cref="SparseWork"/> done by gates that may create new non-zero amplitudes.</summary>
    public required double SparseBranchingWork { get; init; }

    /// <summary>Gets the part of <see cref="SparseBranchingWork"/> done by matrices on several targets.</summary>
    public required double SparseGroupWork { get; init; }

    /// <summary>
    /// Gets the part of <see cref="SparseBranchingWork"/>, without <see cref="SparseGroupWork"/>, done where amplitudes that a gate mixes no longer stand in an order that a formula tells:
    /// where some amplitudes cancel and others do not.
    /// </summary>
    public required double SparseUnorderedWork { get; init; }

    /// <summary>Gets the part of the rest of <see cref="SparseBranchingWork"/> done where amplitudes may cancel that finer phases than those of T gates told apart.</summary>
    [JsonInclude]
    internal double SparseCancellingWork { get; init; }

    /// <summary>Gets the base-2 logarithm of the support bound after each operation, one byte an operation (capped at 255).</summary>
    public required ReadOnlyMemory<byte> SupportTrajectory { get; init; }

    /// <summary>The base-2 logarithm of the bound on the greatest bond so far, after each operation; empty in a profile that was read back.</summary>
    [JsonIgnore]
    internal ReadOnlyMemory<byte> BondTrajectory { get; init; }

    /// <summary>What each operation adds to <see cref="MatrixProductWork"/>, as <see cref="BondTrajectory"/>.</summary>
    [JsonIgnore]
    internal ReadOnlyMemory<float> BondWorkTrajectory { get; init; }

    /// <summary>Gets the base-2 logarithm of the proved bound on the bond dimension over all cuts in qubit order.</summary>
    public required int PeakBondLog2 { get; init; }

    /// <summary>Gets the base-2 logarithm of the bond bound at each of the n - 1 cuts (cut j is between qubits j and j + 1): the greatest over time.</summary>
    public required ReadOnlyMemory<byte> BondLog2 { get; init; }

    /// <summary>
    /// Gets the matrix-product-state work: the sum over multi-qubit gates of 8 · χl · χr · min(2χl, 2χr), swaps included, with the bonds that are typical for
    /// the angles of the gates.
    /// </summary>
    public required double MatrixProductWork { get; init; }

    /// <summary>Gets the number of cuts that the multi-qubit gates span, all together.</summary>
    public required double MatrixProductSteps { get; init; }

    /// <summary>Gets the complex numbers of a matrix product state with the typical bonds: Σ 2 · χl · χr.</summary>
    public required double MatrixProductElements { get; init; }

    /// <summary>Gets the base-2 logarithm of the greatest typical bond; at most <see cref="PeakBondLog2"/>.</summary>
    public required double TypicalBondLog2 { get; init; }

    /// <summary>Gets the bytes that a matrix product state with the bounded bonds takes.</summary>
    public required double MatrixProductBytes { get; init; }

    /// <summary>Gets the columns that random results multiply in a tableau: <see cref="RandomBits"/> times the qubits that a stabilizer generator acts on at the end, on average; three in four where that is not known.</summary>
    public required double StabilizerWork { get; init; }

    /// <summary>Gets the number of qubits that can influence a measured qubit (all, if nothing is measured).</summary>
    public required int LightConeQubits { get; init; }

    /// <summary>Gets the number of gates that can influence a measured qubit.</summary>
    public required int LightConeGates { get; init; }

    /// <summary>Gets the number of groups of qubits that never interact; idle qubits are not counted.</summary>
    public required int BlockCount { get; init; }

    /// <summary>Gets the number of qubits of the largest such group.</summary>
    public required int LargestBlockQubits { get; init; }

    /// <summary>Gets a hash of the structure: operations, gates and operands, without parameter values. Equal for the steps of a variational loop.</summary>
    public required ulong StructuralHash { get; init; }
}

/// <summary>
/// The features of Tomesh et al., "SupermarQ: A scalable quantum benchmark suite" (HPCA 2022), each 0 to 1.
/// </summary>
/// <param name="ProgramCommunication">Mean degree of the interaction graph over n - 1.</param>
/// <param name="CriticalDepth">Two-qubit gates on the longest path over all two-qubit gates.</param>
/// <param name="EntanglementRatio">Two-qubit gates over all gates.</param>
/// <param name="Parallelism">(gates / depth - 1) / (n - 1), at least 0.</param>
/// <param name="Liveness">Share of (qubit, layer) cells in which the qubit is acted on.</param>
/// <param name="Measurement">Share of layers with a mid-circuit measurement or reset.</param>
public readonly record struct SupermarqFeatures(
    double ProgramCommunication, double CriticalDepth, double EntanglementRatio, double Parallelism, double Liveness, double Measurement);
