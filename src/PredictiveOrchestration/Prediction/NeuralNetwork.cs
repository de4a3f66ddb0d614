using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// A multilayer perceptron with two hidden layers of tanh on standardised inputs, trained by Adam on Huber's loss with MathNet's matrices, and
/// evaluated from flat arrays without allocation. Smooth where the forest is a staircase. Weights on the way from a size to the output are never negative, so that it never falls with one.
/// </summary>
internal sealed class NeuralNetwork
{
    private const int Epochs = 40, Batch = 128, MaxUnits = 1024;
    private readonly float[] _w1, _b1, _w2, _b2, _w3;
    private readonly float _b3;

    private NeuralNetwork(float[] w1, float[] b1, float[] w2, float[] b2, float[] w3, float b3) =>
        (_w1, _b1, _w2, _b2, _w3, _b3) = (w1, b1, w2, b2, w3, b3);

    public void Write(BinaryWriter writer)
    {
        writer.WriteArray(_b1);
        writer.WriteArray(_w1);
        writer.WriteArray(_b2);
        writer.WriteArray(_w2);
        writer.WriteArray(_w3);
        writer.Write(_b3);
    }

    public static NeuralNetwork Read(BinaryReader reader, int inputs)
    {
        var b1 = reader.ReadFloats();
        BinaryParts.Require(b1.Length <= MaxUnits);
        var w1 = reader.ReadFloats(b1.Length * inputs);
        var b2 = reader.ReadFloats(b1.Length);
        var w2 = reader.ReadFloats(b1.Length * b1.Length);
        var w3 = reader.ReadFloats(b1.Length);
        var b3 = reader.ReadSingle();
        BinaryParts.Require(float.IsFinite(b3));
        return new NeuralNetwork(w1, b1, w2, b2, w3, b3);
    }

    /// <summary>Trains a network.</summary>
    public static NeuralNetwork Train(FeatureScale scale, IReadOnlyList<float[]> rows, IReadOnlyList<float> targets, int hidden, int seed)
    {
        var random = new SeededRandom((ulong)seed);
        int inputs = scale.Count, count = rows.Count;
        var x = Matrix<float>.Build.Dense(count, inputs);
        for (var r = 0; r < count; r++)
        {
            var z = new float[inputs];
            scale.Apply(rows[r], z);
            x.SetRow(r, z);
        }

        Parameter w1 = new(inputs, hidden, random, i => ResidualFeatures.IsSize(i, inputs)), b1 = new(1, hidden, null), w2 = new(hidden, hidden, random, static _ => true), b2 = new(1, hidden, null), w3 = new(hidden, 1, random, static _ => true), b3 = new(1, 1, null);
        b3.Value[0, 0] = targets.Average();
        var order = Enumerable.Range(0, count).ToArray();
        var step = 0;
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            random.Shuffle<int>(order);
            var rate = 0.01f * (1 - (float)epoch / Epochs) + 0.0005f;
            for (var at = 0; at < count; at += Batch)
            {
                var size = Math.Min(Batch, count - at);
                var input = Matrix<float>.Build.Dense(size, inputs, (r, c) => x[order[at + r], c]);
                var ones = Matrix<float>.Build.Dense(size, 1, 1);
                var h1 = (input * w1.Value + ones * b1.Value).PointwiseTanh();
                var h2 = (h1 * w2.Value + ones * b2.Value).PointwiseTanh();
                var output = h2 * w3.Value + ones * b3.Value;
                var d3 = Matrix<float>.Build.Dense(size, 1, (r, _) => Math.Clamp(output[r, 0] - targets[order[at + r]], -0.5f, 0.5f) / size);
                var d2 = (d3 * w3.Value.Transpose()).PointwiseMultiply(1 - h2.PointwiseMultiply(h2));
                var d1 = (d2 * w2.Value.Transpose()).PointwiseMultiply(1 - h1.PointwiseMultiply(h1));
                step++;
                w3.Step(h2.TransposeThisAndMultiply(d3), rate, step);
                b3.Step(ones.TransposeThisAndMultiply(d3), rate, step);
                w2.Step(h1.TransposeThisAndMultiply(d2), rate, step);
                b2.Step(ones.TransposeThisAndMultiply(d2), rate, step);
                w1.Step(input.TransposeThisAndMultiply(d1), rate, step);
                b1.Step(ones.TransposeThisAndMultiply(d1), rate, step);
            }
        }

        // A unit's weights side by side.
        return new NeuralNetwork(w1.Value.ToColumnMajorArray(), b1.Value.ToColumnMajorArray(), w2.Value.ToColumnMajorArray(), b2.Value.ToColumnMajorArray(), w3.Value.ToColumnMajorArray(), b3.Value[0, 0]);
    }

    /// <summary>The prediction from standardised inputs.</summary>
    public double Predict(ReadOnlySpan<float> standardised)
    {
        Span<float> h1 = stackalloc float[MaxUnits];
        Span<float> h2 = stackalloc float[MaxUnits];
        h1 = h1[.._b1.Length];
        h2 = h2[.._b2.Length];
        Layer(_w1, _b1, standardised, h1);
        Layer(_w2, _b2, h1, h2);
        return _b3 + TensorPrimitives.Dot(_w3, h2);
    }

    private static void Layer(float[] weights, float[] bias, ReadOnlySpan<float> input, Span<float> output)
    {
        for (var u = 0; u < output.Length; u++)
        {
            output[u] = bias[u] + TensorPrimitives.Dot(weights.AsSpan(u * input.Length, input.Length), input);
        }

        TensorPrimitives.Tanh(output, output);
    }

    // A matrix of weights with Adam's moments.
    private sealed class Parameter
    {
        private readonly Matrix<float> _first, _second;
        private readonly Func<int, bool> _isPositive;

        // Rows that are held at zero or more, as they begin.
        public Parameter(int rows, int columns, SeededRandom? random, Func<int, bool>? isPositive = null)
        {
            _isPositive = isPositive ?? (static _ => false);
            var spread = Math.Sqrt(2.0 / (rows + columns));
            Value = Matrix<float>.Build.Dense(rows, columns, (r, _) => random is null ? 0 : (float)(spread * random.NextGaussian()) is var w && _isPositive(r) ? Math.Abs(w) : w);
            _first = Matrix<float>.Build.Dense(rows, columns);
            _second = Matrix<float>.Build.Dense(rows, columns);
        }

        public Matrix<float> Value { get; }

        public void Step(Matrix<float> gradient, float rate, int step)
        {
            float correct1 = 1 - MathF.Pow(0.9f, step), correct2 = 1 - MathF.Pow(0.999f, step);
            var (value, first, second, slope) = (Value.AsColumnMajorArray(), _first.AsColumnMajorArray(), _second.AsColumnMajorArray(), gradient.AsColumnMajorArray());
            for (var i = 0; i < value.Length; i++)
            {
                first[i] = 0.9f * first[i] + 0.1f * slope[i];
                second[i] = 0.999f * second[i] + 0.001f * slope[i] * slope[i];
                value[i] -= rate * (first[i] / correct1 / (MathF.Sqrt(second[i] / correct2) + 1e-8f) + 1e-4f * value[i]);
                if (value[i] < 0 && _isPositive(i % Value.RowCount))
                {
                    value[i] = 0;
                }
            }
        }
    }
}
