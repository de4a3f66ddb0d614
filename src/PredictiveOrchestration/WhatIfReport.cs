using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration;

/// <summary>What past jobs would have taken and cost under another strategy.</summary>
public sealed record WhatIfReport
{
    /// <summary>Gets the strategy that was tried.</summary>
    public required string Strategy { get; init; }

    /// <summary>Gets the number of jobs judged; those that did not complete, or that no backend of today can run, are left out.</summary>
    public required int Jobs { get; init; }

    /// <summary>Gets the number of jobs that would have gone to the backend they went to: for these the true time and cost count.</summary>
    public required int Unchanged { get; init; }

    /// <summary>Gets the seconds that the jobs took.</summary>
    public required double ActualSeconds { get; init; }

    /// <summary>Gets the number of jobs whose backend was left to chance: these say without a model what another choice would have given.</summary>
    public required int Randomised { get; init; }

    /// <summary>Gets the effective number of observations behind the correction of predictions: (Σw)² / Σw² over the jobs that went where the strategy would have sent them, w = 1 / propensity.</summary>
    public required double EffectiveObservations { get; init; }

    /// <summary>
    /// Gets the seconds that they would have taken, with a 90 % interval; exact where every job is unchanged, and wide where predictions stand for jobs that went elsewhere. Doubly robust: the
    /// prediction for every job, corrected by the errors of predictions at the jobs that went where the strategy would have sent them, each weighted by 1 / propensity.
    /// </summary>
    public required Estimate Seconds { get; init; }

    /// <summary>Gets the same by inverse propensities alone, without a model; not a number where no job went where the strategy would have sent it.</summary>
    public required double InversePropensitySeconds { get; init; }

    /// <summary>Gets what the jobs cost.</summary>
    public required decimal ActualCost { get; init; }

    /// <summary>Gets what they would have cost: by the true length of unchanged jobs, by the predicted one of the others.</summary>
    public required decimal Cost { get; init; }
}
