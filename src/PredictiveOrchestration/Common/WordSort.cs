using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Common;

/// <summary>
/// Sorts words by their digits, from the least significant one up: no comparison that a processor would have to guess, and what it costs is known beforehand, a pass over the words for each
/// digit in which any two differ.
/// </summary>
internal static class WordSort
{
    /// <summary>The bits of a digit: counters of all its values stay in the first-level cache.</summary>
    public const int DigitBits = 11;

    /// <summary>Fewer words are sorted by comparisons.</summary>
    public const int LeastWords = 256;

    /// <summary>Sorts.</summary>
    /// <param name="words">The words, sorted afterwards.</param>
    /// <param name="room">As many words, whose values are lost.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public static void Sort(Span<ulong> words, Span<ulong> room)
    {
        if (words.Length < LeastWords)
        {
            words.Sort();
            return;
        }

        ulong first = words[0], differing = 0;
        foreach (var word in words)
        {
            differing |= word ^ first;
        }

        Span<int> places = stackalloc int[1 << DigitBits];
        Span<ulong> from = words, to = room[..words.Length];
        while (differing != 0)
        {
            var shift = BitOperations.TrailingZeroCount(differing);
            differing = shift + DigitBits >= 64 ? 0 : differing & (ulong.MaxValue << (shift + DigitBits));
            places.Clear();
            foreach (var word in from)
            {
                places[Digit(word, shift)]++;
            }

            var before = 0;
            foreach (ref var place in places)
            {
                (place, before) = (before, before + place);
            }

            foreach (var word in from)
            {
                to[places[Digit(word, shift)]++] = word;
            }

            var sorted = to;
            to = from;
            from = sorted;
        }

        if (!Unsafe.AreSame(ref MemoryMarshal.GetReference(from), ref MemoryMarshal.GetReference(words)))
        {
            from.CopyTo(words);
        }
    }

    private static int Digit(ulong word, int shift) => (int)(word >> shift) & ((1 << DigitBits) - 1);
}
