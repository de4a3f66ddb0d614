namespace PredictiveOrchestration.Prediction;

/// <summary>Brings inputs to mean 0 and deviation 1 over the training data, and says how far outside its range they lie. Immutable.</summary>
internal sealed class FeatureScale
{
    private readonly float[] _mean, _inverse, _low, _high;

    public FeatureScale(IReadOnlyList<float[]> rows)
    {
        var n = rows[0].Length;
        (_mean, _inverse, _low, _high) = (new float[n], new float[n], new float[n], new float[n]);
        for (var i = 0; i < n; i++)
        {
            double sum = 0, squares = 0;
            float low = float.MaxValue, high = float.MinValue;
            foreach (var row in rows)
            {
                sum += row[i];
                squares += (double)row[i] * row[i];
                low = Math.Min(low, row[i]);
                high = Math.Max(high, row[i]);
            }

            var mean = sum / rows.Count;
            var deviation = Math.Sqrt(Math.Max(0, squares / rows.Count - mean * mean));
            (_mean[i], _inverse[i], _low[i], _high[i]) = ((float)mean, deviation < 1e-4 ? 0 : (float)(1 / deviation), low, high);
        }
    }

    private FeatureScale(float[] mean, float[] inverse, float[] low, float[] high) => (_mean, _inverse, _low, _high) = (mean, inverse, low, high);

    public int Count => _mean.Length;

    public void Write(BinaryWriter writer)
    {
        writer.WriteArray(_mean);
        writer.WriteArray(_inverse);
        writer.WriteArray(_low);
        writer.WriteArray(_high);
    }

    public static FeatureScale Read(BinaryReader reader)
    {
        var mean = reader.ReadFloats();
        return new FeatureScale(mean, reader.ReadFloats(mean.Length), reader.ReadFloats(mean.Length), reader.ReadFloats(mean.Length));
    }


    /// <summary>Standardises, held to four deviations.</summary>
    public void Apply(ReadOnlySpan<float> features, Span<float> destination)
    {
        for (var i = 0; i < _mean.Length; i++)
        {
            destination[i] = Math.Clamp((features[i] - _mean[i]) * _inverse[i], -4, 4);
        }
    }

    /// <summary>How far outside the range of the training data, in deviations, summed over inputs; 0 inside.</summary>
    public double OutsideOf(ReadOnlySpan<float> features)
    {
        float sum = 0;
        for (var i = 0; i < _mean.Length; i++)
        {
            sum += (Math.Max(0, _low[i] - features[i]) + Math.Max(0, features[i] - _high[i])) * _inverse[i];
        }

        return sum;
    }
}
