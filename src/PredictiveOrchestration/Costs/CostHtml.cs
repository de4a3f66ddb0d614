using System.Globalization;
using PredictiveOrchestration.Common.Html;

namespace PredictiveOrchestration.Costs;

/// <summary>A cost analysis as tables.</summary>
internal static class CostHtml
{
    public static string Of(CostAnalysis costs)
    {
        string Money(decimal amount) => Figures.Money(amount, costs.Currency);
        var card = new HtmlCard($"Cost: {Money(costs.TotalCost)}");
        card.Table(["", "#"],
        [
            ["Completed runs", costs.Runs], ["Cost of a run", Money(costs.CostPerOperation)], ["On runs without a result", Money(costs.FailedRunsCost)], ["Set aside", Money(costs.ReservedCost)],
            ["Computing", Figures.Seconds(costs.ComputeTime.TotalSeconds)],
        ]);
        if (costs is { Budget: { } budget, BudgetUtilization: { } used })
        {
            card.Heading("Budget").Table(["Budget", "#Spent", ""], [[Money(budget), Figures.Percent(used), Figures.Bar(used)]]);
        }

        Shares(card, "By backend", costs.ByBackend.OrderByDescending(b => b.Value).Select(b => (b.Key, b.Value)), costs);
        Shares(card, "By strategy", costs.ByStrategy.OrderByDescending(b => b.Value).Select(b => (b.Key, b.Value)), costs);
        Shares(card, "By tag", costs.ByTag.OrderByDescending(b => b.Value).Select(b => (b.Key, b.Value)), costs);
        Shares(card, "By day (UTC)", costs.ByDay.OrderByDescending(d => d.Key).Select(d => (d.Key.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), d.Value)), costs);
        card.Heading("Saved, as predicted, against always taking").Table(["", "#Money", "#Time"],
        [
            .. new[] { ("the cheapest", costs.AgainstAlwaysCheapest), ("the fastest", costs.AgainstAlwaysFastest), ("the dearest", costs.AgainstWorst) }
                .Select(c => (IReadOnlyList<object>)[c.Item1, Money(c.Item2.CostSaved), Figures.Seconds(c.Item2.TimeSaved.TotalSeconds)]),
        ]);
        if (costs.Forecast is { Total: { Upper: > 0 } total, Steps.Count: var steps } forecast)
        {
            string Amount(double value) => Money((decimal)Math.Clamp(value, 0, 1e15));
            card.Heading("To come, if it goes on so").Table(["Within", "#Expected", "#At least (90 %)", "#At most"],
                [[Figures.Seconds((steps * forecast.Step).TotalSeconds), Amount(total.Median), Amount(total.Lower), Amount(total.Upper)]]);
            if (forecast.BudgetExhaustedAt is { } end)
            {
                card.Note($"The budget is spent at {end.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC then.");
            }
        }

        if (costs.Anomalies.Count > 0)
        {
            card.Heading("Cost more than predicted").Table(["When (UTC)", "Backend", "#Cost", "#Predicted at most"],
                [.. costs.Anomalies.Select(a => (IReadOnlyList<object>)[a.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), a.BackendId, Money(a.Cost), Money(a.PredictedUpper)])]);
        }

        foreach (var advice in costs.Recommendations.Take(HtmlCard.MaxRows))
        {
            card.Paragraph(advice.Text);
        }

        return card.ToString();
    }

    private static void Shares(HtmlCard card, string title, IEnumerable<(string Name, decimal Amount)> amounts, CostAnalysis costs)
    {
        var rows = amounts.Select(a => (IReadOnlyList<object>)[a.Name, Figures.Money(a.Amount, costs.Currency), Figures.Bar(costs.TotalCost == 0 ? 0 : (double)(a.Amount / costs.TotalCost))]).ToList();
        if (rows.Count > 0)
        {
            card.Heading(title).Table(["", "#Spent", "Share"], rows);
        }
    }
}
