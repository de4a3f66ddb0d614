using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Circuits.OpenQasm;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>The jobs of the table: families of the circuit library at many sizes, depths and shots, and the files of a corpus.</summary>
internal static class JobCatalog
{
    // Every size from where simulators begin to differ; Clifford and weakly entangled families go on far beyond what a state vector holds.
    private static readonly int[] Sizes = [4, 6, 8, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23];
    private static readonly int[] Wide = [5, 9, 12, 15, 17, 19, 21, 22, 24, 28, 36, 50, 64, 80, 100, 128];
    private static readonly int[] ShotCounts = [100, 1000, 10_000, 30, 3000];
    private const string OfOthers = "corpus-";

    /// <summary>All jobs in a fixed shuffled order, so that a table cut short still is a sample of the whole.</summary>
    /// <param name="corpus">A folder of OpenQASM files, searched with its subfolders; null for none.</param>
    public static IReadOnlyList<RoutingJob> All(string? corpus)
    {
        var jobs = Library().Concat(corpus is null ? [] : Corpus(corpus)).ToArray();
        new Random(1).Shuffle(jobs);
        return jobs;
    }

    /// <summary>Whether a family is of circuits that others wrote.</summary>
    public static bool IsOfOthers(string family) => family.StartsWith(OfOthers, StringComparison.Ordinal);

    private static IEnumerable<RoutingJob> Library()
    {
        var all = new List<RoutingJob>();
        void Add(string family, IReadOnlyList<int> sizes, Func<int, int, Circuit> make, int variants = 2)
        {
            foreach (var n in sizes)
            {
                for (var v = 0; v < variants; v++)
                {
                    for (var s = 0; s < 2; s++)
                    {
                        var variant = v;
                        var shots = ShotCounts[(n + 2 * v + 3 * s + family.Length) % ShotCounts.Length];
                        all.Add(new RoutingJob($"{family}-n{n}-v{v}-s{shots}", family, () => make(n, variant), shots));
                    }
                }
            }
        }

        Add("ghz", Wide, (n, _) => States.Ghz(n), 1);
        Add("w", Wide, (n, _) => States.W(n), 1);
        Add("cuccaro", [2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 20, 30], (n, v) => Adders.Cuccaro(n).After(v == 0 ? Numbers(2 * n + 2, 5) : Superpose(2 * n + 2, Math.Min(n, 6))));
        Add("draper", [2, 3, 4, 5, 6, 7, 8, 9, 10, 11], (n, v) => Adders.Draper(n).After(v == 0 ? Numbers(2 * n, 3) : Superpose(2 * n, n)));
        Add("qaoa-ring", Sizes, (n, v) => Variational.Qaoa(n, Variational.Ring(Math.Max(3, n)), Angles(1 + 3 * v, 1), Angles(1 + 3 * v, 2)));
        Add("qaoa-regular", [.. Sizes.Where(n => n % 2 == 0)], (n, v) => Variational.Qaoa(n, Variational.RandomRegular(n, 3, (ulong)n), Angles(1 + 2 * v, 3), Angles(1 + 2 * v, 4)));
        Add("real-amplitudes", Sizes, (n, v) => Variational.RealAmplitudes(n, 1 + 3 * v, Angles(n * (2 + 3 * v), 5), v == 0 ? Entanglement.Linear : Entanglement.Full));
        Add("efficient-su2", Sizes, (n, v) => Variational.EfficientSU2(n, 2 + 2 * v, Angles(2 * n * (3 + 2 * v), 6), Entanglement.Circular));
        Add("ising", [.. Sizes, 28, 36, 50], (n, v) => Dynamics.Ising(n, 2 + 8 * v, 0.4 + v));
        Add("heisenberg", [.. Sizes, 26, 32], (n, v) => Dynamics.Heisenberg(n, 1 + 5 * v, 0.5 + v));
        Add("walk", [3, 5, 7, 9, 11, 13, 15, 17, 19], (n, v) => Dynamics.QuantumWalk(n, 3 + 12 * v));
        Add("qft", Sizes, (n, v) => v == 0 ? Fourier.Qft(n) : Fourier.Qft(n).After(Superpose(n, n / 2)));
        Add("inverse-qft", Sizes, (n, v) => Fourier.Qft(n, inverse: true).After(v == 0 ? Numbers(n, 7) : Twist(n)));
        Add("phase-estimation", [3, 5, 7, 9, 11, 13, 15, 17, 19, 21], (n, v) => Fourier.PhaseEstimation(n, v == 0 ? 0.3125 : 1 / 3.0));
        Add("bernstein-vazirani", [.. Wide.Where(n => n <= 64)], (n, v) => Oracles.BernsteinVazirani(new BitString((0x5B6DB7A9C3D1E2F5UL * (ulong)(1 + v)) >> (64 - n), n)));
        Add("deutsch-jozsa", [.. Wide.Where(n => n <= 50)], (n, v) => Oracles.DeutschJozsa(n, v == 1, (ulong)n), 2);
        Add("grover", [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], (n, v) => Oracles.Grover(n, v == 0 ? [1] : [2, 5], n > 11 ? 24 : null));
        Add("repetition", [2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 40], (n, v) => ErrorCorrection.Repetition(n, 1 + 3 * v, v == 0 ? null : 1));
        Add("surface", [3, 5, 7], (n, v) => ErrorCorrection.SurfaceCode(n, 1 + v), 3);
        Add("quantum-volume", Sizes, (n, v) => RandomFamilies.QuantumVolume(n, 3 + 5 * v, (ulong)(n + v)));
        Add("random", Sizes, (n, v) => RandomFamilies.Random(n, 4 + 14 * v, (ulong)(n + 7 * v)));
        Add("brickwork", [.. Sizes, 28, 40], (n, v) => RandomFamilies.Brickwork(n, 3 + 9 * v, (ulong)(n + 3 * v)));
        Add("clifford", [.. Wide, 200, 400], (n, v) => RandomFamilies.RandomClifford(n, n * (4 + 20 * v), (ulong)(n + v)));
        Add("clifford-t", [.. Sizes, 30], (n, v) => WithT(n, 2 + 10 * v));
        Add("graph-state", Wide, (n, v) => GraphState(n, v));
        return all.DistinctBy(j => j.Id);
    }

