using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <content>Telling others what happens.</content>
public sealed partial class PredictiveOrchestrator
{
    private readonly Subscribers<OrchestrationEvent> _subscribers;

    /// <summary>
    /// Calls <paramref name="receiver"/> for every decision and every finished job from now on, on the thread of the run, which waits for it: it should only pass the event on. What it throws is
    /// logged and goes no further. Without subscribers nothing is made.
    /// </summary>
    /// <param name="receiver">Is told.</param>
    /// <returns>Disposing it ends the calls.</returns>
    public IDisposable Subscribe(Action<OrchestrationEvent> receiver) => _subscribers.Add(receiver);

    private void Tell(string? job, RoutingDecision decision, CircuitProfile profile, TimeSpan took, OrchestrationRequest request)
    {
        if (_subscribers.Any)
        {
            _subscribers.Tell(new DecisionMade { At = _time.GetUtcNow(), JobId = job, Decision = decision, Profile = profile, Duration = took, Shots = request.Shots, Tag = request.Tag });
        }
    }

    private void Tell(JobIdentity job, RoutingDecision decision, ExecutionReport report, IReadOnlyList<ExecutionRecord> records) => _subscribers.Tell(new JobFinished
    {
        At = _time.GetUtcNow(), JobId = job.Run.ToString(), Decision = decision, Records = records, Swaps = report.Swaps, Operations = job.Operations,
        Error = report.Last.Result is null ? report.Last.Error?.Message ?? "no result" : null,
    });

    [LoggerMessage(Level = LogLevel.Error, Message = "A subscriber to events failed on {Event}")]
    private partial void SubscriberFailed(Exception exception, string @event);

    private readonly record struct JobIdentity(Guid Run, int Operations);
}
