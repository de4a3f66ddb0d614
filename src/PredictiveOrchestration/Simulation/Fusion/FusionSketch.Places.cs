using System.Runtime.CompilerServices;

namespace PredictiveOrchestration.Simulation.Fusion;

/// <content>At which places of the circuit the work arises.</content>
internal sealed partial class FusionSketch<TPlaces>
{
    // What was added to passes at which place of the circuit, for those who ask about parts of it: where the last gate of it stands that waits, or looks at a bit.
    private readonly int[] _waitingAt = new int[MostQubits], _phasesAt = new int[MostQubits];
    private Step[] _steps = [];
    private int _stepCount, _at;

    private static bool IsNoted => typeof(TPlaces) == typeof(Noted);

    /// <summary>What is done from here on belongs to a place of the circuit, for <see cref="Finish(Span{double})"/>.</summary>
    public void At(int place) => _at = place;

    // A pass belongs to all that it does, the pages that it touches to the first of that.
    private void Place(Span<double> places, int touchedKind)
    {
        foreach (ref readonly var step in _steps.AsSpan(0, _stepCount))
        {
            ref var pass = ref _passes[step.Pass];
            var at = places.Slice(step.Place * FusedWork.Count, FusedWork.Count);
            var share = (double)step.Joined / pass.Joined;
            at[FusedWork.Steps] += step.Steps;
            at[FusedWork.Updated] += pass.Visited * step.Updated;
            at[FusedWork.Phased] += pass.Visited * step.Phased;
            at[FusedWork.Exchanged] += pass.Visited * step.Exchanged;
            at[FusedWork.InPlace] += share * pass.InPlace;
            at[FusedWork.Copied] += share * pass.Copied;
            at[touchedKind] += pass.Touched;
            pass.Touched = 0;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Note(int place, int pass, int steps, double updated, double phased, double exchanged)
    {
        if (IsNoted)
        {
            AddStep(place, pass, steps, updated, phased, exchanged);
        }
    }

    private void NotePhases(int bit)
    {
        if (IsNoted)
        {
            _phasesAt[bit] = _at;
        }
    }

    private void NoteWaiting(int bit, int at)
    {
        if (IsNoted)
        {
            _waitingAt[bit] = at;
        }
    }

    private void AddStep(int place, int pass, int steps, double updated, double phased, double exchanged)
    {
        var joined = Math.Max(0, steps);
        _passes[pass].Joined += joined;
        if (_stepCount == 0 || _steps[_stepCount - 1].Place != place || _steps[_stepCount - 1].Pass != pass)
        {
            if (_stepCount == _steps.Length)
            {
                Array.Resize(ref _steps, Math.Max(64, 2 * _stepCount));
            }

            _steps[_stepCount++] = new Step { Place = place, Pass = pass };
        }

        ref var last = ref _steps[_stepCount - 1];
        last.Steps += steps;
        last.Joined += joined;
        last.Updated += updated;
        last.Phased += phased;
        last.Exchanged += exchanged;
    }

    // What was done to a pass at a place; less than nothing where it went on to a later pass.
    private struct Step
    {
        public int Place, Pass, Steps, Joined;
        public double Updated, Phased, Exchanged;
    }
}

/// <summary>For a <see cref="FusionSketch{TPlaces}"/> that notes at which place of the circuit work arises.</summary>
internal struct Noted;

/// <summary>For one that does not.</summary>
internal struct Unnoted;
