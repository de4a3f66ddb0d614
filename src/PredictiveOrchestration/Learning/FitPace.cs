namespace PredictiveOrchestration.Learning;

/// <summary>
/// When a fit may begin, so that those who run jobs hardly feel it: it takes a core, and its trainer stops every thread for moments. Where jobs are under way no fit begins for two hundred times as
/// long as the latest took, so that fits take half a percent of the time; where none has been for as long as that, the next may begin at once. Not thread-safe.
/// </summary>
internal sealed class FitPace
{
    private const int Rest = 200;
    private readonly TimeProvider _time;
    private readonly Func<bool> _isBusy;
    private readonly TimeSpan _least;
    private TimeSpan _takes;
    private long _fittedAt;
    private long _busyAt;

    /// <summary>Makes the pace of a process that begins to learn: as if a fit had just ended.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="isBusy">Whether any job is under way.</param>
    /// <param name="least">The time that a fit is taken to need at least: the latest may have been of few runs, the next of many.</param>
    public FitPace(TimeProvider time, Func<bool> isBusy, TimeSpan least)
    {
        (_time, _isBusy, _least, _takes) = (time, isBusy, least, least);
        _fittedAt = _busyAt = time.GetTimestamp();
    }

    /// <summary>Whether a fit may begin now. Jobs that begin and end between two questions are only known if they are told of.</summary>
    /// <param name="jobsEnded">Whether jobs have ended since the last question.</param>
    public bool MayFit(bool jobsEnded)
    {
        var now = _time.GetTimestamp();
        if (jobsEnded || _isBusy())
        {
            _busyAt = now;
        }

        return _time.GetElapsedTime(_busyAt, now) >= _takes || _time.GetElapsedTime(_fittedAt, now) >= Rest * _takes;
    }

    /// <summary>Does a fit, and takes its time.</summary>
    public void Fit(Action fit)
    {
        var start = _time.GetTimestamp();
        try
        {
            fit();
        }
        finally
        {
            _fittedAt = _time.GetTimestamp();
            var took = _time.GetElapsedTime(start, _fittedAt);
            _takes = took > _least ? took : _least;
        }
    }
}
