namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>Two steps that met.</summary>
/// <param name="Met">The place of the one that was there; -1 if the one that arrives does nothing by itself.</param>
/// <param name="Arriving">The place of the one that arrives, and is gone.</param>
/// <param name="Together">What stands in the first one's place now; null for nothing.</param>
internal readonly record struct Meeting(int Met, int Arriving, Step? Together);

/// <summary>
/// Checks what <see cref="Cancellation"/> did to a block of any width, meeting by meeting, from the block as it was: that what arrived may change places with all that it passed, and that the
/// two together are what stands there now. Each by matrices on the qubits concerned, not by the rules that the pass goes by. Linear in the number of steps.
/// </summary>
internal static class Meetings
{
    /// <summary>Whether the steps made do what those given do, up to a phase: the differences of all meetings together stay within <see cref="Probe.Tolerance"/>.</summary>
    /// <param name="steps">The steps as they were.</param>
    /// <param name="made">What the pass made of them.</param>
    /// <param name="meetings">What met, by ascending place of arrival.</param>
    /// <param name="seed">The seed of what is random in the check of wide matrices.</param>
    public static bool Hold(IReadOnlyList<Step> steps, IReadOnlyList<Step> made, IReadOnlyList<Meeting> meetings, ulong seed)
    {
        var now = steps.ToArray<Step?>();
        var onQubit = new Dictionary<int, List<int>>();
        var (next, difference) = (0, 0.0);
        for (var place = 0; place < now.Length; place++)
        {
            var step = steps[place];
            var lists = Array.ConvertAll(step.Qubits, q => onQubit.TryGetValue(q, out var list) ? list : onQubit[q] = []);
            if (next == meetings.Count || meetings[next].Arriving != place)
            {
                Array.ForEach(lists, l => l.Add(place));
                continue;
            }

            var (met, _, together) = meetings[next++];
            var before = met < 0 ? null : now[met];
            if (step.IsFixed || before is { IsFixed: true } || (met >= 0 && (before is null || !Passes(step, lists, met, now, seed))))
            {
                return false;
            }

            difference += Difference(before, step, together);
            if (!(difference <= Probe.Tolerance))
            {
                return false;
            }

            now[place] = null;
            if (met >= 0 && (now[met] = together) is null)
            {
                Array.ForEach(lists, l => l.RemoveAt(l.LastIndexOf(met)));
            }
        }

        return next == meetings.Count && now.OfType<Step>().SequenceEqual(made, ReferenceEqualityComparer.Instance);
    }

    // On each of its qubits the step comes, past what lets it pass, to the one it met.
    private static bool Passes(Step step, List<int>[] lists, int met, Step?[] now, ulong seed)
    {
        foreach (var list in lists)
        {
            var i = list.Count - 1;
            for (; i >= 0 && list[i] > met; i--)
            {
                if (!ChangePlaces(now[list[i]]!, step, seed))
                {
                    return false;
                }
            }

            if (i < 0 || list[i] != met)
            {
                return false;
            }
        }

        return true;
    }

    // Where a control that is no target of the other is not met, one of them does nothing: such controls need no look.
    private static bool ChangePlaces(Step a, Step b, ulong seed)
    {
        if (a.IsFixed || b.IsFixed)
        {
            return false;
        }

        int[] qubits = [.. a.Qubits[a.Controls..].Union(b.Qubits[b.Controls..])];
        var (one, other) = (Within(a, qubits), Within(b, qubits));
        return Probe.AreEquivalent([one, other], [other, one], qubits, seed);
    }

    // On equal operands all controls but one stand for nothing that one would not show.
    private static double Difference(Step? before, Step step, Step? together)
    {
        if ((before is not null && !before.HasSameOperands(step)) || (together is not null && !together.HasSameOperands(step)))
        {
            return double.PositiveInfinity;
        }

        var qubits = step.Qubits[Math.Max(0, step.Controls - 1)..];
        Step[] were = before is null ? [Within(step, qubits)] : [Within(before, qubits), Within(step, qubits)];
        return Probe.Distance(Probe.MatrixOf(were, qubits), Probe.MatrixOf(together is null ? [] : [Within(together, qubits)], qubits));
    }

    // The step where all controls elsewhere are met.
    private static Step Within(Step step, int[] qubits)
    {
        int[] own = [.. step.Qubits[..step.Controls].Intersect(qubits), .. step.Qubits[step.Controls..]];
        return own.Length == step.Qubits.Length ? step : step.Gate is { } gate ? Step.Of(gate, own.Length - step.Targets, step.Parameters, own) : Step.Of(step.Matrix, own.Length - step.Targets, own);
    }
}
