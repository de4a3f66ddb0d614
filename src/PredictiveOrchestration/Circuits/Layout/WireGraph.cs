namespace PredictiveOrchestration.Circuits.Layout;

/// <summary>The wires as vertices; an edge weighs what its interactions add to the base-2 logarithm of a bond between its ends. Neighbours in rows, one after another.</summary>
internal sealed class WireGraph
{
    private readonly int[] _start;
    private readonly int[] _neighbour;
    private readonly int[] _weight;

    public WireGraph(InteractionList list)
        : this(list.NumWires, EdgesOf(list))
    {
    }

    /// <summary>The graph of some edges.</summary>
    /// <param name="n">The number of wires.</param>
    /// <param name="edges">The edges; done with then.</param>
    public WireGraph(int n, EdgeTable edges)
    {
        using var table = edges;
        NumWires = n;
        Degree = new int[n];
        _start = new int[n + 1];
        IsPath = true;
        foreach (ref readonly var edge in edges.All)
        {
            IsPath &= edge.High == edge.Low + 1;
            _start[edge.Low + 1]++;
            _start[edge.High + 1]++;
        }

        for (var v = 0; v < n; v++)
        {
            _start[v + 1] += _start[v];
        }

        _neighbour = new int[_start[n]];
        _weight = new int[_start[n]];
        var next = _start.AsSpan(0, n).ToArray();
        foreach (ref readonly var edge in edges.All)
        {
            var (a, b, weight) = edge;
            (_neighbour[next[a]], _weight[next[a]++]) = (b, weight);
            (_neighbour[next[b]], _weight[next[b]++]) = (a, weight);
            Degree[a] += weight;
            Degree[b] += weight;
        }
    }

    public int NumWires { get; }

    /// <summary>Whether every edge is between neighbours.</summary>
    public bool IsPath { get; }

    /// <summary>Whether every wire is joined to every other, and all edges weigh the same: no order is better than another.</summary>
    public bool IsComplete => Ends == NumWires * (NumWires - 1) && _weight.AsSpan().IndexOfAnyExcept(_weight[0]) < 0;

    /// <summary>The sum of the weights at each wire.</summary>
    public int[] Degree { get; }

    /// <summary>Twice the number of edges.</summary>
    public int Ends => _neighbour.Length;

    public ReadOnlySpan<int> Neighbours(int wire) => _neighbour.AsSpan(_start[wire].._start[wire + 1]);

    public ReadOnlySpan<int> Weights(int wire) => _weight.AsSpan(_start[wire].._start[wire + 1]);

    /// <summary>Level by level from a wire at the rim, those with few edges first (Cuthill and McKee): good for long and thin graphs.</summary>
    public int[] ByLevels()
    {
        var order = new int[NumWires];
        var seen = new bool[NumWires];
        var count = 0;
        for (var v = 0; v < NumWires; v++)
        {
            if (!seen[v])
            {
                // The last of a search from anywhere in a component is at its rim.
                var end = Fill(v, order, count, seen);
                var rim = order[end - 1];
                foreach (var w in order.AsSpan(count..end))
                {
                    seen[w] = false;
                }

                count = Fill(rim, order, count, seen);
            }
        }

        return order;
    }

    /// <summary>
    /// By the second eigenvector of the Laplacian (Fiedler), about: some steps of a power iteration from positions in an order smooth
    /// them over the edges.
    /// </summary>
    public int[] BySpectrum(ReadOnlySpan<int> from, int steps)
    {
        double[] x = new double[NumWires], y = new double[NumWires];
        for (var p = 0; p < NumWires; p++)
        {
            x[from[p]] = p;
        }

        var shift = 2.0 * Degree.Max();
        for (var step = 0; step < steps; step++)
        {
            double mean = 0, square = 0;
            for (var v = 0; v < NumWires; v++)
            {
                var sum = (shift - Degree[v]) * x[v];
                var neighbours = Neighbours(v);
                var weights = Weights(v);
                for (var k = 0; k < neighbours.Length; k++)
                {
                    sum += weights[k] * x[neighbours[k]];
                }

                y[v] = sum;
                mean += sum / NumWires;
            }

            // Without the constant vector, to which the greatest eigenvalue belongs.
            for (var v = 0; v < NumWires; v++)
            {
                y[v] -= mean;
                square += y[v] * y[v];
            }

            var scale = square > 0 ? 1 / Math.Sqrt(square) : 0;
            for (var v = 0; v < NumWires; v++)
            {
                x[v] = y[v] * scale;
            }
        }

        var order = new int[NumWires];
        for (var v = 0; v < NumWires; v++)
        {
            order[v] = v;
        }

        Array.Sort(x, order);
        return order;
    }

    private static EdgeTable EdgesOf(InteractionList list)
    {
        var edges = new EdgeTable(list.NumWires);
        foreach (ref readonly var item in list.Items)
        {
            // A gate on many wires is a path through them: what it adds to a cut depends on where they are.
            var wires = list.WiresOf(item);
            for (var k = 0; k + 1 < wires.Length; k++)
            {
                edges.Add(wires[k], wires[k + 1], item.GrowthLog2(1));
            }
        }

        return edges;
    }

    private int Fill(int first, int[] order, int count, bool[] seen)
    {
        var head = count;
        order[count++] = first;
        seen[first] = true;
        for (; head < count; head++)
        {
            var begin = count;
            foreach (var w in Neighbours(order[head]))
            {
                if (!seen[w])
                {
                    seen[w] = true;
                    order[count++] = w;
                }
            }

            order.AsSpan(begin..count).Sort((a, b) => Degree[a] != Degree[b] ? Degree[a].CompareTo(Degree[b]) : a.CompareTo(b));
        }

        return count;
    }
}
