using PredictiveOrchestration.Common.Html;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Costs;

/// <summary>What runs have cost, and what they would have cost otherwise.</summary>
[TypeFormatterSource(typeof(NotebookFormatterSource))]
public sealed record CostAnalysis : IHtml
{
    /// <summary>Gets the currency of all amounts.</summary>
    public required string Currency { get; init; }

    /// <summary>Gets what has been spent.</summary>
    public required decimal TotalCost { get; init; }

    /// <summary>Gets the part of it spent on runs that gave no result.</summary>
    public required decimal FailedRunsCost { get; init; }

    /// <summary>Gets what is set aside for runs under way or of unknown outcome.</summary>
    public required decimal ReservedCost { get; init; }

    /// <summary>Gets the mean cost of a completed run; 0 before the first.</summary>
    public required decimal CostPerOperation { get; init; }

    /// <summary>Gets the completed runs for each unit of money; null if nothing was spent.</summary>
    public required double? CostEfficiency { get; init; }

    /// <summary>Gets the budget; null without one.</summary>
    public decimal? Budget { get; init; }

    /// <summary>Gets the share of the budget that is spent, 0 to 1; null without a budget. Counts what earlier processes spent if the ledger is a file.</summary>
    public required double? BudgetUtilization { get; init; }

    /// <summary>Gets the number of completed runs.</summary>
    public required long Runs { get; init; }

    /// <summary>Gets the service time of all runs together.</summary>
    public required TimeSpan ComputeTime { get; init; }

    /// <summary>Gets the amounts by backend id.</summary>
    public required IReadOnlyDictionary<string, decimal> ByBackend { get; init; }

    /// <summary>Gets the amounts by routing strategy.</summary>
    public required IReadOnlyDictionary<string, decimal> ByStrategy { get; init; }

    /// <summary>Gets the amounts by day (UTC).</summary>
    public required IReadOnlyDictionary<DateOnly, decimal> ByDay { get; init; }

    /// <summary>Gets the amounts by the requests' tags.</summary>
    public required IReadOnlyDictionary<string, decimal> ByTag { get; init; }

    /// <summary>Gets what was saved against always taking the cheapest feasible backend, by its prediction.</summary>
    public required CostComparison AgainstAlwaysCheapest { get; init; }

    /// <summary>Gets what was saved against always taking the fastest feasible backend, by its prediction.</summary>
    public required CostComparison AgainstAlwaysFastest { get; init; }

    /// <summary>Gets what was saved against always taking the dearest feasible backend, by its prediction.</summary>
    public required CostComparison AgainstWorst { get; init; }

    /// <summary>Gets what is to be spent over the next <c>PredictionHorizon</c> telemetry intervals, by what was spent in the latest ones.</summary>
    public required CostForecast Forecast { get; init; }

    /// <summary>Gets the latest runs that cost more than the upper end of what was predicted, latest last.</summary>
    public required IReadOnlyList<CostAnomaly> Anomalies { get; init; }

    /// <summary>Gets where money could have been saved at little loss of time, the greatest saving first.</summary>
    public required IReadOnlyList<CostRecommendation> Recommendations { get; init; }

    /// <summary>Shows the analysis as a self-contained piece of HTML for notebooks and pages.</summary>
    public string ToHtml() => CostHtml.Of(this);
}

/// <summary>What is to be spent in the next steps.</summary>
public sealed record CostForecast
{
    /// <summary>Gets the length of a step.</summary>
    public required TimeSpan Step { get; init; }

    /// <summary>Gets the amount in each step, with 90 % intervals.</summary>
    public required IReadOnlyList<Estimate> Steps { get; init; }

    /// <summary>Gets how it was made, such as "damped trend and season".</summary>
    public required string Method { get; init; }

    /// <summary>Gets the sum over all steps. Its interval holds as if every step erred to the same side, and is so rather too wide than too narrow.</summary>
    public required Estimate Total { get; init; }

    /// <summary>Gets when the budget will be spent or reserved, at the end of the step in which that is forecast; null without a budget, or if it lasts beyond the last step.</summary>
    public required DateTimeOffset? BudgetExhaustedAt { get; init; }
}

/// <summary>What was saved against another way to choose; negative where the other way would have been better.</summary>
/// <param name="CostSaved">Money.</param>
/// <param name="TimeSaved">Time to the results, summed over runs.</param>
public readonly record struct CostComparison(decimal CostSaved, TimeSpan TimeSaved);

/// <summary>A run that cost more than predicted.</summary>
/// <param name="At">When it ended.</param>
/// <param name="BackendId">The backend.</param>
/// <param name="Cost">What it cost.</param>
/// <param name="PredictedUpper">The upper end of what was predicted.</param>
public sealed record CostAnomaly(DateTimeOffset At, string BackendId, decimal Cost, decimal PredictedUpper);

/// <summary>A way to save money.</summary>
/// <param name="From">The backend that was used.</param>
/// <param name="To">The cheaper one.</param>
/// <param name="Runs">How many runs it concerns.</param>
/// <param name="CostSaved">What they would have cost less.</param>
/// <param name="ExtraTime">How much longer they would have taken; negative if shorter.</param>
/// <param name="Text">The advice in words.</param>
public sealed record CostRecommendation(string From, string To, long Runs, decimal CostSaved, TimeSpan ExtraTime, string Text);
