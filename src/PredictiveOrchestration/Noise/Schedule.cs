using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Noise;

/// <summary>
/// Places operations as early as possible, and says how long each qubit has idled before its next one. A qubit in |0⟩, untouched or reset, does not idle: nothing
/// happens to it. Barriers make qubits wait for each other. Both arms of a branch count as if each were run. Not thread-safe.
/// </summary>
internal sealed class Schedule
{
    private readonly Circuit _circuit;
    private readonly double _one;
    private readonly double _two;
    private readonly double _readout;
    private readonly bool _virtualZ;
    private readonly double[] _end;
    private readonly double[] _earliest;
    private readonly bool[] _touched;
    private readonly List<(int Qubit, double Seconds)> _idle = [];

    public Schedule(Circuit circuit, double oneQubitSeconds, double twoQubitSeconds, double readoutSeconds, bool virtualZ)
    {
        _circuit = circuit;
        (_one, _two, _readout, _virtualZ) = (oneQubitSeconds, twoQubitSeconds, readoutSeconds, virtualZ);
        _end = new double[circuit.NumQubits];
        _earliest = new double[circuit.NumQubits];
        _touched = new bool[circuit.NumQubits];
    }

    /// <summary>A gate on k qubits counts as 6 (k - 2) two-qubit gates, as gate-priced devices bill it.</summary>
    public static int TwoQubitGates(int qubits) => qubits < 2 ? 0 : qubits == 2 ? 1 : 6 * (qubits - 2);

    /// <summary>Whether a gate is a rotation about Z that takes no time.</summary>
    public bool IsVirtual(in Operation op) =>
        _virtualZ && op.Kind == OperationKind.Gate && op.QubitCount == 1 && _circuit.GateOf(op).Name is "rz" or "p" or "z" or "s" or "sdg" or "t" or "tdg";

    /// <summary>The time that an operation takes.</summary>
    public double Seconds(in Operation op) => op.Kind switch
    {
        OperationKind.Measure or OperationKind.Reset => _readout,
        OperationKind.Gate or OperationKind.Unitary when !IsVirtual(op) => op.QubitCount == 1 ? _one : _two * TwoQubitGates(op.QubitCount),
        _ => 0,
    };

    /// <summary>Places the next operation; operations come in order.</summary>
    /// <returns>The qubits of it that had to wait, and how long; valid until the next call.</returns>
    public IReadOnlyList<(int Qubit, double Seconds)> Place(int index)
    {
        ref readonly var op = ref _circuit.Operations[index];
        _idle.Clear();
        var qubits = _circuit.QubitsOf(op);
        if (qubits.Length == 0 || op.Kind > OperationKind.Barrier)
        {
            return _idle;
        }

        var start = 0.0;
        foreach (var q in qubits)
        {
            start = Math.Max(start, Math.Max(_end[q], _earliest[q]));
        }

        if (op.Kind == OperationKind.Barrier)
        {
            foreach (var q in qubits)
            {
                _earliest[q] = start;
            }

            return _idle;
        }

        var end = start + Seconds(op);
        foreach (var q in qubits)
        {
            if (_touched[q] && start > _end[q])
            {
                _idle.Add((q, start - _end[q]));
            }

            _end[q] = end;
            _touched[q] = op.Kind != OperationKind.Reset;
        }

        return _idle;
    }
}
