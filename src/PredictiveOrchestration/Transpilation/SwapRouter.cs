using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Transpilation;

/// <summary>
/// Puts exchanges of neighbours in until every two-qubit gate stands on neighbours: the heuristic of Li, Ding and Xie, "Tackling the qubit mapping problem"
/// (SABRE, 2019), with a front layer, a look-ahead of twenty gates and a decay, and its search of the first layout by running back and forth.
/// </summary>
internal sealed class SwapRouter(CouplingGraph graph, int numQubits, IReadOnlyList<Block> blocks, ulong seed)
{
    private const int LookAhead = 20;
    private const double LookAheadWeight = 0.5;
    private const double Decay = 0.001;
    private const int Trials = 8;

    /// <summary>The best of several trials.</summary>
    /// <param name="used">The circuit's qubits that something acts on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public RoutedBlocks Route(int[] used, CancellationToken cancellationToken)
    {
        var reversed = blocks.Where(b => b.Kind == BlockKind.Two).Reverse().ToList();
        var forward = blocks.Where(b => b.Kind == BlockKind.Two).ToList();
        RoutedBlocks? best = null;
        for (var trial = 0; trial < Trials; trial++)
        {
            var random = new SeededRandom(seed, (ulong)trial);
            var layout = FirstLayout(used, trial, random);
            if (trial > 0 || !Enumerable.Range(0, numQubits).All(q => layout[q] < 0 || layout[q] == q))
            {
                for (var pass = 0; pass < 2; pass++)
                {
                    layout = Run(forward, layout, random, cancellationToken).FinalLayout;
                    layout = Run(reversed, layout, random, cancellationToken).FinalLayout;
                }
            }

            var routed = Run(blocks, layout, random, cancellationToken);
            best = best is null || routed.SwapCount < best.SwapCount ? routed : best;
            if (best.SwapCount == 0)
            {
                break;
            }
        }

        return best!;
    }

    // The first trial leaves numbers as they are, if that is possible; the others grow a connected region from a random qubit.
    private int[] FirstLayout(int[] used, int trial, SeededRandom random)
    {
        var layout = new int[numQubits];
        Array.Fill(layout, -1);
        var usable = graph.Usable.ToHashSet();
        if (trial == 0 && used.All(usable.Contains))
        {
            foreach (var q in used)
            {
                layout[q] = q;
            }

            return layout;
        }

        var start = graph.Usable[random.Next(graph.Usable.Length)];
        var region = graph.Usable.OrderBy(q => graph.Distance(start, q)).ThenByDescending(q => graph.Neighbours[q].Length).Take(used.Length).ToArray();
        random.Shuffle(region.AsSpan());
        for (var i = 0; i < used.Length; i++)
        {
            layout[used[i]] = region[i];
        }

        return layout;
    }

    private RoutedBlocks Run(IReadOnlyList<Block> steps, int[] initial, SeededRandom random, CancellationToken cancellationToken)
    {
        var layout = (int[])initial.Clone();
        var holds = new int[graph.Neighbours.Length];
        Array.Fill(holds, -1);
        for (var q = 0; q < layout.Length; q++)
        {
            if (layout[q] >= 0)
            {
                holds[layout[q]] = q;
            }
        }

        var (waits, next) = Dependencies(steps);
        var ready = new Queue<int>(Enumerable.Range(0, steps.Count).Where(i => waits[i] == 0));
        var front = new List<int>();
        var result = new List<Block>();
        var decay = new double[graph.Neighbours.Length];
        Array.Fill(decay, 1);
        var swaps = 0;
        var sinceProgress = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var k = front.Count - 1; k >= 0; k--)
            {
                if (IsAdjacent(steps[front[k]], layout))
                {
                    ready.Enqueue(front[k]);
                    front.RemoveAt(k);
                    sinceProgress = 0;
                    Array.Fill(decay, 1);
                }
            }

            while (ready.TryDequeue(out var i))
            {
                if (!IsAdjacent(steps[i], layout))
                {
                    front.Add(i);
                    continue;
                }

                var step = steps[i];
                result.Add(new Block(step.Kind, Array.ConvertAll(step.Qubits, q => layout[q]), step.Matrix, step.Bit));
                foreach (var follower in next[i])
                {
                    if (--waits[follower] == 0)
                    {
                        ready.Enqueue(follower);
                    }
                }
            }

            if (front.Count == 0)
            {
                return new RoutedBlocks(result, initial, layout, swaps);
            }

