using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using PredictiveOrchestration.Simulation.StateVector;

namespace PredictiveOrchestration.Benchmarks.Engines;

/// <summary>
/// What the memory allows: one multiplication of every number in place, which reads and writes all of the state and computes next to
/// nothing, with one thread and with all. A circuit of few passes cannot gain more from threads than this does.
/// </summary>
internal static unsafe class MemoryPass
{
    /// <summary>Prints a line for states of 20, 22 and 24 qubits: best of 30 passes.</summary>
    public static void Print(int threads)
    {
        foreach (var bits in new[] { 20, 22, 24 })
        {
            using var memory = new AmplitudeMemory(bits, sizeof(double));
            var (fresh, one) = (Measure(memory, bits, 1, 1), Measure(memory, bits, 1, 30));
            var all = Measure(memory, bits, threads, 30);
            var bytes = 32.0 * (1L << bits);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"pass over {bits} qubits in place: {1e3 * one:G3} ms with one thread ({bytes / one / 1e9:F0} GB/s), {1e3 * all:G3} ms with {threads} ({bytes / all / 1e9:F0} GB/s): {one / all:F2}x; first touch {1e3 * fresh:G3} ms"));
        }
    }

    private static double Measure(AmplitudeMemory memory, int bits, int threads, int repeat)
    {
        const long part = 1 << 15;
        var best = double.PositiveInfinity;
        for (var i = 0; i < repeat; i++)
        {
            long next = 0;
            var start = Stopwatch.GetTimestamp();
            ForkJoinPool.Shared.Run(threads, _ =>
            {
                for (long first; (first = Interlocked.Add(ref next, part) - part) < 1L << bits;)
                {
                    Scale((double*)memory.Re + first, (int)Math.Min(part, 1L << bits));
                    Scale((double*)memory.Im + first, (int)Math.Min(part, 1L << bits));
                }
            });
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private static void Scale(double* numbers, int count)
    {
        var factor = new Vector<double>(0.999);
        for (var i = 0; i < count; i += Vector<double>.Count)
        {
            Vector.Store(Vector.Load(numbers + i) * factor, numbers + i);
        }
    }
}
