namespace PredictiveOrchestration.Remote.Worker;

/// <summary>How to reach a worker: an ASP.NET Core application with the package <c>PredictiveOrchestration.AspNetCore</c>.</summary>
public sealed record WorkerBackendOptions : RemoteBackendOptions
{
    /// <summary>Makes options for the worker's own choice among its devices, without limits on the queue, and with long polling in place of pauses.</summary>
    public WorkerBackendOptions()
    {
        Target = WorkerProtocol.AutoDevice;
        MinPollInterval = TimeSpan.FromMilliseconds(50);
        CancelRemoteJobs = true;
    }

    /// <summary>Gets the worker's address, without <c>/v1</c>; default <c>http://localhost:5000</c>.</summary>
    public Uri Endpoint { get; init; } = new("http://localhost:5000");

    /// <summary>Gets how long the worker shall hold an answer back until the job has ended, 0 to 60 s; default 20 s. Less than <see cref="RemoteBackendOptions.AttemptTimeout"/>.</summary>
    public TimeSpan LongPoll { get; init; } = TimeSpan.FromSeconds(20);
}
