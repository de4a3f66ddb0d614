using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// A regression forest in one flat array: thread-safe, and walked without allocation. Trained by ML.NET's FastForest on the logarithm of
/// observed over analytic time. All trees are walked abreast, a level at a time: none waits for another one's memory, and no branch is to be foreseen.
/// </summary>
internal sealed class FlatForest
{
    // So many trees at a time: enough that none waits, and few enough that not all wait for the longest way.
    private const int Abreast = 16;
    private readonly double _base;
    private readonly double _scale;
    private readonly int[] _roots;
    private readonly Step[] _steps;

    private FlatForest(double level, double scale, IReadOnlyList<RegressionTreeBase> trees)
        : this(level, scale, Roots(trees), Nodes(trees, out var leaves), leaves)
    {
    }

    // Each tree in the order of its levels, both children of a node side by side.
    private FlatForest(double level, double scale, ReadOnlySpan<int> roots, ReadOnlySpan<Node> nodes, ReadOnlySpan<float> leaves)
    {
        (_base, _scale, _roots) = (level, scale, new int[roots.Length]);
        _steps = new Step[(2 * nodes.Length) + roots.Length];
        var order = new int[_steps.Length];
        var end = 0;
        for (var t = 0; t < roots.Length; t++)
        {
            BinaryParts.Require(end < order.Length);
            _roots[t] = end;
            order[end] = roots[t];
            var next = end + 1;
            for (var i = end; i < next; i++)
            {
                if (order[i] < 0)
                {
                    _steps[i] = Step.Leaf(leaves[~order[i]]);
                    continue;
                }

                // In a tree nothing has two parents.
                ref readonly var node = ref nodes[order[i]];
                BinaryParts.Require(next + 2 <= order.Length);
                (order[next], order[next + 1]) = (node.Left, node.Right);
                _steps[i] = Step.Of(node.Threshold, node.Feature, next - i);
                next += 2;
            }

            end = next;
        }

        BinaryParts.Require(end == _steps.Length);
    }

    private static int[] Roots(IReadOnlyList<RegressionTreeBase> trees)
    {
        var roots = new int[trees.Count];
        int node = 0, leaf = 0;
        for (var t = 0; t < roots.Length; t++)
        {
            // A tree without a split is its single leaf.
            roots[t] = trees[t].NumberOfNodes == 0 ? ~leaf : node;
            node += trees[t].NumberOfNodes;
            leaf += trees[t].NumberOfLeaves;
        }

        return roots;
    }

    private static Node[] Nodes(IReadOnlyList<RegressionTreeBase> trees, out float[] leaves)
    {
        var nodes = new Node[trees.Sum(t => t.NumberOfNodes)];
        leaves = new float[trees.Sum(t => t.NumberOfLeaves)];
        int node = 0, leaf = 0;
        foreach (var tree in trees)
        {
            for (var i = 0; i < tree.NumberOfNodes; i++)
            {
                nodes[node + i] = new Node(
                    tree.NumericalSplitThresholds[i], tree.NumericalSplitFeatureIndexes[i],
                    tree.LeftChild[i] < 0 ? ~(leaf + ~tree.LeftChild[i]) : node + tree.LeftChild[i],
                    tree.RightChild[i] < 0 ? ~(leaf + ~tree.RightChild[i]) : node + tree.RightChild[i]);
            }

            for (var i = 0; i < tree.NumberOfLeaves; i++)
            {
                // Where nothing could be split the trainer leaves no number.
                leaves[leaf + i] = double.IsFinite(tree.LeafValues[i]) ? (float)tree.LeafValues[i] : 0;
            }

            node += tree.NumberOfNodes;
            leaf += tree.NumberOfLeaves;
        }

        return nodes;
    }

    /// <summary>Writes splits and leaves apart, both in the order of the steps; a child that is a leaf is the complement of its number.</summary>
    public void Write(BinaryWriter writer)
    {
        var places = new int[_steps.Length];
        int nodes = 0, leaves = 0;
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = _steps[i].IsLeaf ? ~leaves++ : nodes++;
        }

        writer.Write(_base);
        writer.Write(_scale);
        writer.Write(_roots.Length);
        foreach (var root in _roots)
        {
            writer.Write(places[root]);
        }

