using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// A regression forest in flat arrays: thread-safe, and walked without allocation. Trained by ML.NET's FastForest on the logarithm of
/// observed over analytic time.
/// </summary>
internal sealed class FlatForest
{
    private readonly double _base;
    private readonly int[] _roots;
    private readonly int[] _feature;
    private readonly float[] _threshold;
    private readonly int[] _left;
    private readonly int[] _right;
    private readonly double[] _leaf;
    private readonly float[] _low;
    private readonly float[] _high;

    private FlatForest(double level, IReadOnlyList<RegressionTreeBase> trees, float[] low, float[] high)
    {
        _base = level;
        var nodes = trees.Sum(t => t.NumberOfNodes);
        var leaves = trees.Sum(t => t.NumberOfLeaves);
        _roots = new int[trees.Count];
        _feature = new int[nodes];
        _threshold = new float[nodes];
        _left = new int[nodes];
        _right = new int[nodes];
        _leaf = new double[leaves];
        _low = low;
        _high = high;
        int node = 0, leaf = 0;
        for (var t = 0; t < trees.Count; t++)
        {
            var tree = trees[t];

            // A tree without a split is its single leaf.
            _roots[t] = tree.NumberOfNodes == 0 ? ~leaf : node;
            for (var i = 0; i < tree.NumberOfNodes; i++)
            {
                _feature[node + i] = tree.NumericalSplitFeatureIndexes[i];
                _threshold[node + i] = tree.NumericalSplitThresholds[i];
                _left[node + i] = tree.LeftChild[i] < 0 ? ~(leaf + ~tree.LeftChild[i]) : node + tree.LeftChild[i];
                _right[node + i] = tree.RightChild[i] < 0 ? ~(leaf + ~tree.RightChild[i]) : node + tree.RightChild[i];
            }

            for (var i = 0; i < tree.NumberOfLeaves; i++)
            {
                _leaf[leaf + i] = tree.LeafValues[i];
            }

            node += tree.NumberOfNodes;
            leaf += tree.NumberOfLeaves;
        }
    }

    /// <summary>Trains a forest.</summary>
    /// <param name="rows">The inputs, all of the same length; at least 10.</param>
    /// <param name="targets">The values.</param>
    /// <param name="seed">Makes training reproducible.</param>
    public static FlatForest Train(IReadOnlyList<float[]> rows, IReadOnlyList<float> targets, int seed)
    {
        // Around the mean: rows that are all alike give no trees, and the mean is the whole answer.
        var width = rows[0].Length;
        var level = targets.Average();
        var context = new MLContext(seed);
        var schema = SchemaDefinition.Create(typeof(Sample));
        schema[nameof(Sample.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, width);
        var data = context.Data.LoadFromEnumerable(rows.Select((row, i) => new Sample { Features = row, Label = targets[i] - level }), schema);
        var trainer = context.Regression.Trainers.FastForest(new FastForestRegressionTrainer.Options
        {
            NumberOfTrees = 80,
            NumberOfLeaves = Math.Clamp(rows.Count / 6, 4, 40),
            MinimumExampleCountPerLeaf = 3,
            FeatureFraction = 0.7,
            Seed = seed,
            NumberOfThreads = 1,
        });
        var low = (float[])rows[0].Clone();
        var high = (float[])rows[0].Clone();
        foreach (var row in rows)
        {
            for (var i = 0; i < width; i++)
            {
                low[i] = Math.Min(low[i], row[i]);
                high[i] = Math.Max(high[i], row[i]);
            }
        }

        return new FlatForest(level, [.. trainer.Fit(data).Model.TrainedTreeEnsemble.Trees], low, high);
    }

    /// <summary>The mean over the trees, clamped to ±6 bits and shrunk to 0 as the input leaves the range of the training data.</summary>
    public double Predict(ReadOnlySpan<float> features)
    {
        var outside = 0.0;
        for (var i = 0; i < features.Length; i++)
        {
            outside += Math.Max(0, Math.Max(_low[i] - features[i], features[i] - _high[i]));
        }

        return Math.Clamp(Mean(features), -6 * Math.Log(2), 6 * Math.Log(2)) / (1 + outside);
    }

    /// <summary>The mean over the trees as trained.</summary>
    public double Mean(ReadOnlySpan<float> features)
    {
        var sum = 0.0;
        foreach (var root in _roots)
        {
            var node = root;
            while (node >= 0)
            {
                node = features[_feature[node]] <= _threshold[node] ? _left[node] : _right[node];
            }

            sum += _leaf[~node];
        }

        return _base + (_roots.Length == 0 ? 0 : sum / _roots.Length);
    }

    private sealed class Sample
    {
        public float[] Features { get; set; } = [];

        public float Label { get; set; }
    }
}
