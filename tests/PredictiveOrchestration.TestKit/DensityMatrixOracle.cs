using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Noise;

namespace PredictiveOrchestration.TestKit;

/// <summary>
/// Slow and obvious: the whole density matrix, every channel as a sum over its textbook Kraus operators, every measurement followed into both results with the
/// right and the wrong report. Shares no code with the engines nor with the placing of noise; for up to about 5 qubits.
/// </summary>
public static class DensityMatrixOracle
{
    /// <summary>The exact probability of every outcome of a noisy circuit that measures: over the classical bits, bit 0 rightmost.</summary>
    public static Dictionary<string, double> OutcomeDistribution(Circuit circuit, NoiseModel noise)
    {
        var size = 1 << circuit.NumQubits;
        var initial = new Complex[size, size];
        initial[0, 0] = 1;
        List<Branch> branches = [new Branch(initial, new ClassicalState(circuit), [])];
        var free = new double[circuit.NumQubits];
        var busyUntil = new double[circuit.NumQubits];
        var isGround = Enumerable.Repeat(true, circuit.NumQubits).ToArray();
        foreach (var op in circuit.Operations)
        {
            var qubits = circuit.QubitsOf(op).ToArray();
            var isVirtual = noise.VirtualZ && op.Kind == OperationKind.Gate && qubits.Length == 1 && circuit.GateOf(op).Name is "rz" or "p" or "z" or "s" or "sdg" or "t" or "tdg";
            var pairs = qubits.Length < 2 ? 0 : qubits.Length == 2 ? 1 : 6 * (qubits.Length - 2);
            var length = op.Kind switch
            {
                OperationKind.Measure or OperationKind.Reset => noise.ReadoutSeconds,
                OperationKind.Gate or OperationKind.Unitary when !isVirtual => qubits.Length == 1 ? noise.OneQubitSeconds : pairs * noise.TwoQubitSeconds,
                _ => 0,
            };
            var start = qubits.Length == 0 ? 0 : qubits.Max(q => Math.Max(free[q], busyUntil[q]));
            if (op.Kind == OperationKind.Barrier)
            {
                Array.ForEach(qubits, q => free[q] = start);
                continue;
            }

            foreach (var q in qubits)
            {
                if (!isGround[q])
                {
                    branches.ForEach(b => b.Relax(q, start - busyUntil[q], noise));
                }

                busyUntil[q] = start + length;
                isGround[q] = op.Kind == OperationKind.Reset;
            }

            switch (op.Kind)
            {
                case OperationKind.Gate or OperationKind.Unitary:
                    foreach (var branch in branches.Where(b => b.Runs))
                    {
                        branch.Apply(Matrix(circuit, op, branch.Memory), qubits, op.ControlCount);
                        if (isVirtual || qubits.Length == 0)
                        {
                            continue;
                        }

                        Array.ForEach(qubits, q => branch.Relax(q, length, noise));
                        if (qubits.Length == 1)
                        {
                            branch.Depolarise([qubits[0]], noise.OneQubitErrors.GetValueOrDefault(qubits[0], noise.OneQubitError));
                        }

                        for (var k = 0; k < pairs; k++)
                        {
                            var (a, b) = (qubits[k % qubits.Length], qubits[(k + 1) % qubits.Length]);
                            branch.Depolarise([a, b], noise.TwoQubitErrors.GetValueOrDefault((Math.Min(a, b), Math.Max(a, b)), noise.TwoQubitError));
                        }
                    }

                    break;
                case OperationKind.Measure:
                    var zeroWrong = noise.ReadoutErrors.GetValueOrDefault(qubits[0], noise.ReadoutError);
                    var oneWrong = noise.ReadoutErrorsOfOne.GetValueOrDefault(qubits[0], noise.ReadoutErrors.ContainsKey(qubits[0]) ? zeroWrong : noise.ReadoutErrorOfOne ?? zeroWrong);
                    double Reported(bool isOne, bool asOne) => isOne == asOne ? 1 - (isOne ? oneWrong : zeroWrong) : isOne ? oneWrong : zeroWrong;
                    branches = [.. branches.SelectMany(b => !b.Runs ? [b] : new[] { (false, false), (false, true), (true, false), (true, true) }.Select(r => b.Measured(qubits[0], r.Item1, op.Argument, r.Item2, Reported(r.Item1, r.Item2))))];
                    break;
                case OperationKind.Reset:
                    branches.ForEach(b => b.Decay(qubits[0], 1, 0));
                    break;
                case OperationKind.If:
                    branches.ForEach(b => b.Conditions.Push(b.Runs && circuit.ConditionOf(op).Evaluate(b.Memory).ToBool()));
                    break;
                case OperationKind.EndIf:
                    branches.ForEach(b => b.Conditions.Pop());
                    break;
                default:
                    throw new InvalidOperationException($"The oracle does not know the operation '{op.Kind}'.");
            }
        }

        var distribution = new Dictionary<string, double>();
        foreach (var branch in branches)
        {
            var outcome = string.Concat(Enumerable.Range(0, circuit.NumClbits).Reverse().Select(b => branch.Memory[b] ? '1' : '0'));
            distribution[outcome] = distribution.GetValueOrDefault(outcome) + branch.Trace;
        }

        return distribution;
    }

