using System.Numerics;

namespace PredictiveOrchestration.TestKit;

/// <summary>Textbook matrices, written down apart from the library's catalogue. Row-major, the first qubit least significant.</summary>
public static class OracleGates
{
    private static readonly Complex I = Complex.ImaginaryOne;

    public static Complex[,] Matrix(string name, IReadOnlyList<double> p)
    {
        var r = 1 / Math.Sqrt(2);
        return name switch
        {
            "gphase" => new[,] { { Complex.Exp(I * p[0]) } },
            "id" => new Complex[,] { { 1, 0 }, { 0, 1 } },
            "x" => X,
            "y" => Y,
            "z" => Z,
            "h" => new Complex[,] { { r, r }, { r, -r } },
            "s" => Diagonal(1, I),
            "sdg" => Diagonal(1, -I),
            "t" => Diagonal(1, Complex.Exp(I * Math.PI / 4)),
            "tdg" => Diagonal(1, Complex.Exp(-I * Math.PI / 4)),
            "sx" => Scale(0.5, new[,] { { 1 + I, 1 - I }, { 1 - I, 1 + I } }),
            "sxdg" => Scale(0.5, new[,] { { 1 - I, 1 + I }, { 1 + I, 1 - I } }),
            "p" => Diagonal(1, Complex.Exp(I * p[0])),
            "rx" => Exponential(p[0], X),
            "ry" => Exponential(p[0], Y),
            "rz" => Exponential(p[0], Z),
            "u" => U(p[0], p[1], p[2]),
            "u4" => Scale(Complex.Exp(I * p[3]), U(p[0], p[1], p[2])),
            "swap" => Permutation(0, 2, 1, 3),
            "iswap" => new[,] { { 1, 0, 0, 0 }, { 0, 0, I, 0 }, { 0, I, 0, 0 }, { 0, 0, 0, 1 } },
            "iswapdg" => new[,] { { 1, 0, 0, 0 }, { 0, 0, -I, 0 }, { 0, -I, 0, 0 }, { 0, 0, 0, 1 } },
            "rxx" => Exponential(p[0], Kronecker(X, X)),
            "ryy" => Exponential(p[0], Kronecker(Y, Y)),
            "rzz" => Exponential(p[0], Kronecker(Z, Z)),
            "rzx" => Exponential(p[0], Kronecker(X, Z)), // Z on the first (least significant) qubit: the right factor
            "ecr" => Scale(r, Add(Kronecker(Identity(2), X), Scale(-1, Kronecker(X, Y)))), // (IX - XY)/√2, letters from the second qubit to the first
            "rccx" => RelativeToffoli.Value,
            "rc3x" => RelativeC3X.Value,
            _ => throw new ArgumentException($"The oracle does not know the gate '{name}'.", nameof(name)),
        };
    }

    private static readonly Complex[,] X = { { 0, 1 }, { 1, 0 } };
    private static readonly Complex[,] Y = { { 0, -I }, { I, 0 } };
    private static readonly Complex[,] Z = { { 1, 0 }, { 0, -1 } };

    private static Complex[,] U(double theta, double phi, double lambda)
    {
        double c = Math.Cos(theta / 2), s = Math.Sin(theta / 2);
        return new[,] { { c, -Complex.Exp(I * lambda) * s }, { Complex.Exp(I * phi) * s, Complex.Exp(I * (phi + lambda)) * c } };
    }

    private static Complex[,] Diagonal(Complex a, Complex b) => new[,] { { a, 0 }, { 0, b } };

    // cos(θ/2) - i sin(θ/2) P for P² = 1.
    private static Complex[,] Exponential(double theta, Complex[,] p) =>
        Add(Scale(Math.Cos(theta / 2), Identity(p.GetLength(0))), Scale(-I * Math.Sin(theta / 2), p));

    private static Complex[,] Identity(int n) => Build(n, (i, j) => i == j ? 1 : 0);

    private static Complex[,] Permutation(params int[] to) => Build(to.Length, (i, j) => to[j] == i ? 1 : 0);

    private static Complex[,] Kronecker(Complex[,] high, Complex[,] low)
    {
        var m = low.GetLength(0);
        return Build(high.GetLength(0) * m, (i, j) => high[i / m, j / m] * low[i % m, j % m]);
    }

    private static Complex[,] Scale(Complex f, Complex[,] m) => Build(m.GetLength(0), (i, j) => f * m[i, j]);

    private static Complex[,] Add(Complex[,] a, Complex[,] b) => Build(a.GetLength(0), (i, j) => a[i, j] + b[i, j]);

    private static Complex[,] Multiply(Complex[,] a, Complex[,] b) => Build(a.GetLength(0), (i, j) =>
    {
        Complex sum = 0;
        for (var k = 0; k < a.GetLength(0); k++)
        {
            sum += a[i, k] * b[k, j];
        }

        return sum;
    });

    // rccx of qelib1.inc: u2(0,π) c; u1(π/4) c; cx b,c; u1(-π/4) c; cx a,c; u1(π/4) c; cx b,c; u1(-π/4) c; u2(0,π) c.
    private static readonly Lazy<Complex[,]> RelativeToffoli = new(() =>
    {
        Complex[,] h = On(3, 2, Matrix("h", [])), t = On(3, 2, Matrix("t", [])), tdg = On(3, 2, Matrix("tdg", []));
        Complex[,] cxb = CX(3, 1, 2), cxa = CX(3, 0, 2);
        return Sequence(h, t, cxb, tdg, cxa, t, cxb, tdg, h);
    });

    // rc3x (rcccx) of qelib1.inc.
    private static readonly Lazy<Complex[,]> RelativeC3X = new(() =>
    {
        Complex[,] h = On(4, 3, Matrix("h", [])), t = On(4, 3, Matrix("t", [])), tdg = On(4, 3, Matrix("tdg", []));
        Complex[,] cxa = CX(4, 0, 3), cxb = CX(4, 1, 3), cxc = CX(4, 2, 3);
        return Sequence(h, t, cxc, tdg, h, cxa, t, cxb, tdg, cxa, t, cxb, tdg, h, t, cxc, tdg, h);
    });

    private static Complex[,] On(int n, int qubit, Complex[,] m) =>
        Build(1 << n, (i, j) => (i & ~(1 << qubit)) == (j & ~(1 << qubit)) ? m[i >> qubit & 1, j >> qubit & 1] : 0);

    private static Complex[,] CX(int n, int control, int target) =>
        Build(1 << n, (i, j) => i == ((j >> control & 1) == 1 ? j ^ 1 << target : j) ? 1 : 0);

    private static Complex[,] Sequence(params Complex[][,] gates) => gates.Aggregate((before, gate) => Multiply(gate, before));

    private static Complex[,] Build(int n, Func<int, int, Complex> element)
    {
        var m = new Complex[n, n];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
            {
                m[i, j] = element(i, j);
            }
        }

        return m;
    }
}
