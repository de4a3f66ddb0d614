using PredictiveOrchestration.Common;
using PredictiveOrchestration.Noise;

namespace PredictiveOrchestration.Simulation;

/// <summary>
/// Draws where errors strike a shot, at a cost that grows with the strikes and not with the places: an exponential step along the sum of -ln(1 - p) leads to the
/// next one. Shot i has Philox streams of its own, so that its errors depend on nothing but the seed and i.
/// </summary>
internal sealed class ErrorDraws
{
    // A certain error: e^-50 is less than the resolution of a draw.
    private const double Certain = 50;
    private readonly double[] _sum;
    private readonly ulong _seed;

    public ErrorDraws(IEnumerable<double> probabilities, ulong seed)
    {
        var sum = 0.0;
        _sum = [.. probabilities.Select(p => sum += p >= 1 ? Certain : Math.Min(Certain, -Math.Log(1 - p)))];
        _seed = seed;
    }

    /// <summary>The key of the errors of a run, apart from that of its measurements.</summary>
    public static ulong SeedOf(ulong seed) => Philox.UInt64(seed, ulong.MaxValue, 0x4E4F495345);

    /// <summary>Writes the numbers of the places that strike a shot, ascending, with a uniform number for each.</summary>
    public void Of(long shot, List<(int Place, double Uniform)> strikes)
    {
        strikes.Clear();
        if (_sum.Length == 0)
        {
            return;
        }

        var at = 0.0;
        ulong draw = 0;
        for (var place = -1; ;)
        {
            at -= Math.Log(1 - Philox.Double(_seed, (ulong)shot, draw++));
            if (at >= _sum[^1])
            {
                return;
            }

            // The first place whose sum is beyond.
            var found = Array.BinarySearch(_sum, place + 1, _sum.Length - place - 1, at);
            place = found < 0 ? ~found : found + 1;
            while (place < _sum.Length && _sum[place] <= at)
            {
                place++;
            }

            if (place >= _sum.Length)
            {
                return;
            }

            strikes.Add((place, Philox.Double(_seed, (ulong)shot, draw++)));
            at = _sum[place];
        }
    }
}

/// <summary>The shots that one place strikes, in order, by geometric steps. Mutable: keep it in one place.</summary>
internal struct StrikeStream
{
    private readonly ulong _seed;
    private readonly ulong _stream;
    private readonly double _logKept;
    private ulong _draw;

    public StrikeStream(ulong seed, ulong stream, double probability)
    {
        (_seed, _stream) = (seed, stream);
        _logKept = probability >= 1 ? double.NegativeInfinity : Math.Log(1 - probability);
        Next = -1;
        Advance();
    }

    /// <summary>The next shot that is struck.</summary>
    public long Next { get; private set; }

    public double Uniform() => Philox.Double(_seed, _stream, _draw++);

    public void Advance()
    {
        // ln u / ln(1 - p), rounded down, is the number of shots passed over.
        var passed = _logKept == 0 ? double.MaxValue : Math.Log(1 - Uniform()) / _logKept;
        Next = passed < 1e15 ? Next + 1 + (long)passed : long.MaxValue;
    }
}
