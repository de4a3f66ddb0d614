using System.Runtime.CompilerServices;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// About what a sparse engine would do, without an amplitude: how many basis states can have one after each gate, and how many it goes over. What is known of the basis states is tried from
/// the most exact to the coarsest; once all of them may have amplitudes nothing is followed any more, and gates are only counted.
/// </summary>
internal sealed class SparseSketch
{
    // More amplitudes are a hundred gigabytes and more: whether there are as many or all need not be followed where a tableau does it all.
    private const int MostLog2 = 32;
    private readonly Circuit _circuit;
    private readonly AffineSupportBound _support;
    private readonly EntryOrder _order;
    private SparseAmounts _amounts;
    private SureSupport _sure = new();
    private FewBasisStates? _few;
    private PutOffHadamards? _putOff;
    private PendingHadamards? _pending;
    private KeptOnes? _kept;
    private bool _isUnordered, _isCancelling, _nothingCancels, _turnsXX, _turnsYY, _isBeyondClifford;
    private (int, int) _grown = (-1, -1);

    /// <summary>Begins with all qubits in |0⟩.</summary>
    public SparseSketch(Circuit circuit)
    {
        var n = circuit.NumQubits;
        _circuit = circuit;
        (_support, _few, _putOff, _kept, _order) = (new AffineSupportBound(n), FewBasisStates.Begin(n), new PutOffHadamards(n), new KeptOnes(n), new EntryOrder(n));
    }

    /// <summary>Whether all basis states are reckoned to have amplitudes, and gates are only counted.</summary>
    public bool IsSettled { get; private set; }

    /// <summary>The base-2 logarithm of how many basis states have amplitudes at most. Permutations make no more of them, whatever is known of their values.</summary>
    public int Dimension { get; private set; }

    /// <summary>The base-2 logarithm of the most amplitudes that were stored at a time.</summary>
    public int PeakEntriesLog2 { get; private set; }

    /// <summary>The base-2 logarithm of how many surely were not zero at some time.</summary>
    public int SureSupportLog2 => _sure.CountLog2();

    /// <summary>What the engine goes over.</summary>
    public SparseAmounts Amounts => _amounts;

    /// <summary>The base-2 logarithm of about the greatest rank across a cut, where the basis states are few enough to be told apart.</summary>
    public int RankLog2() => _few?.RankLog2() ?? int.MaxValue;

    /// <summary>Whether a qubit has one value in all basis states.</summary>
    public bool IsKnown(int qubit) => _support.IsKnown(qubit);

    /// <summary>Takes in a gate or unitary.</summary>
    /// <param name="at">Which of the circuit's operations.</param>
    /// <param name="gate">What is known of it.</param>
    /// <param name="change">What it does to a qubit on its own.</param>
    public void Apply(int at, in SketchedStep gate, LoneChange change)
    {
        ref readonly var op = ref _circuit.Operations[at];
        _isBeyondClifford |= !gate.IsClifford;
        if (IsSettled && change < LoneChange.BecomesZero)
        {
            Count(op, gate, change);
            return;
        }

        Follow(op, at, gate, change);
        if (_few is null && _kept is null && _putOff is null && _pending is null)
        {
            Settle();
        }

        Peak();
    }

    /// <summary>Takes in a measurement.</summary>
    public void Measure()
    {
        _sure.End();
        MakeGood();
        _kept = null;
        Peak();
    }

    /// <summary>Takes in a reset.</summary>
    public void Reset(int qubit, bool uncertain)
    {
        BeginPart();
        _support.Reset(qubit, uncertain);
        Dimension = Math.Min(_support.Dimension, Dimension);
        _few = uncertain ? null : _few;
        _few?.Reset(qubit);
        Peak();
    }

    /// <summary>What comes next may be done or not, or depends on a result.</summary>
    public void BeginPart()
    {
        _sure.End();
        MakeGood();
        (_putOff, _kept, IsSettled) = (null, null, false);
        Peak();
    }

    /// <summary>Ends the walk.</summary>
    public void Finish()
    {
        MakeGood();
        _amounts.EndRun();
    }

    // As long as all gates are Clifford gates, how many there are at the end is known otherwise.
    private void Settle()
    {
        if (Dimension > MostLog2 && !_isBeyondClifford)
        {
            _support.Fill();
            Dimension = _circuit.NumQubits;
        }

        IsSettled = _support.IsFull && Dimension == _circuit.NumQubits;
    }