    /// <summary>
    /// The entanglement fidelity of the noise of one gate on <paramref name="n"/> qubits: it strikes halves of maximally entangled pairs, and the overlap with the
    /// pairs is what is left.
    /// </summary>
    public static double EntanglementFidelity(int n, NoiseModel noise)
    {
        var size = 1 << (2 * n);
        var pairs = Enumerable.Range(0, size).Select(i => (i & ((1 << n) - 1)) == i >> n ? 1 / Math.Sqrt(1 << n) : 0).ToArray();
        var rho = new Complex[size, size];
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                rho[i, j] = pairs[i] * pairs[j];
            }
        }

        var branch = new Branch(rho, new ClassicalState(new CircuitBuilder(1).Build()), []);
        for (var q = 0; q < n; q++)
        {
            branch.Relax(q, n == 1 ? noise.OneQubitSeconds : noise.TwoQubitSeconds, noise);
        }

        branch.Depolarise([.. Enumerable.Range(0, n)], n == 1 ? noise.OneQubitError : noise.TwoQubitError);
        return branch.Overlap(pairs);
    }

    private static Complex[,] Matrix(Circuit circuit, Operation op, ClassicalState memory)
    {
        if (op.Kind == OperationKind.Gate)
        {
            return OracleGates.Matrix(circuit.GateOf(op).Name, circuit.EvaluateParameters(op, memory, new double[4]).ToArray());
        }

        var size = 1 << (op.QubitCount - op.ControlCount);
        var matrix = new Complex[size, size];
        for (var k = 0; k < size * size; k++)
        {
            matrix[k / size, k % size] = circuit.MatrixOf(op)[k];
        }

        return matrix;
    }

    private sealed class Branch(Complex[,] rho, ClassicalState memory, IEnumerable<bool> conditions)
    {
        private Complex[,] _rho = rho;

        public ClassicalState Memory { get; } = memory;

        public Stack<bool> Conditions { get; } = new(conditions.Reverse());

        public bool Runs => Conditions.All(c => c);

        public double Trace => Enumerable.Range(0, _rho.GetLength(0)).Sum(i => _rho[i, i].Real);

        public double Overlap(double[] state)
        {
            var sum = Complex.Zero;
            for (var i = 0; i < state.Length; i++)
            {
                for (var j = 0; j < state.Length; j++)
                {
                    sum += state[i] * _rho[i, j] * state[j];
                }
            }

            return sum.Real;
        }

        public void Apply(Complex[,] matrix, int[] qubits, int controls) => _rho = Conjugated(matrix, qubits, controls);

        // (1 - p) ρ + p / (4^k - 1) Σ P ρ P over the products of Paulis that are not the identity.
        public void Depolarise(int[] qubits, double p)
        {
            string[] letters = ["id", "x", "y", "z"];
            var sum = Scaled(_rho, 1 - p);
            for (var code = 1; code < 1 << (2 * qubits.Length); code++)
            {
                var struck = new Branch(_rho, Memory, []);
                for (var k = 0; k < qubits.Length; k++)
                {
                    struck.Apply(OracleGates.Matrix(letters[code >> (2 * k) & 3], []), [qubits[k]], 0);
                }

                sum = Sum(sum, Scaled(struck._rho, p / ((1 << (2 * qubits.Length)) - 1)));
            }

            _rho = sum;
        }

        public void Relax(int qubit, double seconds, NoiseModel noise)
        {
            if (Runs && seconds > 0)
            {
                Decay(qubit, 1 - Math.Exp(-seconds / noise.T1Seconds), Math.Exp(-seconds / Math.Min(noise.T2Seconds, 2 * noise.T1Seconds)));
            }
        }

        // Element by element: |1⟩⟨1| moves to |0⟩⟨0| with probability γ, |0⟩⟨1| and |1⟩⟨0| keep the share that is given.
        public void Decay(int qubit, double gamma, double coherence)
        {
            if (!Runs)
            {
                return;
            }

            var size = _rho.GetLength(0);
            var result = new Complex[size, size];
            for (var i = 0; i < size; i++)
            {
                for (var j = 0; j < size; j++)
                {
                    var (a, b) = (i >> qubit & 1, j >> qubit & 1);
                    result[i, j] += _rho[i, j] * (a != b ? coherence : a == 0 ? 1 : 1 - gamma);
                    if (a == 1 && b == 1)
                    {
                        result[i ^ 1 << qubit, j ^ 1 << qubit] += gamma * _rho[i, j];
                    }
                }
            }

            _rho = result;
        }

        public Branch Measured(int qubit, bool value, int bit, bool reported, double weight)
        {
            var size = _rho.GetLength(0);
            var projected = new Complex[size, size];
            for (var i = 0; i < size; i++)
            {
                for (var j = 0; j < size; j++)
                {
                    projected[i, j] = (i >> qubit & 1) == 1 == value && (j >> qubit & 1) == 1 == value ? weight * _rho[i, j] : 0;
                }
            }

            var memory = Memory.Clone();
            memory[bit] = reported;
            return new Branch(projected, memory, Conditions);
        }

        // M ρ M†, column by column and then row by row.
        private Complex[,] Conjugated(Complex[,] matrix, int[] qubits, int controls)
        {
            var size = _rho.GetLength(0);
            var left = new Complex[size, size];
            for (var j = 0; j < size; j++)
            {
                var column = OracleSimulator.Transform([.. Enumerable.Range(0, size).Select(i => _rho[i, j])], matrix, qubits, controls);
                for (var i = 0; i < size; i++)
                {
                    left[i, j] = column[i];
                }
            }

            var result = new Complex[size, size];
            for (var i = 0; i < size; i++)
            {
                var row = OracleSimulator.Transform([.. Enumerable.Range(0, size).Select(j => Complex.Conjugate(left[i, j]))], matrix, qubits, controls);
                for (var j = 0; j < size; j++)
                {
                    result[i, j] = Complex.Conjugate(row[j]);
                }
            }

            return result;
        }

        private static Complex[,] Scaled(Complex[,] a, double factor)
        {
            var result = (Complex[,])a.Clone();
            for (var i = 0; i < a.GetLength(0); i++)
            {
                for (var j = 0; j < a.GetLength(1); j++)
                {
                    result[i, j] *= factor;
                }
            }

            return result;
        }

        private static Complex[,] Sum(Complex[,] a, Complex[,] b)
        {
            var result = (Complex[,])a.Clone();
            for (var i = 0; i < a.GetLength(0); i++)
            {
                for (var j = 0; j < a.GetLength(1); j++)
                {
                    result[i, j] += b[i, j];
                }
            }

            return result;
        }
    }
}
