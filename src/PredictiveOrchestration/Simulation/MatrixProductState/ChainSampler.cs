using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// Draws outcomes site by site from the left. Shots whose values so far are the same are one row of a matrix, and a qubit is one
/// product for all rows: the work is that of the distinct values, not of the shots. A shot's number is subdivided by the
/// probabilities of the values; when its bits are used up it is replaced by a hash of the number drawn.
/// </summary>
internal sealed unsafe class ChainSampler(TensorChain chain)
{
    // Shots taken down the tree at once: bounds the rows.
    private const int MostShots = 2048;

    // A value this improbable does not occur; the other is certain.
    private const double Negligible = 1e-15;

    // Numbers have 53 bits; below this share of the whole interval they are renewed.
    private const double Renewal = 1.0 / (1L << 32);

    private int[] _places = [];
    private int _words;
    private int _last;

    public void Sample(ReadOnlySpan<int> sites, ReadOnlySpan<double> draws, Span<ulong> outcomes)
    {
        chain.MoveCentre(0);
        _words = (sites.Length + 63) / 64;
        _places = new int[chain.NumQubits];
        _places.AsSpan().Fill(-1);
        for (var i = 0; i < sites.Length; i++)
        {
            _places[sites[i]] = i;
            _last = Math.Max(_last, sites[i]);
        }

        outcomes.Clear();
        for (var first = 0; first < draws.Length; first += MostShots)
        {
            chain.Algebra.Check();
            var count = Math.Min(MostShots, draws.Length - first);
            Batch(draws.Slice(first, count), outcomes.Slice(first * _words, count * _words));
        }
    }

    /// <summary>Shots that agree so far.</summary>
    /// <param name="Start">The first in the order of shots.</param>
    /// <param name="Count">How many.</param>
    /// <param name="Norm">The squared norm of the row.</param>
    /// <param name="Share">How much of the interval their numbers have used up.</param>
    /// <param name="Bits">Where the values are.</param>
    private readonly record struct Node(int Start, int Count, double Norm, double Share, int Bits);

