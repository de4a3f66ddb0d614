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

    // The products of a readout at a site behind q bits of a value, for each number of its tensor: a row for each value met so far where the next bit is zero, and once more for
    // each that goes on with one, which half of the values met behind it do. Where no bit is new, those are as many as before it.
    private static readonly double[][] New = [.. Enumerable.Range(0, MostBits + 1).Select(q => PerNumber(q, q + 1))], Known = [.. Enumerable.Range(0, MostBits + 1).Select(q => PerNumber(q, q))];

    /// <summary>Adds what a readout goes over.</summary>
    /// <param name="amounts">The counts.</param>
    /// <param name="elements">The numbers of each site's tensor.</param>
    /// <param name="supportLog2">The base-2 logarithm of the number of outcomes, at most.</param>
    public static void AddReadout(Span<double> amounts, ReadOnlySpan<double> elements, int supportLog2)
    {
        for (var q = 0; q < elements.Length; q++)
        {
            var products = q < supportLog2 ? New[Math.Min(q, MostBits)] : Known[Math.Min(supportLog2, MostBits)];
            for (var k = 0; k < products.Length; k++)
            {
                amounts[Read + k] += elements[q] * products[k];
            }
        }
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
        double rows = 0, at = Math.Min(shots, Shots[^1]), most = Math.Min(supportLog2, 60);
        int grown = (int)Math.Min(numQubits, Math.Min(most, 16));
        for (var q = 1; q <= grown; q++)
        {
            rows += Apart(at, PowersOfTwo.Of(q));
        }

        return Batches(shots) * (rows + ((numQubits - grown) * Apart(at, Math.Pow(2, most))));
    }

    private static double[] PerNumber(int before, int behind) => [.. Shots.Select(s => (Apart(s, Math.ScaleB(1, before)) + (Apart(s, Math.ScaleB(1, behind)) / 2)) / 2)];

    // So many of the values are met by the shots, about.
    private static double Apart(double shots, double values) =>
        shots <= 1 || values >= 64 * shots ? shots : 64 * values <= shots ? values : Math.Max(1, values * (1 - Math.Exp(-shots / values)));
}
