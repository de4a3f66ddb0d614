using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// What a matrix product state does with a circuit, as counts: tensors touched; rows of them combined; rows reflected in factorisations; multiply-adds of factorisations, m · n · rank;
/// those of products; and, for the readout, Σ 2 · χl · χr over the sites times the shots that have come apart there, for 1, 32, 256 and 2048 shots.
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

    // How many of 2^q values so many shots meet.
    private static readonly double[][] Met = [.. Enumerable.Range(0, MostBits + 1).Select(q => Shots.Select(s => Apart(s, PowersOfTwo.Of(q))).ToArray())];

    /// <summary>Adds what a readout goes over.</summary>
    /// <param name="amounts">The counts.</param>
    /// <param name="elements">The numbers of each site's tensor.</param>
    /// <param name="supportLog2">The base-2 logarithm of the number of outcomes, at most.</param>
    public static void AddReadout(Span<double> amounts, ReadOnlySpan<double> elements, int supportLog2)
    {
        for (var q = 0; q < elements.Length; q++)
        {
            var met = Met[Math.Min(Math.Min(q, supportLog2), MostBits)];
            for (var k = 0; k < met.Length; k++)
            {
                amounts[Read + k] += elements[q] * met[k];
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

        var batches = Math.Max(1, shots / Shots[^1]);
        var at = Math.Min(shots, Shots[^1]);
        var k = 1;
        while (k < Shots.Length - 1 && at > Shots[k])
        {
            k++;
        }

        var share = (at - Shots[k - 1]) / (Shots[k] - Shots[k - 1]);
        return batches * (amounts[Read + k - 1] + (share * (amounts[Read + k] - amounts[Read + k - 1])));
    }

    /// <summary>The rows of a readout: shots that have come apart, summed over the sites.</summary>
    public static double ReadoutRows(int numQubits, double supportLog2, double shots)
    {
        var batches = Math.Max(1, shots / Shots[^1]);
        double rows = 0, at = Math.Min(shots, Shots[^1]), most = Math.Min(supportLog2, 60);
        int grown = (int)Math.Min(numQubits, Math.Min(most, 16));
        for (var q = 0; q < grown; q++)
        {
            rows += Apart(at, PowersOfTwo.Of(q));
        }

        return shots <= 0 ? 0 : batches * (rows + ((numQubits - grown) * Apart(at, Math.Pow(2, most))));
    }

    // So many of the values are met by the shots, about.
    private static double Apart(double shots, double values) =>
        shots <= 1 || values >= 64 * shots ? shots : 64 * values <= shots ? values : Math.Max(1, values * (1 - Math.Exp(-shots / values)));
}
