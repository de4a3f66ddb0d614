using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Layout;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>A state of qubits as a chain of tensors, in the order of a layout.</summary>
internal sealed class ChainState : IQuantumState
{
    private readonly RunContext _context;
    private readonly MatrixKernelSet _kernels;
    private readonly TruncationPolicy _policy;
    private readonly ChainLayout _layout;
    private readonly SiteMap _map;
    private readonly MatrixPool _pool;
    private readonly MatrixAlgebra _algebra;
    private readonly TensorChain _chain;
    private readonly OperatorFactory _factory;

    // Gates that wait for those that they go together with, or null.
    private GateBlocks? _waiting;

    /// <summary>Creates |0…0⟩.</summary>
    public ChainState(int numQubits, TruncationPolicy policy, MatrixKernelSet kernels, ChainLayout layout, RunContext context)
    {
        _context = context;
        _kernels = kernels;
        _policy = policy;
        _layout = layout;
        _map = new SiteMap(layout.SiteOf);
        _pool = new MatrixPool(context);
        _algebra = new MatrixAlgebra(_pool, kernels, context);
        _factory = new OperatorFactory(_algebra);
        try
        {
            _chain = new TensorChain(numQubits, policy, _algebra, _map, context.BackendId);
        }
        catch
        {
            _pool.Dispose();
            throw;
        }
    }

    public int NumQubits => _chain.NumQubits;

    public long MemoryBytes => _pool.Bytes;

    public long NonZeros => _chain.Elements;

    public int? BondDimension => _chain.GreatestBond;

    public double DiscardedWeight => _chain.DiscardedWeight;

    public double FidelityLowerBound => _chain.FidelityLowerBound;

    /// <summary>Takes over a state.</summary>
    public void Load(StateSnapshot snapshot)
    {
        _algebra.Operation = snapshot.OperationIndex;
        if (snapshot.BitOfQubit is { } sites && sites.Length == NumQubits)
        {
            // Draws follow the order of the sites.
            _map.CopyFrom(new SiteMap(sites));
        }

        new SnapshotLoader(_chain, _map, _context).Load(snapshot);
        _chain.Finish();
    }

    public void Apply(Circuit circuit, int start, int end, ClassicalState? classical, RunContext context)
    {
        Take(circuit, start, end, classical, context);
        Settle();
    }

    public void Advance(Circuit circuit, int start, int end, RunContext context) => Take(circuit, start, end, null, context);

    public void Settle()
    {
        if (_waiting is { } blocks)
        {
            _waiting = null;
            blocks.Finish();
            _chain.Finish();
        }
    }

    public double ProbabilityOfOne(int qubit)
    {
        var (zero, one) = _chain.Weights(_map.SiteOf(qubit));
        return one / (zero + one);
    }

    public void Collapse(int qubit, bool outcome, double probability) => _chain.Project(_map.SiteOf(qubit), outcome);

    public void Flip(int qubit) => _chain.Flip(_map.SiteOf(qubit));

    public IQuantumState Clone()
    {
        var copy = new ChainState(NumQubits, _policy, _kernels, _layout, _context);
        try
        {
            copy._map.CopyFrom(_map);
            copy._chain.CopyFrom(_chain);
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    public void Sample(ReadOnlySpan<int> qubits, ReadOnlySpan<double> draws, Span<ulong> outcomes) =>
        new ChainSampler(_chain).Sample(_map.SitesOf(qubits), draws, outcomes);

    public void VisitProbabilities(ReadOnlySpan<int> qubits, ProbabilityVisitor visit) => new ChainReader(_chain, _map, _context).Visit(_map.SitesOf(qubits), visit);

    public double ExpectationValue(PauliTerm term) => new ChainReader(_chain, _map, _context).Expectation(term);

    public StateSnapshot ToSnapshot(int operationIndex) => new SnapshotWriter(_chain, _map, _context).Write(operationIndex).With(_map.Sites);

    public void Dispose() => _pool.Dispose();

    private void Take(Circuit circuit, int start, int end, ClassicalState? classical, RunContext context)
    {
        var blocks = _waiting ??= new GateBlocks(_chain, _factory, _map, _layout.RelabelSwaps);
        for (var i = start; i < end; i++)
        {
            if ((i & 0xF) == 0)
            {
                context.Check(i);
                context.ReportOperations(i);
            }

            _algebra.Operation = i;
            ref readonly var op = ref circuit.Operations[i];
            if (op.Kind != OperationKind.Barrier)
            {
                blocks.Apply(circuit, op, classical);
            }
        }
    }
}
