using System.Numerics;

namespace PredictiveOrchestration.Transpilation;

/// <summary>
/// A two-qubit unitary as (H1 ⊗ L1) exp(i (a XX + b YY + c ZZ)) (H0 ⊗ L0) up to a phase (Cartan's KAK decomposition), with π/4 ≥ |a| ≥ |c| ≥ |b|. "High" is the
/// more significant qubit. It needs 0, 1, 2 or 3 gates exp(i π/4 XX), which is CX up to one-qubit gates.
/// </summary>
internal sealed class TwoQubitDecomposition
{
    private const double Tolerance = 1e-9;
    private const double Quarter = Math.PI / 4;
    private static readonly Complex[] Magic = MagicBasis();
    private readonly double[] _axes;

    private TwoQubitDecomposition(Complex[] high1, Complex[] low1, double[] axes, Complex[] high0, Complex[] low0)
    {
        (High1, Low1, High0, Low0, _axes) = (high1, low1, high0, low0, axes);
    }

    public Complex[] High1 { get; private set; }

    public Complex[] Low1 { get; private set; }

    public Complex[] High0 { get; private set; }

    public Complex[] Low0 { get; private set; }

    /// <summary>The angles a, b and c.</summary>
    public IReadOnlyList<double> Axes => _axes;

    /// <summary>The number of gates exp(i π/4 XX) that it takes.</summary>
    public int Entanglers => Is(_axes[0], 0) && Is(_axes[2], 0) ? 0 : Is(_axes[0], Quarter) && Is(_axes[2], 0) ? 1 : Is(_axes[1], 0) ? 2 : 3;

    /// <summary>Whether the one gate that it takes is exp(-i π/4 XX).</summary>
    public bool IsNegative => Entanglers == 1 && _axes[0] < 0;

    /// <summary>Decomposes a unitary.</summary>
    public static TwoQubitDecomposition Of(Complex[] unitary)
    {
        // In the magic basis products of one-qubit gates are real, and exp(i (a XX + b YY + c ZZ)) is diagonal.
        var root = Complex.Pow(Determinant(unitary), 0.25);
        var u = SmallMatrix.Multiply(SmallMatrix.Multiply(SmallMatrix.Adjoint(Magic), Array.ConvertAll(unitary, e => e / root)), Magic);
        var symmetric = SmallMatrix.Multiply(Transpose(u), u);
        var p = Diagonalize(symmetric);
        var pComplex = Array.ConvertAll(p, e => (Complex)e);
        var diagonal = SmallMatrix.Multiply(SmallMatrix.Multiply(Transpose(pComplex), symmetric), pComplex);
        var angles = new double[4];
        for (var k = 0; k < 4; k++)
        {
            angles[k] = diagonal[k * 5].Phase / 2;
        }

        var left = Left(u, pComplex, angles);
        if (Determinant(left).Real < 0)
        {
            angles[0] += Math.PI;
            left = Left(u, pComplex, angles);
        }

        double[] axes =
        [
            (angles[0] + angles[1] - angles[2] - angles[3]) / 4,
            (-angles[0] + angles[1] - angles[2] + angles[3]) / 4,
            (angles[0] - angles[1] - angles[2] + angles[3]) / 4,
        ];
        var (high1, low1) = SmallMatrix.Factors(FromMagic(left));
        var (high0, low0) = SmallMatrix.Factors(FromMagic(Transpose(pComplex)));
        var result = new TwoQubitDecomposition(high1, low1, axes, high0, low0);
        result.Reduce();
        return result;
    }

    /// <summary>Gives the decomposition step by step in the order of time: one-qubit gates, and exp(i π/4 XX).</summary>
    public void Emit(Action<bool, Complex[]> single, Action entangler)
    {
        void High(Complex[] m) => single(true, m);
        void Low(Complex[] m) => single(false, m);

        // CX is exp(-i π/4 Z) on its control and exp(-i π/4 X) on its target after H exp(i π/4 XX) H with H on the control.
        void ControlledX(bool highControls)
        {
            single(highControls, SmallMatrix.H);
            entangler();
            single(highControls, SmallMatrix.H);
            single(highControls, SmallMatrix.ExpZ(-Quarter));
            single(!highControls, SmallMatrix.ExpX(-Quarter));
        }

        var (a, b, c) = (_axes[0], _axes[1], _axes[2]);
        High(High0);
        Low(Low0);
        switch (Entanglers)
        {
            case 0:
                break;
            case 1:
                entangler();
                if (a < 0)
                {
                    High(SmallMatrix.X);
                    Low(SmallMatrix.X);
                }

                break;
            case 2:
                // CX takes X of its control to XX and Z of its target to ZZ.
                ControlledX(true);
                High(SmallMatrix.ExpX(a));
                Low(SmallMatrix.ExpZ(c));
                ControlledX(true);
                break;
            default:
                // Vatan and Williams, Optimal quantum circuits for general two-qubit gates (2004), figure 6.
                Low(SmallMatrix.ExpZ(Quarter));
                ControlledX(false);
                High(SmallMatrix.ExpZ(c - Quarter));
                Low(SmallMatrix.RotationY(2 * a - Math.PI / 2));
                ControlledX(true);
                Low(SmallMatrix.RotationY(Math.PI / 2 - 2 * b));
                ControlledX(false);
                High(SmallMatrix.ExpZ(-Quarter));
                break;
        }

        High(High1);
        Low(Low1);
    }

    private static bool Is(double value, double wanted) => Math.Abs(Math.Abs(value) - wanted) < Tolerance;

