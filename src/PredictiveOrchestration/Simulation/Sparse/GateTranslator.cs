using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>
/// Turns gates into steps that wait in a <see cref="StepQueue"/>, and runs them before a gate that mixes.
/// <para>
/// A Hadamard gate on a qubit that has one value in all entries is put off: the state is H on the pending qubits times the entries.
/// X and Z exchange their parts on such qubits and two Hadamard gates cancel, so that a superposition that only passes
/// through is never written out. Pending qubits keep values that are functions of the other qubits' values, because all
/// pending gates are made good before any gate that pairs entries; so the entries are never more than those of the state.
/// </para>
/// </summary>
internal sealed class GateTranslator(EntryStore entries, EntryMixer mixer, SparseKernelSet kernels, RunContext context)
{
    private static readonly double Half = Math.Sqrt(0.5);
    private static readonly PairMatrix Hadamard = new(Half, 0, Half, 0, Half, 0, -Half, 0);
    private readonly StepQueue _queue = new(kernels);
    private BasisIndex _pending;
    private BasisIndex _varying;
    private bool _varyingIsKnown;
    private int _operation;

    /// <summary>The global phase.</summary>
    public Complex Phase { get; set; } = Complex.One;

    /// <summary>Says that the entries were changed from outside.</summary>
    public void Invalidate() => _varyingIsKnown = false;

    /// <summary>Applies a gate, a unitary or a barrier, now or later.</summary>
    public void Apply(Circuit circuit, in Operation op, ClassicalState? classical, int operation)
    {
        _operation = operation;
        if (_queue.IsFull)
        {
            RunQueue();
        }

        if (op.Kind == OperationKind.Barrier)
        {
            return;
        }

        var controls = BasisIndex.Of(circuit.ControlsOf(op));
        var targets = circuit.TargetsOf(op);
        if (op.Kind == OperationKind.Unitary)
        {
            Matrix(controls, targets, circuit.MatrixOf(op));
            return;
        }

        var gate = circuit.GateOf(op);
        if (gate == GateCatalog.X)
        {
            X(controls, BasisIndex.Of(targets[0]));
        }
        else if (gate == GateCatalog.Z)
        {
            Z(controls | BasisIndex.Of(targets[0]));
        }
        else if (gate == GateCatalog.H && controls.IsZero)
        {
            H(BasisIndex.Of(targets[0]));
        }
        else if (gate == GateCatalog.Swap)
        {
            Swap(controls, BasisIndex.Of(targets[0]), BasisIndex.Of(targets[1]));
        }
        else if (gate != GateCatalog.Id)
        {
            Span<double> room = stackalloc double[4];
            Named(gate, controls, targets, circuit.EvaluateParameters(op, classical, room));
        }
    }

    /// <summary>Makes good everything that waits.</summary>
    public void Finish(int operation)
    {
        _operation = operation;
        MakeGood(_pending);
        RunQueue();
    }

    /// <summary>Flips a qubit at once.</summary>
    public void Flip(int qubit)
    {
        X(BasisIndex.Zero, BasisIndex.Of(qubit));
        RunQueue();
    }

    private void X(BasisIndex controls, BasisIndex target)
    {
        var waiting = controls & _pending;
        if (waiting.IsZero)
        {
            if (_pending.Has(target))
            {
                PhaseWhere(controls | target, -1);
            }
            else
            {
                _queue.Flip(controls, controls, controls, target);
            }
        }
        else if (waiting == controls && controls.Lowest == controls && _pending.Has(target))
        {
            // H H cx H H is cx the other way round.
            _queue.Flip(target, target, target, controls);
        }
        else
        {
            MakeGood(waiting);
            X(controls, target);
        }
    }

    private void Z(BasisIndex qubits)
    {
        var waiting = qubits & _pending;
        if (waiting.IsZero)
        {
            PhaseWhere(qubits, -1);
            return;
        }

        var target = waiting.Lowest;
        MakeGood(waiting ^ target);
        var rest = qubits ^ target;
        _queue.Flip(rest, rest, rest, target);
    }

