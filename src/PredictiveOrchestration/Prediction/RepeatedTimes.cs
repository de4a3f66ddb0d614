namespace PredictiveOrchestration.Prediction;

/// <summary>The times of one structure: their mean and variance in log time, each run counting for a fifth or more.</summary>
internal readonly record struct RepeatedTime(double Mean, double Variance, int Count)
{
    // Before runs show their own scatter, one of a fifth counts as four runs.
    private const double PriorVariance = 0.04;
    private const int PriorWeight = 4;

    public double Sigma => Math.Sqrt(((PriorWeight * PriorVariance) + (Count * Variance)) / (PriorWeight + Count));

    public RepeatedTime With(double logSeconds)
    {
        if (Count == 0)
        {
            return new RepeatedTime(logSeconds, 0, 1);
        }

        var rate = Math.Max(1.0 / (Count + 1), 0.2);
        var step = logSeconds - Mean;
        return new RepeatedTime(Mean + (rate * step), (1 - rate) * (Variance + (rate * step * step)), Count + 1);
    }
}

/// <summary>
/// The times of structures that were run before, as in the steps of a variational loop: a repeat is predicted from its own past. Bounded: the oldest
/// structure goes first. Immutable.
/// </summary>
internal sealed class RepeatedTimes
{
    public const int Most = 1000, LeastRuns = 2;
    public static readonly RepeatedTimes Empty = new(StructureMap<RepeatedTime>.Empty(Most));
    private readonly StructureMap<RepeatedTime> _times;

    private RepeatedTimes(StructureMap<RepeatedTime> times) => _times = times;

    public int Count => _times.Count;

    public void Write(BinaryWriter writer) => _times.Write(writer, static (w, time) =>
    {
        w.Write(time.Mean);
        w.Write(time.Variance);
        w.Write(time.Count);
    });

    /// <exception cref="InvalidDataException">What is there are no times.</exception>
    public static RepeatedTimes Read(BinaryReader reader) => new(StructureMap<RepeatedTime>.Read(Most, reader, 28, static r =>
    {
        var time = new RepeatedTime(r.ReadFinite(), r.ReadFinite(), r.ReadInt32());
        BinaryParts.Require(time is { Variance: >= 0, Count: > 0 });
        return time;
    }));

    /// <summary>Finds a structure that ran at least twice; 0 stands for one that is not known.</summary>
    public bool TryGet(ulong structure, out RepeatedTime time) => _times.TryGet(structure, out time) && time.Count >= LeastRuns;

    public RepeatedTimes With(ulong structure, double logSeconds) =>
        structure == 0 ? this : new RepeatedTimes(_times.With(structure, (_times.TryGet(structure, out var time) ? time : default).With(logSeconds)));
}
