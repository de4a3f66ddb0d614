using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using PredictiveOrchestration.AspNetCore.Access;
using PredictiveOrchestration.AspNetCore.Http;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.Jobs;

/// <summary>
/// Runs jobs on a second worker, with a store and an orchestrator of its own that are thrown away, before the first says that it is ready: most of what the first callers
/// would wait for is the compiler. Nothing of it is seen from outside.
/// </summary>
internal static class WarmUp
{
    private const string Pair = "OPENQASM 3.0; include \"stdgates.inc\"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;";

    /// <summary>Runs jobs, one after the other: submitted, waited for, fetched, listed and deleted.</summary>
    /// <exception cref="OperationCanceledException">The application stops.</exception>
    public static async Task RunAsync(int jobs, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory($"worker-warm-up-{Environment.ProcessId}-");
        try
        {
            var options = new WorkerOptions { DatabasePath = Path.Combine(folder.FullName, "jobs.db"), MaxConcurrency = 1 };
            await using var orchestrator = new PredictiveOrchestratorBuilder()
                .Configure(o => (o.CalibrationBudget, o.Learning, o.StateDirectory) = (TimeSpan.Zero, false, string.Empty))
                .UseMeterFactory(new HiddenMeters())
                .Build();
            await orchestrator.StartAsync(cancellationToken).ConfigureAwait(false);
            var reader = new SubmissionReader(options);
            using var store = new JobStore(options.DatabasePath);
            using var metrics = new WorkerMetrics(new HiddenMeters());
            var desk = new JobDesk(options, orchestrator, reader, store, new Accounts([]), metrics, time);
            var runner = new JobRunner(options, orchestrator, reader, desk, store, metrics, time, NullLogger<JobRunner>.Instance);
            await runner.BeginAsync().ConfigureAwait(false);
            try
            {
                var endpoints = new JobEndpoints(desk, reader, new BodyReader(options), new Waiting(options, new Lifetime(cancellationToken), time));
                for (var i = 0; i < jobs; i++)
                {
                    await RunAsync(endpoints, i, cancellationToken).ConfigureAwait(false);
                }
            }
            finally
            {
                await runner.StopAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task RunAsync(JobEndpoints endpoints, int number, CancellationToken cancellationToken)
    {
        var caller = new Caller("warm-up", null, null);

        // Clifford gates for some, so that more than one engine has its turn.
        var source = number % 4 == 0 ? Pair : OpenQasmWriter.Write(Fourier.PhaseEstimation(6, 0.017 * number));
        var body = Encoding.UTF8.GetBytes($$"""{"program":{"format":"{{WorkerProtocol.OpenQasm3}}","data":{{JsonSerializer.Serialize(source)}}},"shots":100,"seed":{{number}}}""");
        using var answer = JsonDocument.Parse(await AskAsync(endpoints.CreateAsync, caller, null, body, $"warm-up-{number}", cancellationToken).ConfigureAwait(false));
        var id = answer.RootElement.GetProperty("id").GetString();
        await AskAsync(endpoints.GetAsync, caller, id, null, null, cancellationToken).ConfigureAwait(false);
        await AskAsync(endpoints.ResultAsync, caller, id, null, null, cancellationToken).ConfigureAwait(false);
        await AskAsync(endpoints.ListAsync, caller, null, null, null, cancellationToken).ConfigureAwait(false);
        await AskAsync(endpoints.DeleteAsync, caller, id, null, null, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<byte[]> AskAsync(Func<HttpContext, Caller, Task> handle, Caller caller, string? id, byte[]? body, string? key, CancellationToken cancellationToken)
    {
        using var written = new MemoryStream();
        var context = new DefaultHttpContext { RequestAborted = cancellationToken };
        context.Request.Path = "/v1/jobs";
        context.Request.Headers["Prefer"] = "wait=20";
        context.Response.Body = written;
        if (id is not null)
        {
            context.Request.RouteValues["id"] = id;
        }

        if (body is not null)
        {
            (context.Request.Method, context.Request.Body, context.Request.ContentLength) = (HttpMethods.Post, new MemoryStream(body), body.Length);
            context.Request.Headers[WorkerProtocol.IdempotencyKeyHeader] = key;
        }

        await handle(context, caller).ConfigureAwait(false);
        return written.ToArray();
    }

    // Meters under a name that nobody listens to.
    private sealed class HiddenMeters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new("PredictiveOrchestration.WarmUp");

        public void Dispose()
        {
        }
    }

    private sealed class Lifetime(CancellationToken stopping) : IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => stopping;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication()
        {
        }
    }
}
