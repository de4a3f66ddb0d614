using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// What each gate can add to the entanglement between its qubits, from what is known of them. A qubit that is on its own and in an eigenstate of a Pauli
/// matrix may make a gate on several qubits a gate on fewer: a control in |0⟩ or |1⟩, the target of a CX in |+⟩ or |-⟩. Gates that follow one another on the
/// same pair of qubits are one two-qubit gate, of operator-Schmidt rank 4 at most; typically CX, rotation, CX has rank 2 and entangles as little as the rotation turns.
/// </summary>
internal sealed class GateEntanglement
{
    /// <summary>Typical growth is counted in eighths of a bit.</summary>
    public const int Unit = 1 << UnitLog2, UnitLog2 = 3;

    /// <summary>A rotation by 2^-k of that which entangles most, or an operator of 2^-k of the greatest, adds about 1 - k/6 of a bit: singular values fall faster than their number grows.</summary>
    public const double Fade = 6;

    private const int AxisCount = 5;

    // By the index of a gate: what it does to a qubit, whether it is a Pauli matrix, the axis that it turns about, and how much it entangles with one control; not a number where its angle says it.
    private static readonly Turning[] Turnings = Of(TurningOf);
    private static readonly bool[] ArePauli = Of(g => g == GateCatalog.X || g == GateCatalog.Y || g == GateCatalog.Z);
    private static readonly Axis[] Axes = Of(AxisOf);
    private static readonly double[] ControlledPowers = Of(PowerOf);

    private readonly Axis[] _axis;
    private readonly int[] _partner;
    private readonly byte[] _length;
    private readonly byte[] _exact;
    private readonly byte[] _typical;
    private readonly byte[] _most;
    private readonly bool[] _isPauliRun;
    private readonly double[] _between;
    private int[] _acting = new int[4];

    public GateEntanglement(int numQubits)
    {
        (_axis, _partner, _between) = (new Axis[numQubits], new int[numQubits], new double[numQubits]);
        (_length, _exact, _typical, _most, _isPauliRun) = (new byte[numQubits], new byte[numQubits], new byte[numQubits], new byte[numQubits], new bool[numQubits]);
        Array.Fill(_partner, -1);
    }

    // What is left of what was between two gates on several qubits, and what is added: from the eighths of a turn on they add up.
    private static ReadOnlySpan<double> KeptAt => [1, 0, 0, 0, 1, 1, 1, 1, 1];

    private static ReadOnlySpan<double> TurnedBy => [0, 1, 1, 1, 0.5, 0, 0, 0, 0];

    // The axis after each turning, in the order of the axes before it: the eighths of a turn, and others about one axis, leave that axis alone.
    private static ReadOnlySpan<Axis> AxisAfter =>
    [
        Axis.Z, Axis.X, Axis.Y, Axis.Alone, Axis.Entangled,
        Axis.X, Axis.Z, Axis.Y, Axis.Alone, Axis.Entangled,
        Axis.Z, Axis.Y, Axis.X, Axis.Alone, Axis.Entangled,
        Axis.Y, Axis.X, Axis.Z, Axis.Alone, Axis.Entangled,
        Axis.Z, Axis.Alone, Axis.Alone, Axis.Alone, Axis.Entangled,
        Axis.Z, Axis.Alone, Axis.Alone, Axis.Alone, Axis.Entangled,
        Axis.Alone, Axis.X, Axis.Alone, Axis.Alone, Axis.Entangled,
        Axis.Alone, Axis.Alone, Axis.Y, Axis.Alone, Axis.Entangled,
        Axis.Alone, Axis.Alone, Axis.Alone, Axis.Alone, Axis.Entangled,
    ];

    private enum Axis : byte
    {
        Z,
        X,
        Y,
        Alone,
        Entangled,
    }

    // What a gate on one qubit does to the axis of one that is on its own.
    private enum Turning : byte
    {
        None,
        Hadamard,
        Quarter,
        QuarterAboutX,
        Eighth,
        AboutZ,
        AboutX,
        AboutY,
        Any,
    }

    /// <summary>The qubits between which the latest gate can entangle; fewer than two if it acts on each on its own.</summary>
    public ReadOnlySpan<int> Acting => _acting.AsSpan(0, ActingCount);

    public int ActingCount { get; private set; }

    /// <summary>The bits that the latest gate on two qubits can add at most.</summary>
    public int Exact { get; private set; }

    /// <summary>The eighths of a bit that it adds typically; negative where it undoes a part of what the gate before it did.</summary>
    public int Typical { get; private set; }

    /// <summary>A qubit was set to |0⟩, or measured.</summary>
    public void Project(int qubit, bool uncertain)
    {
        _axis[qubit] = uncertain ? Axis.Entangled : Axis.Z;
        _partner[qubit] = -1;
    }

