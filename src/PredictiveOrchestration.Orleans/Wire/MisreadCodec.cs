using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Orleans.Wire;

/// <summary>Wrong reports of bits as numbers: for each bit the probability that 0 is reported as 1, and the other way round.</summary>
internal static class MisreadCodec
{
    public static double[]? Write(ReadoutFlips[]? flips) => flips is null ? null : [.. flips.SelectMany(f => (double[])[f.ZeroAsOne, f.OneAsZero])];

    /// <exception cref="FormatException">The numbers are no pairs of probabilities.</exception>
    public static ReadoutFlips[]? Read(double[]? numbers)
    {
        if (numbers is null)
        {
            return null;
        }

        if (numbers.Length % 2 != 0 || !Array.TrueForAll(numbers, n => n is >= 0 and <= 1))
        {
            throw new FormatException("The errors of readout are no pairs of probabilities.");
        }

        return [.. numbers.Chunk(2).Select(pair => new ReadoutFlips(pair[0], pair[1]))];
    }
}
