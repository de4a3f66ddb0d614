using MathNet.Numerics.LinearAlgebra;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// How wrong a prediction may be, as a scale of its error in log time: larger where trees scatter, where much is corrected, where the parts disagree, and where the kind of job is far from those that
/// were seen; by how much is fitted to held-out rows. The logarithm of the scale is linear in the logarithms of these; it has the largest likelihood if errors follow Laplace's distribution. Immutable.
/// </summary>
internal sealed class ErrorScale
{
    // The level and the inputs. What is less than a hundredth or so makes no difference.
    private const int Count = 5, Rounds = 40;
    private const double Little = 0.02, Pull = 10, Least = -5, Most = 3;
    private readonly double[] _weights;

    private ErrorScale(double[] weights) => _weights = weights;

    /// <summary>The same scale everywhere, before anything was fitted.</summary>
    public static ErrorScale Constant { get; } = new([Math.Log(0.1), .. new double[Count - 1]]);

    public void Write(BinaryWriter writer) => writer.WriteArray(_weights);

    public static ErrorScale Read(BinaryReader reader) => new(reader.ReadDoubles(Count));

    /// <summary>Fits the scale to held-out errors in log time.</summary>
    public static ErrorScale Fit(IReadOnlyList<(ResidualParts Parts, double Error)> rows)
    {
        if (rows.Count == 0)
        {
            return Constant;
        }

        // Standardised, so that the pull to no influence is the same for all.
        var x = new double[rows.Count][];
        double[] mean = new double[Count], deviation = new double[Count];
        for (var r = 0; r < x.Length; r++)
        {
            Inputs(rows[r].Parts, x[r] = new double[Count]);
        }

        for (var i = 1; i < Count; i++)
        {
            mean[i] = x.Average(v => v[i]);
            deviation[i] = Math.Sqrt(x.Average(v => (v[i] - mean[i]) * (v[i] - mean[i])));
            Array.ForEach(x, v => v[i] = deviation[i] < 1e-9 ? 0 : (v[i] - mean[i]) / deviation[i]);
        }

        // Newton's method on Σ ln s + |e| / s, whose second derivative is bounded where an error is far larger than its scale.
        var errors = rows.Select(r => Math.Min(3, Math.Abs(r.Error))).ToArray();
        var weights = Vector<double>.Build.Dense(Count);
        weights[0] = Math.Log(errors.Average() + 1e-3);
        for (var round = 0; round < Rounds; round++)
        {
            var slope = Vector<double>.Build.Dense(Count, i => i == 0 ? 0 : Pull * weights[i]);
            var curve = Matrix<double>.Build.DenseIdentity(Count) * (Pull + (1e-3 * x.Length));
            for (var r = 0; r < x.Length; r++)
            {
                var ratio = errors[r] / Math.Exp(Math.Clamp(Dot(weights, x[r]), Least, Most));
                for (var i = 0; i < Count; i++)
                {
                    slope[i] += (1 - ratio) * x[r][i];
                    for (var k = 0; k < Count; k++)
                    {
                        curve[i, k] += Math.Min(5, ratio) * x[r][i] * x[r][k];
                    }
                }
            }

            weights -= curve.Solve(slope).Map(s => Math.Clamp(s, -0.5, 0.5));
        }

        // Back from what was standardised.
        var plain = new double[Count];
        plain[0] = weights[0];
        for (var i = 1; i < Count; i++)
        {
            plain[i] = deviation[i] < 1e-9 ? 0 : weights[i] / deviation[i];
            plain[0] -= plain[i] * mean[i];
        }

        return new ErrorScale(plain);
    }

    /// <summary>The scale of the error of a prediction.</summary>
    public double Of(in ResidualParts parts)
    {
        Span<double> x = stackalloc double[Count];
        Inputs(parts, x);
        var sum = 0.0;
        for (var i = 0; i < Count; i++)
        {
            sum += _weights[i] * x[i];
        }

        return Math.Exp(Math.Clamp(sum, Least, Most));
    }

    private static double Dot(Vector<double> weights, double[] x)
    {
        var sum = 0.0;
        for (var i = 0; i < x.Length; i++)
        {
            sum += weights[i] * x[i];
        }

        return sum;
    }

    private static void Inputs(in ResidualParts p, Span<double> x)
    {
        x[0] = 1;
        x[1] = Math.Log(Little + p.Spread);
        x[2] = Math.Log(Little + Math.Abs(p.Forest));
        x[3] = Math.Log(Little + Math.Abs(p.Forest - p.Network));
        x[4] = Math.Log(Little + p.Novelty);
    }
}
