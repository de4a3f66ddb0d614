using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Prediction;

/// <summary>What one job asks of one kind of backend, as models see it: terms split at machine thresholds, and inputs of the residual models.</summary>
/// <param name="Terms">The terms of the basis, then those of its <see cref="Breakpoints"/>.</param>
/// <param name="Features">Inputs of the residual models.</param>
/// <param name="Costs">Memory and uncertainty.</param>
internal sealed record JobDrivers(double[] Terms, float[] Features, CostDrivers Costs)
{
    public static JobDrivers Of(CostBasis basis, CircuitProfile profile, JobShape job)
    {
        var work = WorkEstimate.Of(profile);
        var costs = basis.Evaluate(work, job);
        var terms = Breakpoints.Split(basis, costs, work, job);
        return new JobDrivers(terms, ResidualFeatures.Of(costs.Terms, work, profile, job), costs);
    }
}
