using System.Numerics;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>Applies steps on a few qubits to vectors, one element after the other: for matrices of small groups and for the check of what passes made.</summary>
internal static class Probe
{
    /// <summary>What two equivalent lists may differ by, in any amplitude.</summary>
    public const double Tolerance = 1e-10;

    private const int MatrixQubits = 5, States = 3;

    /// <summary>The matrix of steps on these qubits, row-major, the first qubit least significant.</summary>
    public static Complex[] MatrixOf(IReadOnlyList<Step> steps, int[] qubits)
    {
        // All columns at once: a state of twice as many qubits, of which the upper half says which column it is.
        var n = 1 << qubits.Length;
        var columns = new Complex[n * n];
        for (var k = 0; k < n; k++)
        {
            columns[k * n + k] = 1;
        }

        for (var i = 0; i < steps.Count; i++)
        {
            Apply(columns, steps[i], qubits);
        }

        for (var row = 0; row < n; row++)
        {
            for (var column = row + 1; column < n; column++)
            {
                (columns[row * n + column], columns[column * n + row]) = (columns[column * n + row], columns[row * n + column]);
            }
        }

        return columns;
    }

    public static double Square(Complex a) => a.Real * a.Real + a.Imaginary * a.Imaginary;

    /// <summary>The largest difference of elements after the phase between the two has been taken out.</summary>
    public static double Distance(ReadOnlySpan<Complex> a, ReadOnlySpan<Complex> b)
    {
        Complex overlap = 0;
        for (var i = 0; i < a.Length; i++)
        {
            overlap += Complex.Conjugate(a[i]) * b[i];
        }

        var phase = overlap.Magnitude > 1e-9 ? overlap / overlap.Magnitude : 1;
        var largest = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            largest = Math.Max(largest, Square(a[i] * phase - b[i]));
        }

        return Math.Sqrt(largest);
    }

    /// <summary>
    /// Whether two lists do the same up to a phase. Up to five qubits by their whole matrices, beyond by what they make of three random states. What stays as it is (measurements,
    /// resets, barriers, gates whose angles are known later) takes part as a random unitary of its own on its qubits: no pass knows more of it than those.
    /// </summary>
    /// <param name="a">The one list.</param>
    /// <param name="b">The other list.</param>
    /// <param name="qubits">All their qubits.</param>
    /// <param name="seed">The seed of what is random.</param>
    /// <param name="isLate">Asked now and then; where it says so, the lists do not count as equivalent.</param>
    public static bool AreEquivalent(IReadOnlyList<Step> a, IReadOnlyList<Step> b, int[] qubits, ulong seed, Func<bool>? isLate = null)
    {
        if (!a.Where(s => s.IsFixed).Select(s => s.Source).SequenceEqual(b.Where(s => s.IsFixed).Select(s => s.Source)))
        {
            return false;
        }

        var marked = Marks(a, seed);
        if (qubits.Length <= MatrixQubits)
        {
            return Distance(MatrixOf(Marked(a, marked), qubits), MatrixOf(Marked(b, marked), qubits)) <= Tolerance;
        }

        for (var k = 0; k < States; k++)
        {
            var one = RandomState(1 << qubits.Length, seed, (ulong)k);
            var other = (Complex[])one.Clone();
            foreach (var (state, steps) in new[] { (one, Marked(a, marked)), (other, Marked(b, marked)) })
            {
                for (var i = 0; i < steps.Count; i++)
                {
                    if ((i & 15) == 0 && isLate?.Invoke() == true)
                    {
                        return false;
                    }

                    Apply(state, steps[i], qubits);
                }
            }

            if (Distance(one, other) > Tolerance)
            {
                return false;
            }
        }

        return true;
    }

    private static Dictionary<int, List<Step>> Marks(IReadOnlyList<Step> steps, ulong seed)
    {
        var marks = new Dictionary<int, List<Step>>();
        foreach (var step in steps.Where(s => s.IsFixed))
        {
            var random = new SeededRandom(seed, 0x6d61726bUL ^ (ulong)step.Source);
            marks[step.Source] = [.. step.Qubits.Select(q => Step.Of(Circuits.GateCatalog.U, 0, [3 * random.NextDouble(), 6 * random.NextDouble(), 6 * random.NextDouble()], q))];
        }

        return marks;
    }

    private static List<Step> Marked(IReadOnlyList<Step> steps, Dictionary<int, List<Step>> marks) => [.. steps.SelectMany(s => s.IsFixed ? marks[s.Source] : [s])];

    private static Complex[] RandomState(int size, ulong seed, ulong stream)
    {
        var random = new SeededRandom(seed, stream);
        var state = new Complex[size];
        for (var i = 0; i < size; i++)
        {
            state[i] = new Complex(random.NextDouble() - 0.5, random.NextDouble() - 0.5);
        }

        var norm = Math.Sqrt(state.Sum(a => a.Real * a.Real + a.Imaginary * a.Imaginary));
        return Array.ConvertAll(state, a => a / norm);
    }

    private static void Apply(Complex[] state, Step step, int[] qubits)
    {
        var controls = 0;
        for (var c = 0; c < step.Controls; c++)
        {
            controls |= 1 << Array.IndexOf(qubits, step.Qubits[c]);
        }

        const int OnStack = 16;
        var (size, all) = (1 << step.Targets, 0);
        Span<int> offsets = size <= OnStack ? stackalloc int[size] : new int[size];
        Span<Complex> before = size <= OnStack ? stackalloc Complex[size] : new Complex[size];
        offsets.Clear();
        for (var t = 0; t < step.Targets; t++)
        {
            var bit = 1 << Array.IndexOf(qubits, step.Qubits[step.Controls + t]);
            all |= bit;
            for (var k = 0; k < size; k++)
            {
                offsets[k] |= (k >> t & 1) == 1 ? bit : 0;
            }
        }

        var matrix = step.Matrix;
        for (var i = 0; i < state.Length; i++)
        {
            if ((i & all) != 0 || (i & controls) != controls)
            {
                continue;
            }

            for (var k = 0; k < size; k++)
            {
                before[k] = state[i | offsets[k]];
            }

            for (var row = 0; row < size; row++)
            {
                Complex sum = 0;
                for (var k = 0; k < size; k++)
                {
                    sum += matrix[row * size + k] * before[k];
                }

                state[i | offsets[row]] = sum;
            }
        }
    }
}
