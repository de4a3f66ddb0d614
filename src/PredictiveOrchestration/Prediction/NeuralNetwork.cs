using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// A multilayer perceptron with two hidden layers of tanh on standardised inputs, evaluated from flat arrays without allocation. Smooth where the forest is a staircase.
/// </summary>
internal sealed class NeuralNetwork
{
    private const int MaxUnits = 1024;

    // The weights of an input side by side, one for each unit: the sums of neighbouring units are found at once.
    private readonly float[] _w1, _b1, _w2, _b2, _w3;
    private readonly float _b3;

    /// <summary>A network of weights as they are kept.</summary>
    public NeuralNetwork(float[] w1, float[] b1, float[] w2, float[] b2, float[] w3, float b3) => (_w1, _b1, _w2, _b2, _w3, _b3) = (w1, b1, w2, b2, w3, b3);

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
        return new NeuralNetwork(Turned(w1, b1.Length), b1, Turned(w2, b2.Length), b2, w3, b3);
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
}
