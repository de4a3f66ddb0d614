using MathNet.Numerics.LinearAlgebra;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// How wrong a prediction may be, as a scale of its error in log time: larger where trees scatter, as they do where jobs are unlike those that were seen, where much is corrected, where the parts disagree,
/// and where a run is so short that what comes on top of it (a thread to be woken, cold caches) weighs as much as itself; by how much is fitted to held-out rows. The scale is a product of powers of
/// the first three and 1 + floor / time; it has the largest likelihood if errors follow Laplace's distribution. Immutable.
/// </summary>
internal sealed class ErrorScale
{
    // The level and the inputs. What is less than a hundredth or so makes no difference.
    private const int Count = 4, Rounds = 40;
    private const double Little = 0.02, Pull = 10, Least = -5, Most = 3;
    private readonly double[] _weights;
    private readonly double _logFloor, _logShortest;

    private ErrorScale(double[] weights, double logFloor, double logShortest) => (_weights, _logFloor, _logShortest) = (weights, logFloor, logShortest);

    /// <summary>The same scale everywhere, before anything was fitted.</summary>
    public static ErrorScale Constant { get; } = new([Math.Log(0.1), .. new double[Count - 1]], -100, 0);

    /// <summary>The time, in seconds, at which errors are twice as large as those of long runs.</summary>
    public double FloorSeconds => Math.Exp(_logFloor);

    public void Write(BinaryWriter writer)
    {
        writer.WriteArray(_weights);
        writer.Write(_logFloor);
        writer.Write(_logShortest);
    }

    public static ErrorScale Read(BinaryReader reader) => new(reader.ReadDoubles(Count), reader.ReadFinite(), reader.ReadFinite());

    /// <summary>Fits the scale to held-out errors in log time.</summary>
    /// <param name="rows">What the parts said, the natural logarithm of the predicted seconds, and the error.</param>
    public static ErrorScale Fit(IReadOnlyList<(ResidualParts Parts, double LogSeconds, double Error)> rows)
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
            Inputs(rows[r].Parts, x[r] = new double[Count + 1]);
        }

        for (var i = 1; i < Count; i++)
        {
            mean[i] = x.Average(v => v[i]);
            deviation[i] = Math.Sqrt(x.Average(v => (v[i] - mean[i]) * (v[i] - mean[i])));
            Array.ForEach(x, v => v[i] = deviation[i] < 1e-9 ? 0 : (v[i] - mean[i]) / deviation[i]);
        }

        // Newton's method on Σ ln s + |e| / s, whose second derivative is bounded where an error is far larger than its scale. The last parameter is the logarithm of the floor: it is pulled to the
        // shortest time, for where few runs are known they are short ones, and long ones would be taken to be predicted as much better. What ln s changes with it is the floor's share.
        var errors = rows.Select(r => Math.Min(3, Math.Abs(r.Error))).ToArray();
        var weights = Vector<double>.Build.Dense(Count + 1);
        var shortest = rows.Min(r => r.LogSeconds);
        (weights[0], weights[Count]) = (Math.Log(errors.Average() + 1e-3), shortest);
        for (var round = 0; round < Rounds; round++)
        {
            var slope = Vector<double>.Build.Dense(Count + 1, i => i == 0 ? 0 : Pull * (weights[i] - (i == Count ? shortest : 0)));
            var curve = Matrix<double>.Build.DenseIdentity(Count + 1) * (Pull + (1e-3 * x.Length));
            for (var r = 0; r < x.Length; r++)
            {
                var over = Math.Exp(weights[Count] - rows[r].LogSeconds);
                x[r][Count] = over / (1 + over);
                var ratio = errors[r] / (Math.Exp(Math.Clamp(Dot(weights, x[r]), Least, Most)) * (1 + over));
                for (var i = 0; i <= Count; i++)
                {
                    slope[i] += (1 - ratio) * x[r][i];
                    for (var k = 0; k <= Count; k++)
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

        return new ErrorScale(plain, weights[Count], shortest);
    }

    /// <summary>The scale of the error of a prediction.</summary>
    /// <param name="parts">What the parts said.</param>
    /// <param name="logSeconds">The natural logarithm of the predicted seconds.</param>
    public double Of(in ResidualParts parts, double logSeconds)
    {
        Span<double> x = stackalloc double[Count];
        Inputs(parts, x);
        var sum = 0.0;
        for (var i = 0; i < Count; i++)
        {
            sum += _weights[i] * x[i];
        }

        // What is shorter than anything known may be as wrong as that.
        return Math.Exp(Math.Clamp(sum, Least, Most)) * (1 + Math.Exp(_logFloor - Math.Max(_logShortest, logSeconds)));
    }

    private static double Dot(Vector<double> weights, double[] x)
    {
        var sum = 0.0;
        for (var i = 0; i < Count; i++)
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
    }
}
