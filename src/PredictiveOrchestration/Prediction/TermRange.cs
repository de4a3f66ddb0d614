namespace PredictiveOrchestration.Prediction;

/// <summary>The least and the greatest value of each term in the training data. Immutable.</summary>
internal sealed class TermRange
{
    private readonly double[] _low, _high;

    private TermRange(double[] low, double[] high) => (_low, _high) = (low, high);

    public static TermRange Of(IReadOnlyList<TrainingRow> rows)
    {
        var (low, high) = ((double[])rows[0].Terms.Clone(), (double[])rows[0].Terms.Clone());
        foreach (var row in rows)
        {
            for (var i = 0; i < low.Length; i++)
            {
                (low[i], high[i]) = (Math.Min(low[i], row.Terms[i]), Math.Max(high[i], row.Terms[i]));
            }
        }

        return new TermRange(low, high);
    }

    /// <summary>The sum of the terms, in seconds, and by how much, in log time, terms outside the range make it larger and smaller than terms at its ends would; 0 inside.</summary>
    public (double Seconds, double Outside) Of(ReadOnlySpan<double> terms, ReadOnlySpan<double> coefficients)
    {
        double sum = 0, atMost = 0, atLeast = 0;
        for (var i = 0; i < _low.Length; i++)
        {
            sum += coefficients[i] * terms[i];
            atMost += coefficients[i] * Math.Min(terms[i], _high[i]);
            atLeast += coefficients[i] * Math.Max(terms[i], _low[i]);
        }

        return (sum, (atMost < sum && atMost > 0 ? Math.Log(sum / atMost) : 0) + (atLeast > sum && sum > 0 ? Math.Log(atLeast / sum) : 0));
    }

    public void Write(BinaryWriter writer)
    {
        writer.WriteArray(_low);
        writer.WriteArray(_high);
    }

    public static TermRange Read(BinaryReader reader, int terms) => new(reader.ReadDoubles(terms), reader.ReadDoubles(terms));
}