    // Where gates go on no more, an engine applies those that it has put off: each makes twice as many entries.
    private void MakeGood()
    {
        _pending ??= _putOff is { Waiting: > 0 } putOff ? new PendingHadamards(putOff) : null;
        _pending?.MakeGood(ref _amounts);
        PeakEntriesLog2 = Math.Max(PeakEntriesLog2, _pending?.EntriesLog2 ?? 0);
        (_putOff, _pending) = (_putOff is { Waiting: 0 } ? _putOff : null, null);
    }

    private void Peak() => PeakEntriesLog2 = Math.Max(PeakEntriesLog2, _pending?.EntriesLog2 ?? (_putOff is null ? Dimension : 0));

    private void Follow(in Operation op, int at, in SketchedStep gate, LoneChange change)
    {
        var qubits = _circuit.QubitsOf(op);
        var (isMixing, uncertain) = (gate.IsMixing, gate.IsUncertain);
        var targets = op.QubitCount - op.ControlCount;
        var (before, mixed) = (_support.Dimension, Dimension);
        var isKnown = false;
        if (isMixing)
        {
            _sure.Mix(_circuit, op, _support);
            isKnown = targets > 0 && _support.IsKnown(qubits[^1]);
        }
        else if (gate.Structure == GateStructure.Monomial && op.QubitCount > 1 && _putOff is null && _pending is null)
        {
            _order.Permute(_circuit, op, _support);
        }

        _support.Apply(_circuit, op, uncertain);
        Dimension = Math.Min(_support.Dimension, Dimension + (!isMixing ? 0 : gate.IsRepeated ? _circuit.NumQubits : targets));
        if (_few is { } few)
        {
            // What comes after they are too many to be told apart still adds to them.
            _few = !uncertain && few.Apply(_circuit, op) ? few : null;
            Dimension = _few is null ? Dimension : Math.Min(Dimension, few.CountLog2);
        }

        if (change >= LoneChange.BecomesZero && !uncertain)
        {
            // Half of them cancel.
            _support.Fix(qubits[0], change == LoneChange.BecomesOne);
            Dimension = Math.Min(_support.Dimension, mixed - 1);
        }

        _kept = !uncertain && _kept is { } kept && kept.Apply(_circuit, at) ? kept : null;
        Dimension = Math.Min(Dimension, _kept?.MostLog2 ?? Dimension);
        if (_putOff is { } putOff)
        {
            if (!uncertain && putOff.Apply(_circuit, op))
            {
                // Nothing else is known so well: a basis state, and a factor of two for each gate that waits.
                Dimension = putOff.Waiting;
                _amounts.Add(1, false);
                return;
            }

            _pending = !uncertain && putOff.Waiting > 0 ? new PendingHadamards(putOff) : null;
            if (uncertain)
            {
                MakeGood();
            }

            _putOff = null;
        }

        StopCancelling(op, gate);
        if (_pending is { } pending)
        {
            var isCounted = !uncertain && pending.Apply(_circuit, op, ref _amounts);
            if (pending.HasMoved)
            {
                _order.Permute(_circuit, op, _support);
            }

            Dimension = isCounted ? Math.Min(Dimension, pending.EntriesLog2 + pending.Waiting) : Dimension;
            if (!isCounted || pending.Waiting == 0)
            {
                MakeGood();
            }

            if (isCounted)
            {
                return;
            }
        }

        var isGrowing = _support.Dimension > before;
        if (isGrowing && op.QubitCount == 2)
        {
            _grown = (qubits[0], qubits[1]);
        }

        if (_kept is { Mixed: > 0 } exchange)
        {
            // Half of an exchange's partners are not there, and some are for a moment.
            _order.Lose();
            _nothingCancels = true;
            _amounts.Add(Math.Min(Math.Round(exchange.Mixed), PowersOfTwo.Of(Dimension)), true);
            _amounts.AddDisorder(true, false);
            return;
        }

        if (isMixing && isGrowing && !IsGroup(op) && (op.ControlCount > 0 || (!isKnown && _order.IsLostFor(qubits[^1]))))
        {
            _order.Lose();
        }

        Mix(op, gate, change, Math.Min(Math.Round(_kept?.Count ?? double.PositiveInfinity), PowersOfTwo.Of(Math.Max(mixed, Dimension))), isGrowing, isKnown, before > 0);
    }

