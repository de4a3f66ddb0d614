using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// A regression forest in one flat array: thread-safe, and walked without allocation. Trained by ML.NET's FastForest on the logarithm of
/// observed over analytic time.
/// </summary>
internal sealed class FlatForest
{
    private readonly double _base;
    private readonly double _scale;
    private readonly int[] _roots;
    private readonly Node[] _nodes;
    private readonly float[] _leaf;

    private FlatForest(double level, double scale, IReadOnlyList<RegressionTreeBase> trees)
    {
        _base = level;
        _scale = scale;
        _roots = new int[trees.Count];
        _nodes = new Node[trees.Sum(t => t.NumberOfNodes)];
        _leaf = new float[trees.Sum(t => t.NumberOfLeaves)];
        int node = 0, leaf = 0;
        for (var t = 0; t < trees.Count; t++)
        {
            var tree = trees[t];

            // A tree without a split is its single leaf.
            _roots[t] = tree.NumberOfNodes == 0 ? ~leaf : node;
            for (var i = 0; i < tree.NumberOfNodes; i++)
            {
                _nodes[node + i] = new Node(
                    tree.NumericalSplitThresholds[i], tree.NumericalSplitFeatureIndexes[i],
                    tree.LeftChild[i] < 0 ? ~(leaf + ~tree.LeftChild[i]) : node + tree.LeftChild[i],
                    tree.RightChild[i] < 0 ? ~(leaf + ~tree.RightChild[i]) : node + tree.RightChild[i]);
            }

            for (var i = 0; i < tree.NumberOfLeaves; i++)
            {
                // Where nothing could be split the trainer leaves no number.
                _leaf[leaf + i] = double.IsFinite(tree.LeafValues[i]) ? (float)tree.LeafValues[i] : 0;
            }

            node += tree.NumberOfNodes;
            leaf += tree.NumberOfLeaves;
        }
    }

    private FlatForest(double level, double scale, int[] roots, Node[] nodes, float[] leaf) => (_base, _scale, _roots, _nodes, _leaf) = (level, scale, roots, nodes, leaf);

    public void Write(BinaryWriter writer)
    {
        writer.Write(_base);
        writer.Write(_scale);
        writer.Write(_roots.Length);
        foreach (var root in _roots)
        {
            writer.Write(root);
        }

        writer.Write(_nodes.Length);
        foreach (var node in _nodes)
        {
            writer.Write(node.Threshold);
            writer.Write(node.Feature);
            writer.Write(node.Left);
            writer.Write(node.Right);
        }

        writer.WriteArray(_leaf);
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
            MaximumBinCountPerFeature = 64,
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
            NumberOfTrees = complexity.Trees, NumberOfLeaves = Math.Min(16, complexity.Leaves), MinimumExampleCountPerLeaf = 4, LearningRate = 0.1, MaximumBinCountPerFeature = 64,
            FeatureFraction = 0.6, Seed = seed, NumberOfThreads = Threads, MemoryStatistics = false,
        });
        var ensemble = trainer.Fit(Data(context, rows, targets, level)).Model.TrainedTreeEnsemble;
        return new FlatForest(level + ensemble.Bias, 1, [.. ensemble.Trees]);
    }

    /// <summary>The prediction, never beyond what was seen in training, and the standard deviation over the trees.</summary>
    public (double Mean, double Spread) Predict(ReadOnlySpan<float> features)
    {
        double sum = 0, squares = 0;
        foreach (var root in _roots)
        {
            double leaf = _leaf[~LeafOf(root, features)];
            sum += leaf;
            squares += leaf * leaf;
        }

        var mean = sum / Math.Max(1, _roots.Length);
        return (_base + (sum * _scale), Math.Sqrt(Math.Max(0, squares / Math.Max(1, _roots.Length) - mean * mean)));
    }

    /// <summary>Of the trees that say less than a limit: their share, and the mean and the standard deviation of what they say.</summary>
    public (double Share, double Mean, double Spread) Below(ReadOnlySpan<float> features, double limit)
    {
        double sum = 0, squares = 0;
        var count = 0;
        foreach (var root in _roots)
        {
            double leaf = _leaf[~LeafOf(root, features)];
            if (_base + leaf < limit)
            {
                sum += leaf;
                squares += leaf * leaf;
                count++;
            }
        }

        var mean = sum / Math.Max(1, count);
        return ((double)count / Math.Max(1, _roots.Length), _base + mean, Math.Sqrt(Math.Max(0, squares / Math.Max(1, count) - (mean * mean))));
    }

    private int LeafOf(int at, ReadOnlySpan<float> features)
    {
        while (at >= 0)
        {
            ref readonly var node = ref _nodes[at];
            at = features[node.Feature] <= node.Threshold ? node.Left : node.Right;
        }

        return at;
    }

    private static IDataView Data(MLContext context, IReadOnlyList<float[]> rows, IReadOnlyList<float> targets, float level)
    {
        var schema = SchemaDefinition.Create(typeof(Sample));
        schema[nameof(Sample.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, rows[0].Length);
        return context.Data.LoadFromEnumerable(rows.Select((row, i) => new Sample { Features = row, Label = targets[i] - level }), schema);
    }

    private readonly record struct Node(float Threshold, int Feature, int Left, int Right);

    private sealed class Sample
    {
        public float[] Features { get; set; } = [];

        public float Label { get; set; }
    }
}