        writer.Write(nodes);
        for (var i = 0; i < places.Length; i++)
        {
            if (_steps[i] is { IsLeaf: false } step)
            {
                writer.Write(step.Value);
                writer.Write(step.Feature);
                writer.Write(places[i + step.Offset]);
                writer.Write(places[i + step.Offset + 1]);
            }
        }

        writer.WriteArray([.. _steps.Where(s => s.IsLeaf).Select(s => s.Value)]);
    }

    /// <summary>Reads a forest over so many inputs. Every walk ends: a child lies behind its parent or is a leaf.</summary>
    public static FlatForest Read(BinaryReader reader, int inputs)
    {
        var (level, scale) = (reader.ReadFinite(), reader.ReadFinite());
        var roots = new int[reader.ReadCount(sizeof(int))];
        for (var i = 0; i < roots.Length; i++)
        {
            roots[i] = reader.ReadInt32();
        }

        var nodes = new Node[reader.ReadCount(4 * sizeof(int))];
        for (var i = 0; i < nodes.Length; i++)
        {
            var node = new Node(reader.ReadSingle(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
            BinaryParts.Require(!float.IsNaN(node.Threshold) && node.Feature >= 0 && node.Feature < inputs && (node.Left < 0 || node.Left > i) && (node.Right < 0 || node.Right > i));
            nodes[i] = node;
        }

        var leaf = reader.ReadFloats();
        bool IsThere(int at) => at < 0 ? ~at < leaf.Length : at < nodes.Length;
        BinaryParts.Require(Array.TrueForAll(roots, IsThere) && Array.TrueForAll(nodes, n => IsThere(n.Left) && IsThere(n.Right)));
        return new FlatForest(level, scale, roots, nodes, leaf);
    }

    // With one thread ML.NET hands each feature of each split to a thread of the pool and waits for it; with two the caller does them itself, as far as nobody else is free.
    private const int Threads = 2;

    /// <summary>Trains a forest of means.</summary>
    public static FlatForest Train(IReadOnlyList<float[]> rows, IReadOnlyList<float> targets, ModelComplexity complexity, int seed)
    {
        var level = targets.Average();
        var context = new MLContext(seed);
        var trainer = context.Regression.Trainers.FastForest(new FastForestRegressionTrainer.Options
        {
            NumberOfTrees = complexity.Trees,
            NumberOfLeaves = Math.Clamp(rows.Count / 4, 4, complexity.Leaves),
            MinimumExampleCountPerLeaf = 2,
            FeatureFraction = 0.6,
            BaggingExampleFraction = 0.8,
            MaximumBinCountPerFeature = 32,
            Seed = seed,
            NumberOfThreads = Threads,
            MemoryStatistics = false,
        });
        List<RegressionTreeBase> trees = [.. trainer.Fit(Data(context, rows, targets, level)).Model.TrainedTreeEnsemble.Trees];
        return new FlatForest(level, 1.0 / Math.Max(1, trees.Count), trees);
    }

    /// <summary>Trains boosted trees (FastTree); kept for comparison.</summary>
    public static FlatForest TrainBoosted(IReadOnlyList<float[]> rows, IReadOnlyList<float> targets, ModelComplexity complexity, int seed)
    {
        var level = targets.Average();
        var context = new MLContext(seed);
        var trainer = context.Regression.Trainers.FastTree(new FastTreeRegressionTrainer.Options
        {
            NumberOfTrees = complexity.Trees, NumberOfLeaves = Math.Min(16, complexity.Leaves), MinimumExampleCountPerLeaf = 4, LearningRate = 0.1, MaximumBinCountPerFeature = 32,
            FeatureFraction = 0.6, Seed = seed, NumberOfThreads = Threads, MemoryStatistics = false,
        });
        var ensemble = trainer.Fit(Data(context, rows, targets, level)).Model.TrainedTreeEnsemble;
        return new FlatForest(level + ensemble.Bias, 1, [.. ensemble.Trees]);
    }

    /// <summary>The prediction, never beyond what was seen in training, and the standard deviation over the trees.</summary>
    public (double Mean, double Spread) Predict(ReadOnlySpan<float> features)
    {
        Span<float> inputs = stackalloc float[features.Length + 1];
        Span<int> places = stackalloc int[Abreast];
        inputs[0] = float.NegativeInfinity;
        features.CopyTo(inputs[1..]);
        double sum = 0, squares = 0;
        for (var first = 0; first < _roots.Length; first += Abreast)
        {
            foreach (var place in LeavesOf(first, inputs, places))
            {
                double leaf = _steps[place].Value;
                sum += leaf;
                squares += leaf * leaf;
            }
        }

        var mean = sum / Math.Max(1, _roots.Length);
        return (_base + (sum * _scale), Math.Sqrt(Math.Max(0, squares / Math.Max(1, _roots.Length) - mean * mean)));
    }

    /// <summary>Of the trees that say less than a limit: their share, and the mean and the standard deviation of what they say.</summary>
    public (double Share, double Mean, double Spread) Below(ReadOnlySpan<float> features, double limit)
    {
        Span<float> inputs = stackalloc float[features.Length + 1];
        Span<int> places = stackalloc int[Abreast];
        inputs[0] = float.NegativeInfinity;
        features.CopyTo(inputs[1..]);
        double sum = 0, squares = 0;
        var count = 0;
        for (var first = 0; first < _roots.Length; first += Abreast)
        {
            foreach (var place in LeavesOf(first, inputs, places))
            {
                double leaf = _steps[place].Value;
                if (_base + leaf < limit)
                {
                    sum += leaf;
                    squares += leaf * leaf;
                    count++;
                }
            }
        }

        var mean = sum / Math.Max(1, count);
        return ((double)count / Math.Max(1, _roots.Length), _base + mean, Math.Sqrt(Math.Max(0, squares / Math.Max(1, count) - (mean * mean))));
    }

    // The leaves of some trees. At a leaf the first input is looked at, which is below all: so it stays there until all have come to theirs.
    private Span<int> LeavesOf(int first, ReadOnlySpan<float> inputs, Span<int> places)
    {
        places = places[..Math.Min(Abreast, _roots.Length - first)];
        _roots.AsSpan(first, places.Length).CopyTo(places);

        // Where steps lead to was seen to when they were made.
        ref var steps = ref MemoryMarshal.GetArrayDataReference(_steps);
        int moved;
        do
        {
            moved = 0;
            foreach (ref var place in places)
            {
                var step = Unsafe.Add(ref steps, place);
                var next = place + step.Offset + (inputs[step.Input] > step.Value ? 1 : 0);
                moved |= next ^ place;
                place = next;
            }
        }
        while (moved != 0);
        return places;
    }

    private static IDataView Data(MLContext context, IReadOnlyList<float[]> rows, IReadOnlyList<float> targets, float level)
    {
        var schema = SchemaDefinition.Create(typeof(Sample));
        schema[nameof(Sample.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, rows[0].Length);
        return context.Data.LoadFromEnumerable(rows.Select((row, i) => new Sample { Features = row, Label = targets[i] - level }), schema);
    }

    private readonly record struct Node(float Threshold, int Feature, int Left, int Right);

    // A split: to the left child, so many steps on, or to the right one behind it where the input is greater than the value. Or a leaf with its value.
    private readonly struct Step
    {
        private const int OffsetBits = 14;
        private readonly uint _where;

        private Step(float value, uint where) => (Value, _where) = (value, where);

        public float Value { get; }

        public int Offset => (int)(_where & ((1 << OffsetBits) - 1));

        public int Input => (int)(_where >> OffsetBits);

        public int Feature => Input - 1;

        public bool IsLeaf => _where == 0;

        public static Step Leaf(float value) => new(value, 0);

        public static Step Of(float threshold, int feature, int offset)
        {
            BinaryParts.Require(offset < 1 << OffsetBits && feature < (1 << (32 - OffsetBits)) - 1);
            return new Step(threshold, ((uint)(feature + 1) << OffsetBits) | (uint)offset);
        }
    }

    private sealed class Sample
    {
        public float[] Features { get; set; } = [];

        public float Label { get; set; }
    }
}
