namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// Between the gates and the chain: a gate that would need bonds to be compressed first waits, and so do later gates on its qubits, while
/// gates elsewhere go on. When enough wait, one compression serves for as many of them as it makes room for. Where the last compression
/// took nearly everything away, bonds are large for nothing: then the next comes at once, before more of them are.
/// </summary>
internal sealed class GateQueue(BondChain chain)
{
    // A compression to less than this share of the numbers stored has shown that bonds were not needed.
    private const double Collapse = 1.0 / 16;

    private readonly bool[] _blocked = new bool[chain.NumQubits];
    private List<OperatorString> _waiting = [];
    private List<OperatorString> _next = [];
    private int _patience;

    /// <summary>Applies a gate, now or later.</summary>
    public void Add(OperatorString gate)
    {
        Pass(gate);
        if (_waiting.Count > _patience)
        {
            Round();
        }
    }

    /// <summary>Applies what waits.</summary>
    public void Finish()
    {
        while (_waiting.Count > 0)
        {
            Round();
        }
    }

    private void Round()
    {
        var before = chain.Elements;
        chain.Compress();
        _patience = chain.Elements < Collapse * before ? 0 : chain.NumQubits;
        (_waiting, _next) = (_next, _waiting);
        _blocked.AsSpan().Clear();

        // Now the first goes through whatever it needs.
        chain.Apply(_next[0]);
        for (var k = 1; k < _next.Count; k++)
        {
            Pass(_next[k]);
        }

        _next.Clear();
    }

    private void Pass(OperatorString gate)
    {
        var waits = false;
        foreach (var q in gate.Qubits)
        {
            waits |= _blocked[q];
        }

        if (!waits && chain.Fits(gate))
        {
            chain.Apply(gate);
            return;
        }

        _waiting.Add(gate);
        foreach (var q in gate.Qubits)
        {
            _blocked[q] = true;
        }
    }
}
