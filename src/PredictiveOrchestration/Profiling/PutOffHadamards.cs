using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// Follows a state that is Hadamard gates on some qubits of one basis state, as an engine does that puts such gates off: X and Z exchange their parts on these qubits, a controlled
/// X between two of them goes the other way round, and two Hadamard gates cancel. So a superposition that only passes through, as in the algorithms of Deutsch and Jozsa and of Bernstein and
/// Vazirani, is never written out.
/// </summary>
internal sealed class PutOffHadamards(int numQubits)
{
    private readonly bool[] _value = new bool[numQubits], _waits = new bool[numQubits];

    /// <summary>The value of each qubit in the basis state.</summary>
    public ReadOnlySpan<bool> Values => _value;

    /// <summary>Whether a gate waits on each.</summary>
    public ReadOnlySpan<bool> Waits => _waits;

    /// <summary>How many Hadamard gates wait.</summary>
    public int Waiting { get; private set; }

    /// <summary>Takes in a gate or unitary that is surely executed.</summary>
    /// <returns>Whether the state still is of this form, and an engine keeps it so.</returns>
    public bool Apply(Circuit circuit, in Operation op)
    {
        if (op.Kind != OperationKind.Gate)
        {
            return false;
        }

        var gate = circuit.GateOf(op);
        ReadOnlySpan<int> controls = circuit.ControlsOf(op), targets = circuit.TargetsOf(op);
        if (gate == GateCatalog.H && op.ControlCount == 0)
        {
            ref var waits = ref _waits[targets[0]];
            waits = !waits;
            Waiting += waits ? 1 : -1;
            return true;
        }

        if (gate == GateCatalog.X)
        {
            return X(controls, targets[0]);
        }

        if (gate == GateCatalog.Z)
        {
            return Z(circuit.QubitsOf(op));
        }

        if (gate == GateCatalog.Id)
        {
            return true;
        }

        if (gate == GateCatalog.Swap && op.ControlCount == 0)
        {
            Exchange(_value, targets);
            Exchange(_waits, targets);
            return true;
        }

        if (CountWaiting(circuit.QubitsOf(op)) > 0)
        {
            return false;
        }

        if (TakenBackPermutations.IsSwap(gate))
        {
            if (AreOne(controls))
            {
                Exchange(_value, targets);
            }

            return true;
        }

        if (gate.Structure == GateStructure.Diagonal)
        {
            return true;
        }

        if (gate.Structure != GateStructure.Monomial || gate.NumQubits != 1)
        {
            return false;
        }

        _value[targets[0]] ^= AreOne(controls);
        return true;
    }

    private bool X(ReadOnlySpan<int> controls, int target)
    {
        if (CountWaiting(controls) == 0)
        {
            // On a qubit whose gate waits it is a phase.
            _value[target] ^= !_waits[target] && AreOne(controls);
            return true;
        }

        if (controls.Length > 1 || !_waits[target])
        {
            return false;
        }

        _value[controls[0]] ^= _value[target];
        return true;
    }

    private bool Z(ReadOnlySpan<int> qubits)
    {
        if (CountWaiting(qubits) > 1)
        {
            return false;
        }

        // On the one qubit whose gate waits it is an X.
        var (flipped, isFlipped) = (-1, true);
        foreach (var q in qubits)
        {
            (flipped, isFlipped) = _waits[q] ? (q, isFlipped) : (flipped, isFlipped && _value[q]);
        }

        if (flipped >= 0)
        {
            _value[flipped] ^= isFlipped;
        }

        return true;
    }

    private static void Exchange(bool[] of, ReadOnlySpan<int> pair) => (of[pair[0]], of[pair[1]]) = (of[pair[1]], of[pair[0]]);

    private int CountWaiting(ReadOnlySpan<int> qubits)
    {
        var count = 0;
        foreach (var q in qubits)
        {
            count += _waits[q] ? 1 : 0;
        }

        return count;
    }

    private bool AreOne(ReadOnlySpan<int> qubits)
    {
        foreach (var q in qubits)
        {
            if (!_value[q])
            {
                return false;
            }
        }

        return true;
    }
}
