using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.Prediction;

/// <summary>One observed time with the drivers of the job: what models are fitted to.</summary>
/// <param name="BackendId">The backend.</param>
/// <param name="Basis">The cost basis.</param>
/// <param name="Terms">The terms.</param>
/// <param name="Features">Inputs of the residual model.</param>
/// <param name="Seconds">The service time.</param>
/// <param name="IsCensored">The run was stopped: its true time is at least that.</param>
internal sealed record TrainingRow(string BackendId, string Basis, double[] Terms, float[] Features, double Seconds, bool IsCensored)
{
    /// <summary>Makes a row of a record; null if it says nothing about time.</summary>
    public static TrainingRow? From(ExecutionRecord record)
    {
        var seconds = record.ServiceTime.TotalSeconds;
        var censored = record.Outcome is ExecutionOutcome.TimedOut or ExecutionOutcome.Cancelled or ExecutionOutcome.Swapped;
        if (!(seconds > 0) || !double.IsFinite(seconds) || !(censored || record.Outcome == ExecutionOutcome.Completed))
        {
            return null;
        }

        var basis = CostBasisCatalog.Get(record.CostModel);
        var work = WorkEstimate.Of(record.Profile);
        var job = new JobShape(record.Shots, record.Threads, record.Observables, record.TopProbabilities);
        var drivers = basis.Evaluate(work, job);
        return new TrainingRow(record.BackendId, basis.Name, drivers.Terms, CostBasis.Features(drivers, work, job), seconds, censored);
    }
}
