using System.Numerics;
using System.Runtime.CompilerServices;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// What each gate can add to the entanglement between its qubits, from what is known of them. A qubit that is on its own and in an eigenstate of a Pauli
/// matrix may make a gate on several qubits a gate on fewer: a control in |0⟩ or |1⟩, the target of a CX in |+⟩ or |-⟩. Gates that follow one another on the
/// same pair of qubits are one two-qubit gate, of operator-Schmidt rank 4 at most; typically CX, rotation, CX has rank 2 and entangles as little as the rotation turns.
/// </summary>
[SkipLocalsInit]
internal sealed class GateEntanglement
{
    /// <summary>Typical growth is counted in eighths of a bit.</summary>
    public const int Unit = 1 << UnitLog2, UnitLog2 = 3;

    /// <summary>A rotation by 2^-k of that which entangles most, or an operator of 2^-k of the greatest, adds about 1 - k/6 of a bit: singular values fall faster than their number grows.</summary>
    public const double Fade = 6;

    // A share of the strongest entangler that is none.
    private const double Nothing = 1e-9;

    // By the index of a gate: what is left by one on one qubit of what was done between two on several, and what it adds; how much one with one control entangles. Not a number where angles say it.
    private static readonly (double Kept, double Added)[] Turns = [.. GateCatalog.Table.ToArray().Select(TurnsOf)];
    private static readonly double[] ControlledPowers = [.. GateCatalog.Table.ToArray().Select(PowerOf)];

    // Whether they do nothing to |0⟩, and to |1⟩ a phase.
    private static readonly bool[] ArePhases = [.. GateCatalog.Table.ToArray().Select(g => g is { NumQubits: 1, Structure: GateStructure.Diagonal } && g != GateCatalog.RZ)];

    private readonly LoneQubits _lone;
    private readonly Run[] _runs;

    // From the first gate with several controls on, as long as nothing else joins qubits.
    private ProductSum? _products;
    private bool _hasJoined;
    private int[] _acting = new int[4];

    public GateEntanglement(int numQubits)
    {
        (_lone, _runs) = (new LoneQubits(numQubits), new Run[numQubits]);
        Array.Fill(_runs, new Run { Partner = -1 });
    }

    // The gates that followed one another on a qubit and the same other one.
    private struct Run
    {
        public int Partner;

        // The bits and the eighths of a bit that they add, and the bits that they can add at most.
        public byte Exact, Typical, Most;

        // Whether it is one gate, a controlled Pauli matrix.
        public bool IsOnePauli;

        // What was done to the qubit alone since the latest.
        public double Between;
    }

    /// <summary>The qubits between which the latest gate can entangle; fewer than two if it acts on each on its own.</summary>
    public ReadOnlySpan<int> Acting => _acting.AsSpan(0, ActingCount);

    public int ActingCount { get; private set; }

    /// <summary>The base-2 logarithm of what the rank across any cut is at most, where that is known otherwise than by the gates that join.</summary>
    public int RankLog2 => _products?.RankLog2 ?? int.MaxValue;

    /// <summary>The bits that the latest gate on two qubits can add at most.</summary>
    public int Exact { get; private set; }

    /// <summary>The eighths of a bit that it adds typically; negative where it undoes a part of what the gate before it did.</summary>
    public int Typical { get; private set; }

    /// <summary>The share of what entangles most that the latest gate on two qubits is, together with those before it where they are one turn.</summary>
    public double Strength { get; private set; }

    /// <summary>Whether the latest gate on two qubits, with those before it on the same pair, does nothing.</summary>
    public bool IsIdle { get; private set; }

    /// <summary>Whether the latest gate left the two qubits that it joined on their own.</summary>
    public bool Parts { get; private set; }

    /// <summary>What is known of a qubit's values, if it is on its own.</summary>
    public LoneValue ValueOf(int qubit) => _lone.ValueOf(qubit);

    /// <summary>A qubit was measured, or set to |0⟩.</summary>
    public void Project(int qubit, bool isReset, bool uncertain)
    {
        _runs[qubit].Partner = -1;
        _products = null;
        if (uncertain)
        {
            _lone.Entangle(qubit);
        }
        else if (isReset)
        {
            _lone.Reset(qubit);
        }
        else
        {
            _lone.Measure(qubit);
        }
    }

