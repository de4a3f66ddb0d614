using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Circuits.Library;

/// <summary>The quantum Fourier transform and phase estimation.</summary>
public static class Fourier
{
    /// <summary>Makes |x⟩ → 2^{-n/2} Σ_y e^{2πi·xy/2^n} |y⟩.</summary>
    /// <param name="numQubits">The number of qubits, 1 or more.</param>
    /// <param name="swaps">Whether the final reversal of the qubits is included; without it the result is bit-reversed.</param>
    /// <param name="inverse">Whether the inverse is made.</param>
    public static Circuit Qft(int numQubits, bool swaps = true, bool inverse = false)
    {
        Guard.InRange(numQubits, 1, CircuitBuilder.MaxBits);
        var builder = new CircuitBuilder(numQubits, 0, $"qft_{numQubits}");
        for (var target = numQubits - 1; target >= 0; target--)
        {
            builder.H(target);
            for (var control = target - 1; control >= 0; control--)
            {
                builder.CP(Math.ScaleB(Math.PI, control - target), control, target);
            }
        }

        for (var q = 0; swaps && q < numQubits / 2; q++)
        {
            builder.Swap(q, numQubits - 1 - q);
        }

        var circuit = builder.Build();
        return inverse ? circuit.Inverse() : circuit;
    }

    /// <summary>
    /// Estimates the phase of a phase gate diag(1, e^{2πi·phase}) on |1⟩. The counting qubits are measured into the classical bits: outcome y
    /// means a phase of about y / 2^counting.
    /// </summary>
    /// <param name="counting">The number of counting qubits, 1 to 60; one more qubit holds the eigenstate.</param>
    /// <param name="phase">The phase in turns.</param>
    public static Circuit PhaseEstimation(int counting, double phase)
    {
        Guard.InRange(counting, 1, 60);
        Guard.Finite(phase);
        var builder = new CircuitBuilder(counting + 1, counting, $"phase_estimation_{counting}").X(counting);
        for (var q = 0; q < counting; q++)
        {
            builder.H(q).CP(2 * Math.PI * Math.IEEERemainder(Math.ScaleB(phase, q), 1), q, counting);
        }

        var prepared = builder.Build().Compose(Qft(counting, inverse: true), [.. Enumerable.Range(0, counting)]);
        var measured = new CircuitBuilder(counting + 1, counting);
        for (var q = 0; q < counting; q++)
        {
            measured.Measure(q, q);
        }

        return prepared.Compose(measured.Build());
    }
}
