using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Circuits.OpenQasm;

namespace PredictiveOrchestration.Benchmarks.HotSwap;

/// <summary>The circuits of the hot-swap harness: structured ones of which parts suit different engines, ones that suit one engine throughout, and a folder.</summary>
internal static class HotSwapCircuits
{
    public static IEnumerable<(string Name, Circuit Circuit)> All(string? corpus)
    {
        foreach (var n in new[] { 16, 18, 20 })
        {
            yield return ($"sparse arithmetic, then random layers, {n}", Chain(n, b => Counter(b, n, 60 * n), b => Layers(b, n, 2)));
            yield return ($"ghz, phases, then random layers, {n}", Chain(n, b => Ghz(b, n, 20), b => Layers(b, n, 3)));
            yield return ($"random layers on half, then on all, {n}", Chain(n, b => Layers(b, n / 2, 30), b => Layers(b, n, 2)));
            yield return ($"clifford prefix and t layers, {n}", Chain(n, b => Clifford(b, n, 40 * n), b => TLayers(b, n, 4)));
            yield return ($"uncomputed, then arithmetic, {n}", Uncomputed(n, 2).Compose(Chain(n, b => Counter(b, n, 60 * n))));
            yield return ($"qft of a basis state, {n}", Fourier.Qft(n));
            yield return ($"random {n} depth 10", RandomFamilies.Random(n, 10, 7));
            yield return ($"quantum volume {n} depth 5", RandomFamilies.QuantumVolume(n, 5, 7));
            yield return ($"ghz {n}", States.Ghz(n));
            yield return ($"qaoa ring {n} p 2", Variational.Qaoa(n, Variational.Ring(n), [.1, .2], [.5, .4]));
            yield return ($"bernstein-vazirani {n}", Oracles.BernsteinVazirani(new BitString(0x2DB6DUL & ((1UL << (n - 1)) - 1), n - 1)));
        }

        yield return ("sparse arithmetic, 40 qubits", Adders.Cuccaro(19));
        if (corpus is not null)
        {
            foreach (var file in Directory.EnumerateFiles(corpus, "*.qasm", SearchOption.AllDirectories).Order())
            {
                var read = OpenQasmReader.Read(File.ReadAllText(file));
                if (read.Circuit is { } circuit)
                {
                    yield return (Path.GetRelativePath(corpus, file), circuit);
                }
            }
        }
    }

    private static Circuit Chain(int qubits, params Action<CircuitBuilder>[] parts)
    {
        var builder = new CircuitBuilder(qubits);
        foreach (var part in parts)
        {
            part(builder);
        }

        return builder.Build();
    }

    // Controlled increments of a register whose low qubits are in superposition.
    private static void Counter(CircuitBuilder b, int n, int gates)
    {
        b.H(0).H(1).H(2);
        for (var i = 0; i < gates; i++)
        {
            b.CCX(i % n, (i + 1 + i / n % 3) % n, (i + 5) % n);
        }
    }

    private static void Ghz(CircuitBuilder b, int n, int rounds)
    {
        b.H(0);
        for (var r = 0; r < rounds; r++)
        {
            for (var q = 1; q < n; q++)
            {
                b.CX(q - 1, q).RZ(0.1 * q, q);
            }
        }
    }

    private static void Layers(CircuitBuilder b, int n, int depth)
    {
        for (var d = 0; d < depth; d++)
        {
            for (var q = 0; q < n; q++)
            {
                b.RY(0.3 + 0.1 * q + d, q).RZ(0.2 * d + 0.7, q);
            }

            for (var q = d % 2; q + 1 < n; q += 2)
            {
                b.CX(q, q + 1);
            }
        }
    }

    private static void Clifford(CircuitBuilder b, int n, int gates)
    {
        for (var i = 0; i < gates; i++)
        {
            var q = i * 7 % n;
            _ = (i % 3) switch
            {
                0 => b.H(q),
                1 => b.S(q),
                _ => b.CX(q, (q + 1 + i / n % (n - 1)) % n),
            };
        }
    }

    private static void TLayers(CircuitBuilder b, int n, int layers)
    {
        for (var l = 0; l < layers; l++)
        {
            for (var q = 0; q < n; q++)
            {
                b.T(q).H(q);
            }
        }
    }

    private static Circuit Uncomputed(int n, int depth)
    {
        var part = Chain(n, b => Layers(b, n, depth));
        return part.Compose(part.Inverse());
    }
}
