using System.Globalization;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Common.Html;

namespace PredictiveOrchestration.Backends;

/// <summary>A result as a histogram.</summary>
internal static class ResultHtml
{
    private const int Shown = 32;

    // Of the standard normal distribution: 95 % lie within.
    private const double Z = 1.959964;

    public static string Of(ExecutionResult result) => Write(new HtmlCard($"Result of {result.BackendId}"), result).ToString();

    /// <summary>Writes counts, exact probabilities, expectation values and times into a card.</summary>
    public static HtmlCard Write(HtmlCard card, ExecutionResult result)
    {
        card.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Shots} shots, seed {result.Seed}, {(result.IsExact ? "exact up to rounding and sampling" : "approximate")}; queue {Figures.Seconds(result.Timings.Queue.TotalSeconds)}, prepare {Figures.Seconds(result.Timings.Prepare.TotalSeconds)}, run {Figures.Seconds(result.Timings.Run.TotalSeconds)}, sample {Figures.Seconds(result.Timings.Sample.TotalSeconds)}; {ByteSize.Format(result.PeakMemoryBytes)}"));
        Counts(card, result);
        Probabilities(card, result.Probabilities);
        return result.ExpectationValues.Count == 0 ? card : card.Heading("Expectation values").Table(
            ["Observable", "#Value"], [.. result.ExpectationValues.Select((v, i) => (IReadOnlyList<object>)[$"{i}", v.ToString("G10", CultureInfo.InvariantCulture)])]);
    }

    private static void Counts(HtmlCard card, ExecutionResult result)
    {
        if (result.Counts.Count == 0)
        {
            return;
        }

        var total = result.Counts.Values.Sum();
        var shown = result.Counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key).Take(Shown).ToList();
        var exact = result.Probabilities.ToDictionary(p => p.Outcome, p => p.Probability);
        card.Heading("Counts, with 95 % intervals").Table(
            exact.Count == 0 ? ["Outcome", "#Count", "#Share", ""] : ["Outcome", "#Count", "#Share", "", "#Exact"],
            [.. shown.Select(c => Row(c.Key, c.Value, total, exact))]);
        if (result.Counts.Count > shown.Count)
        {
            card.Note($"{result.Counts.Count - shown.Count} more outcomes, seen {total - shown.Sum(c => c.Value)} times together, are not shown.");
        }
    }

    // The interval of Wilson: it stays within 0 and 1, and is right for rare outcomes too.
    private static IReadOnlyList<object> Row(BitString outcome, long count, long total, Dictionary<BitString, double> exact)
    {
        double share = (double)count / total, n = total;
        var centre = (share + (Z * Z / (2 * n))) / (1 + (Z * Z / n));
        var half = Z / (1 + (Z * Z / n)) * Math.Sqrt((share * (1 - share) / n) + (Z * Z / (4 * n * n)));
        List<object> row = [outcome.ToString(), count, Figures.Percent(share), Figures.Bar(share, centre - half, centre + half)];
        if (exact.Count > 0)
        {
            row.Add(exact.TryGetValue(outcome, out var probability) ? Figures.Percent(probability) : string.Empty);
        }

        return row;
    }

    private static void Probabilities(HtmlCard card, IReadOnlyList<OutcomeProbability> probabilities)
    {
        if (probabilities.Count == 0)
        {
            return;
        }

        card.Heading("Exact probabilities").Table(
            ["Outcome", "#Probability", ""],
            [.. probabilities.Take(Shown).Select(p => (IReadOnlyList<object>)[p.Outcome.ToString(), p.Probability.ToString("G6", CultureInfo.InvariantCulture), Figures.Bar(p.Probability)])]);
        if (probabilities.Count > Shown)
        {
            card.Note($"{probabilities.Count - Shown} more outcomes of lesser probability are not shown.");
        }
    }
}
