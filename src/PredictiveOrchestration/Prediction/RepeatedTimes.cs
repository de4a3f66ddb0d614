using System.Collections.Immutable;

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
    public static readonly RepeatedTimes Empty = new(ImmutableDictionary<ulong, RepeatedTime>.Empty, []);
    private readonly ImmutableDictionary<ulong, RepeatedTime> _times;
    private readonly ImmutableQueue<ulong> _order;

    private RepeatedTimes(ImmutableDictionary<ulong, RepeatedTime> times, ImmutableQueue<ulong> order) => (_times, _order) = (times, order);

    public int Count => _times.Count;

    /// <summary>Writes the structures, oldest first.</summary>
    public void Write(BinaryWriter writer)
    {
        writer.Write(_times.Count);
        foreach (var structure in _order)
        {
            var time = _times[structure];
            writer.Write(structure);
            writer.Write(time.Mean);
            writer.Write(time.Variance);
            writer.Write(time.Count);
        }
    }

    public static RepeatedTimes Read(BinaryReader reader)
    {
        var count = reader.ReadCount(28);
        BinaryParts.Require(count <= Most);
        var (times, order) = (ImmutableDictionary.CreateBuilder<ulong, RepeatedTime>(), ImmutableQueue<ulong>.Empty);
        for (var i = 0; i < count; i++)
        {
            var structure = reader.ReadUInt64();
            var time = new RepeatedTime(reader.ReadFinite(), reader.ReadFinite(), reader.ReadInt32());
            BinaryParts.Require(time is { Variance: >= 0, Count: > 0 } && times.TryAdd(structure, time));
            order = order.Enqueue(structure);
        }

        return new RepeatedTimes(times.ToImmutable(), order);
    }

    /// <summary>Finds a structure that ran at least twice; 0 stands for one that is not known.</summary>
    public bool TryGet(ulong structure, out RepeatedTime time) => _times.TryGetValue(structure, out time) && time.Count >= LeastRuns;

    public RepeatedTimes With(ulong structure, double logSeconds)
    {
        if (structure == 0)
        {
            return this;
        }

        var isNew = !_times.TryGetValue(structure, out var time);
        var (times, order) = (_times.SetItem(structure, time.With(logSeconds)), isNew ? _order.Enqueue(structure) : _order);
        if (times.Count > Most)
        {
            order = order.Dequeue(out var oldest);
            times = times.Remove(oldest);
        }

        return new RepeatedTimes(times, order);
    }
}
