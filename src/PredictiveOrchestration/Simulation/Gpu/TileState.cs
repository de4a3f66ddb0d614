using System.Diagnostics;
using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Simulation.Gpu;

/// <summary>The final state of a small circuit of a batch, copied to this machine's memory: it can be read out, not changed.</summary>
/// <param name="numQubits">The qubits.</param>
/// <param name="amplitudes">At least 2^n amplitudes; the rest is zero.</param>
/// <param name="bitOfQubit">The index bit of each qubit.</param>
internal sealed class TileState(int numQubits, ReadOnlyMemory<Complex> amplitudes, int[] bitOfQubit) : IQuantumState
{
    public int NumQubits => numQubits;

    public long MemoryBytes => 16L * amplitudes.Length;

    public long NonZeros => 1L << numQubits;

    public double DiscardedWeight => 0;

    public void Apply(Circuit circuit, int start, int end, ClassicalState? classical, RunContext context)
    {
        foreach (ref readonly var op in circuit.Operations[start..end])
        {
            if (op.Kind != OperationKind.Barrier)
            {
                throw ReadOnly();
            }
        }
    }

    public void Sample(ReadOnlySpan<int> qubits, ReadOnlySpan<double> draws, Span<ulong> outcomes)
    {
        var packer = new BitPacker(bitOfQubit, qubits);
        var state = amplitudes.Span;
        var total = 0.0;
        foreach (var x in state)
        {
            total += Weight(x);
        }

        var sorted = draws.ToArray();
        Array.Sort(sorted);
        var next = 0;
        var sum = 0.0;
        long last = 0;
        for (var i = 0; i < state.Length && next < sorted.Length; i++)
        {
            var p = Weight(state[i]);
            if (p == 0)
            {
                continue;
            }

            sum += p;
            last = i;
            for (; next < sorted.Length && sorted[next] * total < sum; next++)
            {
                outcomes[next] = packer.Pack(i);
            }
        }

        // Draws that rounding left over belong to the last state with weight.
        outcomes[next..sorted.Length].Fill(packer.Pack(last));
    }

    public void VisitProbabilities(ReadOnlySpan<int> qubits, ProbabilityVisitor visit)
    {
        var packer = new BitPacker(bitOfQubit, qubits);
        Span<ulong> outcome = stackalloc ulong[1];
        for (var i = 0; i < amplitudes.Length; i++)
        {
            if (Weight(amplitudes.Span[i]) is > 0 and var p)
            {
                outcome[0] = packer.Pack(i);
                visit(outcome, p);
            }
        }
    }

    public double ExpectationValue(PauliTerm term)
    {
        int x = 0, z = 0;
        foreach (var (qubit, op) in term.Factors)
        {
            x |= (op & Pauli.X) != 0 ? 1 << bitOfQubit[qubit] : 0;
            z |= (op & Pauli.Z) != 0 ? 1 << bitOfQubit[qubit] : 0;
        }

        var state = amplitudes.Span;
        Complex sum = 0;
        for (var i = 0; i < state.Length; i++)
        {
            var part = Complex.Conjugate(state[i ^ x]) * state[i];
            sum += (BitOperations.PopCount((uint)(i & z)) & 1) != 0 ? -part : part;
        }

        return term.Coefficient * ((BitOperations.PopCount((uint)(x & z)) & 3) switch { 0 => sum.Real, 1 => -sum.Imaginary, 2 => -sum.Real, _ => sum.Imaginary });
    }

    public void Dispose()
    {
        // Ordinary memory.
    }

    public void Load(StateSnapshot snapshot) => throw ReadOnly();

    public double ProbabilityOfOne(int qubit) => throw ReadOnly();

    public void Collapse(int qubit, bool outcome, double probability) => throw ReadOnly();

    public void Flip(int qubit) => throw ReadOnly();

    public IQuantumState Clone() => throw ReadOnly();

    public StateSnapshot ToSnapshot(int operationIndex) => throw ReadOnly();

    private static double Weight(Complex x) => (x.Real * x.Real) + (x.Imaginary * x.Imaginary);

    // Batches take only circuits that end with measurements.
    private static UnreachableException ReadOnly() => new("A final state of a batch is only read out.");
}
