using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// Amplitudes that a sparse engine goes over, summed over gates: of all gates, of those that mix amplitudes, of those among them that are matrices on several qubits, that meet amplitudes in no
/// order, and where amplitudes may cancel. As long as there are as many amplitudes, only gates are counted; the sums are those of one addition after the other, to the last digit.
/// </summary>
internal struct SparseAmounts
{
    // From here on not every integer is a number.
    private const double Exact = 1L << 53;
    private int _dimension;
    private int _gates, _mixing, _groups, _unordered, _cancelling;

    public double All { get; private set; }

    public double Mixing { get; private set; }

    public double Groups { get; private set; }

    public double Unordered { get; private set; }

    public double Cancelling { get; private set; }

    /// <summary>Adds a gate.</summary>
    /// <param name="dimension">The base-2 logarithm of the number of amplitudes.</param>
    /// <param name="isMixing">Whether it mixes amplitudes.</param>
    public void Add(int dimension, bool isMixing)
    {
        if (dimension != _dimension)
        {
            EndRun();
            _dimension = dimension;
        }

        _gates++;
        _mixing += isMixing ? 1 : 0;
    }

    /// <summary>The latest gate is a matrix on several qubits.</summary>
    public void AddGroup() => _groups++;

    /// <summary>The latest gate meets amplitudes in no order, or such that may cancel.</summary>
    /// <param name="isMixing">Whether it mixes them.</param>
    /// <param name="isUnordered">Whether they are in no order.</param>
    public void AddDisorder(bool isMixing, bool isUnordered)
    {
        _unordered += isMixing & isUnordered ? 1 : 0;
        _cancelling += isMixing & !isUnordered ? 1 : 0;
    }

    /// <summary>Brings the sums up to date.</summary>
    public void EndRun()
    {
        var amplitudes = PowersOfTwo.Of(_dimension);
        All = Sum(All, _gates, amplitudes);
        Mixing = Sum(Mixing, _mixing, amplitudes);
        Groups = Sum(Groups, _groups, amplitudes);
        Unordered = Sum(Unordered, _unordered, amplitudes);
        Cancelling = Sum(Cancelling, _cancelling, amplitudes);
        _gates = _mixing = _groups = _unordered = _cancelling = 0;
    }

    // Where nothing is rounded all additions are one.
    private static double Sum(double sum, int count, double amplitudes)
    {
        while (count > 0)
        {
            var whole = sum + (count * amplitudes);
            if (whole <= Exact || (sum / amplitudes is var before && before == Math.Floor(before) && before + count <= Exact))
            {
                return whole;
            }

            sum += amplitudes;
            count--;
        }

        return sum;
    }
}
