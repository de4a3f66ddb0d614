using System.Collections;

namespace PredictiveOrchestration.Prediction;

/// <summary>The terms of a predicted time, largest first: named and sorted when they are first looked at, for few decisions are.</summary>
internal sealed class PredictedTerms(AnalyticCostModel analytic, double[] terms, double scale) : IReadOnlyList<PredictionTerm>
{
    private PredictionTerm[]? _sorted;

    public int Count => terms.Length;

    public PredictionTerm this[int index] => Sorted()[index];

    public IEnumerator<PredictionTerm> GetEnumerator() => ((IEnumerable<PredictionTerm>)Sorted()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private PredictionTerm[] Sorted()
    {
        if (_sorted is { } known)
        {
            return known;
        }

        var sorted = new PredictionTerm[terms.Length];
        for (var i = 0; i < sorted.Length; i++)
        {
            sorted[i] = new PredictionTerm(Breakpoints.Name(analytic.Basis, i), terms[i] * analytic.Coefficients[i] * scale);
        }

        Array.Sort(sorted, static (a, b) => b.Seconds.CompareTo(a.Seconds));
        return _sorted = sorted;
    }
}
