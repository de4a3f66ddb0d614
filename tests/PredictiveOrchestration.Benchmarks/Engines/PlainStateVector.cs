using System.Diagnostics;
using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Benchmarks.Engines;

/// <summary>
/// What an engine without fusion, blocking or vector instructions does: one sweep over the whole state for each gate. The yardstick
/// for ratios within a run.
/// </summary>
internal static class PlainStateVector
{
    /// <summary>The better of two runs.</summary>
    public static double BestMilliseconds(Circuit circuit, int threads)
    {
        var best = double.PositiveInfinity;
        for (var i = 0; i < 2; i++)
        {
            var start = Stopwatch.GetTimestamp();
            Run(circuit, threads);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return best;
    }

    private static void Run(Circuit circuit, int threads)
    {
        var state = new Complex[1L << circuit.NumQubits];
        state[0] = 1;
        var matrix = new Complex[32 * 32];
        foreach (var op in circuit.Operations)
        {
            if (op.Kind == OperationKind.Gate)
            {
                circuit.GateOf(op).WriteMatrix(circuit.ParametersOf(op), matrix);
            }
            else if (op.Kind == OperationKind.Unitary)
            {
                circuit.MatrixOf(op).CopyTo(matrix);
            }
            else
            {
                continue;
            }

            Apply(state, circuit.ControlsOf(op).ToArray(), circuit.TargetsOf(op).ToArray(), matrix, threads);
        }
    }

    private static void Apply(Complex[] state, int[] controls, int[] targets, Complex[] matrix, int threads)
    {
        var size = 1 << targets.Length;
        var offsets = new int[size];
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < targets.Length; j++)
            {
                offsets[i] |= (i >> j & 1) << targets[j];
            }
        }

        var controlMask = controls.Sum(c => 1 << c);
        var targetMask = targets.Sum(t => 1 << t);
        var chunk = state.Length / threads;
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, thread =>
        {
            Span<Complex> group = stackalloc Complex[size];
            for (var index = thread * chunk; index < (thread + 1) * chunk; index++)
            {
                if ((index & targetMask) != 0 || (index & controlMask) != controlMask)
                {
                    continue;
                }

                for (var i = 0; i < size; i++)
                {
                    group[i] = state[index | offsets[i]];
                }

                for (var row = 0; row < size; row++)
                {
                    var sum = Complex.Zero;
                    for (var column = 0; column < size; column++)
                    {
                        sum += matrix[row * size + column] * group[column];
                    }

                    state[index | offsets[row]] = sum;
                }
            }
        });
    }
}
