using System.Numerics;

namespace PredictiveOrchestration.Simulation.Fusion;

/// <summary>A diagonal operation as a product of factors, each where one bit or two bits are 1. All factors commute.</summary>
internal sealed class PhasePolynomial
{
    private readonly Dictionary<int, Complex> _factors = [];

    /// <summary>All bits that the operation looks at.</summary>
    public long Bits { get; private set; }

    public int Count => _factors.Count;

    /// <summary>The factors: both bits are equal where the factor looks at one bit; otherwise the first is the lower.</summary>
    public IEnumerable<(int First, int Second, Complex Factor)> Factors => _factors.Select(f => (f.Key >> 6, f.Key & 63, f.Value));

    /// <summary>The bits that every factor looks at.</summary>
    public long CommonBits()
    {
        var common = Bits;
        foreach (var key in _factors.Keys)
        {
            common &= 1L << (key >> 6) | 1L << (key & 63);
        }

        return common;
    }

    /// <summary>Multiplies by a factor where both bits are 1.</summary>
    public void Multiply(int first, int second, Complex factor)
    {
        var key = first < second ? first << 6 | second : second << 6 | first;
        _factors[key] = _factors.TryGetValue(key, out var known) ? known * factor : factor;
        Bits |= 1L << first | 1L << second;
    }
}
