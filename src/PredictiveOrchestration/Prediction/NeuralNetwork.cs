using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using MathNet.Numerics.LinearAlgebra;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// A multilayer perceptron with two hidden layers of tanh on standardised inputs, trained by Adam on Huber's loss with MathNet's matrices (but not its products, which
/// take every core of the host), and evaluated from flat arrays without allocation. Smooth where the forest is a staircase.
/// </summary>
internal sealed class NeuralNetwork
{
    private const int Epochs = 40, Batch = 128, MaxUnits = 1024;

    // The weights of an input side by side, one for each unit: the sums of neighbouring units are found at once.
    private readonly float[] _w1, _b1, _w2, _b2, _w3;
    private readonly float _b3;

    private NeuralNetwork(float[] w1, float[] b1, float[] w2, float[] b2, float[] w3, float b3) =>
        (_w1, _b1, _w2, _b2, _w3, _b3) = (Turned(w1, b1.Length), b1, Turned(w2, b2.Length), b2, w3, b3);

    public void Write(BinaryWriter writer)
    {
        writer.WriteArray(_b1);
        writer.WriteArray(Turned(_w1, _w1.Length / Math.Max(1, _b1.Length)));
        writer.WriteArray(_b2);
        writer.WriteArray(Turned(_w2, _w2.Length / Math.Max(1, _b2.Length)));
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
        var x = new float[count * inputs];
        for (var r = 0; r < count; r++)
        {
            scale.Apply(rows[r], x.AsSpan(r * inputs, inputs));
        }

        Parameter w1 = new(inputs, hidden, random), b1 = new(hidden, 1, null), w2 = new(hidden, hidden, random), b2 = new(hidden, 1, null), w3 = new(hidden, 1, random), b3 = new(1, 1, null);
        b3.Weights[0] = targets.Average();
        var order = Enumerable.Range(0, count).ToArray();
        var (h1, h2, d1, d2) = (new float[hidden], new float[hidden], new float[hidden], new float[hidden]);
        var step = 0;
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            random.Shuffle<int>(order);
            var rate = 0.01f * (1 - (float)epoch / Epochs) + 0.0005f;
            for (var at = 0; at < count; at += Batch)
            {
                var batch = order.AsSpan(at, Math.Min(Batch, count - at));
                foreach (var row in batch)
                {
                    ReadOnlySpan<float> input = x.AsSpan(row * inputs, inputs);
                    Layer(w1.Weights, b1.Weights, input, h1);
                    Layer(w2.Weights, b2.Weights, h1, h2);
                    var d3 = Math.Clamp(b3.Weights[0] + TensorPrimitives.Dot(w3.Weights, h2) - targets[row], -0.5f, 0.5f) / batch.Length;
                    w3.Add(0, d3, h2);
                    b3.Gradient[0] += d3;
                    Array.Clear(d1);
                    for (var u = 0; u < hidden; u++)
                    {
                        d2[u] = d3 * w3.Weights[u] * (1 - (h2[u] * h2[u]));
                        w2.Add(u, d2[u], h1);
                        TensorPrimitives.MultiplyAdd(w2.Weights.AsSpan(u * hidden, hidden), d2[u], d1, d1);
                    }

                    for (var u = 0; u < hidden; u++)
                    {
                        d1[u] *= 1 - (h1[u] * h1[u]);
                        w1.Add(u, d1[u], input);
                    }

                    b1.Add(0, 1, d1);
                    b2.Add(0, 1, d2);
                }

                step++;
                foreach (var parameter in (ReadOnlySpan<Parameter>)[w1, b1, w2, b2, w3, b3])
                {
                    parameter.Step(rate, step);
                }
            }
        }

