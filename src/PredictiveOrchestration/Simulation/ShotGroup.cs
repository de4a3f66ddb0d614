using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation;

/// <summary>Shots that have had the same measurement results so far, and so share one state.</summary>
internal sealed class ShotGroup
{
    /// <summary>The state, or null if the group is to be replayed from the checkpoint or the beginning with <see cref="History"/>.</summary>
    public IQuantumState? State { get; set; }

    /// <summary>Whether a replay begins at the checkpoint.</summary>
    public bool FromCheckpoint { get; init; }

    /// <summary>What it took to bring the state here from the beginning.</summary>
    public TimeSpan Spent { get; set; }

    /// <summary>The size of the state when it was copied for this group; 0 if it was not.</summary>
    public long CopiedBytes { get; init; }

    public required ClassicalState Classical { get; set; }

    /// <summary>The shots by number.</summary>
    public required int[] Shots { get; set; }

    /// <summary>The probability of the results so far.</summary>
    public double Weight { get; set; } = 1;

    /// <summary>The next operation.</summary>
    public int Position { get; set; }

    /// <summary>Every result of a measurement or reset so far.</summary>
    public List<bool> History { get; init; } = [];

    /// <summary>How many results of <see cref="History"/> have been used in this pass; less than all while replaying.</summary>
    public int Used { get; set; }

    /// <summary>Measurements met and put off to the end.</summary>
    public List<int> Pending { get; init; } = [];

    /// <summary>Makes the group of the shots that got the other result.</summary>
    public ShotGroup Split(IQuantumState? state, bool fromCheckpoint, long copiedBytes, int[] shots, double weight, bool result) => new()
    {
        State = state,
        FromCheckpoint = fromCheckpoint,
        Spent = Spent,
        CopiedBytes = copiedBytes,
        Classical = Classical.Clone(),
        Shots = shots,
        Weight = weight,
        Position = Position,
        History = [.. History, result],
        Used = Used,
        Pending = [.. Pending],
    };
}
