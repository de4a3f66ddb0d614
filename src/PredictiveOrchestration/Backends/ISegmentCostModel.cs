namespace PredictiveOrchestration.Backends;

/// <summary>
/// Says what parts of a circuit would take on a backend. The hot-swap planner asks it; the models of prediction answer. An immutable snapshot, thread-safe.
/// </summary>
public interface ISegmentCostModel
{
    /// <summary>The cost of beginning: making the state.</summary>
    /// <param name="backend">The backend.</param>
    /// <returns>Seconds.</returns>
    double OpenSeconds(BackendDescriptor backend);

    /// <summary>The cost of a part.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="work">The part.</param>
    /// <returns>Seconds; infinity if the backend cannot run it.</returns>
    double SegmentSeconds(BackendDescriptor backend, in SegmentWork work);

    /// <summary>The cost of reading out what the request asks for from a state.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="supportLog2">The base-2 logarithm of its non-zero amplitudes.</param>
    /// <returns>Seconds.</returns>
    double FinishSeconds(BackendDescriptor backend, double supportLog2);

    /// <summary>The memory that a state takes.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="supportLog2">The base-2 logarithm of its non-zero amplitudes.</param>
    /// <param name="bondLog2">The base-2 logarithm of its greatest bond dimension.</param>
    /// <returns>Bytes.</returns>
    double StateBytes(BackendDescriptor backend, double supportLog2, double bondLog2);

    /// <summary>How wrong the times of a backend may be. They are wrong together: what is too slow in one part is too slow in the next.</summary>
    /// <param name="backend">The backend.</param>
    /// <returns>The standard deviation of the natural logarithm of a time, where the number of amplitudes that are not zero is as asked about.</returns>
    double LogSecondsSigma(BackendDescriptor backend);
}

/// <summary>A part of a circuit in the quantities that drive cost, gates only.</summary>
/// <param name="Gates">The gates.</param>
/// <param name="DenseWork">Σ 2^(n - controls) · w, as in the profile.</param>
/// <param name="SupportLog2">The base-2 logarithm of the non-zero amplitudes, the most in the part.</param>
/// <param name="SparseWork">Σ 2^k over the gates.</param>
/// <param name="SparseBranchingWork">The part of it done by gates that mix basis states.</param>
/// <param name="BondLog2">The base-2 logarithm of the greatest bond dimension in the part.</param>
/// <param name="BondWork">The work of contractions.</param>
/// <param name="IsClifford">Whether all gates are Clifford.</param>
public readonly record struct SegmentWork(
    double Gates, double DenseWork, double SupportLog2, double SparseWork, double SparseBranchingWork, double BondLog2, double BondWork, bool IsClifford)
{
    /// <summary>Gets the first operation.</summary>
    public int Start { get; init; }

    /// <summary>Gets the operation before which the part ends; where it is not after <see cref="Start"/>, the place in the circuit is not known.</summary>
    public int End { get; init; }
}
