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
        var touched = new List<Draft>();
        void Close(Draft draft)
        {
            draft.Qubits.ForEach(q => open.Remove(q));
            draft.Qubits.Sort();
            draft.Indices.Sort();
            done.Add((draft.Indices[^1], new StepGroup([.. draft.Qubits], [.. draft.Indices.Select(i => steps[i])])));
        }

        for (var i = 0; i < steps.Count; i++)
        {
            var step = steps[i];
            if (step.IsClassical)
            {
                // Classical values pass between steps that share no qubit: nothing moves across.
                open.Values.Distinct().ToList().ForEach(Close);
            }

            touched.Clear();
            var together = 0;
            foreach (var q in step.Qubits)
            {
                if (!open.TryGetValue(q, out var draft))
                {
                    together++;
                }
                else if (!touched.Contains(draft))
                {
                    touched.Add(draft);
                    together += draft.Qubits.Count;
                }
            }

            var isAlone = step.Qubits.Length > most || step.Qubits.Length == 0 || step.IsClassical || (step.IsFixed && !keepsFixed);
            if (isAlone || together > most)
            {
                touched.ForEach(Close);
                touched.Clear();
            }

            if (isAlone)
            {
                done.Add((i, new StepGroup([.. step.Qubits.Order()], [step])));
                continue;
            }

            // The smaller join the largest, so that a step is moved few times.
            var joined = touched.MaxBy(d => d.Indices.Count) ?? new Draft();
            foreach (var other in touched)
            {
                if (!ReferenceEquals(other, joined))
                {
                    joined.Indices.AddRange(other.Indices);
                    Join(joined, other.Qubits);
                }
            }

            joined.Indices.Add(i);
            Join(joined, step.Qubits);
        }

        void Join(Draft draft, IEnumerable<int> qubits)
        {
            foreach (var q in qubits)
            {
                if (!open.TryGetValue(q, out var was) || !ReferenceEquals(was, draft))
                {
                    draft.Qubits.Add(q);
                    open[q] = draft;
                }
            }
        }

        open.Values.Distinct().ToList().ForEach(Close);
        return [.. done.OrderBy(d => d.Last).Select(d => d.Group)];
    }

    private sealed class Draft
    {
        public List<int> Qubits { get; } = [];

        public List<int> Indices { get; } = [];
    }
}
