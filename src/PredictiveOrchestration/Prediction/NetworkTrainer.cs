using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using MathNet.Numerics.LinearAlgebra;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// Trains a <see cref="NeuralNetwork"/> by Adam on Huber's loss, with MathNet's matrices but not its products, which take every core of the host. Eight rows go through together: a weight
/// that is loaded serves all of them. Units are padded to whole vectors by ones whose weights are zero and stay so.
/// </summary>
internal sealed class NetworkTrainer
{
    private const int Epochs = 40, Batch = 128, Together = 8;
    private static readonly int Lanes = Vector256<float>.Count;

    private readonly Parameter _w1, _b1, _w2, _b2, _w3, _b3;
    private readonly float[] _input, _h1, _h2, _d1, _d2, _w2Turned, _none;
    private readonly int _inputs, _width, _hidden;

    private NetworkTrainer(int inputs, int hidden, SeededRandom random)
    {
        (_inputs, _hidden, _width) = (inputs, hidden, (hidden + Lanes - 1) / Lanes * Lanes);
        (_w1, _b1) = (new Parameter(First(inputs, hidden, inputs, _width, random)), new Parameter(new float[_width]));
        (_w2, _b2) = (new Parameter(First(hidden, hidden, _width, _width, random)), new Parameter(new float[_width]));
        (_w3, _b3) = (new Parameter(First(1, hidden, 1, _width, random)), new Parameter(new float[Lanes]));
        (_input, _none, _w2Turned) = (new float[Together * inputs], new float[_width], new float[_width * _width]);
        (_h1, _h2, _d1, _d2) = (new float[Together * _width], new float[Together * _width], new float[Together * _width], new float[Together * _width]);
    }

    /// <summary>Trains a network.</summary>
    /// <param name="scale">Standardises the rows.</param>
    /// <param name="rows">The inputs.</param>
    /// <param name="targets">What is to be predicted, for each row.</param>
    /// <param name="hidden">The units of each hidden layer.</param>
    /// <param name="seed">Of the first weights and the order of rows.</param>
    public static NeuralNetwork Train(FeatureScale scale, IReadOnlyList<float[]> rows, IReadOnlyList<float> targets, int hidden, int seed)
    {
        var random = new SeededRandom((ulong)seed);
        int inputs = scale.Count, count = rows.Count;
        var x = new float[count * inputs];
        for (var r = 0; r < count; r++)
        {
            scale.Apply(rows[r], x.AsSpan(r * inputs, inputs));
        }

        var trainer = new NetworkTrainer(inputs, hidden, random);
        trainer._b3.Weights[0] = targets.Average();
        var order = Enumerable.Range(0, count).ToArray();
        var step = 0;
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            random.Shuffle<int>(order);
            var rate = 0.01f * (1 - (float)epoch / Epochs) + 0.0005f;
            for (var at = 0; at < count; at += Batch)
            {
                trainer.Learn(x, targets, order.AsSpan(at, Math.Min(Batch, count - at)), rate, ++step);
            }
        }

