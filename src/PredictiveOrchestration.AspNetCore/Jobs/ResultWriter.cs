using System.Text.Json;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.Jobs;

/// <summary>Puts a result into the form in which it is kept and sent.</summary>
internal static class ResultWriter
{
    public static byte[] Write(string id, OrchestrationResult result, TimeSpan queued)
    {
        var run = result.Execution;
        return JsonSerializer.SerializeToUtf8Bytes(
            new WireResult
            {
                Id = id,
                Backend = run.BackendId,
                Shots = run.Shots,
                Seed = run.Seed,
                Counts = run.Counts.OrderBy(c => c.Key).ToDictionary(c => c.Key.ToString(), c => c.Value),
                Probabilities = run.Probabilities.Count == 0 ? null : [.. run.Probabilities.Select(p => new WireProbability(p.Outcome.ToString(), p.Probability))],
                ExpectationValues = run.ExpectationValues.Count == 0 ? null : run.ExpectationValues,
                IsExact = run.IsExact,
                Timings = new WireTimings((queued + run.Timings.Queue).TotalMilliseconds, run.Timings.Prepare.TotalMilliseconds, run.Timings.Run.TotalMilliseconds, run.Timings.Sample.TotalMilliseconds),
                PeakMemoryBytes = run.PeakMemoryBytes,
                PeakNonZeros = run.PeakNonZeros,
                DiscardedWeight = run.DiscardedWeight,
                FidelityLowerBound = run.FidelityLowerBound,
            },
            WorkerJson.Default.WireResult);
    }
}
