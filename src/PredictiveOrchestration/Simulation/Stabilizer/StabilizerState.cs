using System.Numerics;
using System.Runtime.CompilerServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation.Stabilizer;

/// <summary>A stabilizer state as the shot runner sees it. Measurement outcomes are an affine space of equal probabilities.</summary>
internal sealed class StabilizerState : IQuantumState
{
    /// <summary>The most outcomes that are listed one by one: 2^24.</summary>
    private const int MaxListedLog2 = 24;

    private readonly RunContext _context;
    private readonly CliffordProgram _program;
    private readonly StabilizerTableau _tableau;
    private readonly long _bytes;
    private OutcomeSpace? _outcomes;
    private int[] _outcomeQubits = [];

    /// <summary>Creates |0…0⟩.</summary>
    public StabilizerState(int numQubits, RunContext context)
    {
        _context = context;
        _program = new CliffordProgram(context.BackendId);
        _bytes = StabilizerTableau.SizeBytes(numQubits);
        context.Reserve(_bytes, "the tableau");
        _tableau = new StabilizerTableau(numQubits);
    }

    private StabilizerState(StabilizerState other)
    {
        _context = other._context;
        _program = other._program;
        _bytes = other._bytes;
        _context.Reserve(_bytes, "a copy of the tableau");
        _tableau = other._tableau.Clone();
    }

    public int NumQubits => _tableau.NumQubits;

    public long MemoryBytes => _bytes;

    public long NonZeros => _outcomes is { } o && _outcomeQubits.Length == NumQubits ? 1L << Math.Min(62, o.Dimension) : 0;

    public double DiscardedWeight => 0;

    /// <summary>Prepares the state of a snapshot.</summary>
    /// <exception cref="BackendException">It is no stabilizer state.</exception>
    public void Load(StateSnapshot snapshot)
    {
        if (!SnapshotReader.TryPrepare(snapshot, _tableau, _context))
        {
            throw new BackendException(
                BackendErrorKind.Unsupported, _context.BackendId,
                $"Backend '{_context.BackendId}' cannot take over the state before operation {snapshot.OperationIndex}: it is no stabilizer state. Go on with a sparse or dense backend.")
            {
                OperationIndex = snapshot.OperationIndex,
            };
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(Circuit circuit, int start, int end, ClassicalState? classical, RunContext context)
    {
        _outcomes = null;
        var operations = circuit.Operations;
        for (var i = start; i < end; i++)
        {
            if ((i & 0xFF) == 0)
            {
                context.Check(i);
                context.ReportOperations(i);
            }

            ref readonly var op = ref operations[i];
            if (op.Kind != OperationKind.Barrier)
            {
                Apply(_program.StepsOf(circuit, i, classical), circuit.QubitsOf(op));
            }
        }

        context.ReportOperations(end);
    }

    public double ProbabilityOfOne(int qubit) =>
        _tableau.RandomRow(qubit) >= 0 ? 0.5 : _tableau.CertainOutcome(qubit) ? 1 : 0;

    public void Collapse(int qubit, bool outcome, double probability)
    {
        if (_tableau.RandomRow(qubit) is var row and >= 0)
        {
            _outcomes = null;
            _tableau.Project(qubit, row, outcome);
        }
    }

    public void Flip(int qubit)
    {
        _outcomes = null;
        _tableau.PauliX(qubit);
    }

    public IQuantumState Clone() => new StabilizerState(this);

    public void Sample(ReadOnlySpan<int> qubits, ReadOnlySpan<double> draws, Span<ulong> outcomes)
    {
        var space = OutcomesOf(qubits);
        for (var i = 0; i < draws.Length; i++)
        {
            if ((i & 0x3FF) == 0)
            {
                _context.Check(_context.OperationCount);
            }

            space.Select(draws[i], outcomes.Slice(i * space.Words, space.Words));
        }
    }

    public void VisitProbabilities(ReadOnlySpan<int> qubits, ProbabilityVisitor visit)
    {
        var space = OutcomesOf(qubits);
        if (space.Dimension > MaxListedLog2)
        {
            throw new BackendException(
                BackendErrorKind.Unsupported, _context.BackendId,
                $"Backend '{_context.BackendId}' lists at most 2^{MaxListedLog2} outcomes; this state has 2^{space.Dimension}, all equally probable. Ask for counts, for at most 2^{MaxListedLog2} probabilities of a circuit that does not measure in between, or measure fewer qubits.");
        }

        // Gray code: one direction changes from an outcome to the next.
        Span<ulong> outcome = new ulong[space.Words];
        space.CopyOffset(outcome);
        var probability = Math.ScaleB(1, -space.Dimension);
        for (var i = 1L; ; i++)
        {
            visit(outcome, probability);
            if (i >> space.Dimension != 0)
            {
                return;
            }

            if ((i & 0xFFFF) == 0)
            {
                _context.Check(_context.OperationCount);
            }

            space.Add(BitOperations.TrailingZeroCount(i), outcome);
        }
    }

    public bool TryVisitFirst(ReadOnlySpan<int> qubits, int count, ProbabilityVisitor visit)
    {
        if (count > 1 << MaxListedLog2)
        {
            return false;
        }

        var space = OutcomesOf(qubits);
        if (space.Dimension <= MaxListedLog2 && count >= 1 << space.Dimension)
        {
            return false;
        }

        var bytes = OutcomeSpace.SizeBytes(qubits.Length);
        _context.Reserve(bytes, "ordering the outcomes");
        try
        {
            space.VisitFirst(count, Math.ScaleB(1, -space.Dimension), visit, _context);
        }
        finally
        {
            _context.Release(bytes);
        }

        return true;
    }

    public double ExpectationValue(PauliTerm term) =>
        term.Coefficient * _tableau.Expectation([.. term.Factors.Select(f => (f.Qubit, f.Operator))]);

    public StateSnapshot ToSnapshot(int operationIndex) => SnapshotWriter.Write(_tableau, operationIndex, _context);

    public void Dispose() => _context.Release(_bytes);

    /// <summary>Applies primitives on positions among <paramref name="qubits"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Apply(CliffordStep[] steps, ReadOnlySpan<int> qubits)
    {
        foreach (var step in steps)
        {
            _tableau.Apply(step.Gate, qubits[step.A], qubits[step.B]);
        }
    }

    // Measuring uses a tableau up, so a copy is measured; its outcomes serve all questions about the same qubits.
    private OutcomeSpace OutcomesOf(ReadOnlySpan<int> qubits)
    {
        if (_outcomes is null || !qubits.SequenceEqual(_outcomeQubits))
        {
            var bytes = _bytes + OutcomeSpace.SizeBytes(qubits.Length);
            _context.Reserve(bytes, "measuring a copy of the tableau");
            try
            {
                _outcomes = new OutcomeSpace(_tableau.Clone(), qubits, _context);
                _outcomeQubits = qubits.ToArray();
            }
            finally
            {
                _context.Release(bytes);
            }
        }

        return _outcomes;
    }
}
