using System.Runtime.ExceptionServices;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>Splits a range of work over threads; ends early with the first exception, cancellation and deadline included.</summary>
internal static class ParallelRange
{
    /// <summary>Calls <paramref name="body"/> with (thread number, first, last) until the range is done.</summary>
    /// <param name="count">The units of work.</param>
    /// <param name="chunk">The units handed out at a time; each should take less than about ten milliseconds.</param>
    /// <param name="threads">The most threads.</param>
    /// <param name="context">Cancellation and deadline, looked at before each chunk.</param>
    /// <param name="operationIndex">How far the run has come, for messages.</param>
    /// <param name="body">The work; called from several threads at once.</param>
    public static void Run(long count, long chunk, int threads, RunContext context, int operationIndex, Action<int, long, long> body)
    {
        threads = (int)Math.Min(threads, (count + chunk - 1) / chunk);
        if (threads < 2)
        {
            for (long first = 0; first < count; first += chunk)
            {
                context.Check(operationIndex);
                body(0, first, Math.Min(count, first + chunk));
            }

            return;
        }

        long next = 0;
        ExceptionDispatchInfo? failure = null;
        ForkJoinPool.Shared.Run(threads, thread =>
        {
            try
            {
                while (Volatile.Read(ref failure) is null)
                {
                    var first = Interlocked.Add(ref next, chunk) - chunk;
                    if (first >= count)
                    {
                        return;
                    }

                    context.Check(operationIndex);
                    body(thread, first, Math.Min(count, first + chunk));
                }
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(exception), null);
            }
        });
        failure?.Throw();
    }
}
