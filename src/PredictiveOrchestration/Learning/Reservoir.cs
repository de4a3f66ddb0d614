using PredictiveOrchestration.Common;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Learning;

/// <summary>The runs of one backend that models are fitted to, bounded: the latest half as it came, and a uniform sample of everything before.</summary>
internal sealed class Reservoir(string basis, int size, ulong seed)
{
    private const int KeptModels = 4;
    private readonly Queue<TrainingRow> _recent = new();
    private readonly List<TrainingRow> _old = [];
    private readonly List<BackendModel> _earlier = [];
    private readonly SeededRandom _random = new(seed);
    private long _retired;

    public string Basis => basis;

    public long Seen { get; private set; }

    /// <summary>The count of rows at which to refit after a change.</summary>
    public long RefitAt { get; set; }

    /// <summary>The count of rows at the last refit.</summary>
    public long RefittedAt { get; set; }

    public Contest Contest { get; } = new();

    public DriftMonitor Drift { get; } = new();

    public DriftMonitor PriceDrift { get; } = new();

    public IReadOnlyList<TrainingRow> Rows => [.. _old, .. _recent];

    /// <summary>The models that were replaced by later fits, latest first.</summary>
    public IReadOnlyList<BackendModel> Earlier => _earlier;

    public void Add(TrainingRow row)
    {
        Seen++;
        _recent.Enqueue(row);
        if (_recent.Count <= size / 2)
        {
            return;
        }

        var retired = _recent.Dequeue();
        _retired++;
        if (_old.Count < size / 2)
        {
            _old.Add(retired);
        }
        else if (_random.NextDouble() * _retired < _old.Count)
        {
            _old[_random.Next(_old.Count)] = retired;
        }
    }

    /// <summary>Goes on from runs that were seen before, of which not all are kept.</summary>
    public void Resume(LearnedBackend learned)
    {
        Seen = Math.Max(Seen, learned.Seen);
        RefittedAt = Seen;
        _earlier.Clear();
        _earlier.AddRange(learned.Earlier.Take(KeptModels));
    }

    /// <summary>Keeps a model that is about to be replaced.</summary>
    public void Keep(BackendModel replaced)
    {
        // Times of structures are taken over by every later model.
        _earlier.Insert(0, replaced with { Repeats = RepeatedTimes.Empty });
        if (_earlier.Count > KeptModels)
        {
            _earlier.RemoveAt(KeptModels);
        }
    }

    /// <summary>Takes the latest replaced model out; null if there is none.</summary>
    public BackendModel? TakeBack()
    {
        if (_earlier.Count == 0)
        {
            return null;
        }

        var model = _earlier[0];
        _earlier.RemoveAt(0);
        Contest.Clear();
        return model;
    }
}
