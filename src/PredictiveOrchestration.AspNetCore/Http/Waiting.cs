using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using PredictiveOrchestration.AspNetCore.Jobs;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.Http;

/// <summary>Waits for a job as long as a caller prefers (RFC 7240, <c>Prefer: wait=N</c>), within a limit of time and of callers.</summary>
internal sealed class Waiting(WorkerOptions options, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private int _waiting;

    /// <summary>Waits until the job has ended, the preferred time is over, or the caller is gone.</summary>
    public async Task ForAsync(HttpContext context, ActiveJob? job)
    {
        if (Seconds(context) is not { } seconds)
        {
            return;
        }

        if (job is null)
        {
            context.Response.Headers["Preference-Applied"] = Applied(seconds);
            return;
        }

        if (Interlocked.Increment(ref _waiting) <= options.MaxWaitingRequests)
        {
            context.Response.Headers["Preference-Applied"] = Applied(seconds);
            try
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
                await job.Ended.WaitAsync(TimeSpan.FromSeconds(seconds), time, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
            {
                // The application stops, and does not wait for who waits.
            }
            catch (TimeoutException)
            {
                // The answer says how far the job is.
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }
        }
        else
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private static string Applied(int seconds) => string.Create(CultureInfo.InvariantCulture, $"wait={seconds}");

    private static int? Seconds(HttpContext context)
    {
        foreach (var header in context.Request.Headers["Prefer"])
        {
            foreach (var part in (header ?? string.Empty).Split(',', ';'))
            {
                var preference = part.AsSpan().Trim();
                if (preference.StartsWith("wait=", StringComparison.OrdinalIgnoreCase) && int.TryParse(preference[5..], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
                {
                    return Math.Min(seconds, WorkerProtocol.MaxWaitSeconds);
                }
            }
        }

        return null;
    }
}
