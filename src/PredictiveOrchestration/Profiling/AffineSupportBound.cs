using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// A proved bound on the basis states with non-zero amplitude: they lie in an affine space over GF(2), of dimension k, so there are
/// at most 2^k. A flip with several controls that are not known leads out of any such space, so that its target counts as free; but once such permutations
/// are taken back (<see cref="TakenBackPermutations"/>) the space is again what it was before.
/// </summary>
internal sealed class AffineSupportBound
{
    private readonly int _numQubits;
    private readonly AffineSpace _space;
    private readonly TakenBackPermutations? _permutations;
    private AffineSpace? _before;

    public AffineSupportBound(int numQubits)
    {
        _numQubits = numQubits;
        _space = new AffineSpace(numQubits);
        _permutations = numQubits <= TakenBackPermutations.MostQubits ? new TakenBackPermutations() : null;
    }

    /// <summary>k: at most 2^k amplitudes are not zero.</summary>
    public int Dimension => IsFull ? _numQubits : _space.Dimension;

    /// <summary>Whether it is the space of all basis states, which gates map onto itself: nothing is tracked until a reset.</summary>
    public bool IsFull { get; private set; }

    // Whether permutations wait to be taken back.
    private bool IsWaiting => _permutations is { IsEmpty: false };

    /// <summary>Whether a qubit has one value in all basis states.</summary>
    public bool IsKnown(int qubit) => !IsFull && _space.IsKnown(qubit);

    /// <summary>Makes it the space of all basis states.</summary>
    public void Fill()
    {
        _permutations?.Clear();
        IsFull = true;
    }

    /// <summary>Takes in a gate or unitary. <paramref name="uncertain"/>: it may or may not be executed, perhaps several times.</summary>
    public void Apply(Circuit circuit, in Operation op, bool uncertain)
    {
        if (Dimension == _numQubits && !IsWaiting)
        {
            IsFull = true;
            return;
        }

        int remaining = 0, free = -1;
        foreach (var control in circuit.ControlsOf(op))
        {
            if (!uncertain && _space.IsKnown(control))
            {
                if (!_space.ValueOf(control))
                {
                    return;
                }
            }
            else
            {
                (free, remaining) = (control, remaining + 1);
            }
        }

        if (op.Kind == OperationKind.Gate && circuit.GateOf(op).Structure == GateStructure.Diagonal)
        {
            return;
        }

        if (_permutations is not null && (uncertain ? Forget() : IsTakenBack(circuit, op, remaining)))
        {
            return;
        }

        Apply(_space, circuit, op, remaining, free, uncertain);
    }

    /// <summary>Takes in a reset.</summary>
    public void Reset(int qubit, bool uncertain)
    {
        if (IsFull)
        {
            IsFull = false;
            _space.MakeIdentity();
        }

        if (IsWaiting && (uncertain || !_permutations!.IsApart(UInt128.One << qubit)))
        {
            Forget();
        }

        Reset(_space, qubit, uncertain);
        if (IsWaiting)
        {
            Reset(_before!, qubit, uncertain);
        }
    }

    /// <summary>A qubit is on its own, and has one value.</summary>
    public void Fix(int qubit, bool value)
    {
        Reset(qubit, false);
        foreach (var space in IsWaiting ? (ReadOnlySpan<AffineSpace>)[_space, _before!] : [_space])
        {
            if (value)
            {
                space.Flip(qubit);
            }
        }
    }

    private static void Reset(AffineSpace space, int qubit, bool uncertain)
    {
        if (uncertain)
        {
            space.Free(qubit);
        }
        else
        {
            space.Detach(qubit);
        }
    }

    private bool Forget()
    {
        _permutations!.Clear();
        return false;
    }

    // Whether nothing else is to be done: the space is that of before what was taken back, or stays as it is.
    private bool IsTakenBack(Circuit circuit, in Operation op, int remaining)
    {
        if (!IsWaiting)
        {
            // What the space can follow need not be taken back, nor be looked at.
            if (op.Kind == OperationKind.Gate && remaining + circuit.GateOf(op).NumQubits > 2 && TakenBackPermutations.TryRead(circuit, op, out var first) && (remaining > 1 || (remaining == 1 && first.IsSwap) || circuit.GateOf(op).NumQubits > 2) && !_space.IsFree(circuit.QubitsOf(op)[^1]))
            {
                (_before ??= new AffineSpace(_numQubits)).CopyFrom(_space);
                _permutations!.Add(first);
            }

            return false;
        }

        var targets = circuit.TargetsOf(op);
        if (TakenBackPermutations.TryRead(circuit, op, out var permutation))
        {
            if (_permutations!.TakeBack(permutation))
            {
                if (_permutations.IsEmpty)
                {
                    _space.CopyFrom(_before!);
                }

                return _permutations.IsEmpty;
            }

            if (!permutation.IsSwap && _before!.IsFree(targets[^1]) && _permutations.IsApart(permutation.Moved))
            {
                return true;
            }

            if (_permutations.IsFull)
            {
                return Forget();
            }

            _permutations.Add(permutation);
            return false;
        }

        // Qubits that the permutations have nothing to do with might have been mixed before them, whatever the controls were.
        if (!_permutations!.IsApart(TakenBackPermutations.MaskOf(targets)))
        {
            return Forget();
        }

        foreach (var space in (ReadOnlySpan<AffineSpace>)[_before!, _space])
        {
            Apply(space, circuit, op, remaining, -1, uncertain: true);
        }

        return true;
    }

