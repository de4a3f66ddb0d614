namespace PredictiveOrchestration.Profiling;

/// <summary>How random the results of a circuit are.</summary>
/// <param name="Bits">The bits of all random results.</param>
/// <param name="BranchingBits">Those of resets and of measurements whose qubits went on.</param>
/// <param name="SupportLog2">The base-2 logarithm of the number of amplitudes before the measurements that wait, at most.</param>
/// <param name="Weight">The qubits that a generator of the stabilizer acts on, on average: so many columns of a tableau a random result multiplies, as it takes one generator out of others.</param>
internal readonly record struct RandomnessOfResults(int Bits, int BranchingBits, int SupportLog2, double Weight)
{
    /// <summary>The share of the qubits that a generator acts on of which nothing is known: three in four Pauli matrices are not the identity.</summary>
    public const double UnknownWeight = 0.75;
}
