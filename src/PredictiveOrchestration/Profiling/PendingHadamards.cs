using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// Follows an engine that puts Hadamard gates off once there is more than one amplitude and some of them still wait: it makes good those alone that a gate meets, and all before one that
/// pairs amplitudes. So graph states and rings are joined while few amplitudes are stored. What waits on a qubit that others tell finds no partners when it is made good, but looks for them.
/// </summary>
internal sealed class PendingHadamards
{
    // More amplitudes no engine holds: what it would do with them need not be told exactly.
    private const int MostEntriesLog2 = 40;
    private readonly AffineSpace _entries;
    private readonly bool[] _waits;

    /// <summary>Goes on from where they stand on one basis state.</summary>
    public PendingHadamards(PutOffHadamards before)
    {
        _waits = before.Waits.ToArray();
        _entries = new AffineSpace(_waits.Length);
        for (var q = 0; q < _waits.Length; q++)
        {
            Waiting += _waits[q] ? 1 : 0;
            if (before.Values[q])
            {
                _entries.Flip(q);
            }
        }
    }

    /// <summary>How many wait.</summary>
    public int Waiting { get; private set; }

    /// <summary>Whether the latest gate was a permutation with several controls that are not known.</summary>
    public bool HasMoved { get; private set; }

    /// <summary>The base-2 logarithm of how many amplitudes are stored.</summary>
    public int EntriesLog2 { get; private set; }

    /// <summary>Takes in a gate or unitary that is surely executed, and what the engine goes over for it.</summary>
    /// <returns>Whether that is all of it; if not, nothing waits any more, and the gate is still to be counted.</returns>
    public bool Apply(Circuit circuit, in Operation op, ref SparseAmounts amounts)
    {
        HasMoved = false;
        ReadOnlySpan<int> controls = circuit.ControlsOf(op), targets = circuit.TargetsOf(op);
        var gate = op.Kind == OperationKind.Gate ? circuit.GateOf(op) : null;
        if (EntriesLog2 > MostEntriesLog2)
        {
            EntriesLog2 += Waiting;
            Waiting = 0;
            return false;
        }

        if (gate == GateCatalog.H && op.ControlCount == 0)
        {
            var q = targets[0];
            if (!_waits[q] && !_entries.IsKnown(q))
            {
                MakeGood(ref amounts);
                return false;
            }

            Waiting += _waits[q] ? -1 : 1;
            _waits[q] ^= true;
        }
        else if (gate == GateCatalog.X && !(op.ControlCount == 1 && _waits[controls[0]] && _waits[targets[0]]))
        {
            MakeGood(controls, ref amounts);
            if (!_waits[targets[0]])
            {
                Flip(controls, targets[0]);
            }
        }
        else if (gate == GateCatalog.X)
        {
            // The other way round.
            Flip(targets, controls[0]);
        }
        else if (gate == GateCatalog.Z)
        {
            Z(circuit.QubitsOf(op), ref amounts);
        }
        else if (gate == GateCatalog.Swap && op.ControlCount == 0)
        {
            (_waits[targets[0]], _waits[targets[1]]) = (_waits[targets[1]], _waits[targets[0]]);
            _entries.Swap(targets[0], targets[1]);
        }
        else
        {
            MakeGood(circuit.QubitsOf(op), ref amounts);
            if (gate is not { Structure: GateStructure.Diagonal })
            {
                MakeGood(ref amounts);
                return false;
            }
        }

        amounts.Add(PowersOfTwo.Of(EntriesLog2), false);
        return true;
    }

    /// <summary>Makes all of them good.</summary>
    public void MakeGood(ref SparseAmounts amounts)
    {
        for (var q = 0; q < _waits.Length && Waiting > 0; q++)
        {
            MakeGood([q], ref amounts);
        }
    }

    // On one qubit that waits it is an X, under the others as controls.
    private void Z(ReadOnlySpan<int> qubits, ref SparseAmounts amounts)
    {
        var target = int.MaxValue;
        foreach (var q in qubits)
        {
            target = _waits[q] ? Math.Min(target, q) : target;
        }

        if (target < int.MaxValue)
        {
            Span<int> rest = qubits.Length <= 16 ? stackalloc int[qubits.Length] : new int[qubits.Length];
            var count = 0;
            foreach (var q in qubits)
            {
                rest[count] = q;
                count += q != target ? 1 : 0;
            }

            MakeGood(rest[..count], ref amounts);
            Flip(rest[..count], target);
        }
    }

    private void Flip(ReadOnlySpan<int> controls, int target)
    {
        int unknown = 0, control = -1;
        foreach (var q in controls)
        {
            if (!_entries.IsKnown(q))
            {
                (unknown, control) = (unknown + 1, q);
            }
            else if (!_entries.ValueOf(q))
            {
                return;
            }
        }

        if (unknown == 0)
        {
            _entries.Flip(target);
        }
        else if (unknown == 1)
        {
            _entries.AddRow(control, target);
        }
        else
        {
            _entries.Free(target);
            HasMoved = true;
        }
    }

    private void MakeGood(ReadOnlySpan<int> qubits, ref SparseAmounts amounts)
    {
        foreach (var q in qubits)
        {
            if (_waits[q])
            {
                var isKnown = _entries.IsKnown(q);
                _waits[q] = false;
                Waiting--;
                EntriesLog2++;
                _entries.Free(q);
                amounts.Add(PowersOfTwo.Of(EntriesLog2), true);
                if (!isKnown)
                {
                    amounts.AddDisorder(true, true);
                }
            }
        }
    }
}
