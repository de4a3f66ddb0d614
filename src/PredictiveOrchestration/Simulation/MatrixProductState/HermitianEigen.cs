using System.Numerics;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// Eigenvectors of the greatest eigenvalues of a Hermitian matrix: Householder tridiagonalisation, implicit QL on the tridiagonal matrix
/// (Bowdler, Martin, Reinsch and Wilkinson, Numer. Math. 11, 293, 1968), reflections back. For truncation only, where singular values
/// below 1e-8 of the greatest, which a Gram matrix loses, are dropped anyway.
/// </summary>
internal static unsafe class HermitianEigen
{
    private const int MaxIterations = 60;

    /// <summary>The eigenvectors of the <paramref name="count"/> greatest eigenvalues as rows, greatest first. G is destroyed.</summary>
    public static (Matrix Vectors, double[] Values) Greatest(MatrixAlgebra algebra, Matrix g, int count)
    {
        int n = g.Rows;
        using var reflectors = algebra.Pool.Rent(n, n);
        var taus = new double[n];
        var diagonal = new double[n];
        var below = new Complex[n];
        Tridiagonalise(algebra, g, reflectors, taus, diagonal, below);

        // A diagonal of phases makes the matrix real.
        var phases = new Complex[n];
        var real = new double[n];
        phases[0] = 1;
        for (var c = 0; c < n - 1; c++)
        {
            real[c] = below[c].Magnitude;
            phases[c + 1] = real[c] == 0 ? phases[c] : phases[c] * below[c] / real[c];
        }

        // Row i of z: the components of eigenvector i, as QL turns them, in the real plane; the imaginary plane stays zero.
        using var z = algebra.Pool.Rent(n, n);
        for (var i = 0; i < n; i++)
        {
            z.Re[((long)i * z.Stride) + i] = 1;
        }

        ImplicitQl(algebra, n, diagonal, real, z);
        var order = new int[n];
        for (var i = 0; i < n; i++)
        {
            order[i] = i;
            diagonal[i] = -diagonal[i];
        }

        Array.Sort(diagonal, order);
        var vectors = algebra.Pool.Rent(count, n);
        var values = new double[count];
        for (var r = 0; r < count; r++)
        {
            values[r] = -diagonal[r];
            for (var j = 0; j < n; j++)
            {
                vectors[r, j] = z.Re[((long)order[r] * z.Stride) + j] * phases[j];
            }
        }

        for (var c = n - 2; c >= 0; c--)
        {
            if (taus[c] != 0)
            {
                algebra.Check();
                var start = (c + 1) & -Kernels.MatrixKernelSet.Alignment;
                var at = ((long)c * reflectors.Stride) + start;
                for (var r = 0; r < count; r++)
                {
                    var row = ((long)r * vectors.Stride) + start;
                    algebra.Kernels.Reflect(reflectors.Re + at, reflectors.Im + at, taus[c], vectors.Re + row, vectors.Im + row, vectors.Stride - start);
                }
            }
        }

        return (vectors, values);
    }

