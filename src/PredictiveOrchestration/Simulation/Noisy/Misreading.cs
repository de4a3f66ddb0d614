using PredictiveOrchestration.Backends;
using System.Runtime.InteropServices;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Noise;

namespace PredictiveOrchestration.Simulation.Noisy;

/// <summary>
/// Wrong readout at the end of a circuit. What strikes a bit does not depend on its value, so it does not matter which shot had which outcome: the shots are taken in the
/// order of their outcomes, and number i has flips of its own.
/// </summary>
internal static class Misreading
{
    /// <summary>Reports bits of counted outcomes wrong.</summary>
    /// <param name="counts">How often each outcome was measured.</param>
    /// <param name="errors">How each bit is reported wrong.</param>
    /// <param name="seed">The key of the draws.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static IReadOnlyDictionary<BitString, long> Apply(IReadOnlyDictionary<BitString, long> counts, ReadoutFlips[] errors, ulong seed, CancellationToken cancellationToken)
    {
        if (Array.TrueForAll(errors, e => e.Probability == 0))
        {
            return counts;
        }

        var draws = new ErrorDraws(errors.Select(e => e.Probability), seed);
        var read = new Dictionary<BitString, long>();
        var flips = new List<(int Place, double Uniform)>();
        var shot = 0L;
        var words = new ulong[(errors.Length + 63) / 64];
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

                    foreach (var (place, uniform) in flips)
                    {
                        var bit = 1UL << place;
                        ref var word = ref words[place >> 6];
                        word = errors[place].IsFlip(uniform) ? word ^ bit : errors[place].Else == 1 ? word | bit : word & ~bit;
                    }

                    seen = new BitString(words, outcome.Length);
                }

                CollectionsMarshal.GetValueRefOrAddDefault(read, seen, out _)++;
            }
        }

        return read;
    }
}
