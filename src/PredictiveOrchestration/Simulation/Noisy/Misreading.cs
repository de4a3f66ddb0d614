using System.Runtime.InteropServices;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation.Noisy;

/// <summary>
/// Wrong readout at the end of a circuit. Bits are flipped whatever their value, so it does not matter which shot had which outcome: the shots are taken in the
/// order of their outcomes, and number i has flips of its own.
/// </summary>
internal static class Misreading
{
    /// <summary>Flips bits of counted outcomes.</summary>
    /// <param name="counts">How often each outcome was measured.</param>
    /// <param name="probabilities">The probability of a flip for each bit.</param>
    /// <param name="seed">The key of the draws.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static IReadOnlyDictionary<BitString, long> Apply(IReadOnlyDictionary<BitString, long> counts, double[] probabilities, ulong seed, CancellationToken cancellationToken)
    {
        if (Array.TrueForAll(probabilities, p => p == 0))
        {
            return counts;
        }

        var draws = new ErrorDraws(probabilities, seed);
        var read = new Dictionary<BitString, long>();
        var flips = new List<(int Place, double Uniform)>();
        var shot = 0L;
        var words = new ulong[(probabilities.Length + 63) / 64];
        foreach (var (outcome, count) in counts.OrderBy(c => c.Key))
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var n = 0L; n < count; n++)
            {
                draws.Of(shot++, flips);
                var seen = outcome;
                if (flips.Count > 0)
                {
                    for (var b = 0; b < words.Length; b++)
                    {
                        words[b] = 0;
                    }

                    for (var b = 0; b < outcome.Length; b++)
                    {
                        words[b >> 6] |= outcome[b] ? 1UL << b : 0;
                    }

                    flips.ForEach(f => words[f.Place >> 6] ^= 1UL << f.Place);
                    seen = new BitString(words, outcome.Length);
                }

                CollectionsMarshal.GetValueRefOrAddDefault(read, seen, out _)++;
            }
        }

        return read;
    }
}
