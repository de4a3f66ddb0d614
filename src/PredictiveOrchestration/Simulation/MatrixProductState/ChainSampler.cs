using System.Numerics;
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

    // Rows of so few numbers are copied one by one, a vector at a time.
    private const int ShortRow = 64;

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

        // With a place more, as a single shot is written down both as a zero and as a one.
        Node[] nodes = new Node[draws.Length + 1], next = new Node[draws.Length + 1], ones = new Node[draws.Length + 1];
        int[] zeroRows = new int[draws.Length + 1], oneRows = new int[draws.Length + 1], held = new int[draws.Length];
        Span<double> part = stackalloc double[2], below = stackalloc double[2];
        var norms = new double[draws.Length];
        nodes[0] = new Node { Count = draws.Length, Norm = Weight(), Share = 1 };
        var count = 1;
        var rows = algebra.Pool.Rent(1, 1);
        rows.Re[0] = 1;
        for (var q = 0; q <= _last; q++)
        {
            int left = chain.Bond(q), right = chain.Bond(q + 1), zeroCount = 0, oneCount = 0, place = _places[q];
            var site = chain.Site(q);
            var whereZero = algebra.Pool.Rent(count, right);
            algebra.Multiply(count, right, left, rows.Re, rows.Im, rows.Stride, site.Re, site.Im, site.Stride, whereZero.Re, whereZero.Im, whereZero.Stride);
            algebra.Kernels.Norms(whereZero.Re, whereZero.Im, whereZero.Stride, norms.AsSpan(0, count));
            for (var k = 0; k < count; k++)
            {
                ref readonly var node = ref nodes[k];
                var p = norms[k] / node.Norm;
                if (node.Count == 1 && p is >= Negligible and <= 1 - Negligible)
                {
                    // One shot, as most are after some sites: which value it gets is not to be foreseen, so nothing is done only for one of them.
                    ref var number = ref numbers[order[node.Start]];
                    var isOne = number < p ? 0 : 1;
                    (part[0], part[1], below[1]) = (p, 1 - p, p);
                    number = (number - below[isOne]) / part[isOne];
                    var child = node with { Norm = norms[k], Share = node.Share * Math.Min(1, part[isOne]) };
                    if (place >= 0)
                    {
                        bits[(node.Bits * _words) + (place >> 6)] |= (ulong)isOne << (place & 63);
                    }

                    Renew(ref child, draws, numbers, order, q);
                    (next[zeroCount], ones[oneCount], zeroRows[zeroCount], oneRows[oneCount]) = (child, child, k, k);
                    zeroCount += 1 - isOne;
                    oneCount += isOne;
                    continue;
                }

                var zeros = p > 1 - Negligible ? node.Count : p < Negligible ? 0 : Partition(node, p, numbers, order, held);
                if (zeros > 0)
                {
                    zeroRows[zeroCount] = k;
                    ref var zero = ref next[zeroCount++];
                    zero = node with { Count = zeros, Norm = norms[k], Share = node.Share * Math.Min(1, p) };
                    Renew(ref zero, draws, numbers, order, q);
                }

                if (zeros < node.Count)
                {
                    oneRows[oneCount] = k;
                    ref var one = ref ones[oneCount++];
                    one = node with { Start = node.Start + zeros, Count = node.Count - zeros, Share = node.Share * Math.Min(1, 1 - p) };
                    if (zeros > 0)
                    {
                        one.Bits = rowsOfBits++;
                        bits.AsSpan(node.Bits * _words, _words).CopyTo(bits.AsSpan(one.Bits * _words));
                    }

                    if (place >= 0)
                    {
                        bits[(one.Bits * _words) + (place >> 6)] |= 1UL << (place & 63);
                    }

                    Renew(ref one, draws, numbers, order, q);
                }
            }

            // The rows of the next level: those with value zero, then those with value one.
            using var before = rows;
            rows = Descend(before, whereZero, zeroRows.AsSpan(0, zeroCount), oneRows.AsSpan(0, oneCount), q);
            algebra.Kernels.Norms(rows.Re + (zeroCount * (long)rows.Stride), rows.Im + (zeroCount * (long)rows.Stride), rows.Stride, norms.AsSpan(0, oneCount));
            for (var k = 0; k < oneCount; k++)
            {
                ones[k].Norm = norms[k];
            }

            ones.AsSpan(0, oneCount).CopyTo(next.AsSpan(zeroCount));
            (nodes, next, count) = (next, nodes, zeroCount + oneCount);
            Rescale(rows, nodes.AsSpan(0, count));
        }

        rows.Dispose();
        foreach (ref readonly var node in nodes.AsSpan(0, count))
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
            ref var number = ref numbers[shot];
            if (number < p)
            {
                number /= p;
                order[zeros++] = shot;
            }
            else
            {
                number = (number - p) / (1 - p);
                held[ones++] = shot;
            }
        }

        held.AsSpan(0, ones).CopyTo(order.AsSpan(zeros));
        return zeros - node.Start;
    }

    private static void Renew(ref Node node, ReadOnlySpan<double> draws, double[] numbers, int[] order, int qubit)
    {
        if (node.Share > Renewal)
        {
            return;
        }

        for (var i = node.Start; i < node.Start + node.Count; i++)
        {
            // It depends on the state and the draw, not on the other shots.
            numbers[order[i]] = Philox.Double(BitConverter.DoubleToUInt64Bits(draws[order[i]]), BitConverter.DoubleToUInt64Bits(node.Share), (ulong)qubit);
        }

        node.Share = 1;
    }

    // Gives back the rows with value zero where they are all that there is.
    private Matrix Descend(Matrix before, Matrix whereZero, ReadOnlySpan<int> zeros, ReadOnlySpan<int> ones, int qubit)
    {
        if (ones.Length == 0 && zeros.Length == whereZero.Rows)
        {
            return whereZero;
        }

        using var all = whereZero;
        var algebra = chain.Algebra;
        int left = chain.Bond(qubit), right = chain.Bond(qubit + 1);
        var rows = algebra.Pool.Rent(zeros.Length + ones.Length, right);
        Gather(rows, all, zeros);
        if (ones.Length == 0)
        {
            return rows;
        }

        using var chosen = ones.Length < before.Rows ? algebra.Pool.Rent(ones.Length, left) : null;
        if (chosen is not null)
        {
            Gather(chosen, before, ones);
        }

        var parents = chosen ?? before;
        var site = chain.Site(qubit);
        long from = (long)left * site.Stride, to = (long)zeros.Length * rows.Stride;
        algebra.Multiply(ones.Length, right, left, parents.Re, parents.Im, parents.Stride, site.Re + from, site.Im + from, site.Stride, rows.Re + to, rows.Im + to, rows.Stride);
        return rows;
    }

    private static void Gather(Matrix to, Matrix from, ReadOnlySpan<int> rows)
    {
        var length = from.Stride;
        if (length > ShortRow)
        {
            for (var k = 0; k < rows.Length; k++)
            {
                to.CopyRow(k, 0, from, rows[k], 0, length);
            }

            return;
        }

        double* re = to.Re, im = to.Im;
        foreach (var row in rows)
        {
            double* fromRe = from.Re + ((long)row * length), fromIm = from.Im + ((long)row * length);
            for (var j = 0; j < length; j += Vector<double>.Count)
            {
                Vector.Store(Vector.Load(fromRe + j), re + j);
                Vector.Store(Vector.Load(fromIm + j), im + j);
            }

            re += length;
            im += length;
        }
    }

    // Products of a thousand probabilities would leave the range of numbers.
    private static void Rescale(Matrix rows, Span<Node> nodes)
    {
        const double Small = 1e-100;
        for (var k = 0; k < nodes.Length; k++)
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

            nodes[k].Norm = 1;
        }
    }

    // Shots that agree so far.
    private struct Node
    {
        /// <summary>The first in the order of shots, and how many.</summary>
        public int Start, Count;

        /// <summary>Where the values are.</summary>
        public int Bits;

        /// <summary>The squared norm of the row.</summary>
        public double Norm;

        /// <summary>How much of the interval their numbers have used up.</summary>
        public double Share;
    }
}
