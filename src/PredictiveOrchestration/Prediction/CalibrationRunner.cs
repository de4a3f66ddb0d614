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
    private const int Repetitions = 3;

    // What runs on another processor may be counted only at the next tick.
    private static readonly double TickSeconds = OperatingSystem.IsWindows() ? 0.016 : 0.004;
    private readonly Func<TimeSpan> _processorTime = processorTime ?? (static () => Environment.CpuUsage.TotalTime);

    /// <summary>Calibrates the backends that can be, sharing the budget equally.</summary>
    /// <param name="backends">The backends.</param>
    /// <param name="budget">The longest time in all; a workload under way is finished.</param>
    /// <param name="cancellationToken">Ends the calibration.</param>
    /// <returns>One row for each workload that ran.</returns>
    public async Task<IReadOnlyList<TrainingRow>> RunAsync(IReadOnlyList<IQuantumBackend> backends, TimeSpan budget, CancellationToken cancellationToken)
    {
        var rows = new List<TrainingRow>();
        var able = backends.Where(b => b is ICalibratable).ToList();
        foreach (var backend in able)
        {
            await RunAsync(backend, ((ICalibratable)backend).CalibrationWorkloads, budget / able.Count, rows, cancellationToken).ConfigureAwait(false);
        }

        return rows;
    }

    private async Task RunAsync(IQuantumBackend backend, IReadOnlyList<ExecutionRequest> workloads, TimeSpan budget, List<TrainingRow> rows, CancellationToken cancellationToken)
    {
        var descriptor = backend.Descriptor;
        try
        {
            await ((ICalibratable)backend).PrepareAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (BackendException exception)
        {
            CalibrationFailed(exception, descriptor.Id);
            return;
        }

        var start = time.GetTimestamp();
        foreach (var workload in workloads)
        {
            try
            {
                var shortest = double.PositiveInfinity;
                for (var k = 0; k <= Repetitions; k++)
                {
                    var processor = _processorTime();
                    var result = await backend.ExecuteAsync(workload, cancellationToken).ConfigureAwait(false);
                    shortest = Math.Min(shortest, result.Timings.Service.TotalSeconds);
                    if (((ICalibratable)backend).RunsOnProcessor)
                    {
                        // On one thread it is what the run takes where nothing else runs, on more it is longer.
                        shortest = Math.Min(shortest, (_processorTime() - processor).TotalSeconds + TickSeconds);
                    }

                    if (time.GetElapsedTime(start) > budget)
                    {
                        break;
                    }
                }

                if (shortest > 0)
                {
                    rows.AddRange(Rows(backend, workload, shortest));
                }
            }
            catch (BackendException exception)
            {
                CalibrationFailed(exception, descriptor.Id);
            }

            if (time.GetElapsedTime(start) > budget)
            {
                break;
            }
        }
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
