using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// Times backends on their own small workloads before any job is seen: each workload is warmed up and repeated, the shortest time counts. Where the machine is busy with other things,
/// the processor time tells how much of that was waiting.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="logger">Where failures are told.</param>
/// <param name="processorTime">The processor time of this process so far; null for the operating system's.</param>
internal sealed partial class CalibrationRunner(TimeProvider time, ILogger logger, Func<TimeSpan>? processorTime = null)
{
    // Of each workload; the compiler may have a part in the first.
    private const int Runs = 4;

    // Workloads that take more than this share of their backend's time take long.
    private const double MostOfBudget = 0.01;

    // What runs on another processor may be counted only at the next tick.
    private static readonly double TickSeconds = OperatingSystem.IsWindows() ? 0.016 : 0.004;
    private readonly Func<TimeSpan> _processorTime = processorTime ?? (static () => Environment.CpuUsage.TotalTime);

    /// <summary>Calibrates the backends that can be, each with an equal share of what is left of the budget.</summary>
    /// <param name="backends">The backends.</param>
    /// <param name="budget">The longest time in all; a workload under way is finished, and the first run of each backend, most of which is compilation, does not count.</param>
    /// <param name="cancellationToken">Ends the calibration.</param>
    /// <returns>One row for each workload that ran.</returns>
    public async Task<IReadOnlyList<TrainingRow>> RunAsync(IReadOnlyList<IQuantumBackend> backends, TimeSpan budget, CancellationToken cancellationToken)
    {
        var rows = new List<TrainingRow>();
        var able = backends.Where(b => b is ICalibratable).ToList();
        for (var i = 0; i < able.Count; i++)
        {
            var took = await RunAsync(able[i], ((ICalibratable)able[i]).CalibrationWorkloads, budget / (able.Count - i), rows, cancellationToken).ConfigureAwait(false);
            budget -= took < budget ? took : budget;
        }

        return rows;
    }

    private async Task<TimeSpan> RunAsync(IQuantumBackend backend, IReadOnlyList<ExecutionRequest> workloads, TimeSpan budget, List<TrainingRow> rows, CancellationToken cancellationToken)
    {
        var descriptor = backend.Descriptor;
        try
        {
            await ((ICalibratable)backend).PrepareAsync(cancellationToken).ConfigureAwait(false);
            if (workloads.Count > 0)
            {
                await backend.ExecuteAsync(workloads[0], cancellationToken).ConfigureAwait(false);
            }
        }
        catch (BackendException exception)
        {
            CalibrationFailed(exception, descriptor.Id);
            return TimeSpan.Zero;
        }

        // Those that take long have two runs at first, so that none is missing where time is short, and the others after all have had them.
        var start = time.GetTimestamp();
        var shortest = Enumerable.Repeat(double.PositiveInfinity, workloads.Count).ToArray();
        var runs = new int[workloads.Count];
        foreach (var isFirst in (bool[])[true, false])
        {
            for (var w = 0; w < workloads.Count; w++)
            {
                while (runs[w] < Runs && (runs.All(r => r == 0) || time.GetElapsedTime(start) <= budget))
                {
                    runs[w]++;
                    try
                    {
                        var seconds = await SecondsAsync(backend, workloads[w], cancellationToken).ConfigureAwait(false);
                        shortest[w] = Math.Min(shortest[w], seconds);
                        if (isFirst && runs[w] >= 2 && seconds > MostOfBudget * budget.TotalSeconds)
                        {
                            break;
                        }
                    }
                    catch (BackendException exception)
                    {
                        CalibrationFailed(exception, descriptor.Id);
                        runs[w] = Runs;
                    }
                }
            }
        }

        for (var w = 0; w < workloads.Count; w++)
        {
            if (shortest[w] is > 0 and < double.PositiveInfinity)
            {
                rows.AddRange(Rows(backend, workloads[w], shortest[w]));
            }
        }

        return time.GetElapsedTime(start);
    }

    private async Task<double> SecondsAsync(IQuantumBackend backend, ExecutionRequest workload, CancellationToken cancellationToken)
    {
        var before = _processorTime();
        var result = await backend.ExecuteAsync(workload, cancellationToken).ConfigureAwait(false);
        var seconds = result.Timings.Service.TotalSeconds;

        // On one thread the processor time is what the run takes where nothing else runs, on more it is longer.
        return ((ICalibratable)backend).RunsOnProcessor ? Math.Min(seconds, (_processorTime() - before).TotalSeconds + TickSeconds) : seconds;
    }

    // As the job is predicted from its profile alone, and with what the backend plans.
    private static IEnumerable<TrainingRow> Rows(IQuantumBackend backend, ExecutionRequest workload, double seconds)
    {
        var profile = CircuitProfiler.Profile(workload.Circuit);
        yield return Row(backend.Descriptor, workload, profile, seconds);
        if ((backend as IWorkForecaster)?.Forecast(workload.Circuit, profile) is { } planned)
        {
            yield return Row(backend.Descriptor, workload, profile with { Planned = [planned] }, seconds);
        }
    }

    private static TrainingRow Row(BackendDescriptor descriptor, ExecutionRequest workload, CircuitProfile profile, double seconds)
    {
        var basis = CostBasisCatalog.Get(descriptor.CostModel);
        var job = new JobShape(workload.Shots, descriptor.MaxThreads, workload.Observables.Sum(o => o.Terms.Count), workload.TopProbabilities);
        var drivers = JobDrivers.Of(basis, profile, job);
        return new TrainingRow(descriptor.Id, basis.Name, drivers.Terms, drivers.Features, seconds, false);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Backend '{Backend}' failed on a calibration workload; predictions for it begin with a wide interval")]
    private partial void CalibrationFailed(Exception exception, string backend);
}
