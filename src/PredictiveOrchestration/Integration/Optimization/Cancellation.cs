namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>
/// Meets each step with the ones before it: what undoes one of them goes with it, rotations about the same axis become one. Looks either at the step right before on the same qubits, or
/// past all that the step may change places with.
/// </summary>
internal sealed class Cancellation
{
    // A step looks past this many others at most.
    private const int Reach = 64;
    private readonly List<Step?> _kept = [];
    private readonly Dictionary<int, List<int>> _onQubit = [];
    private readonly bool _adds, _commutes;

    private Cancellation(bool adds, bool commutes) => (_adds, _commutes) = (adds, commutes);

    /// <summary>Runs the pass.</summary>
    /// <param name="steps">The steps.</param>
    /// <param name="adds">Whether rotations are merged.</param>
    /// <param name="commutes">Whether it looks past what commutes.</param>
    public static List<Step> Run(IReadOnlyList<Step> steps, bool adds, bool commutes)
    {
        var pass = new Cancellation(adds, commutes);
        foreach (var step in steps)
        {
            pass.Take(step);
        }

        return [.. pass._kept.OfType<Step>()];
    }

    private void Take(Step step)
    {
        if (Merging.IsNothing(step))
        {
            return;
        }

        if (!step.IsFixed && step.Qubits.Length > 0 && Meet(step))
        {
            return;
        }

        foreach (var qubit in step.Qubits)
        {
            On(qubit).Add(_kept.Count);
        }

        _kept.Add(step);
    }

    private bool Meet(Step step)
    {
        Span<int> at = step.Qubits.Length <= 32 ? stackalloc int[step.Qubits.Length] : new int[step.Qubits.Length];
        for (var i = 0; i < at.Length; i++)
        {
            at[i] = On(step.Qubits[i]).Count - 1;
        }

        for (var looked = 0; looked < Reach; looked++)
        {
            // The latest step before, on any of the qubits.
            var latest = -1;
            for (var i = 0; i < at.Length; i++)
            {
                latest = at[i] >= 0 ? Math.Max(latest, On(step.Qubits[i])[at[i]]) : latest;
            }

            if (latest < 0)
            {
                return false;
            }

            var before = _kept[latest]!;
            if (Merging.Cancel(before, step))
            {
                Remove(latest);
                return true;
            }

            if (_adds && Merging.Add(before, step, out var sum))
            {
                if (sum is null)
                {
                    Remove(latest);
                }
                else
                {
                    _kept[latest] = sum;
                }

                return true;
            }

            if (!_commutes || !before.CommutesWith(step))
            {
                return false;
            }

            for (var i = 0; i < at.Length; i++)
            {
                at[i] -= at[i] >= 0 && On(step.Qubits[i])[at[i]] == latest ? 1 : 0;
            }
        }

        return false;
    }

    private void Remove(int index)
    {
        foreach (var qubit in _kept[index]!.Qubits)
        {
            // It is among the last few.
            var list = On(qubit);
            list.RemoveAt(list.LastIndexOf(index));
        }

        _kept[index] = null;
    }

    private List<int> On(int qubit)
    {
        if (!_onQubit.TryGetValue(qubit, out var list))
        {
            _onQubit[qubit] = list = [];
        }

        return list;
    }
}
