using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Orleans.Wire;
using PredictiveOrchestration.Simulation.Noisy;

namespace PredictiveOrchestration.Orleans.Jobs;

/// <summary>Joins what the parts of a job gave: shots by adding counts, blocks as products. The same whatever ran where and in which order.</summary>
internal static class JobJoiner
{
    /// <summary>How each run of the request ended.</summary>
    /// <param name="payload">The job.</param>
    /// <param name="parts">Its parts, all ended.</param>
    public static List<RunEnd> Join(JobPayload payload, IReadOnlyList<JobPart> parts) =>
        parts is [var only] ? [Unit(payload, only.Unit, [only])] : [.. parts.GroupBy(p => p.Unit).OrderBy(g => g.Key).Select(g => Unit(payload, g.Key, [.. g]))];

    private static RunEnd Unit(JobPayload payload, int unit, List<JobPart> parts)
    {
        if (parts.Find(p => p.End is not { Phase: RunPhase.Succeeded }) is { } failed)
        {
            return new RunEnd { FailureCode = failed.End?.FailureCode ?? "cancelled", FailureMessage = failed.End?.FailureMessage ?? "The run was cancelled." };
        }

        if (parts is [{ Block: -1, End: { Misreads: null, Result: { } only } }])
        {
            return new RunEnd { Result = only };
        }

        try
        {
            var runs = parts.GroupBy(p => p.Block).OrderBy(g => g.Key).Select(g => Shots(payload, [.. g.OrderBy(p => p.FirstShot)])).ToList();
            return new RunEnd { Result = ResultCodec.Write(parts[0].Block < 0 ? runs[0] : Blocks(payload, unit, runs)) };
        }
        catch (FormatException exception)
        {
            return new RunEnd { FailureCode = "fault", FailureMessage = exception.Message };
        }
    }

    // Exact answers are in the first part; counts add up. Times and memory are those of all parts together and of the largest.
    private static ExecutionResult Shots(JobPayload payload, List<JobPart> parts)
    {
        var results = parts.ConvertAll(p => ResultCodec.Read(p.End!.Result));
        var first = results[0];
        IReadOnlyDictionary<BitString, long> counts = first.Counts;
        if (results.Count > 1)
        {
            var sum = new Dictionary<BitString, long>();
            foreach (var (outcome, count) in results.SelectMany(r => r.Counts))
            {
                sum[outcome] = sum.GetValueOrDefault(outcome) + count;
            }

            counts = sum;
        }

        if (MisreadCodec.Read(parts[0].End!.Misreads) is { } misreads)
        {
            counts = NoisySimulator.Misread(counts, misreads, first.Seed, CancellationToken.None);
        }

        return first with
        {
            Shots = results.Sum(r => r.Shots), Counts = counts, IsExact = results.TrueForAll(r => r.IsExact), PeakMemoryBytes = results.Max(r => r.PeakMemoryBytes), PeakNonZeros = results.Max(r => r.PeakNonZeros),
            DiscardedWeight = results.Max(r => r.DiscardedWeight), FidelityLowerBound = results.Min(r => r.FidelityLowerBound), Timings = Timings(results),
        };
    }

    private static ExecutionResult Blocks(JobPayload payload, int unit, List<ExecutionResult> runs)
    {
        var blocks = JobPlanner.BlocksOf(payload, payload.CircuitOf(unit)) ?? throw new FormatException("The job was cut into blocks by another version.");
        if (blocks.Runs.Count != runs.Count)
        {
            throw new FormatException($"The job was cut into {runs.Count} blocks by another version; this one cuts it into {blocks.Runs.Count}.");
        }

        var (counts, probabilities, values) = blocks.Join(runs);
        return runs[0] with
        {
            Shots = payload.Asked.Shots, Seed = payload.Asked.Seed, Counts = counts, Probabilities = probabilities, ExpectationValues = values, IsExact = runs.TrueForAll(r => r.IsExact),
            BackendId = string.Join('+', runs.Select(r => r.BackendId).Distinct()), PeakMemoryBytes = runs.Max(r => r.PeakMemoryBytes), PeakNonZeros = runs.Max(r => r.PeakNonZeros),
            DiscardedWeight = runs.Sum(r => r.DiscardedWeight), FidelityLowerBound = runs.Aggregate(1.0, (f, r) => f * r.FidelityLowerBound), Timings = Timings(runs),
        };
    }

    private static ExecutionTimings Timings(List<ExecutionResult> runs) => new(
        runs.Max(r => r.Timings.Queue), Sum(runs, t => t.Prepare), Sum(runs, t => t.Run), Sum(runs, t => t.Sample));

    private static TimeSpan Sum(List<ExecutionResult> runs, Func<ExecutionTimings, TimeSpan> part) => runs.Aggregate(TimeSpan.Zero, (sum, r) => sum + part(r.Timings));
}