            var (a, b) = sinceProgress > 4 * graph.Usable.Length
                ? StepTowards(steps[front[0]], layout)
                : BestSwap(steps, front, Ahead(steps, front, next), layout, holds, decay, random);
            result.Add(new Block(BlockKind.Two, [a, b], Swap(), -1));
            (holds[a], holds[b]) = (holds[b], holds[a]);
            foreach (var p in (ReadOnlySpan<int>)[a, b])
            {
                decay[p] += Decay;
                if (holds[p] >= 0)
                {
                    layout[holds[p]] = p;
                }
            }

            swaps++;
            sinceProgress++;
        }
    }

    private static System.Numerics.Complex[] Swap() => [1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];

    private bool IsAdjacent(Block step, int[] layout) => step.Kind != BlockKind.Two || graph.IsComplete || graph.Distance(layout[step.Qubits[0]], layout[step.Qubits[1]]) == 1;

    // Along a shortest path: the way out where the heuristic goes round in circles.
    private (int A, int B) StepTowards(Block step, int[] layout)
    {
        var (from, to) = (layout[step.Qubits[0]], layout[step.Qubits[1]]);
        return (from, graph.Neighbours[from].First(n => graph.Distance(n, to) == graph.Distance(from, to) - 1));
    }

    private (int A, int B) BestSwap(IReadOnlyList<Block> steps, List<int> front, List<int> ahead, int[] layout, int[] holds, double[] decay, SeededRandom random)
    {
        var best = (A: -1, B: -1);
        var least = double.MaxValue;
        var ties = 0;
        var seen = new HashSet<(int, int)>();
        foreach (var i in front)
        {
            foreach (var q in steps[i].Qubits)
            {
                var a = layout[q];
                foreach (var b in graph.Neighbours[a])
                {
                    if (!seen.Add((Math.Min(a, b), Math.Max(a, b))))
                    {
                        continue;
                    }

                    int At(int qubit) => layout[qubit] == a ? b : layout[qubit] == b ? a : layout[qubit];
                    double Mean(List<int> of) => of.Count == 0 ? 0 : of.Average(k => (double)graph.Distance(At(steps[k].Qubits[0]), At(steps[k].Qubits[1])));
                    var score = Math.Max(decay[a], decay[b]) * (Mean(front) + LookAheadWeight * Mean(ahead));
                    if (score < least - 1e-12)
                    {
                        (best, least, ties) = ((a, b), score, 1);
                    }
                    else if (score < least + 1e-12 && random.Next(++ties) == 0)
                    {
                        best = (a, b);
                    }
                }
            }
        }

        return best;
    }

    private static List<int> Ahead(IReadOnlyList<Block> steps, List<int> front, List<int>[] next)
    {
        var ahead = new List<int>();
        var seen = front.ToHashSet();
        var queue = new Queue<int>(front);
        while (ahead.Count < LookAhead && queue.TryDequeue(out var i))
        {
            foreach (var follower in next[i].Where(seen.Add))
            {
                queue.Enqueue(follower);
                if (steps[follower].Kind == BlockKind.Two)
                {
                    ahead.Add(follower);
                }
            }
        }

        return ahead;
    }

    private (int[] Waits, List<int>[] Next) Dependencies(IReadOnlyList<Block> steps)
    {
        var waits = new int[steps.Count];
        var next = new List<int>[steps.Count];
        var last = new int[numQubits];
        Array.Fill(last, -1);
        var lastBit = new Dictionary<int, int>();
        for (var i = 0; i < steps.Count; i++)
        {
            next[i] = [];
            void After(int before)
            {
                if (before >= 0)
                {
                    waits[i]++;
                    next[before].Add(i);
                }
            }

            foreach (var q in steps[i].Qubits)
            {
                After(last[q]);
                last[q] = i;
            }

            // The later of two measurements into one bit must stay the later.
            if (steps[i].Kind == BlockKind.Measure)
            {
                After(lastBit.GetValueOrDefault(steps[i].Bit, -1));
                lastBit[steps[i].Bit] = i;
            }
        }

        return (waits, next);
    }
}

/// <summary>Blocks on a device's qubits.</summary>
/// <param name="Blocks">The blocks, exchanges included.</param>
/// <param name="InitialLayout">Where each qubit begins; -1 for one that is not used.</param>
/// <param name="FinalLayout">Where it ends.</param>
/// <param name="SwapCount">The exchanges.</param>
internal sealed record RoutedBlocks(IReadOnlyList<Block> Blocks, int[] InitialLayout, int[] FinalLayout, int SwapCount);
