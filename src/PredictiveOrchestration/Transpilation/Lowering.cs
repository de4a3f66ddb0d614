using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Transpilation;

/// <summary>Takes a circuit apart into matrices on one and two qubits, measurements, resets and barriers. Exact, without further qubits.</summary>
internal sealed class Lowering(IBlockSink sink)
{
    private const int MaxControls = 12;

    /// <summary>Takes all operations apart.</summary>
    /// <exception cref="TranspilationException">The circuit has run-time control flow, or a gate has too many controls.</exception>
    public void Lower(Circuit circuit, CancellationToken cancellationToken)
    {
        var index = 0;
        foreach (ref readonly var op in circuit.Operations)
        {
            if ((index++ & 255) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            var qubits = circuit.QubitsOf(op).ToArray();
            switch (op.Kind)
            {
                case OperationKind.Gate when !op.HasDynamicParameters:
                    Gate(circuit.GateOf(op), circuit.ParametersOf(op), qubits[..op.ControlCount], qubits[op.ControlCount..]);
                    break;
                case OperationKind.Unitary:
                    Matrix(circuit.MatrixOf(op).ToArray(), qubits[..op.ControlCount], qubits[op.ControlCount..]);
                    break;
                case OperationKind.Measure:
                    sink.Measure(qubits[0], op.Argument);
                    break;
                case OperationKind.Reset:
                    sink.Reset(qubits[0]);
                    break;
                case OperationKind.Barrier:
                    sink.Barrier(qubits);
                    break;
                default:
                    throw new TranspilationException($"Operation {index - 1} ({op.Kind}) depends on measurements; only circuits without run-time control flow are transpiled.");
            }
        }
    }

    private void Gate(GateDefinition gate, ReadOnlySpan<double> parameters, int[] controls, int[] targets)
    {
        if (gate == GateCatalog.Id)
        {
            return;
        }

        var matrix = new Complex[1 << (2 * gate.NumQubits)];
        gate.WriteMatrix(parameters, matrix);
        if (gate.NumQubits == 0)
        {
            // A global phase does nothing by itself; with controls it is a phase on the last of them.
            if (controls.Length > 0)
            {
                Controlled([1, 0, 0, matrix[0]], controls[..^1], controls[^1]);
            }
        }
        else if (gate == GateCatalog.Swap && controls.Length > 0)
        {
            Two(targets[1], targets[0], SmallMatrix.X);
            Controlled(SmallMatrix.X, [.. controls, targets[0]], targets[1]);
            Two(targets[1], targets[0], SmallMatrix.X);
        }
        else if (gate == GateCatalog.RCCX && controls.Length == 0)
        {
            RelativePhaseToffoli(targets[0], targets[1], targets[2]);
        }
        else if (gate == GateCatalog.RC3X && controls.Length == 0)
        {
            RelativePhaseC3X(targets[0], targets[1], targets[2], targets[3]);
        }
        else
        {
            Matrix(matrix, controls, targets);
        }
    }

    private void Matrix(Complex[] matrix, int[] controls, int[] targets)
    {
        if (targets.Length == 1)
        {
            Controlled(matrix, controls, targets[0]);
        }
        else if (targets.Length == 2 && controls.Length == 0)
        {
            sink.Two(targets[0], targets[1], matrix);
        }
        else
        {
            TwoLevel(matrix, controls, targets);
        }
    }

    // A gate with controls. With two and more: Barenco et al. (1995), lemma 7.5, by square roots.
    private void Controlled(Complex[] u, int[] controls, int target)
    {
        if (controls.Length > MaxControls)
        {
            throw new TranspilationException($"A gate with {controls.Length} controls would take more than a million gates; at most {MaxControls} controls are taken apart. Use further qubits to build it.");
        }

        switch (controls.Length)
        {
            case 0:
                sink.One(target, u);
                return;
            case 1:
                Two(controls[0], target, u);
                return;
            case 2 when IsX(u):
                Toffoli(controls[0], controls[1], target);
                return;
        }

        var root = SmallMatrix.SquareRoot(u);
        var (last, rest) = (controls[^1], controls[..^1]);
        Two(last, target, root);
        Controlled(SmallMatrix.X, rest, last);
        Two(last, target, SmallMatrix.Adjoint(root));
        Controlled(SmallMatrix.X, rest, last);
        Controlled(root, rest, target);
    }

    private void Two(int control, int target, Complex[] u) =>
        sink.Two(target, control, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, u[0], u[1], 0, 0, u[2], u[3]]);

    private void Toffoli(int a, int b, int c)
    {
        var t = Phase(Math.PI / 4);
        var tdg = Phase(-Math.PI / 4);
        sink.One(c, SmallMatrix.H);
        Two(b, c, SmallMatrix.X);
        sink.One(c, tdg);
        Two(a, c, SmallMatrix.X);
        sink.One(c, t);
        Two(b, c, SmallMatrix.X);
        sink.One(c, tdg);
        Two(a, c, SmallMatrix.X);
        sink.One(b, t);
        sink.One(c, t);
        sink.One(c, SmallMatrix.H);
        Two(a, b, SmallMatrix.X);
        sink.One(a, t);
        sink.One(b, tdg);
        Two(a, b, SmallMatrix.X);
    }