        return new NeuralNetwork(w1.Weights, b1.Weights, w2.Weights, b2.Weights, w3.Weights, b3.Weights[0]);
    }

    /// <summary>The prediction from standardised inputs.</summary>
    public double Predict(ReadOnlySpan<float> standardised)
    {
        Span<float> h1 = stackalloc float[_b1.Length];
        Span<float> h2 = stackalloc float[_b2.Length];
        Units(_w1, _b1, standardised, h1);
        Units(_w2, _b2, h1, h2);
        return _b3 + TensorPrimitives.Dot(_w3, h2);
    }

    // The same numbers, column by column.
    private static float[] Turned(float[] weights, int rows)
    {
        var (turned, columns) = (new float[weights.Length], weights.Length / Math.Max(1, rows));
        for (var i = 0; i < weights.Length; i++)
        {
            turned[(i % columns * rows) + (i / columns)] = weights[i];
        }

        return turned;
    }

    private static void Units(float[] weights, float[] bias, ReadOnlySpan<float> input, Span<float> output)
    {
        var u = 0;
        for (; u <= output.Length - Vector256<float>.Count; u += Vector256<float>.Count)
        {
            // Two sums: none waits for the other.
            Vector256<float> even = Vector256.LoadUnsafe(ref bias[u]), odd = default;
            var i = 0;
            for (; i < input.Length - 1; i += 2)
            {
                even += Vector256.LoadUnsafe(ref weights[(i * output.Length) + u]) * input[i];
                odd += Vector256.LoadUnsafe(ref weights[((i + 1) * output.Length) + u]) * input[i + 1];
            }

            if (i < input.Length)
            {
                even += Vector256.LoadUnsafe(ref weights[(i * output.Length) + u]) * input[i];
            }

            (even + odd).CopyTo(output[u..]);
        }

        for (; u < output.Length; u++)
        {
            var sum = bias[u];
            for (var i = 0; i < input.Length; i++)
            {
                sum += weights[(i * output.Length) + u] * input[i];
            }

            output[u] = sum;
        }

        TensorPrimitives.Tanh(output, output);
    }

    private static void Layer(float[] weights, float[] bias, ReadOnlySpan<float> input, Span<float> output)
    {
        for (var u = 0; u < output.Length; u++)
        {
            output[u] = bias[u] + TensorPrimitives.Dot(weights.AsSpan(u * input.Length, input.Length), input);
        }

        TensorPrimitives.Tanh(output, output);
    }

    // A matrix of weights, a unit's side by side, with their gradient over a batch and Adam's moments.
    private sealed class Parameter
    {
        private readonly float[] _first, _second;
        private readonly int _rows;

        public Parameter(int rows, int columns, SeededRandom? random)
        {
            _rows = rows;
            var spread = Math.Sqrt(2.0 / (rows + columns));
            Weights = Matrix<float>.Build.Dense(rows, columns, (_, _) => random is null ? 0 : (float)(spread * random.NextGaussian())).ToColumnMajorArray();
            Gradient = new float[Weights.Length];
            (_first, _second) = (new float[Weights.Length], new float[Weights.Length]);
        }

        public float[] Weights { get; }

        public float[] Gradient { get; }

        public void Add(int column, float factor, ReadOnlySpan<float> input)
        {
            var gradient = Gradient.AsSpan(column * _rows, _rows);
            TensorPrimitives.MultiplyAdd(input, factor, gradient, gradient);
        }

        public void Step(float rate, int step)
        {
            float correct1 = 1 - MathF.Pow(0.9f, step), correct2 = 1 - MathF.Pow(0.999f, step);
            for (var i = 0; i < Weights.Length; i++)
            {
                var slope = Gradient[i];
                _first[i] = 0.9f * _first[i] + 0.1f * slope;
                _second[i] = 0.999f * _second[i] + 0.001f * slope * slope;
                Weights[i] -= rate * (_first[i] / correct1 / (MathF.Sqrt(_second[i] / correct2) + 1e-8f) + 1e-4f * Weights[i]);
            }

            Array.Clear(Gradient);
        }
    }
}
