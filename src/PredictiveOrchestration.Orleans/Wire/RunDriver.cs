using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using PredictiveOrchestration.Orleans.Placement;
using PredictiveOrchestration.Orleans.Silos;

namespace PredictiveOrchestration.Orleans.Wire;

/// <summary>Has one try of a run made on a silo, and follows it to its end or until it is lost.</summary>
internal static class RunDriver
{
    // Less than the time within which Orleans expects an answer.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(200);
    private const int MostSilences = 8;

    /// <summary>Runs it once.</summary>
    /// <param name="grains">Where to.</param>
    /// <param name="name">The name of this try, like no other's.</param>
    /// <param name="order">The run.</param>
    /// <param name="needs">What its place depends on.</param>
    /// <param name="progress">Told how far it is, or null.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Cancels the run where it is; the report then says so.</param>
    /// <returns>The end, a refusal, <see cref="RunPhase.Returned"/>, or <see cref="RunPhase.Lost"/>: then nobody works on it any more, or what does is cut off and its result thrown away.</returns>
    public static async Task<RunReport> TryAsync(
        IGrainFactory grains, string name, RunOrder order, RunNeeds needs, Action<double>? progress, TimeProvider time, CancellationToken cancellationToken)
    {
        var grain = grains.GetGrain<IRunGrain>(name);
        using var cancelled = cancellationToken.Register(() => Forget(grain.CancelAsync()));
        var silences = 0;
        var begun = false;
        while (true)
        {
            RunReport report;
            try
            {
                // Only the first message chooses a place.
                RequestContext.Set(RunNeeds.ContextKey, needs);
                report = begun ? await grain.WaitAsync(Patience) : await grain.RunAsync(order, Patience);
                silences = 0;
            }
            catch (Exception exception) when (IsTransient(exception))
            {
                // The silo may be dead or only slow. Asking the same grain tells: a new one in its place knows nothing.
                if (++silences >= MostSilences || (!begun && exception is SiloUnavailableException))
                {
                    return RunReport.Lost;
                }

                begun = true;
                await Task.Delay(AskAgain * silences, time, CancellationToken.None);
                continue;
            }
            finally
            {
                RequestContext.Remove(RunNeeds.ContextKey);
            }

            begun = true;
            if (report.Phase is not (RunPhase.Waiting or RunPhase.Running))
            {
                return report.Phase is RunPhase.Lost or RunPhase.Returned && cancellationToken.IsCancellationRequested ? report with { Phase = RunPhase.Cancelled } : report;
            }

            progress?.Invoke(report.Progress);
        }
    }

    /// <summary>Whether an error says nothing of the run: a silo that went away, a message without an answer, a call that a dying silo cancels, a cluster that is being put in order.</summary>
    public static bool IsTransient(Exception exception) =>
        exception is TimeoutException or OperationCanceledException or OrleansException or ObjectDisposedException or InvalidOperationException { Source: "Orleans.Core" or "Orleans.Runtime" };

    private static void Forget(Task task) => _ = task.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
}