    private static IEnumerable<RoutingJob> Corpus(string folder)
    {
        foreach (var path in Directory.EnumerateFiles(folder, "*.qasm", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileNameWithoutExtension(path).Replace(',', '_');
            if (OpenQasmReader.Read(File.ReadAllText(path)).Circuit is not { } circuit)
            {
                Console.Error.WriteLine($"skipped, not readable: {path}");
                continue;
            }

            // A family of the corpus is the name without its size.
            var family = OfOthers + name.Split('_', '-').First(p => p.Length > 2 || !name.Contains('_')).TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
            var few = ShotCounts[name.Length % 2];
            yield return new RoutingJob($"{OfOthers}{name}-s{few}", family, () => circuit, few);
            yield return new RoutingJob($"{OfOthers}{name}-s10000", family, () => circuit, 10_000);
        }
    }

    private static Circuit After(this Circuit circuit, Circuit before) =>
        before.Compose(circuit);

    private static IReadOnlyList<double> Angles(int count, ulong seed) => Variational.RandomAngles(count, seed);

    private static Circuit Numbers(int n, int step)
    {
        var builder = new CircuitBuilder(n);
        for (var q = 0; q < n; q += step)
        {
            builder.X(q);
        }

        return builder.Build();
    }

    private static Circuit Superpose(int n, int count)
    {
        var builder = new CircuitBuilder(n);
        for (var q = 0; q < count; q++)
        {
            builder.H((q * 7 + 1) % n);
        }

        return builder.Build();
    }

    private static Circuit Twist(int n)
    {
        var builder = new CircuitBuilder(n);
        for (var q = 0; q < n; q++)
        {
            builder.RY(0.3 + 0.1 * q, q);
        }

        return builder.Build();
    }

    private static Circuit WithT(int n, int count)
    {
        var random = new Random(n + count);
        var circuit = RandomFamilies.RandomClifford(n, 3 * n, (ulong)n);
        for (var k = 0; k < count; k++)
        {
            var t = new CircuitBuilder(n).T(random.Next(n)).Build();
            circuit = circuit.Compose(t).Compose(RandomFamilies.RandomClifford(n, 2 * n, (ulong)(n + 31 * k)));
        }

        return circuit;
    }

    private static Circuit GraphState(int n, int variant)
    {
        var random = new Random(n);
        var builder = new CircuitBuilder(n);
        for (var q = 0; q < n; q++)
        {
            builder.H(q);
        }

        for (var q = 0; q < n; q++)
        {
            builder.CZ(q, (q + 1) % n);
            if (variant == 1)
            {
                builder.CZ(q, (q + 1 + random.Next(n - 1)) % n);
            }
        }

        return builder.Build();
    }
}