    private void H(BasisIndex qubit)
    {
        if (_pending.Has(qubit))
        {
            _pending ^= qubit;
        }
        else if (IsConstant(qubit))
        {
            _pending |= qubit;
        }
        else
        {
            Mix(BasisIndex.Zero, qubit, Hadamard);
        }
    }

    private void Swap(BasisIndex controls, BasisIndex a, BasisIndex b)
    {
        if (!controls.IsZero)
        {
            MakeGood(_pending & (controls | a | b));
        }
        else if (_pending.Has(a) != _pending.Has(b))
        {
            _pending ^= a | b;
        }

        _queue.Flip(controls | a | b, controls | a, controls | b, a | b);
    }

    private void Named(GateDefinition gate, BasisIndex controls, ReadOnlySpan<int> targets, ReadOnlySpan<double> parameters)
    {
        Span<Complex> matrix = stackalloc Complex[16];
        if (gate == GateCatalog.RXX || gate == GateCatalog.RYY || gate == GateCatalog.RZX || gate == GateCatalog.Ecr)
        {
            var angle = gate == GateCatalog.Ecr ? Math.PI / 2 : parameters[0];
            GateCatalog.RX.WriteMatrix([angle], matrix);
            TwoQubitRotation(gate, controls, BasisIndex.Of(targets[0]), BasisIndex.Of(targets[1]), targets, matrix[..4]);
            return;
        }

        if (gate == GateCatalog.RZZ)
        {
            var (a, b) = (BasisIndex.Of(targets[0]), BasisIndex.Of(targets[1]));
            MakeGood(_pending & (controls | a | b));
            PhaseWhere(controls, Complex.FromPolarCoordinates(1, -parameters[0] / 2));
            Differ(controls, a, b, Complex.FromPolarCoordinates(1, parameters[0]));
            return;
        }

        if (gate == GateCatalog.ISwap || gate == GateCatalog.ISwapDg)
        {
            var (a, b) = (BasisIndex.Of(targets[0]), BasisIndex.Of(targets[1]));
            MakeGood(_pending & (controls | a | b));
            Swap(controls, a, b);
            Differ(controls, a, b, gate == GateCatalog.ISwap ? Complex.ImaginaryOne : -Complex.ImaginaryOne);
            return;
        }

        var all = gate.NumQubits <= 2 ? matrix[..(1 << (2 * gate.NumQubits))] : new Complex[1 << (2 * gate.NumQubits)];
        gate.WriteMatrix(parameters, all);
        Matrix(controls, targets, all);
    }

    // e^{-iθ P⊗Q/2} is an x rotation of one qubit between gates that permute or give phases; these need no controls.
    private void TwoQubitRotation(GateDefinition gate, BasisIndex controls, BasisIndex a, BasisIndex b, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> rotation)
    {
        MakeGood(_pending & (controls | a | b));
        if (gate == GateCatalog.RXX || gate == GateCatalog.RYY)
        {
            var isY = gate == GateCatalog.RYY;
            Turn(isY, -Complex.ImaginaryOne);
            _queue.Flip(a, a, a, b);
            Matrix(controls, targets[..1], rotation);
            _queue.Flip(a, a, a, b);
            Turn(isY, Complex.ImaginaryOne);
            return;
        }

        PhaseWhere(a | b, -1);
        Matrix(controls, targets[1..2], rotation);
        PhaseWhere(a | b, -1);
        if (gate == GateCatalog.Ecr)
        {
            X(controls, a);
        }

        void Turn(bool turns, Complex phase)
        {
            if (turns)
            {
                PhaseWhere(a, phase);
                PhaseWhere(b, phase);
            }
        }
    }

    private void Matrix(BasisIndex controls, ReadOnlySpan<int> targets, ReadOnlySpan<Complex> matrix)
    {
        if (targets.Length == 0)
        {
            MakeGood(_pending & controls);
            PhaseWhere(controls, matrix[0]);
            return;
        }

        if (targets.Length == 1)
        {
            OneQubit(controls, BasisIndex.Of(targets[0]), matrix);
            return;
        }

        MakeGood(_pending & (controls | BasisIndex.Of(targets)));
        var size = 1 << targets.Length;
        Span<int> image = stackalloc int[size];
        if (IsMonomial(matrix, size, image))
        {
            var flips = new BasisIndex[size];
            var (re, im) = (new double[size], new double[size]);
            for (var j = 0; j < size; j++)
            {
                flips[j] = BasisIndex.Spread(j ^ image[j], targets);
                (re[j], im[j]) = (matrix[image[j] * size + j].Real, matrix[image[j] * size + j].Imaginary);
            }

            _queue.Map(controls, new SparseStepTable(targets.ToArray(), flips, re, im));
            return;
        }

        MakeGood(_pending);
        RunQueue();
        mixer.MixGroups(controls, targets, matrix, _operation);
        _varyingIsKnown = false;
    }

