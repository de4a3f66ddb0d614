using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Common.Html;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration;

/// <summary>A result with how it came about, as HTML.</summary>
internal static class ResultPage
{
    public static string Of(OrchestrationResult result)
    {
        var card = ResultHtml.Write(new HtmlCard($"Result of {result.ActualBackend}"), result.Execution);
        if (result.Attempts.Count > 1)
        {
            card.Heading("Attempts").Table(["Backend", "#Took", "#Waited", "How it ended"],
                [.. result.Attempts.Select(a => (IReadOnlyList<object>)[a.BackendId, Figures.Seconds(a.Elapsed.TotalSeconds), Figures.Seconds(a.QueueTime.TotalSeconds), Ended(a)])]);
        }

        if (result.SwapEvents.Count > 0)
        {
            card.Heading("Changes of backend").Table(["Before operation", "From", "To", "Set off by", "#Predicted gain", "#Seen", "#Moved"],
                [.. result.SwapEvents.Select(s => (IReadOnlyList<object>)[s.OperationIndex, s.From, s.To, s.Trigger, Gain(s.PredictedGain), Gain(s.ActualGain), ByteSize.Format(s.BytesMoved)])]);
        }

        card.Heading($"Decision: {result.RequestedBackend}, by strategy '{result.Decision.Strategy}', in {Figures.Seconds(result.DecisionTime.TotalSeconds)}");
        return DecisionHtml.Write(card, result.Decision).ToString();
    }

    private static string Ended(ExecutionAttempt attempt) => attempt.Error?.Message ?? (attempt.IsPartial ? "a part" : "with the result");

    private static string Gain(TimeSpan? gain) => gain is { } time ? Figures.Seconds(time.TotalSeconds) : string.Empty;
}