    /// <summary>Takes in a gate. <paramref name="uncertain"/>: it may or may not be executed.</summary>
    public void Apply(Circuit circuit, in Operation op, bool uncertain)
    {
        var qubits = circuit.QubitsOf(op);
        ActingCount = 0;
        if (qubits.Length > _acting.Length)
        {
            _acting = new int[qubits.Length];
        }

        var isKnown = op.Kind == OperationKind.Gate && !uncertain;
        var gate = op.Kind == OperationKind.Gate ? circuit.GateOf(op) : null;
        if (qubits.Length == 1)
        {
            Turn(qubits[0], gate, isKnown && !op.HasDynamicParameters ? circuit.ParametersOf(op) : default, isKnown);
            return;
        }

        if (isKnown && gate!.NumQubits <= 1)
        {
            Controlled(circuit, op, gate);
        }
        else if (isKnown && op.ControlCount == 0 && gate!.NumQubits == 2)
        {
            Pair(circuit, op, gate);
        }
        else
        {
            foreach (var q in qubits)
            {
                _acting[ActingCount++] = q;
            }

            var bits = op.QubitCount - op.ControlCount > 1 ? 2 : 1;
            Entangle(false, bits, bits * Unit);
        }
    }

    /// <summary>
    /// Something else kept the bond below what the latest gate on two qubits allowed: what follows on the same pair is counted from there, as that limit may rise.
    /// </summary>
    public void Restart()
    {
        if (ActingCount == 2)
        {
            (_partner[_acting[0]], _partner[_acting[1]]) = (-1, -1);
        }
    }

    private void Controlled(Circuit circuit, in Operation op, GateDefinition gate)
    {
        foreach (var control in circuit.ControlsOf(op))
        {
            if (_axis[control] != Axis.Z)
            {
                _acting[ActingCount++] = control;
            }
        }

        var turns = Axes[gate.Index];
        var isPauli = ArePauli[gate.Index];
        var targets = circuit.TargetsOf(op);
        if (targets.Length == 1 && _axis[targets[0]] == turns && turns != Axis.Alone)
        {
            // The target is an eigenstate: a phase on the controls.
            if (ActingCount == 1)
            {
                Disturb(_acting[0], isPauli ? _axis[_acting[0]] : Axis.Z);
            }
        }
        else if (targets.Length == 1)
        {
            _acting[ActingCount++] = targets[0];
            if (ActingCount == 1)
            {
                Disturb(targets[0], isPauli ? _axis[targets[0]] : turns);
            }
        }

        else if (ActingCount == 1)
        {
            Disturb(_acting[0], Axis.Z);
        }

        if (ActingCount < 2)
        {
            return;
        }

        var power = op.ControlCount > 1 || op.HasDynamicParameters ? 1 : ControlledPower(gate, circuit.ParametersOf(op));
        Entangle(isPauli && op.QubitCount == 2 && ActingCount == 2, 1, Bits(power));
    }

    private void Pair(Circuit circuit, in Operation op, GateDefinition gate)
    {
        var qubits = circuit.QubitsOf(op);
        int a = qubits[0], b = qubits[1];
        if (gate == GateCatalog.Swap)
        {
            var isMove = _axis[a] != Axis.Entangled && _axis[b] != Axis.Entangled;
            (_axis[a], _axis[b]) = (_axis[b], _axis[a]);
            if (isMove)
            {
                (_partner[a], _partner[b]) = (-1, -1);
                return;
            }

            (_acting[0], _acting[1], ActingCount) = (a, b, 2);
            (Axis first, Axis second) = (_axis[a], _axis[b]);
            Entangle(false, 2, 2 * Unit);
            (_axis[a], _axis[b]) = (first, second);
            return;
        }

        var isRotation = gate == GateCatalog.RZZ || gate == GateCatalog.RXX || gate == GateCatalog.RYY;
        var axis = gate == GateCatalog.RZZ ? Axis.Z : gate == GateCatalog.RXX ? Axis.X : Axis.Y;
        if (isRotation && (_axis[a] == axis || _axis[b] == axis))
        {
            // A rotation of the other one.
            Disturb(_axis[a] == axis ? b : a, axis);
            return;
        }

        (_acting[0], _acting[1], ActingCount) = (a, b, 2);
        isRotation |= gate == GateCatalog.RZX;
        Entangle(false, isRotation ? 1 : 2, isRotation ? Bits(op.HasDynamicParameters ? 1 : Turned(circuit.ParametersOf(op)[0], Math.PI)) : 2 * Unit);
    }

    // The qubit, if it is on its own, keeps its axis where that is the given one.
    private void Disturb(int qubit, Axis axis)
    {
        if (_axis[qubit] != Axis.Entangled && _axis[qubit] != axis)
        {
            _axis[qubit] = Axis.Alone;
        }

        _between[qubit] = 1;
    }

