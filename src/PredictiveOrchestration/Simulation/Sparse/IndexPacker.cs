using System.Runtime.Intrinsics.X86;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>Gathers the bits of given qubits from an index: bit i of the result is qubit <c>qubits[i]</c>.</summary>
internal readonly ref struct IndexPacker
{
    private readonly ReadOnlySpan<int> _qubits;
    private readonly ulong _mask;
    private readonly bool _extracts;

    public IndexPacker(ReadOnlySpan<int> qubits)
    {
        // In ascending order within one word the processor gathers them at once.
        _qubits = qubits;
        _extracts = Bmi2.X64.IsSupported && qubits[^1] < 64;
        for (var j = 0; j < qubits.Length; j++)
        {
            _extracts &= j == 0 || qubits[j] > qubits[j - 1];
            _mask |= 1UL << qubits[j];
        }
    }

    /// <summary>Writes ceil(qubits / 64) words.</summary>
    public void Pack(BasisIndex index, Span<ulong> outcome)
    {
        if (_extracts)
        {
            outcome[0] = Bmi2.X64.ParallelBitExtract(index.Low, _mask);
            return;
        }

        outcome.Clear();
        for (var j = 0; j < _qubits.Length; j++)
        {
            var q = _qubits[j];
            outcome[j >> 6] |= ((q < 64 ? index.Low : index.High) >> q & 1) << j;
        }
    }
}
