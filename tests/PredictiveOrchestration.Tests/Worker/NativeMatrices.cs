using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Worker;

/// <summary>The matrices of IonQ's native gates by their published formulas, phases and angles in turns; the first target is the least significant bit.</summary>
internal static class NativeMatrices
{
    public static Complex[,] Gpi(double phase) => new Complex[,] { { 0, Turn(-phase) }, { Turn(phase), 0 } };

    public static Complex[,] Gpi2(double phase) => Scale(Math.Sqrt(0.5), new Complex[,] { { 1, -Complex.ImaginaryOne * Turn(-phase) }, { -Complex.ImaginaryOne * Turn(phase), 1 } });

    public static Complex[,] MolmerSorensen(double phase0, double phase1, double angle)
    {
        var (cos, sin) = (Math.Cos(Math.PI * angle), -Complex.ImaginaryOne * Math.Sin(Math.PI * angle));
        return new[,]
        {
            { cos, 0, 0, sin * Turn(-(phase0 + phase1)) },
            { 0, cos, sin * Turn(phase0 - phase1), 0 },
            { 0, sin * Turn(-(phase0 - phase1)), cos, 0 },
            { sin * Turn(phase0 + phase1), 0, 0, cos },
        };
    }

    public static Complex[,] Zz(double angle)
    {
        var (minus, plus) = (Turn(-angle / 2), Turn(angle / 2));
        return new[,] { { minus, 0, 0, 0 }, { 0, plus, 0, 0 }, { 0, 0, plus, 0 }, { 0, 0, 0, minus } };
    }

    /// <summary>cos(θ/2) - i sin(θ/2) P; letter i acts on target i.</summary>
    public static Complex[,] PauliRotation(string letters, double theta)
    {
        var product = new Complex[,] { { 1 } };
        foreach (var letter in letters)
        {
            product = Kronecker(Pauli(letter), product);
        }

        var size = product.GetLength(0);
        var result = Scale(-Complex.ImaginaryOne * Math.Sin(theta / 2), product);
        for (var i = 0; i < size; i++)
        {
            result[i, i] += Math.Cos(theta / 2);
        }

        return result;
    }

    public static Complex[,] Multiply(Complex[,] a, Complex[,] b)
    {
        var n = a.GetLength(0);
        var c = new Complex[n, n];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
            {
                for (var k = 0; k < n; k++)
                {
                    c[i, j] += a[i, k] * b[k, j];
                }
            }
        }

        return c;
    }

    /// <summary>The circuit turns every one of a set of spanning product states into what the matrix makes of it, up to a global phase that is the same for all.</summary>
    public static void ShouldActLike(Circuit circuit, Complex[,] matrix, int[] targets)
    {
        // A generic product state has every amplitude, so one state shows the whole matrix's action up to one phase; three are for luck.
        foreach (var seed in new[] { 0.3, 0.9, 1.7 })
        {
            var prepare = new CircuitBuilder(circuit.NumQubits);
            for (var q = 0; q < circuit.NumQubits; q++)
            {
                prepare.Gate(GateCatalog.U, 0, [seed + q, 0.7 * seed + 2 * q, 0], [q]);
            }

            var before = OracleSimulator.FinalState(prepare.Build());
            var expected = new Complex[before.Length];
            for (var i = 0; i < before.Length; i++)
            {
                var column = targets.Select((t, k) => ((i >> t) & 1) << k).Sum();
                for (var row = 0; row < matrix.GetLength(0); row++)
                {
                    var to = i;
                    for (var k = 0; k < targets.Length; k++)
                    {
                        to = (to & ~(1 << targets[k])) | (((row >> k) & 1) << targets[k]);
                    }

                    expected[to] += matrix[row, column] * before[i];
                }
            }

            foreach (ref readonly var op in circuit.Operations)
            {
                prepare.Gate(circuit.GateOf(op), op.ControlCount, circuit.ParametersOf(op), circuit.QubitsOf(op));
            }

            var actual = OracleSimulator.FinalState(prepare.Build());
            expected.Zip(actual, (e, a) => Complex.Conjugate(e) * a).Aggregate(Complex.Zero, (s, v) => s + v).Magnitude.Should().BeApproximately(1, 1e-12);
        }
    }

    private static Complex Turn(double turns) => Complex.FromPolarCoordinates(1, Math.Tau * turns);

    private static Complex[,] Pauli(char letter) => letter switch
    {
        'X' => new Complex[,] { { 0, 1 }, { 1, 0 } },
        'Y' => new[,] { { 0, -Complex.ImaginaryOne }, { Complex.ImaginaryOne, 0 } },
        'Z' => new Complex[,] { { 1, 0 }, { 0, -1 } },
        _ => new Complex[,] { { 1, 0 }, { 0, 1 } },
    };

    private static Complex[,] Scale(Complex factor, Complex[,] m)
    {
        var scaled = (Complex[,])m.Clone();
        for (var i = 0; i < m.GetLength(0); i++)
        {
            for (var j = 0; j < m.GetLength(1); j++)
            {
                scaled[i, j] *= factor;
            }
        }

        return scaled;
    }

    private static Complex[,] Kronecker(Complex[,] a, Complex[,] b)
    {
        var (n, m) = (a.GetLength(0), b.GetLength(0));
        var c = new Complex[n * m, n * m];
        for (var i = 0; i < n * m; i++)
        {
            for (var j = 0; j < n * m; j++)
            {
                c[i, j] = a[i / m, j / m] * b[i % m, j % m];
            }
        }

        return c;
    }
}