    private static void Apply(AffineSpace space, Circuit circuit, in Operation op, int remaining, int free, bool uncertain)
    {
        var targets = circuit.TargetsOf(op);
        if (op.Kind == OperationKind.Unitary)
        {
            Mix(space, targets, Differences(circuit.MatrixOf(op), 1 << targets.Length));
            return;
        }

        var gate = circuit.GateOf(op);
        if (TakenBackPermutations.IsSwap(gate))
        {
            if (remaining == 0 && !uncertain)
            {
                space.Swap(targets[0], targets[1]);
            }
            else
            {
                Mix(space, targets, 0b1000);
            }

            return;
        }

        var motion = gate.NumQubits == 1 ? Motion(gate, op.HasDynamicParameters ? [] : circuit.ParametersOf(op)) : TargetMotion.Mixes;
        if (gate.NumQubits > 1)
        {
            Mix(space, targets, GateDifferences(gate));
        }
        else if (motion == TargetMotion.Mixes || (motion == TargetMotion.Flips && (uncertain || remaining > 1)))
        {
            space.Free(targets[0]);
        }
        else if (motion == TargetMotion.Flips)
        {
            if (remaining == 1)
            {
                space.AddRow(free, targets[0]);
            }
            else
            {
                space.Flip(targets[0]);
            }
        }
    }

    /// <summary>Whether a gate on one qubit leaves, exchanges or mixes the basis states. Amplitudes of 5e-16 are far below what engines keep.</summary>
    public static TargetMotion Motion(GateDefinition gate, ReadOnlySpan<double> parameters)
    {
        const double nothing = 5e-16;
        if (gate.Structure == GateStructure.Monomial)
        {
            return TargetMotion.Flips;
        }

        if (parameters.IsEmpty)
        {
            return TargetMotion.Mixes;
        }

        var (sin, cos) = Math.SinCos(parameters[0] / 2);
        return Math.Abs(sin) < nothing ? TargetMotion.Stays : Math.Abs(cos) < nothing ? TargetMotion.Flips : TargetMotion.Mixes;
    }

    /// <summary>Bit d of the result: some basis state can turn into one that differs by d.</summary>
    public static uint GateDifferences(GateDefinition gate)
    {
        if (gate == GateCatalog.RXX || gate == GateCatalog.RYY)
        {
            return 1u << 3;
        }

        if (gate == GateCatalog.RZX)
        {
            return 1u << 2;
        }

        return gate == GateCatalog.RCCX ? 1u << 4 : gate == GateCatalog.RC3X ? 1u << 8 : gate == GateCatalog.Ecr ? 0b1010 : uint.MaxValue;
    }

    private static uint Differences(ReadOnlySpan<Complex> matrix, int size)
    {
        uint differences = 0;
        for (var i = 0; i < matrix.Length; i++)
        {
            if (matrix[i] != Complex.Zero)
            {
                differences |= 1u << (i / size ^ i % size);
            }
        }

        return differences;
    }

    // Adds the span of the differences: each is brought to a single qubit by controlled X gates, which are then undone.
    private static void Mix(AffineSpace space, ReadOnlySpan<int> targets, uint differences)
    {
        Span<int> basis = stackalloc int[targets.Length];
        basis.Clear();
        for (var d = 1; d < 1 << targets.Length; d++)
        {
            if ((differences >> d & 1) == 0)
            {
                continue;
            }

            var rest = d;
            for (var bit = targets.Length - 1; bit >= 0 && rest != 0; bit--)
            {
                if ((rest >> bit & 1) == 0)
                {
                    continue;
                }

                if (basis[bit] == 0)
                {
                    basis[bit] = rest;
                    Add(space, targets, rest, bit);
                    break;
                }

                rest ^= basis[bit];
            }
        }
    }

    private static void Add(AffineSpace space, ReadOnlySpan<int> targets, int difference, int bit)
    {
        for (var j = 0; j < targets.Length; j++)
        {
            if (j != bit && (difference >> j & 1) != 0)
            {
                space.AddRow(targets[bit], targets[j]);
            }
        }

        space.Free(targets[bit]);
        for (var j = 0; j < targets.Length; j++)
        {
            if (j != bit && (difference >> j & 1) != 0)
            {
                space.AddRow(targets[bit], targets[j]);
            }
        }
    }
}

/// <summary>What a gate on one qubit does to its basis states.</summary>
internal enum TargetMotion
{
    Stays,
    Flips,
    Mixes,
}
