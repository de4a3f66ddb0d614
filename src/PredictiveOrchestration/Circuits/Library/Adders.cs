using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Circuits.Library;

/// <summary>Circuits that add.</summary>
public static class Adders
{
    /// <summary>
    /// The ripple-carry adder of Cuccaro, Draper, Kutin and Moulton (quant-ph/0410184): b ← a + b. Qubits: carry in, a (n), b (n), carry out.
    /// </summary>
    /// <param name="bits">The number of bits n of each number, 1 or more.</param>
    public static Circuit Cuccaro(int bits)
    {
        Guard.InRange(bits, 1, (CircuitBuilder.MaxBits - 2) / 2);
        var builder = new CircuitBuilder($"cuccaro_{bits}");
        var carry = builder.AddQubits("cin", 1).Start;
        var a = builder.AddQubits("a", bits).Start;
        var b = builder.AddQubits("b", bits).Start;
        var carryOut = builder.AddQubits("cout", 1).Start;
        int Carry(int i) => i == 0 ? carry : a + i - 1;
        for (var i = 0; i < bits; i++)
        {
            builder.CX(a + i, b + i).CX(a + i, Carry(i)).CCX(Carry(i), b + i, a + i);
        }

        builder.CX(a + bits - 1, carryOut);
        for (var i = bits - 1; i >= 0; i--)
        {
            builder.CCX(Carry(i), b + i, a + i).CX(a + i, Carry(i)).CX(Carry(i), b + i);
        }

        return builder.Build();
    }

    /// <summary>The adder of Draper (quant-ph/0008033) by the Fourier transform: b ← a + b modulo 2^n. Qubits: a (n), b (n).</summary>
    /// <param name="bits">The number of bits n of each number, 1 or more.</param>
    public static Circuit Draper(int bits)
    {
        Guard.InRange(bits, 1, 1000);
        var builder = new CircuitBuilder($"draper_{bits}");
        builder.AddQubits("a", bits);
        builder.AddQubits("b", bits);
        int[] b = [.. Enumerable.Range(bits, bits)];
        var phases = new CircuitBuilder(2 * bits);

        // Without its final swaps the transform leaves e^{2πi·b/2^{t+1}} on qubit t.
        for (var target = 0; target < bits; target++)
        {
            for (var control = 0; control <= target; control++)
            {
                phases.CP(Math.ScaleB(Math.PI, control - target), control, bits + target);
            }
        }

        return builder.Build().Compose(Fourier.Qft(bits, swaps: false), b).Compose(phases.Build()).Compose(Fourier.Qft(bits, swaps: false, inverse: true), b);
    }
}
