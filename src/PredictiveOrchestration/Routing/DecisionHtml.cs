using PredictiveOrchestration.Common;
using PredictiveOrchestration.Common.Html;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Routing;

/// <summary>A decision as tables with intervals.</summary>
internal static class DecisionHtml
{
    public static string Of(RoutingDecision decision) =>
        Write(new HtmlCard($"{decision.Chosen.Candidate.Backend.Id}, by strategy '{decision.Strategy}'"), decision).Heading("In words").Preformatted(decision.Explain()).ToString();

    /// <summary>Writes the candidates into a card.</summary>
    public static HtmlCard Write(HtmlCard card, RoutingDecision decision)
    {
        card.Note($"confidence {Figures.Percent(decision.Confidence)}; model {decision.ModelVersion}, backends {decision.RegistryVersion}");
        var times = decision.Ranked.Take(HtmlCard.MaxRows).Select(r => r.Candidate.Prediction.Seconds).ToList();
        var (least, most) = (Math.Max(1e-9, times.Min(t => t.Lower)), Math.Max(1e-8, times.Max(t => t.Upper)));
        card.Heading($"Can do it, best first. Times with 90 % intervals, drawn from {Figures.Seconds(least)} to {Figures.Seconds(most)}, logarithmic").Table(
            ["Backend", "Time", "", "Wait", "#Memory up to", "#Cost", "#Fidelity", "#Loss", "Reason", "Predicted by"],
            [.. decision.Ranked.Select((r, i) => Row(r, i, least, most))]);
        return decision.Refused.Count == 0
            ? card
            : card.Heading("Refused").Table(["Backend", "Reason"], [.. decision.Refused.Select(r => (IReadOnlyList<object>)[r.Candidate.Backend.Id, r.Reason])]);
    }

    private static IReadOnlyList<object> Row(RankedBackend ranked, int index, double least, double most)
    {
        var (candidate, prediction) = (ranked.Candidate, ranked.Candidate.Prediction);
        var seconds = prediction.Seconds;
        return
        [
            $"{index + 1}. {candidate.Backend.Id}", Interval(seconds), Figures.Interval(seconds.Median, seconds.Lower, seconds.Upper, least, most), Interval(prediction.WaitSeconds),
            ByteSize.Format(prediction.PeakBytes.Upper), $"{Figures.Money(candidate.Cost.Median, candidate.Cost.Currency)}", Figures.Percent(prediction.Fidelity.Median), Figures.Number(ranked.Loss), ranked.Reason,
            $"{prediction.Source}, {prediction.Observations} runs",
        ];
    }

    private static string Interval(Estimate estimate) =>
        estimate.Upper <= 0 ? "0 s" : $"{Figures.Seconds(estimate.Median)} ({Figures.Seconds(estimate.Lower)} to {Figures.Seconds(estimate.Upper)})";
}
