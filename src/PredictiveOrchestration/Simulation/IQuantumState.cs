using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation;

/// <summary>
/// The state of one run inside an engine. The shot runner owns control flow, classical bits, branching and sampling policy;
/// a state only knows amplitudes. Not thread-safe; disposing frees its memory.
/// </summary>
internal interface IQuantumState : IDisposable
{
    int NumQubits { get; }

    /// <summary>The bytes held now.</summary>
    long MemoryBytes { get; }

    /// <summary>The amplitudes stored now.</summary>
    long NonZeros { get; }

    /// <summary>The probability weight dropped so far.</summary>
    double DiscardedWeight { get; }

    /// <summary>What the squared overlap with the exact state is surely not below.</summary>
    double FidelityLowerBound => 1;

    /// <summary>Takes over the state of a snapshot in place of the one before the first operation.</summary>
    /// <exception cref="BackendException">It cannot be represented, or does not fit into memory.</exception>
    void Load(StateSnapshot snapshot);

    /// <summary>Applies the gates of a run of operations that holds gates, unitaries and barriers only; may fuse and reorder as long as the state is the same.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="start">The first operation.</param>
    /// <param name="end">The first operation not to apply.</param>
    /// <param name="classical">The memory that dynamic parameters read.</param>
    /// <param name="context">Cancellation, deadline, memory limit and progress.</param>
    void Apply(Circuit circuit, int start, int end, ClassicalState? classical, RunContext context);

    /// <summary>Does the same where more gates are to follow: some may wait for those that they go together with. Until <see cref="Settle"/> only what counts and measures the state may be read.</summary>
    void Advance(Circuit circuit, int start, int end, RunContext context) => Apply(circuit, start, end, null, context);

    /// <summary>Applies what waits.</summary>
    void Settle()
    {
    }

    /// <summary>The probability that measuring <paramref name="qubit"/> gives 1.</summary>
    double ProbabilityOfOne(int qubit);

    /// <summary>Projects onto the outcome and scales the norm back to 1.</summary>
    void Collapse(int qubit, bool outcome, double probability);

    /// <summary>Takes a qubit that a collapse left in |1⟩ to |0⟩, for reset.</summary>
    void Flip(int qubit);

    IQuantumState Clone();

    /// <summary>
    /// Draws outcomes of measuring <paramref name="qubits"/> together: outcome bit i is qubit <c>qubits[i]</c>.
    /// A draw is the basis state at which the cumulative probability first exceeds <c>draws[j]</c> (uniform in [0, 1)).
    /// Any fixed order of basis states may be used, so long as it depends only on the state; the outcomes may come in any order.
    /// </summary>
    /// <param name="qubits">The qubits to read, at least one, all different.</param>
    /// <param name="draws">One uniform number for each shot.</param>
    /// <param name="outcomes">Receives ceil(qubits / 64) words for each shot, least significant word first.</param>
    void Sample(ReadOnlySpan<int> qubits, ReadOnlySpan<double> draws, Span<ulong> outcomes);

    /// <summary>Calls <paramref name="visit"/> with the packed bits of <paramref name="qubits"/> and the probability of each basis state that is not zero; the same outcome may come several times.</summary>
    void VisitProbabilities(ReadOnlySpan<int> qubits, ProbabilityVisitor visit);

    /// <summary>
    /// Does the same for the <paramref name="count"/> outcomes that come first, most probable first and equal ones in ascending order
    /// (the visits come in any order), where that needs less than visiting all of them.
    /// </summary>
    /// <returns>Whether it was done; if not, nothing was visited.</returns>
    bool TryVisitFirst(ReadOnlySpan<int> qubits, int count, ProbabilityVisitor visit) => false;

    /// <summary>The expectation value of a Pauli term, coefficient included.</summary>
    double ExpectationValue(PauliTerm term);

    /// <summary>The greatest bond dimension now, or null if the state has no bonds.</summary>
    int? BondDimension => null;

    /// <summary>The amplitudes that are not zero up to rounding; may take a pass over the state, or, where a part of it shows that they are many, be told from that part.</summary>
    long CountNonZeros() => NonZeros;

    /// <summary>Copies the state out.</summary>
    StateSnapshot ToSnapshot(int operationIndex);

    /// <summary>Copies out the amplitudes that are not zero up to rounding.</summary>
    StateSnapshot ToCompactSnapshot(int operationIndex) => ToSnapshot(operationIndex);
}

/// <summary>Receives an outcome, least significant word first, and a probability.</summary>
internal delegate void ProbabilityVisitor(ReadOnlySpan<ulong> outcome, double probability);
