namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>Steps that may run one after the other without anything in between.</summary>
/// <param name="Qubits">The qubits, ascending.</param>
/// <param name="Steps">The steps, in order.</param>
internal sealed record StepGroup(int[] Qubits, List<Step> Steps)
{
    public bool IsFixed => Steps.Count == 1 && Steps[0].IsFixed;
}

/// <summary>
/// Gathers steps into groups on few qubits. On each of its qubits the steps of a group follow each other; a group ends as a whole when another step needs one of its qubits. So all of a
/// group can stand where its last step stood: what came before its first step on any qubit stands before, what came after its end stands behind.
/// </summary>
internal static class StepGroups
{
    /// <summary>Gathers.</summary>
    /// <param name="steps">The steps.</param>
    /// <param name="most">The most qubits of a group.</param>
    /// <param name="keepsFixed">Whether what stays as it is may be part of a group; if not it stands alone.</param>
    public static List<StepGroup> Of(IReadOnlyList<Step> steps, int most, bool keepsFixed)
    {
        var done = new List<(int Last, StepGroup Group)>();
        var open = new Dictionary<int, Draft>();
        void Close(Draft draft)
        {
            foreach (var q in draft.Qubits)
            {
                open.Remove(q);
            }

            done.Add((draft.Indices[^1], new StepGroup([.. draft.Qubits], [.. draft.Indices.Select(i => steps[i])])));
        }

        for (var i = 0; i < steps.Count; i++)
        {
            var step = steps[i];
            if (step.IsClassical)
            {
                // Classical values pass between steps that share no qubit: nothing moves across.
                foreach (var draft in open.Values.Distinct().ToList())
                {
                    Close(draft);
                }
            }

            var touched = step.Qubits.Where(open.ContainsKey).Select(q => open[q]).Distinct().ToList();
            var together = new SortedSet<int>(step.Qubits);
            touched.ForEach(d => together.UnionWith(d.Qubits));
            var isAlone = step.Qubits.Length > most || step.Qubits.Length == 0 || step.IsClassical || (step.IsFixed && !keepsFixed);
            if (isAlone || together.Count > most)
            {
                touched.ForEach(Close);
                touched.Clear();
                together = [.. step.Qubits];
            }

            var joined = new Draft(together, [.. touched.SelectMany(d => d.Indices).Order(), i]);
            if (isAlone)
            {
                done.Add((i, new StepGroup([.. step.Qubits.Order()], [step])));
                continue;
            }

            foreach (var q in together)
            {
                open[q] = joined;
            }
        }

        foreach (var draft in open.Values.Distinct().ToList())
        {
            Close(draft);
        }

        return [.. done.OrderBy(d => d.Last).Select(d => d.Group)];
    }

    private sealed record Draft(SortedSet<int> Qubits, List<int> Indices);
}
