using System.Runtime;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Prediction;

/// <summary>
/// Times backends on their own small workloads before any job is seen, the workloads of all in turn, again and again until they become no quicker: the runtime compiles what
/// runs often anew, beside the program and some tenths of a second later, after which an engine may be ten times as quick. What counts is what <see cref="PassTimes"/> makes of all runs. Where the
/// machine is busy with other things, the processor time tells how much of that was waiting; what was waited is not of the budget either, and not what the runtime compiled.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="logger">Where failures are told.</param>
/// <param name="processorTime">The processor time of this process so far; null for the operating system's.</param>
/// <param name="compiled">How many methods the runtime has compiled so far, and how long that took on all threads; null for the runtime's own count.</param>
internal sealed partial class CalibrationRunner(TimeProvider time, ILogger logger, Func<TimeSpan>? processorTime = null, Func<(long Methods, TimeSpan Taken)>? compiled = null)
{
    // Of each workload, where the budget allows it.
    private const int Runs = 4;

    // No more than so many budgets pass, however long the runs wait for a processor and for the compiler.
    private const int MostBudgets = 4;

    // A workload that takes more than this share of the budget has no more runs than these.
    private const double MostOfBudget = 0.01;

    // What is shorter runs again within its turn until it has had so much: what an engine calls once in a run is compiled anew only after some thirty calls. The first run
    // counts, on caches that hold other engines' work: so do jobs begin that come one by one.
    private const double ShareSeconds = 1e-3;
    private const int MostInTurn = 1000;

    // Done when within such a time, longer than the runtime waits before it compiles anew, all together became no quicker and hardly a method was compiled.
    private const double Gain = 0.02;
    private const int FewMethods = 20;
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(0.5);

    // What runs on another processor may be counted only at the next tick.
    private static readonly double TickSeconds = OperatingSystem.IsWindows() ? 0.016 : 0.004;
    private readonly Func<TimeSpan> _processorTime = processorTime ?? (static () => Environment.CpuUsage.TotalTime);
    private readonly Func<(long Methods, TimeSpan Taken)> _compiled = compiled ?? (static () => (JitInfo.GetCompiledMethodCount(), JitInfo.GetCompilationTime()));

    // Of the runs that are this process's work: how long they took, and the processor time meanwhile.
    private double _ran, _worked;

    /// <summary>Calibrates the backends that can be.</summary>
    /// <param name="backends">The backends.</param>
    /// <param name="budget">The longest time in all, without what runs wait for a processor and what the runtime compiles; a workload under way is finished, and the first run of each backend does not count.</param>
    /// <param name="cancellationToken">Ends the calibration.</param>
    /// <returns>One row for each workload that ran, and one more where the backend plans it.</returns>
    public async Task<IReadOnlyList<TrainingRow>> RunAsync(IReadOnlyList<IQuantumBackend> backends, TimeSpan budget, CancellationToken cancellationToken) =>
        [.. (await TimeAsync(backends, budget, cancellationToken).ConfigureAwait(false)).SelectMany(t => Rows(t.Backend, t.Workload, t.Seconds))];