    private void Entangle(bool isPauli, int bits, int typical)
    {
        (Exact, Typical) = (bits, typical);
        if (ActingCount == 2)
        {
            int a = _acting[0], b = _acting[1];
            if (_partner[a] == b && _partner[b] == a)
            {
                var most = _most[a];
                var total = Math.Min(most, _exact[a] + bits);
                var whole = Math.Min(most * Unit, isPauli && _isPauliRun[a] && _length[a] == 1 ? Bits(Math.Min(1, _between[a] + _between[b])) : _typical[a] + typical);
                (Exact, Typical) = (total - _exact[a], whole - _typical[a]);
                Note(a, b, (byte)Math.Min(200, _length[a] + 1), total, whole, isPauli);
            }
            else
            {
                // A qubit on its own can be thought of beside the other one, and has two values: whatever the two do is worth one bit.
                var most = _axis[a] == Axis.Entangled && _axis[b] == Axis.Entangled ? 2 : 1;
                (Exact, Typical) = (bits, typical) = (Math.Min(most, bits), Math.Min(most * Unit, typical));
                (_most[a], _most[b]) = ((byte)most, (byte)most);
                Note(a, b, 1, bits, typical, isPauli);
            }
        }
        else
        {
            foreach (var q in Acting)
            {
                _partner[q] = -1;
            }
        }

        foreach (var q in Acting)
        {
            _axis[q] = Axis.Entangled;
        }
    }

    private void Note(int a, int b, byte length, int exact, int typical, bool isPauli)
    {
        (_partner[a], _partner[b]) = (b, a);
        (_length[a], _length[b]) = (length, length);
        (_exact[a], _exact[b]) = ((byte)exact, (byte)exact);
        (_typical[a], _typical[b]) = ((byte)Math.Max(0, typical), (byte)Math.Max(0, typical));
        (_isPauliRun[a], _isPauliRun[b]) = (isPauli, isPauli);
        (_between[a], _between[b]) = (0, 0);
    }

    // A gate on one qubit.
    private void Turn(int qubit, GateDefinition? gate, ReadOnlySpan<double> parameters, bool isKnown)
    {
        if (gate is null || !isKnown)
        {
            _axis[qubit] = _axis[qubit] == Axis.Entangled ? Axis.Entangled : Axis.Alone;
            _between[qubit] = 1;
            return;
        }

        var turning = Turnings[gate.Index];
        _axis[qubit] = AxisAfter[((int)turning * AxisCount) + (int)_axis[qubit]];
        var amount = TurnedBy[(int)turning];
        if (turning >= Turning.AboutZ)
        {
            amount = turning == Turning.Any || parameters.IsEmpty ? 1 : Turned(parameters[0], Math.PI);
        }

        // Without a branch on the gate, which is hard to foresee.
        _between[qubit] = (_between[qubit] * KeptAt[(int)turning]) + amount;
    }

    private static T[] Of<T>(Func<GateDefinition, T> value) => [.. GateCatalog.Table.Select(value)];

    private static Turning TurningOf(GateDefinition gate) =>
        gate == GateCatalog.H ? Turning.Hadamard
        : gate == GateCatalog.S || gate == GateCatalog.Sdg ? Turning.Quarter
        : gate == GateCatalog.SX || gate == GateCatalog.SXdg ? Turning.QuarterAboutX
        : gate == GateCatalog.T || gate == GateCatalog.Tdg ? Turning.Eighth
        : gate.NumParameters == 0 ? Turning.None
        : AxisOf(gate) switch { Axis.Z => Turning.AboutZ, Axis.X => Turning.AboutX, Axis.Y => Turning.AboutY, _ => Turning.Any };

    private static Axis AxisOf(GateDefinition gate) => PauliRuns.AxisOf(gate) switch
    {
        PauliRuns.Axis.Z => Axis.Z,
        PauliRuns.Axis.X => Axis.X,
        PauliRuns.Axis.Y => Axis.Y,
        _ => Axis.Alone,
    };

    // How much a gate with one control entangles: 1 for CX.
    private static double PowerOf(GateDefinition gate) =>
        gate == GateCatalog.P || gate == GateCatalog.RX || gate == GateCatalog.RY || gate == GateCatalog.RZ ? double.NaN
        : gate == GateCatalog.S || gate == GateCatalog.Sdg || gate == GateCatalog.SX || gate == GateCatalog.SXdg ? 0.5
        : gate == GateCatalog.T || gate == GateCatalog.Tdg ? 0.25 : 1;

    private static double ControlledPower(GateDefinition gate, ReadOnlySpan<double> parameters) =>
        ControlledPowers[gate.Index] is var power && !double.IsNaN(power) ? power : Turned(parameters[0], 2 * Math.PI);

    // The distance of an angle to the nearest multiple of the period, in halves of it: 0 to 1.
    private static double Turned(double angle, double period)
    {
        var turns = angle / period;
        return 2 * Math.Abs(turns - Math.Round(turns));
    }

    // Typical growth for a share of the strongest entangler, without a logarithm: its exponent, and the mantissa in between.
    private static int Bits(double power)
    {
        if (!(power > 1e-9))
        {
            return 0;
        }

        if (power >= 1)
        {
            return Unit;
        }

        var bits = BitConverter.DoubleToInt64Bits(power);
        var log = (bits >> 52) - 1023 + ((bits & 0xFFFFFFFFFFFFF) * (1.0 / (1L << 52)));
        return (int)Math.Round(Unit * Math.Max(0, 1 + (log / Fade)));
    }
}
