namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>
/// Meets each step with the ones before it: what undoes one of them goes with it, rotations about the same axis become one. Looks either at the step right before on the same qubits, or
/// past all that the step may change places with. Linear in the number of steps.
/// </summary>
internal sealed class Cancellation
{
    // A step looks past this many others at most.
    private const int Reach = 64;
    private const int StepsBetweenLooksAtTheClock = 128;

    // By place: what stands there now, and for each qubit the places that are taken.
    private readonly List<Step?> _kept = [];
    private readonly Dictionary<int, List<int>> _onQubit = [];
    private readonly List<List<int>> _lists = [];
    private readonly List<Meeting>? _meetings;
    private readonly bool _adds, _commutes;

    private Cancellation(bool adds, bool commutes, List<Meeting>? meetings) => (_adds, _commutes, _meetings) = (adds, commutes, meetings);

    /// <summary>Runs the pass.</summary>
    /// <param name="steps">The steps.</param>
    /// <param name="adds">Whether rotations are merged.</param>
    /// <param name="commutes">Whether it looks past what commutes.</param>
    /// <param name="meetings">Takes down which steps met, for <see cref="Meetings.Hold"/>; null for nobody.</param>
    /// <param name="isLate">Asked now and then; once it says so, the rest of the steps stay as they are.</param>
    public static List<Step> Run(IReadOnlyList<Step> steps, bool adds, bool commutes, List<Meeting>? meetings = null, Func<bool>? isLate = null)
    {
        var pass = new Cancellation(adds, commutes, meetings);
        for (var i = 0; i < steps.Count; i++)
        {
            if (i % StepsBetweenLooksAtTheClock == 0 && isLate?.Invoke() == true)
            {
                return [.. pass._kept.OfType<Step>(), .. steps.Skip(i)];
            }

            pass.Take(steps[i]);
        }

        return [.. pass._kept.OfType<Step>()];
    }

    private void Take(Step step)
    {
        if (Merging.IsNothing(step))
        {
            Gone(-1, null);
            return;
        }

        _lists.Clear();
        foreach (var qubit in step.Qubits)
        {
            _lists.Add(_onQubit.TryGetValue(qubit, out var list) ? list : _onQubit[qubit] = []);
        }

        if (!step.IsFixed && step.Qubits.Length > 0 && Meet(step))
        {
            return;
        }

        _lists.ForEach(l => l.Add(_kept.Count));
        _kept.Add(step);
    }

    private bool Meet(Step step)
    {
        Span<int> at = _lists.Count <= 32 ? stackalloc int[_lists.Count] : new int[_lists.Count];
        for (var i = 0; i < at.Length; i++)
        {
            at[i] = _lists[i].Count - 1;
        }

        for (var looked = 0; looked < Reach; looked++)
        {
            // The latest step before, on any of the qubits.
            var latest = -1;
            for (var i = 0; i < at.Length; i++)
            {
                latest = at[i] >= 0 ? Math.Max(latest, _lists[i][at[i]]) : latest;
            }

            if (latest < 0)
            {
                return false;
            }

            var before = _kept[latest]!;
            Step? sum = null;
            if (Merging.Cancel(before, step) || (_adds && Merging.Add(before, step, out sum)))
            {
                _kept[latest] = sum;
                Gone(latest, sum);
                if (sum is null)
                {
                    // On the same qubits, and among the last few of each.
                    _lists.ForEach(l => l.RemoveAt(l.LastIndexOf(latest)));
                }

                return true;
            }

            if (!_commutes || !before.CommutesWith(step))
            {
                return false;
            }

            for (var i = 0; i < at.Length; i++)
            {
                at[i] -= at[i] >= 0 && _lists[i][at[i]] == latest ? 1 : 0;
            }
        }

        return false;
    }

    // The step that arrives leaves its place empty.
    private void Gone(int met, Step? together)
    {
        _meetings?.Add(new Meeting(met, _kept.Count, together));
        _kept.Add(null);
    }
}
