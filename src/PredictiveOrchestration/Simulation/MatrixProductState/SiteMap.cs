namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>Which qubit is at which site of a chain; swaps of qubits may change it.</summary>
internal sealed class SiteMap
{
    private readonly int[] _siteOf;
    private readonly int[] _qubitAt;
    private bool _isIdentity = true;

    public SiteMap(ReadOnlySpan<int> siteOf)
    {
        _siteOf = siteOf.ToArray();
        _qubitAt = new int[siteOf.Length];
        for (var q = 0; q < siteOf.Length; q++)
        {
            _qubitAt[siteOf[q]] = q;
            _isIdentity &= siteOf[q] == q;
        }
    }

    /// <summary>The site of each qubit.</summary>
    public int[] Sites => [.. _siteOf];

    public int SiteOf(int qubit) => _siteOf[qubit];

    public int QubitAt(int site) => _qubitAt[site];

    /// <summary>The sites of qubits, in the same order.</summary>
    public int[] SitesOf(ReadOnlySpan<int> qubits)
    {
        var sites = new int[qubits.Length];
        SitesOf(qubits, sites);
        return sites;
    }

    /// <summary>The same into a place given.</summary>
    public void SitesOf(ReadOnlySpan<int> qubits, Span<int> sites)
    {
        for (var i = 0; i < qubits.Length; i++)
        {
            sites[i] = _siteOf[qubits[i]];
        }
    }

    /// <summary>Lets two qubits change places.</summary>
    public void Exchange(int a, int b)
    {
        (_siteOf[a], _siteOf[b]) = (_siteOf[b], _siteOf[a]);
        (_qubitAt[_siteOf[a]], _qubitAt[_siteOf[b]]) = (a, b);
        _isIdentity = false;
    }

    public void CopyFrom(SiteMap other)
    {
        other._siteOf.CopyTo(_siteOf, 0);
        other._qubitAt.CopyTo(_qubitAt, 0);
        _isIdentity = other._isIdentity;
    }

    /// <summary>The value of the sites that a basis index means.</summary>
    public UInt128 ToValue(UInt128 index)
    {
        if (_isIdentity)
        {
            return index;
        }

        UInt128 value = 0;
        for (var q = 0; q < _siteOf.Length; q++)
        {
            value |= ((index >> q) & 1) << _siteOf[q];
        }

        return value;
    }
}
