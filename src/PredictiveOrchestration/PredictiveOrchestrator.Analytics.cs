using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Integration.Analytics;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <content>Records for whoever analyses them.</content>
public sealed partial class PredictiveOrchestrator
{
    internal IReadOnlyList<IAnalyticsSink> Sinks { get; init; } = [];

    private void Show(ExecutionRecord record)
    {
        for (var i = 0; i < Sinks.Count; i++)
        {
            try
            {
                Sinks[i].Record(record);
            }
            catch (Exception exception)
            {
                SinkFailed(exception, Sinks[i].GetType().Name);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The analytics sink {Sink} failed")]
    private partial void SinkFailed(Exception exception, string sink);
}
