using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>A gate of a template on lettered qubits; its angle, if it has one, is that of the pattern's gate.</summary>
internal sealed record TemplateGate(GateDefinition Gate, int Controls, params int[] Letters);

/// <summary>A sequence of gates and a cheaper one that does the same; tests compare their matrices.</summary>
internal sealed record Template(TemplateGate[] Pattern, TemplateGate[] Replacement);

/// <summary>Replaces known sequences.</summary>
internal static class Templates
{
    private const int A = 0, B = 1, C = 2, Reach = 48;
    private static readonly int[][][] Orders = [[[]], [[0]], [[0, 1], [1, 0]], [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]];

    /// <summary>All templates.</summary>
    public static IReadOnlyList<Template> All { get; } =
    [
        new([H(B), CX(A, B), H(B)], [CZ(A, B)]),
        new([H(B), CZ(A, B), H(B)], [CX(A, B)]),
        new([H(C), CCX(A, B, C), H(C)], [CCZ(A, B, C)]),
        new([H(C), CCZ(A, B, C), H(C)], [CCX(A, B, C)]),
        new([CX(A, B), CX(B, A), CX(A, B)], [Swap(A, B)]),
        new([Swap(A, B), CX(A, B), Swap(A, B)], [CX(B, A)]),
        new([Swap(A, B), CX(B, A), Swap(A, B)], [CX(A, B)]),
        new([CX(A, B), One(GateCatalog.RZ, B), CX(A, B)], [new(GateCatalog.RZZ, 0, A, B)]),
        new([CX(A, B), One(GateCatalog.RX, A), CX(A, B)], [new(GateCatalog.RXX, 0, A, B)]),
        new([CX(A, B), One(GateCatalog.X, A), CX(A, B)], [One(GateCatalog.X, A), One(GateCatalog.X, B)]),
        new([CX(A, B), One(GateCatalog.Z, B), CX(A, B)], [One(GateCatalog.Z, A), One(GateCatalog.Z, B)]),
        new([CX(A, B), CX(B, C), CX(A, B)], [CX(B, C), CX(A, C)]),
        new([CX(B, C), CX(A, B), CX(B, C)], [CX(A, B), CX(A, C)]),
    ];

    /// <summary>Replaces what matches, first come first served.</summary>
    public static List<Step> Run(IReadOnlyList<Step> steps)
    {
        var rest = steps.ToArray<Step?>();
        var placed = new Dictionary<int, Step[]>();
        for (var i = 0; i < rest.Length; i++)
        {
            foreach (var template in All)
            {
                if (rest[i] is { IsFixed: false } && Match(rest, i, template, placed) is var (indices, at, made))
                {
                    indices.ForEach(k => rest[k] = null);
                    placed[at] = made;
                    break;
                }
            }
        }

        return [.. Enumerable.Range(0, rest.Length).SelectMany(k => placed.TryGetValue(k, out var made) ? made : rest[k] is { } step ? [step] : (Step[])[])];
    }

    // All of the replacement stands at one place: no step in between touches the qubits of what moves there. A step on qubits that the rest of the pattern leaves alone may come between,
    // if the pattern meets no further qubit; the place is then before it.
    private static (List<int> Indices, int At, Step[] Made)? Match(Step?[] steps, int start, Template template, Dictionary<int, Step[]> placed)
    {
        int[] bound = [-1, -1, -1];
        double[] angle = [];
        var indices = new List<int>();
        var place = -1;
        for (var i = start; i < steps.Length && i < start + Reach; i++)
        {
            if (placed.TryGetValue(i, out var others) && others.Any(o => o.Qubits.Any(q => Array.IndexOf(bound, q) >= 0)))
            {
                return null;
            }

            if (steps[i] is not { } step || (i > start && !step.Qubits.Any(q => Array.IndexOf(bound, q) >= 0)))
            {
                continue;
            }

            var next = template.Pattern[indices.Count];
            if (!Binds(step, next, bound))
            {
                var needed = template.Pattern.Skip(indices.Count).SelectMany(g => g.Letters).Distinct().ToList();
                if (indices.Count == 0 || needed.Exists(l => bound[l] < 0 || step.Touches(bound[l])))
                {
                    return null;
                }

                place = place < 0 ? indices[^1] : place;
                continue;
            }

            angle = step.Parameters.Length > 0 ? step.Parameters : angle;
            indices.Add(i);
            if (indices.Count == template.Pattern.Length)
            {
                return (indices, place < 0 ? i : place, [.. template.Replacement.Select(g => Step.Of(g.Gate, g.Controls, g.Gate.NumParameters > 0 ? angle : [], [.. g.Letters.Select(l => bound[l])]))]);
            }
        }

        return null;
    }

    // Binds the letters to the step's qubits if they can be; controls, and all qubits of a symmetric gate, in any order.
    private static bool Binds(Step step, TemplateGate gate, int[] bound)
    {
        if (step.IsFixed || step.Gate != gate.Gate || step.Controls != gate.Controls)
        {
            return false;
        }

        var free = step.Gate == GateCatalog.Z || step.Gate == GateCatalog.Swap ? gate.Letters.Length : gate.Controls;
        foreach (var order in Orders[free])
        {
            var trial = (int[])bound.Clone();
            var fits = true;
            for (var i = 0; i < gate.Letters.Length && fits; i++)
            {
                var (letter, qubit) = (gate.Letters[i], step.Qubits[i < free ? order[i] : i]);
                fits = trial[letter] == qubit || (trial[letter] < 0 && Array.IndexOf(trial, qubit) < 0);
                trial[letter] = qubit;
            }

            if (fits)
            {
                trial.CopyTo(bound, 0);
                return true;
            }
        }

        return false;
    }

    private static TemplateGate One(GateDefinition gate, int letter) => new(gate, 0, letter);

    private static TemplateGate H(int letter) => One(GateCatalog.H, letter);

    private static TemplateGate Swap(int a, int b) => new(GateCatalog.Swap, 0, a, b);

    private static TemplateGate CX(int a, int b) => new(GateCatalog.X, 1, a, b);

    private static TemplateGate CZ(int a, int b) => new(GateCatalog.Z, 1, a, b);

    private static TemplateGate CCX(int a, int b, int c) => new(GateCatalog.X, 2, a, b, c);

    private static TemplateGate CCZ(int a, int b, int c) => new(GateCatalog.Z, 2, a, b, c);
}
