using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Profiling;

/// <summary>How amounts of planned work add up over the operations of a circuit: sums at evenly spread places, and straight lines between them.</summary>
/// <param name="operations">The number of operations.</param>
/// <param name="kinds">The number of amounts.</param>
internal sealed class PlannedProgress(int operations, int kinds)
{
    private const int MostPlaces = 64;
    private readonly int _places = Math.Clamp(operations, 1, MostPlaces);
    private readonly double[] _sums = new double[(Math.Clamp(operations, 1, MostPlaces) + 1) * kinds];

    /// <summary>Gets the number of amounts.</summary>
    public int Kinds => kinds;

    /// <summary>Gets what was added at each place, kind after kind. Not after <see cref="Sum"/>.</summary>
    public Span<double> Places => _sums.AsSpan(kinds);

    /// <summary>The place to which an operation counts; one at or after the end counts to the last.</summary>
    public int PlaceAt(int operation) => (int)Math.Min(_places - 1, (long)operation * _places / Math.Max(1, operations));

    /// <summary>Adds work that is done at an operation. Not after <see cref="Sum"/>.</summary>
    public void Add(int operation, int kind, double amount) => AddTo(PlaceAt(operation), kind, amount);

    /// <summary>Adds work to a place.</summary>
    public void AddTo(int place, int kind, double amount) => _sums[(place + 1) * kinds + kind] += amount;

    /// <summary>Turns what was added into running sums.</summary>
    public PlannedProgress Sum()
    {
        for (var i = kinds; i < _sums.Length; i++)
        {
            _sums[i] += _sums[i - kinds];
        }

        return this;
    }

    /// <summary>The amounts of the operations from <paramref name="start"/> up to <paramref name="end"/>, times a cost for each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public double Part(int start, int end, ReadOnlySpan<double> costs)
    {
        var (from, to) = (PlaceOf(start), PlaceOf(end));
        var (first, last) = (Math.Min(_places - 1, (int)from), Math.Min(_places - 1, (int)to));
        double sum = 0;
        for (var k = 0; k < kinds; k++)
        {
            sum += costs[k] * (At(last, to - last, k) - At(first, from - first, k));
        }

        return sum;
    }

    private double PlaceOf(int operation) => (double)Math.Min(operation, operations) * _places / Math.Max(1, operations);

    private double At(int place, double beyond, int kind) => _sums[place * kinds + kind] + (beyond * (_sums[(place + 1) * kinds + kind] - _sums[place * kinds + kind]));
}
