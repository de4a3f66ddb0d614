using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// Permutations of basis states since a moment, without those that were taken back: arithmetic computes ancillas and then computes them away by the same gates the other way round.
/// Whatever diagonal gates and measurements come in between, once nothing is left the basis states that may have amplitudes are those of that moment.
/// </summary>
internal sealed class TakenBackPermutations
{
    /// <summary>The most qubits followed: those of the sparse engine.</summary>
    public const int MostQubits = 128;

    private const int Most = 1024, Looked = 32;
    private readonly List<Permutation> _left = [];

    /// <summary>The qubits that those left look at or change.</summary>
    private UInt128 _touched;

    /// <summary>Whether none is left.</summary>
    public bool IsEmpty => _left.Count == 0;

    /// <summary>Whether there is no room for more.</summary>
    public bool IsFull => _left.Count == Most;

    /// <summary>What a gate does to basis states, if it only permutes them; phases apart.</summary>
    public static bool TryRead(Circuit circuit, in Operation op, out Permutation permutation)
    {
        permutation = default;
        if (op.Kind != OperationKind.Gate || circuit.GateOf(op) is not { Structure: GateStructure.Monomial } gate)
        {
            return false;
        }

        // All others flip the last of their qubits where the rest are 1.
        var isSwap = IsSwap(gate);
        var qubits = circuit.QubitsOf(op);
        var moved = isSwap ? 2 : 1;
        permutation = new Permutation(isSwap, MaskOf(qubits[..^moved]), MaskOf(qubits[^moved..]));
        return true;
    }

    /// <summary>Whether a gate exchanges two qubits, phases apart.</summary>
    public static bool IsSwap(GateDefinition gate) => gate == GateCatalog.Swap || gate == GateCatalog.ISwap || gate == GateCatalog.ISwapDg;

    /// <summary>The qubits as bits.</summary>
    public static UInt128 MaskOf(ReadOnlySpan<int> qubits)
    {
        UInt128 mask = 0;
        foreach (var q in qubits)
        {
            mask |= UInt128.One << q;
        }

        return mask;
    }

    /// <summary>Whether some qubits have nothing to do with what is left.</summary>
    public bool IsApart(UInt128 qubits) => (qubits & _touched) == 0;

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _left.Clear();
        _touched = 0;
    }

    /// <summary>Adds a permutation.</summary>
    public void Add(Permutation permutation)
    {
        _left.Add(permutation);
        _touched |= permutation.Controls | permutation.Moved;
    }

    /// <summary>Takes the same permutation back, if nothing after it stands in the way.</summary>
    public bool TakeBack(Permutation permutation)
    {
        for (var i = _left.Count - 1; i >= Math.Max(0, _left.Count - Looked); i--)
        {
            if (_left[i] == permutation)
            {
                _left.RemoveAt(i);
                _touched = _left.Count == 0 ? 0 : _touched;
                return true;
            }

            if (!_left[i].Commutes(permutation))
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>A flip of a qubit, or an exchange of two, where all controls are 1: each is its own inverse.</summary>
    /// <param name="IsSwap">Whether two qubits are exchanged.</param>
    /// <param name="Controls">The controls.</param>
    /// <param name="Moved">The qubits that change.</param>
    public readonly record struct Permutation(bool IsSwap, UInt128 Controls, UInt128 Moved)
    {
        /// <summary>Whether the order of both does not matter; not all pairs of which that is true are known.</summary>
        public bool Commutes(Permutation other) =>
            (Moved & other.Controls) == 0 && (Controls & other.Moved) == 0 && ((Moved & other.Moved) == 0 || (!IsSwap && !other.IsSwap));
    }
}
