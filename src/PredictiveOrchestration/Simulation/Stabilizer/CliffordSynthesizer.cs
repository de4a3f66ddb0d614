using System.Numerics;

namespace PredictiveOrchestration.Simulation.Stabilizer;

/// <summary>The gates that a tableau knows by itself.</summary>
internal enum CliffordPrimitive : byte
{
    H,
    S,
    X,
    Z,
    CX,
    CZ,
    Swap,
}

/// <summary>A primitive on positions among a gate's qubits; <paramref name="B"/> is unused by one-qubit gates.</summary>
internal readonly record struct CliffordStep(CliffordPrimitive Gate, int A, int B = 0);

/// <summary>
/// Turns the matrix of a Clifford gate on up to five qubits into primitives: reads how it conjugates each X and Z, then sweeps the
/// images back to X and Z, qubit by qubit; the sweep reversed is the gate, up to a global phase.
/// </summary>
internal static class CliffordSynthesizer
{
    /// <summary>Finds the primitives.</summary>
    /// <param name="matrix">Row-major, 4^k elements, the first qubit least significant.</param>
    /// <param name="qubits">k.</param>
    /// <returns>The steps in the order of application, or null if the matrix is not a Clifford gate within 1e-12.</returns>
    public static CliffordStep[]? Synthesize(ReadOnlySpan<Complex> matrix, int qubits)
    {
        var images = new Row[2 * qubits];
        for (var j = 0; j < qubits; j++)
        {
            if (Conjugate(matrix, qubits, 1 << j, 0) is not { } x || Conjugate(matrix, qubits, 0, 1 << j) is not { } z)
            {
                return null;
            }

            images[2 * j] = x;
            images[2 * j + 1] = z;
        }

        var sweep = new List<CliffordStep>();
        for (var j = 0; j < qubits; j++)
        {
            SweepX(images, 2 * j, j, qubits, sweep);
            SweepZ(images, 2 * j + 1, j, qubits, sweep);
            if (images[2 * j].Sign)
            {
                Apply(images, new CliffordStep(CliffordPrimitive.Z, j), sweep);
            }

            if (images[2 * j + 1].Sign)
            {
                Apply(images, new CliffordStep(CliffordPrimitive.X, j), sweep);
            }
        }

        return Inverse(sweep);
    }

    // Makes image `row` equal to ± X_j.
    private static void SweepX(Row[] images, int row, int j, int qubits, List<CliffordStep> sweep)
    {
        for (var q = j; q < qubits; q++)
        {
            if (images[row].HasX(q) && images[row].HasZ(q))
            {
                Apply(images, new CliffordStep(CliffordPrimitive.S, q), sweep);
            }
            else if (images[row].HasZ(q))
            {
                Apply(images, new CliffordStep(CliffordPrimitive.H, q), sweep);
            }
        }

        var pivot = BitOperations.TrailingZeroCount((uint)images[row].X);
        if (pivot != j)
        {
            Apply(images, new CliffordStep(CliffordPrimitive.Swap, j, pivot), sweep);
        }

        for (var q = j + 1; q < qubits; q++)
        {
            if (images[row].HasX(q))
            {
                Apply(images, new CliffordStep(CliffordPrimitive.CX, j, q), sweep);
            }
        }
    }

    // Makes image `row`, which anticommutes with X_j, equal to ± Z_j by gates that keep X_j.
    private static void SweepZ(Row[] images, int row, int j, int qubits, List<CliffordStep> sweep)
    {
        for (var q = j + 1; q < qubits; q++)
        {
            if (images[row].HasX(q))
            {
                if (images[row].HasZ(q))
                {
                    Apply(images, new CliffordStep(CliffordPrimitive.S, q), sweep);
                }

                Apply(images, new CliffordStep(CliffordPrimitive.H, q), sweep);
            }

            if (images[row].HasZ(q))
            {
                Apply(images, new CliffordStep(CliffordPrimitive.CX, q, j), sweep);
            }
        }

        if (images[row].HasX(j))
        {
            // √X keeps X and turns Y into Z.
            Apply(images, new CliffordStep(CliffordPrimitive.H, j), sweep);
            Apply(images, new CliffordStep(CliffordPrimitive.S, j), sweep);
            Apply(images, new CliffordStep(CliffordPrimitive.H, j), sweep);
        }
    }

    private static void Apply(Row[] images, CliffordStep step, List<CliffordStep> sweep)
    {
        sweep.Add(step);
        for (var i = 0; i < images.Length; i++)
        {
            images[i] = images[i].Conjugated(step);
        }
    }

