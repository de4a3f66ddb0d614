using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Execution;

/// <summary>A part that a backend has run.</summary>
internal sealed record SegmentReport(ISegmentedBackend Backend, int Start, int End, TimeSpan Elapsed, Exception? Error);

/// <summary>How a run in parts went; no result if a backend failed and nothing was left to go on from.</summary>
internal sealed record SegmentedReport(ExecutionResult? Result, IReadOnlyList<SegmentReport> Parts, IReadOnlyList<SwapEvent> Swaps);

/// <summary>What the parts of a run have taken and lost so far, and what changed hands between them: the result of the last part is made the result of all.</summary>
internal sealed class RunAccount(TimeProvider time)
{
    private readonly List<SegmentReport> _parts = [];
    private readonly List<(SwapEvent Event, double StaySeconds, long At)> _swaps = [];
    private long _start = time.GetTimestamp(), _partStart;
    private int _partFrom;
    private long? _nonZeros;
    private long _peakBytes;
    private double _discarded;
    private double _fidelity = 1;
    private bool _isExact = true;

    /// <summary>The time since the run began.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    /// <summary>The part's first operation.</summary>
    public int PartFrom => _partFrom;

    /// <summary>The changes of backend so far.</summary>
    public int Swaps => _swaps.Count;

    /// <summary>The time from the beginning to a moment.</summary>
    public TimeSpan Until(long timestamp) => time.GetElapsedTime(_start, timestamp);

    /// <summary>Begins the run.</summary>
    public void Start() => _start = time.GetTimestamp();

    /// <summary>Begins a part.</summary>
    public void Begin(int position) => (_partStart, _partFrom) = (time.GetTimestamp(), position);

    /// <summary>Ends a part.</summary>
    public void End(ISegmentedBackend backend, int position, Exception? error) => _parts.Add(new SegmentReport(backend, _partFrom, position, time.GetElapsedTime(_partStart), error));

    /// <summary>Whether a part has ended with this error.</summary>
    public bool HasEndedWith(Exception exception) => _parts.Count > 0 && _parts[^1].Error == exception;

    /// <summary>Takes over what an earlier process's parts have lost.</summary>
    public void Resume(Checkpoint from) => (_discarded, _fidelity, _isExact) = (from.DiscardedWeight, from.FidelityLowerBound, from.IsExact);

    /// <summary>What a state that is written down now has lost, the parts before included.</summary>
    public (double Discarded, double Fidelity, bool IsExact) Lost(SessionObservation seen, bool isExact) => (_discarded + seen.DiscardedWeight, Both(_fidelity, seen.FidelityLowerBound), _isExact && isExact);

    /// <summary>A state leaves an engine.</summary>
    /// <param name="seen">The state.</param>
    /// <param name="copyBytes">The copy of it.</param>
    /// <param name="keptBytes">What is kept besides.</param>
    /// <param name="isExact">Whether the engine was exact.</param>
    public void Leaves(SessionObservation seen, long copyBytes, long keptBytes, bool isExact)
    {
        Held(Math.Max(seen.PeakMemoryBytes, seen.MemoryBytes + copyBytes) + keptBytes);
        _nonZeros = Math.Max(_nonZeros ?? 0, seen.NonZeros ?? 0);
        (_discarded, _fidelity, _isExact) = Lost(seen, isExact);
    }

    /// <summary>So many bytes are held now.</summary>
    public void Held(long bytes) => _peakBytes = Math.Max(_peakBytes, bytes);

    /// <summary>A swap that happened.</summary>
    /// <param name="happened">The swap.</param>
    /// <param name="staySeconds">What staying was predicted to take from then on; not a number if it was impossible.</param>
    /// <param name="at">When it began.</param>
    public void Swapped(SwapEvent happened, double staySeconds, long at) => _swaps.Add((happened, staySeconds, at));

    /// <summary>The result of the last part with what the parts before took and lost.</summary>
    public ExecutionResult Whole(ExecutionResult result, long keptBytes) => result with
    {
        Timings = result.Timings with { Run = result.Timings.Run + time.GetElapsedTime(_start, _partStart) },
        PeakMemoryBytes = Math.Max(result.PeakMemoryBytes + keptBytes, _peakBytes),
        PeakNonZeros = result.PeakNonZeros is { } peak ? Math.Max(peak, _nonZeros ?? 0) : _nonZeros,
        DiscardedWeight = result.DiscardedWeight + _discarded,
        FidelityLowerBound = Both(result.FidelityLowerBound, _fidelity),
        IsExact = result.IsExact && _isExact,
    };

    /// <summary>What there is to tell when the run is over.</summary>
    public SegmentedReport Report(ExecutionResult? result) => new(
        result,
        _parts,
        [
            .. _swaps.Select(s => result is null || !double.IsFinite(s.StaySeconds) ? s.Event : s.Event with
            {
                ActualGain = TimeSpan.FromSeconds(Math.Min(1e8, s.StaySeconds - time.GetElapsedTime(s.At).TotalSeconds)),
            }),
        ]);

    // Angles between states add up at most.
    private static double Both(double fidelity, double another)
    {
        var angle = Math.Acos(Math.Sqrt(fidelity)) + Math.Acos(Math.Sqrt(another));
        return angle >= Math.PI / 2 ? 0 : fidelity >= 1 ? another : another >= 1 ? fidelity : Math.Pow(Math.Cos(angle), 2);
    }
}
