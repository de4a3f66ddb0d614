using System.Runtime.Intrinsics;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// What a matrix product state does with a circuit, as counts: tensors touched; rows of them combined; rows reflected in factorisations; multiply-adds of factorisations, m · n · rank;
/// those of products; and, for the readout, those of its products, for 1, 32, 256 and 2048 shots.
/// </summary>
internal static class ChainAmounts
{
    /// <summary>Places of the counts.</summary>
    public const int Tensors = 0, Rows = 1, Reflected = 2, Factored = 3, Multiplied = 4, Read = 5;

    /// <summary>How many there are.</summary>
    public const int Count = 9;

    // Shots are drawn at most so many at once.
    private static readonly double[] Shots = [1, 32, 256, 2048];
    private const int MostBits = 20;

    // By eighths of a bit of the values so far: a half of those that shots meet, for each number of shots. The products of a readout at a site, for each number of its tensor, are a half for each value
    // met before it, where the next bit is zero, and once more for each that goes on with one, which half of the values met behind it do.
    private const int Steps = 8;
    private static readonly Vector256<double>[] Half = [.. Enumerable.Range(0, (Steps * MostBits) + 1).Select(i => Vector256.Create([.. Shots.Select(s => Apart(s, Math.Pow(2, (double)i / Steps)) / 2)]))];

    /// <summary>Adds what a readout goes over.</summary>
    /// <param name="amounts">The counts.</param>
    /// <param name="elements">The numbers of each site's tensor.</param>
    /// <param name="supportLog2">The base-2 logarithm of the number of outcomes, at most.</param>
    public static void AddReadout(Span<double> amounts, ReadOnlySpan<double> elements, int supportLog2)
    {
        // Wherever the random bits are, each site is as likely to bring one as any other.
        var perSite = elements.Length == 0 ? 0 : (double)Steps * Math.Min(supportLog2, elements.Length) / elements.Length;
        var behind = Half[0];
        var sum = Vector256.Create(amounts.Slice(Read, Count - Read));
        for (var q = 0; q < elements.Length; q++)
        {
            var before = behind;
            behind = Half[Math.Min(Half.Length - 1, (int)((perSite * (q + 1)) + 0.5))];
            sum += elements[q] * (before + (behind * 0.5));
        }

        sum.CopyTo(amounts[Read..]);
    }

    /// <summary>The multiply-adds of a readout, by the counts for the numbers of shots on either side.</summary>
    public static double ReadoutProducts(ReadOnlySpan<double> amounts, double shots)
    {
        if (shots <= 0)
        {
            return 0;
        }

        var at = Math.Min(shots, Shots[^1]);
        var k = 1;
        while (k < Shots.Length - 1 && at > Shots[k])
        {
            k++;
        }

        var share = (at - Shots[k - 1]) / (Shots[k] - Shots[k - 1]);
        return Batches(shots) * (amounts[Read + k - 1] + (share * (amounts[Read + k] - amounts[Read + k - 1])));
    }

    /// <summary>The times that shots are drawn together: each goes over all sites.</summary>
    public static double Batches(double shots) => shots <= 0 ? 0 : Math.Max(1, shots / Shots[^1]);

    /// <summary>The values that a readout goes on with: shots that have come apart behind a site, summed over the sites.</summary>
    public static double ReadoutRows(int numQubits, double supportLog2, double shots)
    {
        double at = Math.Min(shots, Shots[^1]), bits = Math.Min(Math.Min(supportLog2, numQubits), 60), rows = 0, met = Apart(at, 1), first = met;
        if (bits <= 0)
        {
            return Batches(shots) * numQubits * met;
        }

        // Bit by bit up to where the shots have come apart; as many sites bring each.
        var grown = (int)Math.Min(bits, MostBits);
        for (var bit = 1; bit <= grown; bit++)
        {
            var behind = Apart(at, PowersOfTwo.Of(bit));
            rows += (met + behind) / 2;
            met = behind;
        }

        return Batches(shots) * ((numQubits * (rows + ((bits - grown) * met)) / bits) + ((met - first) / 2));
    }

    // So many of the values are met by the shots, about.
    private static double Apart(double shots, double values) =>
        shots <= 1 || values >= 64 * shots ? shots : 64 * values <= shots ? values : Math.Max(1, values * (1 - Math.Exp(-shots / values)));
}