    private static CliffordStep[] Inverse(List<CliffordStep> sweep)
    {
        var steps = new List<CliffordStep>(sweep.Count);
        for (var i = sweep.Count - 1; i >= 0; i--)
        {
            steps.Add(sweep[i]);
            if (sweep[i].Gate == CliffordPrimitive.S)
            {
                steps.Add(new CliffordStep(CliffordPrimitive.Z, sweep[i].A));
            }
        }

        return [.. steps];
    }

    // U P U† for P = i^{xz} X^x Z^z, as a Pauli row; null if it is none.
    private static Row? Conjugate(ReadOnlySpan<Complex> u, int qubits, int x, int z)
    {
        const double tolerance = 1e-12;
        var size = 1 << qubits;
        Complex Element(ReadOnlySpan<Complex> m, int row, int column)
        {
            // Σ_k m[row, k ^ x] · phase(k) · conj(m[column, k]): P takes |k⟩ to i^{|x∧z|} (-1)^{z·k} |k ^ x⟩.
            Complex sum = 0;
            for (var k = 0; k < size; k++)
            {
                var term = m[row * size + (k ^ x)] * Complex.Conjugate(m[column * size + k]);
                sum += (BitOperations.PopCount((uint)(z & k)) & 1) == 0 ? term : -term;
            }

            return sum;
        }

        var imageX = -1;
        Complex first = 0;
        for (var row = 0; row < size; row++)
        {
            var value = Element(u, row, 0);
            if (value.Magnitude > 0.5)
            {
                (imageX, first) = (row, value);
            }
        }

        if (imageX < 0 || Math.Abs(first.Magnitude - 1) > tolerance)
        {
            return null;
        }

        var imageZ = 0;
        for (var j = 0; j < qubits; j++)
        {
            var ratio = Element(u, imageX ^ (1 << j), 1 << j) / first;
            if (Math.Abs(ratio.Imaginary) > tolerance || Math.Abs(Math.Abs(ratio.Real) - 1) > tolerance)
            {
                return null;
            }

            imageZ |= ratio.Real < 0 ? 1 << j : 0;
        }

        for (var column = 0; column < size; column++)
        {
            var expected = (BitOperations.PopCount((uint)(imageZ & column)) & 1) == 0 ? first : -first;
            if ((Element(u, column ^ imageX, column) - expected).Magnitude > tolerance)
            {
                return null;
            }
        }

        // first = ± i^{|x∧z|} of the image, and P itself carries no i here (x or z is zero).
        var phase = (BitOperations.PopCount((uint)(imageX & imageZ)) & 3) switch
        {
            0 => first,
            1 => first / Complex.ImaginaryOne,
            2 => -first,
            _ => first * Complex.ImaginaryOne,
        };
        return Math.Abs(phase.Imaginary) > tolerance ? null : new Row(imageX, imageZ, phase.Real < 0);
    }

    private readonly record struct Row(int X, int Z, bool Sign)
    {
        public bool HasX(int q) => (X >> q & 1) != 0;

        public bool HasZ(int q) => (Z >> q & 1) != 0;

        public Row Conjugated(CliffordStep step)
        {
            bool xa = HasX(step.A), za = HasZ(step.A), xb = HasX(step.B), zb = HasZ(step.B);
            switch (step.Gate)
            {
                case CliffordPrimitive.H:
                    return With(step.A, za, xa, xa && za);
                case CliffordPrimitive.S:
                    return With(step.A, xa, za ^ xa, xa && za);
                case CliffordPrimitive.X:
                    return this with { Sign = Sign ^ za };
                case CliffordPrimitive.Z:
                    return this with { Sign = Sign ^ xa };
                case CliffordPrimitive.CX:
                    return With(step.A, xa, za ^ zb, xa && zb && (xb == za)).With(step.B, xb ^ xa, zb, false);
                case CliffordPrimitive.CZ:
                    return With(step.A, xa, za ^ xb, xa && xb && (za != zb)).With(step.B, xb, zb ^ xa, false);
                default:
                    return With(step.A, xb, zb, false).With(step.B, xa, za, false);
            }
        }

        private Row With(int q, bool x, bool z, bool flip) => new(
            x ? X | 1 << q : X & ~(1 << q),
            z ? Z | 1 << q : Z & ~(1 << q),
            Sign ^ flip);
    }
}