    // A gate where nothing is followed any more.
    private void Count(in Operation op, in SketchedStep gate, LoneChange change)
    {
        if (gate.IsMixing)
        {
            _sure.End();
        }
        else if (gate.Structure == GateStructure.Monomial && op.QubitCount > 1)
        {
            _order.Permute(_circuit, op, _support);
        }

        StopCancelling(op, gate);
        Mix(op, gate, change, PowersOfTwo.Of(Dimension), false, false, true);
    }

    // What a gate goes over, and in which order.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Mix(in Operation op, in SketchedStep gate, LoneChange change, double amplitudes, bool isGrowing, bool isKnown, bool isSuperposed)
    {
        _amounts.Add(amplitudes, gate.IsMixing);
        if (!gate.IsMixing)
        {
            return;
        }

        // Hadamard gates make equal magnitudes cancel: all that a bound leaves out, or, where phases have told them apart, some here and some there.
        if (_isBeyondClifford && !_nothingCancels && gate.IsClifford && change == LoneChange.Unknown && !isGrowing && isSuperposed)
        {
            // T gates leave sums of few terms apart that only some cancel; after finer phases and several controls often most of a state cancels, and less is left than the bound says.
            _isUnordered |= gate.IsBehindT;
            _isCancelling = true;
        }

        var targets = op.QubitCount - op.ControlCount;
        if (IsGroup(op))
        {
            _amounts.AddGroup();
            return;
        }

        if (targets == 2)
        {
            // XX and YY together keep the number of ones: what one of them brings about the other takes away. The one that comes right after a pair was joined finds its partners side by side.
            var turn = _circuit.GateOf(op);
            _turnsXX |= turn == GateCatalog.RXX;
            _turnsYY |= turn == GateCatalog.RYY;
            var qubits = _circuit.QubitsOf(op);
            _isUnordered |= _turnsXX && _turnsYY && !isGrowing && (qubits[0], qubits[1]) != _grown;
        }

        if (targets > 0)
        {
            // A qubit that is known has no partners; of one that other qubits tell they are looked for in vain.
            var isDisordered = isGrowing ? !isKnown : _isUnordered || (!_isCancelling && _order.IsLostFor(_circuit.QubitsOf(op)[^1]));
            if (isDisordered || (_isCancelling && !isGrowing))
            {
                _amounts.AddDisorder(isDisordered, isGrowing);
            }
        }
    }

    private static bool IsGroup(in Operation op) => op.Kind == OperationKind.Unitary && op.QubitCount - op.ControlCount > 1;

    // Behind most gates nothing cancels any more, but what did has left amplitudes in no order.
    private void StopCancelling(in Operation op, in SketchedStep gate)
    {
        if (!_nothingCancels && !gate.IsClifford && (gate.IsMixing || !IsBinary(op)))
        {
            _nothingCancels = true;
            _isUnordered |= _isCancelling;
        }
    }

    // Whether a diagonal gate turns by nothing but a half turn over a power of two, as in arithmetic and Fourier transforms: amplitudes may cancel behind it.
    private bool IsBinary(in Operation op)
    {
        const double Finest = 1 << 24, Off = 1e-7;
        if (op.Kind != OperationKind.Gate || op.HasDynamicParameters)
        {
            return false;
        }

        foreach (var angle in _circuit.ParametersOf(op))
        {
            var parts = angle * (Finest / Math.PI);
            if (!(Math.Abs(parts - Math.Round(parts)) <= Off))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>What a walk knows of a gate.</summary>
/// <param name="Structure">What it does to basis states.</param>
/// <param name="IsClifford">Whether it is a Clifford gate.</param>
/// <param name="IsUncertain">Whether it may be left out.</param>
/// <param name="IsRepeated">Whether it may be done any number of times.</param>
/// <param name="IsBehindT">Whether there was a T gate.</param>
internal readonly record struct SketchedStep(GateStructure Structure, bool IsClifford, bool IsUncertain, bool IsRepeated, bool IsBehindT)
{
    /// <summary>Whether it makes superpositions of basis states.</summary>
    public bool IsMixing => Structure == GateStructure.Generic;
}

/// <summary>What a gate that mixes does to a qubit on its own.</summary>
internal enum LoneChange : byte
{
    /// <summary>It is entangled, nothing is known of it, or the gate does not mix or is on several.</summary>
    Unknown,
    Lone,
    BecomesZero,
    BecomesOne,
}