    private void OneQubit(BasisIndex controls, BasisIndex target, ReadOnlySpan<Complex> m)
    {
        MakeGood(_pending & (controls | target));
        if (m[1] == Complex.Zero && m[2] == Complex.Zero)
        {
            Diagonal(controls, target, m[0], m[3]);
        }
        else if (m[0] == Complex.Zero && m[3] == Complex.Zero)
        {
            Diagonal(controls, target, m[2], m[1]);
            X(controls, target);
        }
        else
        {
            Mix(controls, target, new PairMatrix(m[0].Real, m[0].Imaginary, m[1].Real, m[1].Imaginary, m[2].Real, m[2].Imaginary, m[3].Real, m[3].Imaginary));
        }
    }

    private void Diagonal(BasisIndex controls, BasisIndex target, Complex zero, Complex one)
    {
        if (controls.IsZero)
        {
            Phase *= zero;
            PhaseWhere(target, one * Complex.Conjugate(zero));
            return;
        }

        if (zero != Complex.One)
        {
            _queue.Multiply(controls | target, controls, controls, zero);
        }

        PhaseWhere(controls | target, one);
    }

    private void PhaseWhere(BasisIndex mask, Complex factor)
    {
        if (mask.IsZero)
        {
            Phase *= factor;
        }
        else
        {
            _queue.Multiply(mask, mask, mask, factor);
        }
    }

    private void Differ(BasisIndex controls, BasisIndex a, BasisIndex b, Complex factor) =>
        _queue.Multiply(controls | a | b, controls | a, controls | b, factor);

    // Applies the pending Hadamard gates of some qubits.
    private void MakeGood(BasisIndex qubits)
    {
        while (!qubits.IsZero)
        {
            var qubit = qubits.Lowest;
            qubits ^= qubit;
            if (_pending.Has(qubit))
            {
                _pending ^= qubit;
                MixNow(BasisIndex.Zero, qubit, Hadamard);
            }
        }
    }

    private void Mix(BasisIndex controls, BasisIndex target, in PairMatrix matrix)
    {
        if (!_pending.IsZero && !(controls.IsZero && IsConstant(target)))
        {
            MakeGood(_pending);
        }

        MixNow(controls, target, matrix);
    }

    private void MixNow(BasisIndex controls, BasisIndex target, in PairMatrix matrix)
    {
        var isConstant = IsConstant(target);
        RunQueue();
        if (controls.IsZero && isConstant)
        {
            mixer.Spread(target, matrix, _operation);
            _varying |= target;
        }
        else
        {
            mixer.Mix(controls, target, matrix, _operation);
            _varyingIsKnown = false;
        }
    }

    // Whether a qubit has one value in all entries.
    private bool IsConstant(BasisIndex qubit)
    {
        if (!_varyingIsKnown || _queue.ChangesVariation)
        {
            RunQueue();
            _varying = kernels.Differences(entries.Planes, entries.PaddedCount, entries.Planes.IndexAt(0));
            _varyingIsKnown = true;
        }

        return (_varying & qubit).IsZero;
    }

    private void RunQueue()
    {
        _varyingIsKnown &= !_queue.ChangesVariation;
        _queue.Run(entries, context, _operation);
    }

    private static bool IsMonomial(ReadOnlySpan<Complex> matrix, int size, Span<int> image)
    {
        for (var column = 0; column < size; column++)
        {
            image[column] = -1;
            for (var row = 0; row < size; row++)
            {
                if (matrix[row * size + column] != Complex.Zero)
                {
                    if (image[column] >= 0)
                    {
                        return false;
                    }

                    image[column] = row;
                }
            }
        }

        return true;
    }
}
