using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace PredictiveOrchestration.Benchmarks.Reliability;

/// <summary>Where the time of one job went, by the clock that client and server share: the server's stamps are headers of its answer, the job's are in its body.</summary>
internal sealed class WorkerPhases
{
    private const string Stamp = "X-Trial";
    private DateTimeOffset _received, _answered;
    private DateTimeOffset? _submitted, _started, _ended;
    private double _serverPauseMs;

    /// <summary>When the client began.</summary>
    public DateTimeOffset Sent { get; init; }

    /// <summary>When it had the answer.</summary>
    public DateTimeOffset Read { get; set; }

    /// <summary>How long its own process was stopped for collecting garbage meanwhile.</summary>
    public double ClientPauseMs { get; set; }

    /// <summary>What the engine took.</summary>
    public double EngineMs { get; set; }

    private double TotalMs => (Read - Sent).TotalMilliseconds;

    private double ToServerMs => (_received - Sent).TotalMilliseconds;

    private double ReadMs => (_submitted!.Value - _received).TotalMilliseconds;

    private double WriteMs => (_started!.Value - _submitted!.Value).TotalMilliseconds;

    private double RunMs => (_ended!.Value - _started!.Value).TotalMilliseconds;

    private double EndMs => (_answered - _ended!.Value).TotalMilliseconds;

    private double BackMs => (Read - _answered).TotalMilliseconds;

    /// <summary>In the server: says in the answer when the request came and when the answer began.</summary>
    public static Task StampAsync(HttpContext context, RequestDelegate next)
    {
        var (received, pauses) = (DateTimeOffset.UtcNow, GC.GetTotalPauseDuration());
        context.Response.OnStarting(() =>
        {
            context.Response.Headers[Stamp] = string.Create(CultureInfo.InvariantCulture, $"{received.UtcTicks} {DateTimeOffset.UtcNow.UtcTicks} {(GC.GetTotalPauseDuration() - pauses).Ticks}");
            return Task.CompletedTask;
        });
        return next(context);
    }

    /// <summary>Prints the phases of all jobs, and of the slowest hundredth.</summary>
    public static void Report(IReadOnlyCollection<WorkerPhases> all)
    {
        var complete = all.Where(p => p._started is not null && p._ended is not null && p._received >= p.Sent).OrderBy(p => p.TotalMs - p.EngineMs).ToArray();
        if (complete.Length == 0)
        {
            return;
        }

        Print("all", complete);
        Print("the slowest 1 %", complete[^Math.Max(1, complete.Length / 100)..]);
        Console.WriteLine("the slowest ten, in ms after the first job: to server, read, write, run, end, back; garbage of server and clients");
        var zero = complete.Min(p => p.Sent);
        foreach (var p in complete[^Math.Min(10, complete.Length)..].OrderBy(p => p.Sent))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(p.Sent - zero).TotalMilliseconds,8:F0}: {p.ToServerMs,6:F2} {p.ReadMs,6:F2} {p.WriteMs,6:F2} {p.RunMs,6:F2} {p.EndMs,6:F2} {p.BackMs,6:F2}; {p._serverPauseMs,6:F2} {p.ClientPauseMs,6:F2}"));
        }
    }

    /// <summary>Reads the stamps of an answer.</summary>
    public void Take(HttpResponseMessage response)
    {
        if (response.Headers.TryGetValues(Stamp, out var values))
        {
            var ticks = values.Single().Split(' ').Select(t => long.Parse(t, CultureInfo.InvariantCulture)).ToArray();
            (_received, _answered, _serverPauseMs) = (new DateTimeOffset(ticks[0], TimeSpan.Zero), new DateTimeOffset(ticks[1], TimeSpan.Zero), TimeSpan.FromTicks(ticks[2]).TotalMilliseconds);
        }
    }

    /// <summary>Reads the times of a job.</summary>
    public void Take(JsonElement job)
    {
        DateTimeOffset? At(string name) => job.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetDateTimeOffset() : null;
        (_submitted, _started, _ended) = (At("submittedAt"), At("startedAt"), At("endedAt"));
    }

    private static void Print(string which, WorkerPhases[] jobs)
    {
        double Mean(Func<WorkerPhases, double> of) => jobs.Average(of);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{which} ({jobs.Length}), means in ms: to the server {Mean(p => p.ToServerMs):F2}, read {Mean(p => p.ReadMs):F2}, predict + write + wait for a runner {Mean(p => p.WriteMs):F2}, run {Mean(p => p.RunMs):F2} (engine {Mean(p => p.EngineMs):F2}), write the end + tell {Mean(p => p.EndMs):F2}, back to the client {Mean(p => p.BackMs):F2}; collecting garbage, server {Mean(p => p._serverPauseMs):F2}, clients {Mean(p => p.ClientPauseMs):F2}"));
    }
}
