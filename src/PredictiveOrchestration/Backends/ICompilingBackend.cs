using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Backends;

/// <summary>A backend that brings circuits into the form of its device before it runs them, and can say beforehand what they become: fidelity and cost are predicted from that.</summary>
public interface ICompilingBackend : IQuantumBackend
{
    /// <summary>Compiles a circuit without running it; nothing is sent.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What is left to run; null if the device is not known yet, or the circuit does not fit.</returns>
    DeviceCounts? Compile(Circuit circuit, CancellationToken cancellationToken = default);
}

/// <summary>What a circuit becomes on a device.</summary>
/// <param name="OneQubitGates">One-qubit gates that take time.</param>
/// <param name="TwoQubitGates">Two-qubit gates; a gate on k > 2 qubits counts as 6 (k - 2).</param>
/// <param name="Measurements">Measurements and resets.</param>
/// <param name="Swaps">Exchanges of qubits that were put in.</param>
/// <param name="SuccessProbability">The estimated probability that no error strikes, 0 to 1; null if the device's errors are not known.</param>
public sealed record DeviceCounts(long OneQubitGates, long TwoQubitGates, long Measurements, int Swaps, double? SuccessProbability);