        return trainer.ToNetwork();
    }

    // Random weights between so many units, an input's side by side, and zeros beside them.
    private static float[] First(int inputs, int units, int rows, int columns, SeededRandom random)
    {
        var spread = Math.Sqrt(2.0 / (inputs + units));
        return Matrix<float>.Build.Dense(rows, columns, (i, u) => i < inputs && u < units ? (float)(spread * random.NextGaussian()) : 0).ToRowMajorArray();
    }

    private static float[] Part(float[] weights, int inputs, int units, int columns)
    {
        var part = new float[inputs * units];
        for (var i = 0; i < inputs; i++)
        {
            weights.AsSpan(i * columns, units).CopyTo(part.AsSpan(i * units));
        }

        return part;
    }

    private NeuralNetwork ToNetwork() => new(
        Part(_w1.Weights, _inputs, _hidden, _width), _b1.Weights[.._hidden], Part(_w2.Weights, _hidden, _hidden, _width), _b2.Weights[.._hidden], _w3.Weights[.._hidden], _b3.Weights[0]);

    private void Learn(float[] x, IReadOnlyList<float> targets, ReadOnlySpan<int> batch, float rate, int step)
    {
        for (var i = 0; i < _width; i++)
        {
            for (var u = 0; u < _width; u++)
            {
                _w2Turned[(u * _width) + i] = _w2.Weights[(i * _width) + u];
            }
        }

        for (var at = 0; at < batch.Length; at += Together)
        {
            var rows = batch.Slice(at, Math.Min(Together, batch.Length - at));
            for (var s = 0; s < rows.Length; s++)
            {
                x.AsSpan(rows[s] * _inputs, _inputs).CopyTo(_input.AsSpan(s * _inputs));
            }

            Layer(_w1.Weights, _b1.Weights, _input, _inputs, _h1);
            TensorPrimitives.Tanh(_h1, _h1);
            Layer(_w2.Weights, _b2.Weights, _h1, _width, _h2);
            TensorPrimitives.Tanh(_h2, _h2);
            for (var s = 0; s < Together; s++)
            {
                // Where there are fewer rows the others say nothing.
                var h2 = _h2.AsSpan(s * _width, _width);
                var d3 = s >= rows.Length ? 0 : Math.Clamp(_b3.Weights[0] + TensorPrimitives.Dot(_w3.Weights, h2) - targets[rows[s]], -0.5f, 0.5f) / batch.Length;
                _b3.Gradient[0] += d3;
                TensorPrimitives.MultiplyAdd(h2, d3, _w3.Gradient, _w3.Gradient);
                TensorPrimitives.Multiply(_w3.Weights, d3, _d2.AsSpan(s * _width, _width));
            }

            ThroughTanh(_h2, _d2);
            AddTo(_w2.Gradient, _b2.Gradient, _h1, _width, _d2);
            Layer(_w2Turned, _none, _d2, _width, _d1);
            ThroughTanh(_h1, _d1);
            AddTo(_w1.Gradient, _b1.Gradient, _input, _inputs, _d1);
        }

        foreach (var parameter in (ReadOnlySpan<Parameter>)[_w1, _b1, _w2, _b2, _w3, _b3])
        {
            parameter.Step(rate, step);
        }
    }

    // The slope of tanh from its value.
    private static void ThroughTanh(ReadOnlySpan<float> values, Span<float> slopes)
    {
        for (var i = 0; i < slopes.Length; i += Lanes)
        {
            var value = Vector256.Create(values[i..]);
            (Vector256.Create<float>(slopes[i..]) * (Vector256<float>.One - (value * value))).CopyTo(slopes[i..]);
        }
    }

    // The sums of all units for eight rows of inputs.
    private static void Layer(float[] weights, float[] bias, ReadOnlySpan<float> input, int inputs, Span<float> output)
    {
        ref var x = ref MemoryMarshal.GetReference(input);
        var width = bias.Length;
        for (var u = 0; u < width; u += Lanes)
        {
            var b = Vector256.LoadUnsafe(ref bias[u]);
            Vector256<float> r0 = b, r1 = b, r2 = b, r3 = b, r4 = b, r5 = b, r6 = b, r7 = b;
            for (var i = 0; i < inputs; i++)
            {
                var w = Vector256.LoadUnsafe(ref weights[(i * width) + u]);
                r0 = Vector256.MultiplyAddEstimate(w, Of(ref x, i), r0);
                r1 = Vector256.MultiplyAddEstimate(w, Of(ref x, inputs + i), r1);
                r2 = Vector256.MultiplyAddEstimate(w, Of(ref x, (2 * inputs) + i), r2);
                r3 = Vector256.MultiplyAddEstimate(w, Of(ref x, (3 * inputs) + i), r3);
                r4 = Vector256.MultiplyAddEstimate(w, Of(ref x, (4 * inputs) + i), r4);
                r5 = Vector256.MultiplyAddEstimate(w, Of(ref x, (5 * inputs) + i), r5);
                r6 = Vector256.MultiplyAddEstimate(w, Of(ref x, (6 * inputs) + i), r6);
                r7 = Vector256.MultiplyAddEstimate(w, Of(ref x, (7 * inputs) + i), r7);
            }

            r0.CopyTo(output[u..]);
            r1.CopyTo(output[(width + u)..]);
            r2.CopyTo(output[((2 * width) + u)..]);
            r3.CopyTo(output[((3 * width) + u)..]);
            r4.CopyTo(output[((4 * width) + u)..]);
            r5.CopyTo(output[((5 * width) + u)..]);
            r6.CopyTo(output[((6 * width) + u)..]);
            r7.CopyTo(output[((7 * width) + u)..]);
        }
    }

    // Adds the products of inputs and slopes of eight rows.
    private static void AddTo(float[] gradient, float[] bias, ReadOnlySpan<float> input, int inputs, ReadOnlySpan<float> slopes)
    {
        ref var x = ref MemoryMarshal.GetReference(input);
        var width = bias.Length;
        for (var u = 0; u < width; u += Lanes)
        {
            Vector256<float> d0 = Vector256.Create(slopes[u..]), d1 = Vector256.Create(slopes[(width + u)..]), d2 = Vector256.Create(slopes[((2 * width) + u)..]), d3 = Vector256.Create(slopes[((3 * width) + u)..]);
            Vector256<float> d4 = Vector256.Create(slopes[((4 * width) + u)..]), d5 = Vector256.Create(slopes[((5 * width) + u)..]), d6 = Vector256.Create(slopes[((6 * width) + u)..]), d7 = Vector256.Create(slopes[((7 * width) + u)..]);
            (Vector256.LoadUnsafe(ref bias[u]) + (d0 + d1 + (d2 + d3)) + (d4 + d5 + (d6 + d7))).StoreUnsafe(ref bias[u]);
            for (var i = 0; i < inputs; i++)
            {
                ref var at = ref gradient[(i * width) + u];
                var even = Vector256.MultiplyAddEstimate(d0, Of(ref x, i), Vector256.LoadUnsafe(ref at));
                var odd = d1 * Of(ref x, inputs + i);
                even = Vector256.MultiplyAddEstimate(d2, Of(ref x, (2 * inputs) + i), even);
                odd = Vector256.MultiplyAddEstimate(d3, Of(ref x, (3 * inputs) + i), odd);
                even = Vector256.MultiplyAddEstimate(d4, Of(ref x, (4 * inputs) + i), even);
                odd = Vector256.MultiplyAddEstimate(d5, Of(ref x, (5 * inputs) + i), odd);
                even = Vector256.MultiplyAddEstimate(d6, Of(ref x, (6 * inputs) + i), even);
                odd = Vector256.MultiplyAddEstimate(d7, Of(ref x, (7 * inputs) + i), odd);
                (even + odd).StoreUnsafe(ref at);
            }
        }
    }

    // Within the rows that go together.
    private static Vector256<float> Of(ref float x, int at) => Vector256.Create(Unsafe.Add(ref x, at));

    // Weights, whole vectors of them, with their gradient over a batch and Adam's moments.
    private sealed class Parameter(float[] weights)
    {
        private readonly float[] _first = new float[weights.Length], _second = new float[weights.Length];

        public float[] Weights { get; } = weights;

        public float[] Gradient { get; } = new float[weights.Length];

        public void Step(float rate, int step)
        {
            float correct1 = rate / (1 - MathF.Pow(0.9f, step)), correct2 = 1 / (1 - MathF.Pow(0.999f, step));
            for (var i = 0; i < Weights.Length; i += Lanes)
            {
                Vector256<float> slope = Vector256.LoadUnsafe(ref Gradient[i]), weight = Vector256.LoadUnsafe(ref Weights[i]);
                var first = (0.9f * Vector256.LoadUnsafe(ref _first[i])) + (0.1f * slope);
                var second = (0.999f * Vector256.LoadUnsafe(ref _second[i])) + (0.001f * slope * slope);
                var change = (first * correct1 / (Vector256.Sqrt(second * correct2) + Vector256.Create(1e-8f))) + (1e-4f * rate * weight);
                first.StoreUnsafe(ref _first[i]);
                second.StoreUnsafe(ref _second[i]);
                (weight - change).StoreUnsafe(ref Weights[i]);
            }

            Array.Clear(Gradient);
        }
    }
}
