using System.Numerics.Tensors;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;

namespace PredictiveOrchestration.Prediction;

/// <summary>Clusters of jobs by ML.NET's k-means on standardised inputs: the groups in which intervals are calibrated. Immutable.</summary>
internal sealed class CircuitClusters
{
    public const int Count = 4;
    private readonly float[][] _centroids;

    private CircuitClusters(float[][] centroids) => _centroids = centroids;

    public void Write(BinaryWriter writer)
    {
        writer.Write(_centroids.Length);
        foreach (var centroid in _centroids)
        {
            writer.WriteArray(centroid);
        }
    }

    public static CircuitClusters Read(BinaryReader reader, int inputs)
    {
        var centroids = new float[reader.ReadCount(sizeof(float))][];
        BinaryParts.Require(centroids.Length is >= 1 and <= Count);
        for (var i = 0; i < centroids.Length; i++)
        {
            centroids[i] = reader.ReadFloats(inputs);
        }

        return new CircuitClusters(centroids);
    }

    /// <summary>Finds clusters; one alone where the examples are too few and alike to be told apart.</summary>
    public static CircuitClusters Fit(FeatureScale scale, IReadOnlyList<TrainingRow> rows, ExampleSet examples, int seed)
    {
        if (examples.Rows.Length < 4 * Count)
        {
            return new CircuitClusters([new float[scale.Count]]);
        }

        var context = new MLContext(seed);
        var schema = SchemaDefinition.Create(typeof(Point));
        schema[nameof(Point.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, scale.Count);
        var data = context.Data.LoadFromEnumerable(rows.Select(r =>
        {
            var z = new float[scale.Count];
            scale.Apply(r.Features, z);
            return new Point { Features = z };
        }), schema);
        var trainer = context.Clustering.Trainers.KMeans(new KMeansTrainer.Options
        {
            FeatureColumnName = nameof(Point.Features), NumberOfClusters = Count, NumberOfThreads = 1, MaximumNumberOfIterations = 30,
        });
        VBuffer<float>[] centroids = [];
        trainer.Fit(data).Model.GetClusterCentroids(ref centroids, out _);
        return new CircuitClusters([.. centroids.Select(c => c.DenseValues().ToArray())]);
    }

    /// <summary>The cluster of a job.</summary>
    public int Of(ReadOnlySpan<float> standardised)
    {
        var (best, at) = (float.MaxValue, 0);
        for (var i = 0; i < _centroids.Length; i++)
        {
            var d = TensorPrimitives.Distance(standardised, _centroids[i]);
            if (d < best)
            {
                (best, at) = (d, i);
            }
        }

        return at;
    }

    private sealed class Point
    {
        public float[] Features { get; set; } = [];
    }
}