    /// <summary>Times the workloads.</summary>
    /// <param name="backends">The backends, of which those are asked that can be calibrated.</param>
    /// <param name="budget">The longest time in all, without what runs wait for a processor and what the runtime compiles.</param>
    /// <param name="cancellationToken">Ends the calibration.</param>
    /// <returns>Of each workload that ran, the seconds that it takes.</returns>
    public async Task<IReadOnlyList<(IQuantumBackend Backend, ExecutionRequest Workload, double Seconds)>> TimeAsync(
        IReadOnlyList<IQuantumBackend> backends, TimeSpan budget, CancellationToken cancellationToken)
    {
        var timed = new List<(int Order, IQuantumBackend Backend, ExecutionRequest Workload, List<(int Pass, double Seconds)> Runs)>();
        foreach (var backend in backends.Where(b => b is ICalibratable))
        {
            if (await IsReadyAsync(backend, cancellationToken).ConfigureAwait(false))
            {
                timed.AddRange(((ICalibratable)backend).CalibrationWorkloads.Select((w, i) => (i, backend, w, new List<(int, double)>())));
            }
        }

        // The first of each backend, then the second: where time is short none is without.
        timed = [.. timed.OrderBy(t => t.Order)];
        var start = time.GetTimestamp();
        var before = _compiled().Taken;
        TimeSpan Spent() => time.GetElapsedTime(start) is var passed && passed > MostBudgets * budget ? TimeSpan.MaxValue : passed - TimeSpan.FromSeconds(Math.Max(0, _ran - _worked)) - (_compiled().Taken - before);
        var passes = new List<(TimeSpan At, double Sum, long Methods)>();
        for (var pass = 0; timed.Count > 0 && (pass == 0 || Spent() <= budget); pass++)
        {
            foreach (var t in timed.ToArray())
            {
                if (t.Order > 0 && Spent() > budget)
                {
                    break;
                }

                if (t.Runs.Count >= Runs && t.Runs.Min(r => r.Seconds) > MostOfBudget * budget.TotalSeconds)
                {
                    continue;
                }

                try
                {
                    for (var (spent, runs) = (0.0, 0); spent < ShareSeconds && runs < MostInTurn; runs++)
                    {
                        var seconds = await SecondsAsync(t.Backend, t.Workload, cancellationToken).ConfigureAwait(false);
                        spent += seconds;
                        if (runs == 0 && seconds is > 0 and < double.PositiveInfinity)
                        {
                            t.Runs.Add((pass, seconds));
                        }
                    }
                }
                catch (BackendException exception)
                {
                    CalibrationFailed(exception, t.Backend.Descriptor.Id);
                    timed.Remove(t);
                }
            }

            var (now, sum, methods) = (Spent(), timed.Sum(t => t.Runs.Select(r => r.Seconds).DefaultIfEmpty().Min()), _compiled().Methods);
            if (pass + 1 >= Runs && passes.FindLast(p => p.At <= now - Settled) is { Sum: > 0 } then && sum >= (1 - Gain) * then.Sum && methods - then.Methods < FewMethods)
            {
                break;
            }

            passes.Add((now, sum, methods));
        }

        timed.RemoveAll(t => t.Runs.Count == 0);
        return [.. timed.Zip(PassTimes.Level([.. timed.Select(t => t.Runs)]), (t, seconds) => (t.Backend, t.Workload, seconds))];
    }

    private async Task<bool> IsReadyAsync(IQuantumBackend backend, CancellationToken cancellationToken)
    {
        try
        {
            await ((ICalibratable)backend).PrepareAsync(cancellationToken).ConfigureAwait(false);
            if (((ICalibratable)backend).CalibrationWorkloads is [var first, ..])
            {
                await backend.ExecuteAsync(first, cancellationToken).ConfigureAwait(false);
            }

            return true;
        }
        catch (BackendException exception)
        {
            CalibrationFailed(exception, backend.Descriptor.Id);
            return false;
        }
    }

    private async Task<double> SecondsAsync(IQuantumBackend backend, ExecutionRequest workload, CancellationToken cancellationToken)
    {
        var (start, before) = (time.GetTimestamp(), _processorTime());
        var result = await backend.ExecuteAsync(workload, cancellationToken).ConfigureAwait(false);
        var seconds = result.Timings.Service.TotalSeconds;

        if (!((ICalibratable)backend).RunsOnProcessor)
        {
            return seconds;
        }

        // On one thread the processor time is what the run takes where nothing else runs, on more it is longer.
        var worked = (_processorTime() - before).TotalSeconds;
        (_ran, _worked) = (_ran + time.GetElapsedTime(start).TotalSeconds, _worked + worked);
        return Math.Min(seconds, worked + TickSeconds);
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
