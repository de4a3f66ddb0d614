using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.TestKit;

/// <summary>
/// Slow and obvious: the whole state as an array, one operation after the other, every measurement followed into both results.
/// Shares no code with the engines; for up to about 14 qubits.
/// </summary>
public static class OracleSimulator
{
    private const int MaxSteps = 1_000_000;

    /// <summary>The final state of a circuit that neither measures nor resets.</summary>
    public static Complex[] FinalState(Circuit circuit) => Branches(circuit).Single().State;

    /// <summary>The exact probability of every outcome: over the classical bits, or over all qubits if nothing is measured.</summary>
    public static Dictionary<string, double> OutcomeDistribution(Circuit circuit)
    {
        var measures = false;
        foreach (var op in circuit.Operations)
        {
            measures |= op.Kind == OperationKind.Measure;
        }

        var distribution = new Dictionary<string, double>();
        foreach (var branch in Branches(circuit))
        {
            if (measures)
            {
                var outcome = string.Concat(Enumerable.Range(0, circuit.NumClbits).Reverse().Select(b => branch.Memory[b] ? '1' : '0'));
                distribution[outcome] = distribution.GetValueOrDefault(outcome) + branch.Weight;
                continue;
            }

            for (var i = 0; i < branch.State.Length; i++)
            {
                var outcome = circuit.NumQubits == 0 ? "" : Convert.ToString(i, 2).PadLeft(circuit.NumQubits, '0');
                distribution[outcome] = distribution.GetValueOrDefault(outcome) + branch.Weight * Square(branch.State[i]);
            }
        }

        return distribution;
    }

    /// <summary>The expectation value in the final state, averaged over measurement results.</summary>
    public static double ExpectationValue(Circuit circuit, PauliSum observable)
    {
        var total = 0.0;
        foreach (var branch in Branches(circuit))
        {
            foreach (var term in observable.Terms)
            {
                var image = (Complex[])branch.State.Clone();
                foreach (var (qubit, op) in term.Factors)
                {
                    image = Transform(image, OracleGates.Matrix(op.ToString().ToLowerInvariant(), []), [qubit], 0);
                }

                total += branch.Weight * term.Coefficient * branch.State.Zip(image, (a, b) => (Complex.Conjugate(a) * b).Real).Sum();
            }
        }

        return total;
    }

    /// <summary>Applies a matrix to a state: the first <paramref name="controls"/> qubits are controls.</summary>
    public static Complex[] Transform(Complex[] state, Complex[,] matrix, int[] qubits, int controls)
    {
        // What each value of the targets and of the controls is as a part of an index.
        var (targets, places) = (qubits[controls..], new int[1 << (qubits.Length - controls)]);
        for (var value = 0; value < places.Length; value++)
        {
            places[value] = Place(targets, value);
        }

        var (all, ones) = (Place(targets, -1), Place(qubits[..controls], -1));
        var result = (Complex[])state.Clone();
        for (var i = 0; i < state.Length; i++)
        {
            if ((i & ones) != ones || (i & all) != 0)
            {
                continue;
            }

            for (var row = 0; row < places.Length; row++)
            {
                Complex sum = 0;
                for (var column = 0; column < places.Length; column++)
                {
                    sum += matrix[row, column] * state[i | places[column]];
                }

                result[i | places[row]] = sum;
            }
        }

        return result;
    }

    // Bit j of the value, at the position of qubit j.
    private static int Place(int[] qubits, int value)
    {
        var index = 0;
        for (var j = 0; j < qubits.Length; j++)
        {
            index |= (value >> j & 1) << qubits[j];
        }

        return index;
    }

    private static List<Branch> Branches(Circuit circuit)
    {
        var initial = new Complex[1 << circuit.NumQubits];
        initial[0] = 1;
        var done = new List<Branch>();
        var open = new Stack<Branch>([new Branch(initial, new ClassicalState(circuit), 1, 0)]);
        var steps = 0;
        while (open.TryPop(out var branch))
        {
            Run(circuit, branch, open, done, ref steps);
        }

        return done;
    }

    private static void Run(Circuit circuit, Branch branch, Stack<Branch> open, List<Branch> done, ref int steps)
    {
        while (branch.Position < circuit.Operations.Length)
        {
            if (++steps > MaxSteps)
            {
                throw new InvalidOperationException("The oracle stopped: too many steps.");
            }

            var op = circuit.Operations[branch.Position];
            var qubits = circuit.QubitsOf(op).ToArray();
            var next = branch.Position + 1;
            switch (op.Kind)
            {
                case OperationKind.Gate:
                    var parameters = circuit.EvaluateParameters(op, branch.Memory, new double[4]).ToArray();
                    branch.State = Transform(branch.State, OracleGates.Matrix(circuit.GateOf(op).Name, parameters), qubits, op.ControlCount);
                    break;
                case OperationKind.Unitary:
                    var size = 1 << (qubits.Length - op.ControlCount);
                    var matrix = new Complex[size, size];
                    for (var k = 0; k < size * size; k++)
                    {
                        matrix[k / size, k % size] = circuit.MatrixOf(op)[k];
                    }

                    branch.State = Transform(branch.State, matrix, qubits, op.ControlCount);
                    break;
                case OperationKind.Measure or OperationKind.Reset:
                    foreach (var result in new[] { false, true })
                    {
                        var projected = branch.State.Select((a, i) => (i >> qubits[0] & 1) == 1 == result ? a : 0).ToArray();
                        var probability = projected.Sum(Square);
                        if (probability > 1e-14)
                        {
                            var memory = branch.Memory.Clone();
                            projected = [.. projected.Select(a => a / Math.Sqrt(probability))];
                            if (op.Kind == OperationKind.Measure)
                            {
                                memory[op.Argument] = result;
                            }
                            else if (result)
                            {
                                projected = Transform(projected, OracleGates.Matrix("x", []), qubits, 0);
                            }

                            open.Push(new Branch(projected, memory, branch.Weight * probability, next));
                        }
                    }

                    return;
                case OperationKind.Assign:
                    branch.Memory.Execute(circuit.AssignmentOf(op));
                    break;
                case OperationKind.If or OperationKind.While:
                    next = circuit.ConditionOf(op).Evaluate(branch.Memory).ToBool() ? next : op.Argument + 1;
                    break;
                case OperationKind.Else or OperationKind.Break:
                    next = op.Argument + 1;
                    break;
                case OperationKind.EndWhile or OperationKind.Continue:
                    next = op.Argument;
                    break;
                case OperationKind.End:
                    next = circuit.Operations.Length;
                    break;
                case OperationKind.Barrier or OperationKind.EndIf:
                    break;
                default:
                    throw new InvalidOperationException($"The oracle does not know the operation '{op.Kind}'.");
            }

            branch.Position = next;
        }

        done.Add(branch);
    }

    private static double Square(Complex a) => a.Real * a.Real + a.Imaginary * a.Imaginary;

    private sealed class Branch(Complex[] state, ClassicalState memory, double weight, int position)
    {
        public Complex[] State { get; set; } = state;

        public ClassicalState Memory { get; } = memory;

        public double Weight { get; } = weight;

        public int Position { get; set; } = position;
    }
}
