using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Integration.Advice;

/// <summary>Joins the results of blocks that never met: counts by pairing shots at random, probabilities and expectation values as products. Exact in distribution.</summary>
internal static class BlockResults
{
    /// <summary>The counts of all blocks together.</summary>
    /// <param name="blocks">For each block its counts, and the bit of the whole outcome for each of its bits.</param>
    /// <param name="shots">The number of shots that each block took.</param>
    /// <param name="length">The number of bits of the outcome.</param>
    /// <param name="seed">The seed of the pairing.</param>
    public static Dictionary<BitString, long> Counts(IReadOnlyList<(IReadOnlyDictionary<BitString, long> Counts, IReadOnlyList<int> Bits)> blocks, int shots, int length, ulong seed)
    {
        var words = Math.Max(1, (length + 63) / 64);
        var outcomes = new ulong[(long)shots * words];
        for (var b = 0; b < blocks.Count; b++)
        {
            var (counts, bits) = blocks[b];
            var order = new int[shots];
            var distinct = counts.Keys.Order().ToArray();
            var at = 0;
            for (var k = 0; k < distinct.Length; k++)
            {
                order.AsSpan(at, (int)counts[distinct[k]]).Fill(k);
                at += (int)counts[distinct[k]];
            }

            // Shots of one block are independent of those of another: any pairing that does not look at them will do.
            var random = new SeededRandom(seed, 0x626c6f636bUL + (ulong)b);
            for (var i = shots - 1; i > 0; i--)
            {
                var j = random.Next(i + 1);
                (order[i], order[j]) = (order[j], order[i]);
            }

            for (var i = 0; i < shots; i++)
            {
                Set(outcomes.AsSpan(i * words, words), distinct[order[i]], bits);
            }
        }

        var joint = new Dictionary<BitString, long>();
        for (var i = 0; i < shots; i++)
        {
            var outcome = new BitString(outcomes.AsSpan(i * words, words), length);
            joint[outcome] = joint.GetValueOrDefault(outcome) + 1;
        }

        return joint;
    }

    /// <summary>The most probable outcomes of all blocks together, from the most probable ones of each.</summary>
    public static IReadOnlyList<OutcomeProbability> Probabilities(IReadOnlyList<(IReadOnlyList<OutcomeProbability> Probabilities, IReadOnlyList<int> Bits)> blocks, int most, int length)
    {
        var words = Math.Max(1, (length + 63) / 64);
        var joint = new List<(ulong[] Outcome, double P)> { (new ulong[words], 1) };
        foreach (var (probabilities, bits) in blocks)
        {
            // Both lists fall: the next best pair is one of the heads of the rows.
            var next = new List<(ulong[], double)>();
            var heads = new PriorityQueue<(int I, int J), double>(Enumerable.Range(0, joint.Count).Where(_ => probabilities.Count > 0).Select(i => ((i, 0), -joint[i].P * probabilities[0].Probability)));
            while (next.Count < most && heads.TryDequeue(out var head, out var p))
            {
                var outcome = (ulong[])joint[head.I].Outcome.Clone();
                Set(outcome, probabilities[head.J].Outcome, bits);
                next.Add((outcome, -p));
                if (head.J + 1 < probabilities.Count)
                {
                    heads.Enqueue((head.I, head.J + 1), -joint[head.I].P * probabilities[head.J + 1].Probability);
                }
            }

            joint = next;
        }

        return [.. joint.Select(j => new OutcomeProbability(new BitString(j.Outcome, length), j.P)).OrderByDescending(o => o.Probability).ThenBy(o => o.Outcome)];
    }

    private static void Set(Span<ulong> words, BitString outcome, IReadOnlyList<int> bits)
    {
        for (var i = 0; i < bits.Count; i++)
        {
            if (outcome[i])
            {
                words[bits[i] >> 6] |= 1UL << (bits[i] & 63);
            }
        }
    }
}
