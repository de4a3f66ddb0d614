using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Transpilation;

/// <summary>Arithmetic of 2 × 2 and 4 × 4 matrices, row-major.</summary>
internal static class SmallMatrix
{
    private static readonly double Half = Math.Sqrt(0.5);

    public static Complex[] Identity => [1, 0, 0, 1];

    public static Complex[] X => [0, 1, 1, 0];

    public static Complex[] Y => [0, -Complex.ImaginaryOne, Complex.ImaginaryOne, 0];

    public static Complex[] Z => [1, 0, 0, -1];

    public static Complex[] H => [Half, Half, Half, -Half];

    public static Complex[] S => [1, 0, 0, Complex.ImaginaryOne];

    /// <summary>exp(i t X).</summary>
    public static Complex[] ExpX(double t) => [Math.Cos(t), Complex.ImaginaryOne * Math.Sin(t), Complex.ImaginaryOne * Math.Sin(t), Math.Cos(t)];

    /// <summary>exp(i t Z).</summary>
    public static Complex[] ExpZ(double t) => [Complex.FromPolarCoordinates(1, t), 0, 0, Complex.FromPolarCoordinates(1, -t)];

    /// <summary>The rotation by an angle about Y.</summary>
    public static Complex[] RotationY(double angle) => [Math.Cos(angle / 2), -Math.Sin(angle / 2), Math.Sin(angle / 2), Math.Cos(angle / 2)];

    public static Complex[] Multiply(Complex[] a, Complex[] b)
    {
        var n = a.Length == 4 ? 2 : 4;
        var result = new Complex[n * n];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
            {
                Complex sum = 0;
                for (var k = 0; k < n; k++)
                {
                    sum += a[i * n + k] * b[k * n + j];
                }

                result[i * n + j] = sum;
            }
        }

        return result;
    }

    public static Complex[] Adjoint(Complex[] a)
    {
        var result = new Complex[a.Length];
        UnitaryMatrix.Adjoint(a, a.Length == 4 ? 2 : 4, result);
        return result;
    }

    /// <summary>high ⊗ low: the low one acts on the least significant bit.</summary>
    public static Complex[] Kronecker(Complex[] high, Complex[] low)
    {
        var result = new Complex[16];
        for (var i = 0; i < 4; i++)
        {
            for (var j = 0; j < 4; j++)
            {
                result[i * 4 + j] = high[(i >> 1) * 2 + (j >> 1)] * low[(i & 1) * 2 + (j & 1)];
            }
        }

        return result;
    }

    /// <summary>The factors of a product high ⊗ low, up to a phase between them.</summary>
    public static (Complex[] High, Complex[] Low) Factors(Complex[] product)
    {
        var largest = 0;
        for (var k = 1; k < 16; k++)
        {
            largest = product[k].Magnitude > product[largest].Magnitude + 1e-12 ? k : largest;
        }

        var (row, column) = (largest / 4, largest % 4);
        var low = new Complex[4];
        var high = new Complex[4];
        for (var i = 0; i < 2; i++)
        {
            for (var j = 0; j < 2; j++)
            {
                low[i * 2 + j] = product[((row & 2) | i) * 4 + ((column & 2) | j)];
                high[i * 2 + j] = product[((i << 1) | (row & 1)) * 4 + ((j << 1) | (column & 1))];
            }
        }

        return (Unit(high), Unit(low));
    }

    /// <summary>The same matrix on the two qubits the other way round.</summary>
    public static Complex[] Exchanged(Complex[] m)
    {
        var result = new Complex[16];
        for (var i = 0; i < 16; i++)
        {
            static int Swap(int k) => ((k & 1) << 1) | (k >> 1);
            result[Swap(i / 4) * 4 + Swap(i % 4)] = m[i];
        }

        return result;
    }

    /// <summary>A unitary whose square is the 2 × 2 unitary, to the letter: phases matter where it is controlled.</summary>
    public static Complex[] SquareRoot(Complex[] u)
    {
        // √U = (U + s) / t with s² = det U and t² = tr U + 2 s; the sign of s is that of the larger t.
        var s = Complex.Sqrt(u[0] * u[3] - u[1] * u[2]);
        var trace = u[0] + u[3];
        if ((trace - 2 * s).Magnitude > (trace + 2 * s).Magnitude)
        {
            s = -s;
        }

        var t = Complex.Sqrt(trace + 2 * s);
        return [(u[0] + s) / t, u[1] / t, u[2] / t, (u[3] + s) / t];
    }

    private static Complex[] Unit(Complex[] m)
    {
        var determinant = Complex.Sqrt(m[0] * m[3] - m[1] * m[2]);
        return Array.ConvertAll(m, e => e / determinant);
    }
}
