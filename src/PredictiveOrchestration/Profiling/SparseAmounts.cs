namespace PredictiveOrchestration.Profiling;

/// <summary>
/// Amplitudes that a sparse engine goes over, summed over gates: of all gates, of those that mix amplitudes, of those among them that are matrices on several qubits, that meet amplitudes in no
/// order, and where amplitudes may cancel. As long as there are as many amplitudes, only gates are counted; the sums are those of one addition after the other, to the last digit.
/// </summary>
internal struct SparseAmounts
{
    // From here on not every integer is a number.
    private const double Exact = 1L << 53;
    private double _amplitudes;
    private int _gates, _mixing, _groups, _unorderedHalves, _cancelling;

    public double All { get; private set; }

    public double Mixing { get; private set; }

    public double Groups { get; private set; }

    public double Unordered { get; private set; }

    public double Cancelling { get; private set; }

    /// <summary>Adds a gate.</summary>
    /// <param name="amplitudes">How many there are: a whole number, or so great that there is nothing else.</param>
    /// <param name="isMixing">Whether it mixes amplitudes.</param>
    public void Add(double amplitudes, bool isMixing)
    {
        if (amplitudes != _amplitudes)
        {
            EndRun();
            _amplitudes = amplitudes;
        }

        _gates++;
        _mixing += isMixing ? 1 : 0;
    }

    /// <summary>The latest gate is a matrix on several qubits.</summary>
    public void AddGroup() => _groups++;

    /// <summary>The latest gate mixes amplitudes that are in no order, or such that may cancel.</summary>
    /// <param name="isUnordered">Whether they are in no order.</param>
    /// <param name="isGrowing">Whether it makes twice as many of them: half of all are looked for.</param>
    public void AddDisorder(bool isUnordered, bool isGrowing)
    {
        _unorderedHalves += !isUnordered ? 0 : isGrowing ? 1 : 2;
        _cancelling += isUnordered ? 0 : 1;
    }

    /// <summary>Brings the sums up to date.</summary>
    public void EndRun()
    {
        All = Sum(All, _gates, _amplitudes);
        Mixing = Sum(Mixing, _mixing, _amplitudes);
        Groups = Sum(Groups, _groups, _amplitudes);
        Unordered = Sum(Unordered, _unorderedHalves, _amplitudes / 2);
        Cancelling = Sum(Cancelling, _cancelling, _amplitudes);
        _gates = _mixing = _groups = _unorderedHalves = _cancelling = 0;
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
