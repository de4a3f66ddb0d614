using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Tests.Common;

public sealed class WordSortTests
{
    [Fact]
    public void Sort_AnyBits_IsThatOfTheLibrary()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var words = new ulong[random.Next(2) == 0 ? random.Next(40) : random.Next(3000)];

            // Few bits or many, anywhere in the word, and others that are set in all.
            ulong varying = 0, set = (ulong)random.NextInt64();
            for (var bits = random.Next(65); bits > 0; bits--)
            {
                varying |= 1UL << random.Next(64);
            }

            for (var i = 0; i < words.Length; i++)
            {
                words[i] = ((ulong)random.NextInt64() << 1 & varying) | (set & ~varying);
            }

            var expected = words.Order().ToArray();
            WordSort.Sort(words, new ulong[words.Length + (seed % 3)]);
            words.Should().Equal(expected, "seed {0}", seed);
        }
    }
}
