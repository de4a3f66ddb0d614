using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Circuits.Library;

/// <summary>Circuits that prepare well-known states.</summary>
public static class States
{
    /// <summary>Prepares (|0…0⟩ + |1…1⟩)/√2.</summary>
    /// <param name="numQubits">The number of qubits, 1 or more.</param>
    public static Circuit Ghz(int numQubits)
    {
        Guard.InRange(numQubits, 1, CircuitBuilder.MaxBits);
        var builder = new CircuitBuilder(numQubits, 0, $"ghz_{numQubits}").H(0);
        for (var q = 1; q < numQubits; q++)
        {
            builder.CX(q - 1, q);
        }

        return builder.Build();
    }

    /// <summary>Prepares the equal superposition of all basis states with exactly one 1.</summary>
    /// <param name="numQubits">The number of qubits, 1 or more.</param>
    public static Circuit W(int numQubits)
    {
        Guard.InRange(numQubits, 1, CircuitBuilder.MaxBits);
        var builder = new CircuitBuilder(numQubits, 0, $"w_{numQubits}").X(0);

        // Of the weight that is still on qubit q, the share 1 / (n - q) stays and the rest moves on.
        for (var q = 0; q < numQubits - 1; q++)
        {
            builder.CRY(2 * Math.Acos(Math.Sqrt(1.0 / (numQubits - q))), q, q + 1).CX(q + 1, q);
        }

        return builder.Build();
    }
}
