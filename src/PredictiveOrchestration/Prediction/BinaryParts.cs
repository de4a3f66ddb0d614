namespace PredictiveOrchestration.Prediction;

/// <summary>Arrays in a binary file. A reader takes nothing on trust: lengths are bounded and numbers must be finite.</summary>
internal static class BinaryParts
{
    private const int Most = 1 << 24;

    public static void WriteArray(this BinaryWriter writer, ReadOnlySpan<double> values)
    {
        writer.Write(values.Length);
        foreach (var value in values)
        {
            writer.Write(value);
        }
    }

    public static void WriteArray(this BinaryWriter writer, ReadOnlySpan<float> values)
    {
        writer.Write(values.Length);
        foreach (var value in values)
        {
            writer.Write(value);
        }
    }

    public static double[] ReadDoubles(this BinaryReader reader, int? length = null)
    {
        var values = new double[reader.ReadCount(sizeof(double), length)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = reader.ReadFinite();
        }

        return values;
    }

    public static float[] ReadFloats(this BinaryReader reader, int? length = null)
    {
        var values = new float[reader.ReadCount(sizeof(float), length)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = reader.ReadSingle();
            Require(float.IsFinite(values[i]));
        }

        return values;
    }

    public static double ReadFinite(this BinaryReader reader)
    {
        var value = reader.ReadDouble();
        Require(double.IsFinite(value));
        return value;
    }

    /// <summary>Reads a count of things of at least so many bytes each, that the rest of the file can hold.</summary>
    public static int ReadCount(this BinaryReader reader, int leastBytes, int? expected = null)
    {
        var count = reader.ReadInt32();
        Require(count is >= 0 and <= Most && (expected is null || count == expected));
        Require((long)count * leastBytes <= reader.BaseStream.Length - reader.BaseStream.Position);
        return count;
    }

    public static void Require(bool holds)
    {
        if (!holds)
        {
            throw new InvalidDataException("a value is out of range");
        }
    }
}