    /// <summary>Takes in a gate on one qubit.</summary>
    public void Turn(Circuit circuit, in Operation op, int qubit, bool uncertain)
    {
        if (_lone.IsFollowed(qubit))
        {
            Follow(circuit, op, qubit, uncertain);
        }

        if (_products is not null)
        {
            Follow(circuit, op, qubit, uncertain, _products);
        }

        ref var between = ref _runs[qubit].Between;
        if (op.Kind != OperationKind.Gate || uncertain)
        {
            between = 1;
            return;
        }

        var (kept, added) = Turns[op.GateIndex];
        if (double.IsNaN(added))
        {
            added = op.HasDynamicParameters ? 1 : Turned(circuit.FirstParameterOf(op), Math.PI);
        }

        // Without a branch on the gate, which is hard to foresee.
        between = (between * kept) + added;
    }

    /// <summary>Takes in a gate on several qubits. <paramref name="uncertain"/>: it may or may not be executed.</summary>
    public void Join(Circuit circuit, in Operation op, bool uncertain)
    {
        var qubits = circuit.QubitsOf(op);
        (ActingCount, Parts) = (0, false);
        if (qubits.Length > _acting.Length)
        {
            _acting = new int[qubits.Length];
        }

        if (_products is not null || !_hasJoined)
        {
            Products(circuit, op, qubits, uncertain);
        }

        var gate = op.Kind == OperationKind.Gate && !uncertain ? circuit.GateOf(op) : null;
        if (gate is { NumQubits: <= 1 })
        {
            if (qubits.Length == 2 && _lone.AreEntangled(qubits[0], qubits[1]))
            {
                // Most gates are such, and nothing is to be looked at.
                var power = op.ControlCount > 1 || op.HasDynamicParameters ? 1 : ControlledPower(circuit, op);
                (_acting[0], _acting[1], ActingCount, IsIdle) = (qubits[0], qubits[1], 2, power < Nothing);
                Note(1, power, PauliRuns.IsPauli(op.GateIndex), 2);
                return;
            }

            Controlled(circuit, op, gate);
        }
        else if (gate is { NumQubits: 2 } && op.ControlCount == 0)
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
            IsIdle = false;
            Entangle(false, bits, 1, MostBits, false);
        }
    }

    /// <summary>
    /// Something else kept the bond below what the latest gate on two qubits allowed: what follows on the same pair is counted from there, as that limit may rise.
    /// </summary>
    public void Restart()
    {
        if (ActingCount == 2)
        {
            (_runs[_acting[0]].Partner, _runs[_acting[1]].Partner) = (-1, -1);
        }
    }

    private void Controlled(Circuit circuit, in Operation op, GateDefinition gate)
    {
        Span<Complex> room = stackalloc Complex[4];
        var dependsOnResult = false;
        foreach (var control in circuit.ControlsOf(op))
        {
            if (_lone.IsZero(control))
            {
                ActingCount = 0;
                return;
            }

            if (_lone.IsBit(control))
            {
                dependsOnResult = true;
            }
            else if (!_lone.IsOne(control))
            {
                _acting[ActingCount++] = control;
            }
        }

        var targets = circuit.TargetsOf(op);
        if (op.ControlCount == 1 && ArePhases[gate.Index] && _lone.IsZero(targets[0]))
        {
            // A phase of |1⟩ alone, without a look at its angle.
            if (ActingCount == 1)
            {
                _runs[_acting[0]].Between = 1;
            }

            return;
        }

        var matrix = targets.Length == 0 || ActingCount == 0 || !_lone.IsEntangled(targets[0]) ? LoneQubits.Matrix(circuit, op, room) : default;
        if (targets.Length == 0 || (!matrix.IsEmpty && _lone.Eigenvalue(targets[0], matrix) is not null))
        {
            // A phase on the controls.
            if (ActingCount == 1)
            {
                var phase = targets.Length == 0 ? matrix[0] : _lone.Eigenvalue(targets[0], matrix)!.Value;
                Disturb(_acting[0], [Complex.One, Complex.Zero, Complex.Zero, phase], dependsOnResult);
            }
        }
        else
        {
            _acting[ActingCount++] = targets[0];
            if (ActingCount == 1)
            {
                Disturb(targets[0], matrix, dependsOnResult);
            }
        }

        if (ActingCount < 2)
        {
            return;
        }

        var power = op.ControlCount > 1 || op.HasDynamicParameters ? 1 : ControlledPower(circuit, op);
        IsIdle = power < Nothing;
        var most = MostBits;
        var isJoined = op.QubitCount == 2 && ActingCount == 2 && _lone.CanJoin(_acting[0], _acting[1]);
        if (isJoined)
        {
            matrix = matrix.IsEmpty ? LoneQubits.Matrix(circuit, op, room) : matrix;
            Span<Complex> joint = [1, 0, 0, 0, 0, matrix[0], 0, matrix[1], 0, 0, 1, 0, 0, matrix[2], 0, matrix[3]];
            Parts = _lone.Join(_acting[0], _acting[1], joint);
        }

        Entangle(PauliRuns.IsPauli(gate.Index) && op.QubitCount == 2 && ActingCount == 2, 1, power, most, isJoined);
    }

    private void Pair(Circuit circuit, in Operation op, GateDefinition gate)
    {
        var qubits = circuit.QubitsOf(op);
        int a = qubits[0], b = qubits[1];
        if (gate == GateCatalog.Swap)
        {
            _lone.Exchange(a, b);
            if (!_lone.IsEntangled(a) && !_lone.IsEntangled(b))
            {
                (_runs[a].Partner, _runs[b].Partner) = (-1, -1);
                return;
            }

            (_acting[0], _acting[1], ActingCount, IsIdle) = (a, b, 2, false);
            Note(2, 1, false, MostBits);
            return;
        }

        var (first, second) = PauliRuns.Of(op);
        var isRotation = first != PauliRuns.Axis.None;
        if (isRotation && (Rotates(a, first, b, second, circuit.ParametersOf(op)[0]) || Rotates(b, second, a, first, circuit.ParametersOf(op)[0])))
        {
            return;
        }

        var power = !isRotation || op.HasDynamicParameters ? 1 : Turned(circuit.ParametersOf(op)[0], Math.PI);
        (_acting[0], _acting[1], ActingCount, IsIdle) = (a, b, 2, power < Nothing);
        var most = MostBits;
        var isJoined = _lone.CanJoin(a, b);
        if (isJoined)
        {
            Span<Complex> matrix = stackalloc Complex[16];
            gate.WriteMatrix(circuit.ParametersOf(op), matrix);
            Parts = _lone.Join(a, b, matrix);
        }

        Entangle(false, isRotation ? 1 : 2, power, most, isJoined);
    }

    // Whether a qubit is an eigenstate of its Pauli matrix, so that a rotation about two of them is one of the other qubit alone.
    private bool Rotates(int qubit, PauliRuns.Axis axis, int other, PauliRuns.Axis otherAxis, double angle)
    {
        if (_lone.IsEntangled(qubit) || _lone.Eigenvalue(qubit, LoneQubits.Pauli(axis)) is not { } value)
        {
            return false;
        }

        // cos(θ/2) - i sin(θ/2) times the matrices.
        var (sin, cos) = Math.SinCos(angle / 2);
        var factor = new Complex(0, -sin) * value;
        var pauli = LoneQubits.Pauli(otherAxis);
        Disturb(other, [cos + (factor * pauli[0]), factor * pauli[1], factor * pauli[2], cos + (factor * pauli[3])], Complex.IsNaN(value));
        return true;
    }

    // Something is done to a qubit alone, always or only for some results.
    private void Disturb(int qubit, ReadOnlySpan<Complex> matrix, bool dependsOnResult)
    {
        if (dependsOnResult)
        {
            _lone.ApplyPerhaps(qubit, matrix);
        }
        else
        {
            _lone.Apply(qubit, matrix);
        }

        _runs[qubit].Between = 1;
    }

    // A qubit on its own can be thought of beside the other one, and has two values: whatever the two do is worth one bit.
    private int MostBits => ActingCount == 2 && _lone.IsEntangled(_acting[0]) && _lone.IsEntangled(_acting[1]) ? 2 : 1;

    private void Entangle(bool isPauli, int bits, double strength, int most, bool isJoined)
    {
        Note(bits, strength, isPauli, most);
        for (var k = 0; k < ActingCount && !isJoined; k++)
        {
            _lone.Entangle(_acting[k]);
        }
    }

    private void Note(int bits, double strength, bool isPauli, int mostBits)
    {
        var typical = bits > 1 ? bits * Unit : Bits(strength);
        (Exact, Typical, Strength) = (bits, typical, strength);
        if (ActingCount == 2)
        {
            int a = _acting[0], b = _acting[1];
            ref Run first = ref _runs[a], second = ref _runs[b];
            if (first.Partner == b && second.Partner == a)
            {
                var most = first.Most;
                var total = Math.Min(most, first.Exact + bits);
                var isUndone = isPauli && first.IsOnePauli;
                var turned = first.Between + second.Between;
                var whole = Math.Min(most * Unit, isUndone ? Bits(Math.Min(1, turned)) : first.Typical + typical);
                IsIdle = isUndone && turned < Nothing;
                Strength = isUndone ? Math.Min(1, turned) : strength;
                whole = Parts ? 0 : whole;
                (Exact, Typical) = (total - first.Exact, whole - first.Typical);
                second = new Run { Partner = a, Exact = (byte)total, Typical = (byte)Math.Max(0, whole), Most = second.Most };
                first = new Run { Partner = b, Exact = (byte)total, Typical = (byte)Math.Max(0, whole), Most = most };
            }
            else
            {
                // What is parted was worth a bit.
                (bits, typical) = (Math.Min(mostBits, bits), Parts ? -Unit : Math.Min(mostBits * Unit, typical));
                (Exact, Typical) = (bits, typical);
                first = new Run { Partner = b, Exact = (byte)bits, Typical = (byte)Math.Max(0, typical), Most = (byte)mostBits, IsOnePauli = isPauli };
                second = first with { Partner = a };
            }
        }
        else
        {
            foreach (var q in Acting)
            {
                _runs[q].Partner = -1;
            }
        }
    }

    // Before a gate on several qubits: begins with the first that has several controls, if nothing was joined before, and ends with one that is not on all that are entangled.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Products(Circuit circuit, in Operation op, ReadOnlySpan<int> qubits, bool uncertain)
    {
        var isFirst = !_hasJoined;
        _hasJoined = true;
        if (uncertain || op.ControlCount < 2 || op.HasDynamicParameters || op.Kind != OperationKind.Gate || circuit.GateOf(op).NumQubits > 1)
        {
            _products = null;
            return;
        }

        // A control that is known makes it another gate, perhaps on one qubit.
        var isKnown = false;
        foreach (var control in circuit.ControlsOf(op))
        {
            isKnown |= _lone.IsZero(control) || _lone.IsOne(control);
        }

        for (var q = 0; q < _runs.Length; q++)
        {
            if (isKnown || (isFirst ? !_lone.HasState(q) : _lone.IsEntangled(q) ? !qubits.Contains(q) : !_lone.HasState(q)))
            {
                _products = null;
                return;
            }
        }

        var products = _products ?? new ProductSum(_lone, _runs.Length);
        Span<Complex> room = stackalloc Complex[4];
        var matrix = LoneQubits.Matrix(circuit, op, room);
        var targets = circuit.TargetsOf(op);
        _products = products.Add(circuit.ControlsOf(op), targets.Length == 0 ? -1 : targets[0], matrix) ? products : null;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Follow(Circuit circuit, in Operation op, int qubit, bool uncertain, ProductSum products)
    {
        if (uncertain || op.HasDynamicParameters)
        {
            _products = null;
            return;
        }

        Span<Complex> room = stackalloc Complex[4];
        var matrix = LoneQubits.Matrix(circuit, op, room);
        products.Apply(qubit, op.ControlCount == 0 ? matrix : [Complex.One, Complex.Zero, Complex.Zero, matrix[0]]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Follow(Circuit circuit, in Operation op, int qubit, bool uncertain)
    {
        if (uncertain)
        {
            _lone.Forget(qubit);
            return;
        }

        Span<Complex> room = stackalloc Complex[4];
        var matrix = LoneQubits.Matrix(circuit, op, room);
        _lone.Apply(qubit, op.ControlCount == 0 ? matrix : [Complex.One, Complex.Zero, Complex.Zero, matrix[0]]);
    }

    private static (double Kept, double Added) TurnsOf(GateDefinition gate) =>
        gate.NumParameters > 0 ? (1, PauliRuns.AxisOf(gate) == PauliRuns.Axis.None ? 1 : double.NaN)
        : gate == GateCatalog.T || gate == GateCatalog.Tdg ? (1, 0.5)
        : PauliRuns.KeptOf(gate) != PauliRuns.All ? (0, 1) : (1, 0);

    // How much a gate with one control entangles: 1 for CX.
    private static double PowerOf(GateDefinition gate) =>
        gate == GateCatalog.P || gate == GateCatalog.RX || gate == GateCatalog.RY || gate == GateCatalog.RZ ? double.NaN
        : gate == GateCatalog.S || gate == GateCatalog.Sdg || gate == GateCatalog.SX || gate == GateCatalog.SXdg ? 0.5
        : gate == GateCatalog.T || gate == GateCatalog.Tdg ? 0.25 : 1;

    private static double ControlledPower(Circuit circuit, in Operation op) =>
        ControlledPowers[op.GateIndex] is var power && !double.IsNaN(power) ? power : Turned(circuit.FirstParameterOf(op), 2 * Math.PI);

    // The distance of an angle to the nearest multiple of the period, in halves of it: 0 to 1.
    private static double Turned(double angle, double period)
    {
        var turns = angle / period;
        return 2 * Math.Abs(turns - Math.Round(turns));
    }

    /// <summary>Typical growth for a share of the strongest entangler, in eighths of a bit. Without a logarithm: its exponent, and the mantissa in between.</summary>
    public static int Bits(double power)
    {
        if (!(power > Nothing))
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