    private void Batch(ReadOnlySpan<double> draws, Span<ulong> outcomes)
    {
        var algebra = chain.Algebra;
        var numbers = draws.ToArray();
        var order = new int[draws.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        // Rows of bits: at most one for each shot.
        var bits = new ulong[draws.Length * _words];
        var rowsOfBits = 1;
        var nodes = new List<Node> { new(0, draws.Length, Weight(), 1, 0) };
        var zeros = new List<Node>();
        var ones = new List<(Node Node, int Row)>();
        var held = new int[draws.Length];
        var rows = algebra.Pool.Rent(1, 1);
        rows.Re[0] = 1;
        for (var q = 0; q <= _last; q++)
        {
            int left = chain.Bond(q), right = chain.Bond(q + 1);
            var site = chain.Site(q);
            using var whereZero = algebra.Pool.Rent(rows.Rows, right);
            algebra.Multiply(rows.Rows, right, left, rows.Re, rows.Im, rows.Stride, site.Re, site.Im, site.Stride, whereZero.Re, whereZero.Im, whereZero.Stride);
            zeros.Clear();
            ones.Clear();
            for (var k = 0; k < nodes.Count; k++)
            {
                var node = nodes[k];
                var at = (long)k * whereZero.Stride;
                var norm = algebra.Kernels.Norm(whereZero.Re + at, whereZero.Im + at, whereZero.Stride);
                var p = norm / node.Norm;
                var count = p > 1 - Negligible ? node.Count : p < Negligible ? 0 : Partition(node, p, numbers, order, held);
                if (count > 0)
                {
                    // Rows of values kept move up, so that they are one block.
                    if (zeros.Count != k)
                    {
                        whereZero.CopyRow(zeros.Count, 0, whereZero, k, 0, right);
                    }

                    zeros.Add(Renew(node with { Count = count, Norm = norm, Share = node.Share * Math.Min(1, p) }, draws, numbers, order, q));
                }

                if (count < node.Count)
                {
                    var row = count == 0 ? node.Bits : rowsOfBits++;
                    if (row != node.Bits)
                    {
                        Array.Copy(bits, node.Bits * _words, bits, row * _words, _words);
                    }

                    var place = _places[q];
                    if (place >= 0)
                    {
                        bits[(row * _words) + (place >> 6)] |= 1UL << (place & 63);
                    }

                    var one = node with { Start = node.Start + count, Count = node.Count - count, Share = node.Share * Math.Min(1, 1 - p), Bits = row };
                    ones.Add((Renew(one, draws, numbers, order, q), k));
                }
            }

            using var before = rows;
            rows = Descend(before, whereZero, zeros.Count, ones, q);
            nodes.Clear();
            nodes.AddRange(zeros);
            for (var k = 0; k < ones.Count; k++)
            {
                var at = (long)(zeros.Count + k) * rows.Stride;
                nodes.Add(ones[k].Node with { Norm = algebra.Kernels.Norm(rows.Re + at, rows.Im + at, rows.Stride) });
            }

            Rescale(rows, nodes);
        }

        rows.Dispose();
        foreach (var node in nodes)
        {
            for (var i = node.Start; i < node.Start + node.Count; i++)
            {
                bits.AsSpan(node.Bits * _words, _words).CopyTo(outcomes.Slice(order[i] * _words, _words));
            }
        }
    }

    private double Weight()
    {
        var (zero, one) = chain.Weights(0);
        return zero + one;
    }

    // Puts the shots that get zero first, keeping their order, and stretches each number over its part of the interval.
    private static int Partition(in Node node, double p, double[] numbers, int[] order, int[] held)
    {
        int zeros = node.Start, ones = 0;
        for (var i = node.Start; i < node.Start + node.Count; i++)
        {
            var shot = order[i];
            if (numbers[shot] < p)
            {
                numbers[shot] /= p;
                order[zeros++] = shot;
            }
            else
            {
                numbers[shot] = (numbers[shot] - p) / (1 - p);
                held[ones++] = shot;
            }
        }

        held.AsSpan(0, ones).CopyTo(order.AsSpan(zeros));
        return zeros - node.Start;
    }

    private static Node Renew(Node node, ReadOnlySpan<double> draws, double[] numbers, int[] order, int qubit)
    {
        if (node.Share > Renewal)
        {
            return node;
        }

        for (var i = node.Start; i < node.Start + node.Count; i++)
        {
            // It depends on the state and the draw, not on the other shots.
            numbers[order[i]] = Philox.Double(BitConverter.DoubleToUInt64Bits(draws[order[i]]), BitConverter.DoubleToUInt64Bits(node.Share), (ulong)qubit);
        }

        return node with { Share = 1 };
    }

    // The rows of the next level: those with value zero, then those with value one.
    private Matrix Descend(Matrix before, Matrix whereZero, int zeros, List<(Node Node, int Row)> ones, int qubit)
    {
        var algebra = chain.Algebra;
        int left = chain.Bond(qubit), right = chain.Bond(qubit + 1);
        var site = chain.Site(qubit);
        var rows = algebra.Pool.Rent(zeros + ones.Count, right);
        var bytes = 8L * zeros * rows.Stride;
        Buffer.MemoryCopy(whereZero.Re, rows.Re, bytes, bytes);
        Buffer.MemoryCopy(whereZero.Im, rows.Im, bytes, bytes);
        if (ones.Count == 0)
        {
            return rows;
        }

        using var chosen = ones.Count < before.Rows ? algebra.Pool.Rent(ones.Count, left) : null;
        for (var k = 0; chosen is not null && k < ones.Count; k++)
        {
            chosen.CopyRow(k, 0, before, ones[k].Row, 0, left);
        }

        var parents = chosen ?? before;
        long from = (long)left * site.Stride, to = (long)zeros * rows.Stride;
        algebra.Multiply(ones.Count, right, left, parents.Re, parents.Im, parents.Stride, site.Re + from, site.Im + from, site.Stride, rows.Re + to, rows.Im + to, rows.Stride);
        return rows;
    }

    // Products of a thousand probabilities would leave the range of numbers.
    private static void Rescale(Matrix rows, List<Node> nodes)
    {
        const double Small = 1e-100;
        for (var k = 0; k < nodes.Count; k++)
        {
            if (nodes[k].Norm >= Small)
            {
                continue;
            }

            var factor = 1 / Math.Sqrt(nodes[k].Norm);
            for (var j = 0; j < rows.Columns; j++)
            {
                rows[k, j] *= factor;
            }

            nodes[k] = nodes[k] with { Norm = 1 };
        }
    }
}