    // Angles into [-π/4, π/4] by factors i PP, then the largest to X and the smallest to Y by one-qubit Clifford gates.
    private void Reduce()
    {
        Complex[][] paulis = [SmallMatrix.X, SmallMatrix.Y, SmallMatrix.Z];
        for (var k = 0; k < 3; k++)
        {
            var turns = Math.Round(_axes[k] / (2 * Quarter));
            _axes[k] -= turns * 2 * Quarter;
            if (Math.Abs(turns % 2) == 1)
            {
                High1 = SmallMatrix.Multiply(High1, paulis[k]);
                Low1 = SmallMatrix.Multiply(Low1, paulis[k]);
            }
        }

        Exchange(0, 1, SmallMatrix.S, Math.Abs(_axes[1]) > Math.Abs(_axes[0]));
        Exchange(0, 2, SmallMatrix.H, Math.Abs(_axes[2]) > Math.Abs(_axes[0]));
        Exchange(1, 2, SmallMatrix.ExpX(Quarter), Math.Abs(_axes[1]) > Math.Abs(_axes[2]));
    }

    private void Exchange(int first, int second, Complex[] clifford, bool when)
    {
        if (!when)
        {
            return;
        }

        (_axes[first], _axes[second]) = (_axes[second], _axes[first]);
        var inverse = SmallMatrix.Adjoint(clifford);
        High1 = SmallMatrix.Multiply(High1, clifford);
        Low1 = SmallMatrix.Multiply(Low1, clifford);
        High0 = SmallMatrix.Multiply(inverse, High0);
        Low0 = SmallMatrix.Multiply(inverse, Low0);
    }

    private static Complex[] Left(Complex[] u, Complex[] p, double[] angles)
    {
        var product = SmallMatrix.Multiply(u, p);
        for (var i = 0; i < 16; i++)
        {
            product[i] *= Complex.FromPolarCoordinates(1, -angles[i % 4]);
        }

        return product;
    }

    private static Complex[] FromMagic(Complex[] m) => SmallMatrix.Multiply(SmallMatrix.Multiply(Magic, m), SmallMatrix.Adjoint(Magic));

    // A real rotation that diagonalises the commuting real and imaginary parts of a symmetric unitary: a mixture of both separates what one leaves equal.
    private static double[] Diagonalize(Complex[] symmetric)
    {
        double[]? best = null;
        var least = double.MaxValue;
        for (var attempt = 0; attempt < 12; attempt++)
        {
            var mix = 0.31 + 0.47 * attempt;
            var real = Array.ConvertAll(symmetric, e => Math.Cos(mix) * e.Real + Math.Sin(mix) * e.Imaginary);
            var p = Jacobi(real);
            var complex = Array.ConvertAll(p, e => (Complex)e);
            var d = SmallMatrix.Multiply(SmallMatrix.Multiply(Transpose(complex), symmetric), complex);
            var off = 0.0;
            for (var i = 0; i < 16; i++)
            {
                off = i % 5 == 0 ? off : Math.Max(off, d[i].Magnitude);
            }

            if (off < least)
            {
                (best, least) = (p, off);
            }

            if (least < 1e-13)
            {
                break;
            }
        }

        if (Determinant(Array.ConvertAll(best!, e => (Complex)e)).Real < 0)
        {
            for (var row = 0; row < 4; row++)
            {
                best![row * 4] = -best[row * 4];
            }
        }

        return best!;
    }

    private static double[] Jacobi(double[] a)
    {
        a = (double[])a.Clone();
        double[] v = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
        for (var sweep = 0; sweep < 60; sweep++)
        {
            for (var p = 0; p < 3; p++)
            {
                for (var q = p + 1; q < 4; q++)
                {
                    if (Math.Abs(a[p * 4 + q]) < 1e-17)
                    {
                        continue;
                    }

                    var theta = 0.5 * Math.Atan2(2 * a[p * 4 + q], a[q * 4 + q] - a[p * 4 + p]);
                    var (sin, cos) = Math.SinCos(theta);
                    for (var k = 0; k < 4; k++)
                    {
                        (a[k * 4 + p], a[k * 4 + q]) = (cos * a[k * 4 + p] - sin * a[k * 4 + q], sin * a[k * 4 + p] + cos * a[k * 4 + q]);
                    }

                    for (var k = 0; k < 4; k++)
                    {
                        (a[p * 4 + k], a[q * 4 + k]) = (cos * a[p * 4 + k] - sin * a[q * 4 + k], sin * a[p * 4 + k] + cos * a[q * 4 + k]);
                        (v[k * 4 + p], v[k * 4 + q]) = (cos * v[k * 4 + p] - sin * v[k * 4 + q], sin * v[k * 4 + p] + cos * v[k * 4 + q]);
                    }
                }
            }
        }

        return v;
    }

    private static Complex[] Transpose(Complex[] m)
    {
        var result = new Complex[16];
        for (var i = 0; i < 16; i++)
        {
            result[i % 4 * 4 + i / 4] = m[i];
        }

        return result;
    }

    private static Complex Determinant(Complex[] m)
    {
        Complex Minor(int a, int b, int c, int d) => m[a] * m[d] - m[b] * m[c];
        Complex sum = 0;
        for (var p = 0; p < 3; p++)
        {
            for (var q = p + 1; q < 4; q++)
            {
                var rest = Enumerable.Range(0, 4).Where(k => k != p && k != q).ToArray();
                var sign = ((p + q + 1) & 1) == 0 ? 1 : -1;
                sum += sign * Minor(p, q, 4 + p, 4 + q) * Minor(8 + rest[0], 8 + rest[1], 12 + rest[0], 12 + rest[1]);
            }
        }

        return sum;
    }

    private static Complex[] MagicBasis()
    {
        var (r, i) = ((Complex)Math.Sqrt(0.5), new Complex(0, Math.Sqrt(0.5)));
        return [r, 0, 0, i, 0, i, r, 0, 0, i, -r, 0, r, 0, 0, -i];
    }
}
