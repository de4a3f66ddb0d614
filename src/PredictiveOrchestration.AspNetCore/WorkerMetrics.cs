using System.Diagnostics.Metrics;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore;

/// <summary>What the worker tells listeners of <see cref="System.Diagnostics.Metrics"/>, by the names of docs/remote.md; and the latest values for whoever asks by HTTP.</summary>
internal sealed class WorkerMetrics : IDisposable
{
    public const string Source = "PredictiveOrchestration.Worker";
    private readonly Meter _meter;
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _ended;
    private readonly Histogram<double> _waited;
    private readonly Histogram<double> _ran;
    private long _acceptedTotal;
    private long _refusedTotal;
    private long _succeededTotal;
    private long _failedTotal;
    private long _cancelledTotal;

    public WorkerMetrics(IMeterFactory? factory)
    {
        _meter = factory?.Create(new MeterOptions(Source)) ?? new Meter(Source);
        _accepted = _meter.CreateCounter<long>("worker.jobs.accepted", "{job}", "Jobs accepted.");
        _refused = _meter.CreateCounter<long>("worker.jobs.refused", "{job}", "Jobs refused, by reason.");
        _ended = _meter.CreateCounter<long>("worker.jobs.ended", "{job}", "Jobs ended, by outcome.");
        _waited = _meter.CreateHistogram<double>("worker.job.wait.duration", "s", "Time from acceptance to the beginning of the run.");
        _ran = _meter.CreateHistogram<double>("worker.job.run.duration", "s", "Time of a run as the worker sees it.");
    }

    public void Watch(JobDesk desk)
    {
        _meter.CreateObservableGauge("worker.queue.length", () => desk.Queue.Count, "{job}", "Jobs that wait.");
        _meter.CreateObservableGauge("worker.running", () => desk.Running, "{job}", "Jobs under way.");
    }

    public void Accepted(string owner, int jobs)
    {
        Interlocked.Add(ref _acceptedTotal, jobs);
        _accepted.Add(jobs, new KeyValuePair<string, object?>("owner", owner));
    }

    public void Refused(string reason)
    {
        Interlocked.Increment(ref _refusedTotal);
        _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));
    }

    public void Began(JobRecord record) => _waited.Record((record.StartedAt - record.SubmittedAt)!.Value.TotalSeconds);

    public void Ended(JobRecord record)
    {
        Interlocked.Increment(ref record.State == JobState.Succeeded ? ref _succeededTotal : ref record.State == JobState.Failed ? ref _failedTotal : ref _cancelledTotal);
        _ended.Add(1, new KeyValuePair<string, object?>("outcome", record.State.Name()));
        if (record.StartedAt is not null)
        {
            _ran.Record(record.RunSeconds);
        }
    }

    /// <summary>The values in Prometheus' text format.</summary>
    public string Text(JobDesk desk) =>
        $"""
        # TYPE worker_jobs_accepted_total counter
        worker_jobs_accepted_total {Interlocked.Read(ref _acceptedTotal)}
        # TYPE worker_jobs_refused_total counter
        worker_jobs_refused_total {Interlocked.Read(ref _refusedTotal)}
        # TYPE worker_jobs_ended_total counter
        worker_jobs_ended_total{"{outcome=\"succeeded\"}"} {Interlocked.Read(ref _succeededTotal)}
        worker_jobs_ended_total{"{outcome=\"failed\"}"} {Interlocked.Read(ref _failedTotal)}
        worker_jobs_ended_total{"{outcome=\"cancelled\"}"} {Interlocked.Read(ref _cancelledTotal)}
        # TYPE worker_queue_length gauge
        worker_queue_length {desk.Queue.Count}
        # TYPE worker_running gauge
        worker_running {desk.Running}

        """;

    public void Dispose() => _meter.Dispose();
}
