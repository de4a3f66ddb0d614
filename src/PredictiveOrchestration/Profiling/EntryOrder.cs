using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// Whether a sparse engine finds an amplitude's partner where a formula says, or must look for it. Amplitudes stand in the order in which gates made twice as many of them, so that partners are at
/// places that differ by one and the same XOR. A permutation with several controls that are not known takes that away from its controls, for a gate on one of them then meets
/// amplitudes of which the permutation moved only one, and a controlled X passes it on. Once a gate makes more amplitudes, but not of each one more, nothing stands in order.
/// </summary>
internal sealed class EntryOrder(int numQubits)
{
    private readonly bool[] _isMoved = new bool[numQubits];
    private bool _isAny;

    /// <summary>Whether nothing stands in order.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Whether partners that differ in a qubit's value stand in no order.</summary>
    public bool IsLostFor(int qubit) => IsLost | _isMoved[qubit];

    /// <summary>A gate makes some amplitudes more.</summary>
    public void Lose() => IsLost = true;

    /// <summary>Takes in a permutation, before the bound does.</summary>
    public void Permute(Circuit circuit, in Operation op, AffineSupportBound support)
    {
        // On one or two qubits there is nothing to move that was not moved before.
        if (IsLost || (op.QubitCount <= 2 && !_isAny))
        {
            return;
        }

        int unknown = 0, control = -1;
        foreach (var q in circuit.ControlsOf(op))
        {
            (unknown, control) = support.IsKnown(q) ? (unknown, control) : (unknown + 1, q);
        }

        var targets = circuit.TargetsOf(op);
        if (unknown + targets.Length > 2)
        {
            // The last target alone is moved by others.
            foreach (var q in circuit.QubitsOf(op)[..(targets.Length == 1 ? ^1 : ^0)])
            {
                _isMoved[q] |= !support.IsKnown(q);
            }

            _isAny = true;
        }
        else if (targets.Length == 2)
        {
            (_isMoved[targets[0]], _isMoved[targets[1]]) = (_isMoved[targets[1]], _isMoved[targets[0]]);
        }
        else if (unknown == 1)
        {
            _isMoved[control] |= _isMoved[targets[0]];
        }
    }
}