    // H G H† for the reflector of each column: G -= v w† + w v†.
    private static void Tridiagonalise(MatrixAlgebra algebra, Matrix g, Matrix reflectors, double[] taus, double[] diagonal, Complex[] below)
    {
        int n = g.Rows, stride = g.Stride;
        using var rows = algebra.Pool.Rent(2, n);
        double* vr = rows.Re, vi = rows.Im, wr = rows.Re + rows.Stride, wi = rows.Im + rows.Stride;
        for (var c = 0; c < n - 1; c++)
        {
            if ((c & 15) == 0)
            {
                algebra.Check();
            }

            diagonal[c] = g[c, c].Real;
            double* re = reflectors.Re + ((long)c * reflectors.Stride), im = reflectors.Im + ((long)c * reflectors.Stride);
            double square = 0;
            for (var j = c + 1; j < n; j++)
            {
                re[j] = g.Re[((long)j * stride) + c];
                im[j] = g.Im[((long)j * stride) + c];
                square += (re[j] * re[j]) + (im[j] * im[j]);
            }

            var norm = Math.Sqrt(square);
            if (norm == 0)
            {
                continue;
            }

            // As in MatrixAlgebra.Lq: the phase must have modulus one however small the element is.
            var size = double.Hypot(re[c + 1], im[c + 1]);
            (size, var (pr, pi)) = size < 1e-250 ? (0, (1.0, 0.0)) : (size, (re[c + 1] / size, im[c + 1] / size));
            below[c] = new Complex(-pr * norm, -pi * norm);
            (re[c + 1], im[c + 1]) = (pr * (size + norm), pi * (size + norm));
            var tau = taus[c] = 1 / (norm * (norm + size));
            if (c == n - 2)
            {
                // What is left is one number, which a phase does not change.
                continue;
            }

            // p = tau · G v, w = p - tau/2 (v†p) v. The rows below hold conj(v) and conj(w), as the row update needs them.
            var start = (c + 1) & -Kernels.MatrixKernelSet.Alignment;
            var length = stride - start;
            for (var j = start; j < stride; j++)
            {
                (vr[j], vi[j], wr[j], wi[j]) = (re[j], -im[j], 0, 0);
            }

            double overlap = 0;
            for (var i = c + 1; i < n; i++)
            {
                // Σ_j G_ij v_j = Σ_j G_ij conj(conj(v_j)).
                var (a, b) = algebra.Kernels.Dot(g.Re + ((long)i * stride) + start, g.Im + ((long)i * stride) + start, vr + start, vi + start, length);
                (wr[i], wi[i]) = (tau * a, tau * b);
                overlap += (re[i] * wr[i]) + (im[i] * wi[i]);
            }

            overlap *= tau / 2;
            for (var i = c + 1; i < n; i++)
            {
                (wr[i], wi[i]) = (wr[i] - (overlap * re[i]), -(wi[i] - (overlap * im[i])));
            }

            for (var i = c + 1; i < n; i++)
            {
                algebra.Kernels.Subtract(
                    new Complex(re[i], im[i]), wr + start, wi + start, new Complex(wr[i], -wi[i]), vr + start, vi + start, g.Re + ((long)i * stride) + start, g.Im + ((long)i * stride) + start, length);
            }
        }

        diagonal[n - 1] = g[n - 1, n - 1].Real;
    }

    private static void ImplicitQl(MatrixAlgebra algebra, int n, double[] d, double[] e, Matrix z)
    {
        const double Epsilon = 2.220446049250313e-16;
        e[n - 1] = 0;
        double shift = 0, greatest = 0;
        for (var l = 0; l < n; l++)
        {
            greatest = Math.Max(greatest, Math.Abs(d[l]) + Math.Abs(e[l]));
            var m = l;
            while (m < n - 1 && Math.Abs(e[m]) > Epsilon * greatest)
            {
                m++;
            }

            for (var iteration = 0; m > l && iteration < MaxIterations; iteration++)
            {
                if ((l & 15) == 0)
                {
                    algebra.Check();
                }

                var g = d[l];
                var p = (d[l + 1] - g) / (2 * e[l]);
                var r = Math.Sqrt((p * p) + 1);
                r = p < 0 ? -r : r;
                d[l] = e[l] / (p + r);
                d[l + 1] = e[l] * (p + r);
                var next = d[l + 1];
                var h = g - d[l];
                for (var i = l + 2; i < n; i++)
                {
                    d[i] -= h;
                }

                shift += h;
                p = d[m];
                double c = 1, c2 = 1, c3 = 1, s = 0, s2 = 0;
                var el = e[l + 1];
                for (var i = m - 1; i >= l; i--)
                {
                    (c3, c2, s2) = (c2, c, s);
                    g = c * e[i];
                    h = c * p;
                    r = Math.Sqrt((p * p) + (e[i] * e[i]));
                    e[i + 1] = s * r;
                    s = e[i] / r;
                    c = p / r;
                    p = (c * d[i]) - (s * g);
                    d[i + 1] = h + (s * ((c * g) + (s * d[i])));

                    // Rows i and i + 1: c · x - s · y and s · x + c · y.
                    algebra.Kernels.RotateReal(z.Re + ((long)i * z.Stride), z.Re + ((long)(i + 1) * z.Stride), c, s, z.Stride);
                }

                p = -s * s2 * c3 * el * e[l] / next;
                e[l] = s * p;
                d[l] = c * p;
                if (Math.Abs(e[l]) <= Epsilon * greatest)
                {
                    break;
                }
            }

            d[l] += shift;
            e[l] = 0;
        }
    }
}