    // Maslov (2016), as in OpenQASM's rccx and rc3x.
    private void RelativePhaseToffoli(int a, int b, int c)
    {
        sink.One(c, SmallMatrix.H);
        Ladder(c, (b, a, b), Math.PI / 4);
        sink.One(c, SmallMatrix.H);
    }

    private void RelativePhaseC3X(int a, int b, int c, int d)
    {
        var t = Phase(Math.PI / 4);
        var tdg = Phase(-Math.PI / 4);
        sink.One(d, SmallMatrix.H);
        sink.One(d, t);
        Two(c, d, SmallMatrix.X);
        sink.One(d, tdg);
        sink.One(d, SmallMatrix.H);
        foreach (var (control, phase) in new[] { (a, t), (b, tdg), (a, t), (b, tdg) })
        {
            Two(control, d, SmallMatrix.X);
            sink.One(d, phase);
        }

        sink.One(d, SmallMatrix.H);
        sink.One(d, t);
        Two(c, d, SmallMatrix.X);
        sink.One(d, tdg);
        sink.One(d, SmallMatrix.H);
    }

    private void Ladder(int target, (int First, int Second, int Third) controls, double angle)
    {
        sink.One(target, Phase(angle));
        Two(controls.First, target, SmallMatrix.X);
        sink.One(target, Phase(-angle));
        Two(controls.Second, target, SmallMatrix.X);
        sink.One(target, Phase(angle));
        Two(controls.Third, target, SmallMatrix.X);
        sink.One(target, Phase(-angle));
    }

    // Givens rotations between neighbours of a Gray code, each a gate on one qubit controlled by all others: exact, but far from the fewest gates.
    private void TwoLevel(Complex[] matrix, int[] controls, int[] targets)
    {
        var n = 1 << targets.Length;
        var u = (Complex[])matrix.Clone();
        var rotations = new List<(int Low, int High, Complex[] M)>();
        static int Gray(int k) => k ^ (k >> 1);
        for (var c = 0; c < n - 1; c++)
        {
            for (var r = n - 1; r > c; r--)
            {
                var (i, j, column) = (Gray(r - 1), Gray(r), Gray(c));
                var (x, y) = (u[i * n + column], u[j * n + column]);
                var norm = Math.Sqrt(x.Magnitude * x.Magnitude + y.Magnitude * y.Magnitude);
                if (y.Magnitude < 1e-15 && (r > c + 1 || (x - 1).Magnitude < 1e-15))
                {
                    continue;
                }

                // Rows i and j are replaced by g · (row i, row j), so that column c has (norm, 0).
                Complex[] g = [Complex.Conjugate(x) / norm, Complex.Conjugate(y) / norm, y / norm, -x / norm];
                for (var k = 0; k < n; k++)
                {
                    (u[i * n + k], u[j * n + k]) = (g[0] * u[i * n + k] + g[1] * u[j * n + k], g[2] * u[i * n + k] + g[3] * u[j * n + k]);
                }

                rotations.Add((i, j, g));
            }
        }

        var last = Gray(n - 1);
        var phase = u[last * n + last];
        var bit = BitOperations.TrailingZeroCount(last);
        Selected([1, 0, 0, phase], last, bit, controls, targets);
        for (var k = rotations.Count - 1; k >= 0; k--)
        {
            var (i, j, g) = rotations[k];
            var inverse = SmallMatrix.Adjoint(g);
            var changed = BitOperations.TrailingZeroCount(i ^ j);

            // The matrix is given for (row i, row j); the gate's |0⟩ is the row whose changed bit is 0.
            Selected((i >> changed & 1) == 0 ? inverse : [inverse[3], inverse[2], inverse[1], inverse[0]], i, changed, controls, targets);
        }
    }

    private void Selected(Complex[] m, int pattern, int bit, int[] controls, int[] targets)
    {
        if ((m[0] - 1).Magnitude < 1e-15 && (m[3] - 1).Magnitude < 1e-15)
        {
            return;
        }

        var others = Enumerable.Range(0, targets.Length).Where(k => k != bit).ToArray();
        var zeros = others.Where(k => (pattern >> k & 1) == 0).Select(k => targets[k]).ToArray();
        Array.ForEach(zeros, q => sink.One(q, SmallMatrix.X));
        Controlled(m, [.. controls, .. others.Select(k => targets[k])], targets[bit]);
        Array.ForEach(zeros, q => sink.One(q, SmallMatrix.X));
    }

    private static Complex[] Phase(double angle) => [1, 0, 0, Complex.FromPolarCoordinates(1, angle)];

    private static bool IsX(Complex[] u) => u[0].Magnitude + u[3].Magnitude + (u[1] - 1).Magnitude + (u[2] - 1).Magnitude < 1e-15;
}

/// <summary>Takes matrices, in the order of time.</summary>
internal interface IBlockSink
{
    void One(int qubit, Complex[] matrix);

    /// <summary>A 4 × 4 matrix whose least significant bit is <paramref name="low"/>.</summary>
    void Two(int low, int high, Complex[] matrix);

    void Measure(int qubit, int bit);

    void Reset(int qubit);

    void Barrier(int[] qubits);
}
