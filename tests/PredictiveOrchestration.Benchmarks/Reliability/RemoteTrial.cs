using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.IonQ;
using PredictiveOrchestration.TestKit;
using PredictiveOrchestration.TestKit.Remote;

namespace PredictiveOrchestration.Benchmarks.Reliability;

/// <summary>What came of a trial; every number but the first should be 0.</summary>
/// <param name="Jobs">Jobs given.</param>
/// <param name="PaidTwice">Jobs that the service has more than once.</param>
/// <param name="Lost">Jobs without a result.</param>
/// <param name="Wrong">Results that are not those of the circuit.</param>
/// <param name="MisBooked">Jobs whose books do not say what the service billed.</param>
/// <param name="Held">Jobs that had to be held and reconciled; no error.</param>
/// <param name="Faults">Calls that went wrong; no error.</param>
/// <param name="Calls">All calls.</param>
internal sealed record RemoteTrialReport(int Jobs, int PaidTwice, int Lost, int Wrong, int MisBooked, int Held, int Faults, int Calls)
{
    public bool IsGood => PaidTwice + Lost + Wrong + MisBooked == 0;
}

/// <summary>
/// Remote jobs on a service of whose answers one in twenty is lost, whatever the call, besides lost requests, 429s and broken gateways; once looked up by
/// tag, once with idempotency keys, once with neither, and by the adapters of Amazon Braket, Azure Quantum and IBM Quantum. In virtual time: the same seed gives the same run.
/// </summary>
internal static class RemoteTrial
{
    private const int Concurrent = 64;

    /// <summary>Runs the trial for each way of clearing up.</summary>
    /// <param name="args">[--jobs N=10000] [--seed S=1].</param>
    /// <returns>0 if every rule held.</returns>
    public static Task<int> RunAsync(string[] args)
    {
        var jobs = Number(args, "--jobs", 10_000);
        var seed = Number(args, "--seed", 1);
        var good = true;
        foreach (var safety in Enum.GetValues<SubmissionSafety>().Reverse())
        {
            var report = Run(safety, jobs, seed);
            good &= report.IsGood;
            Console.WriteLine($"{safety}: {report}");
        }

        foreach (var cloud in Enum.GetValues<CloudKind>())
        {
            var report = CloudTrial.Run(cloud, jobs, seed);
            good &= report.IsGood;
            Console.WriteLine($"{cloud}: {report}");
        }

        return Task.FromResult(good ? 0 : 1);
    }

    public static RemoteTrialReport Run(SubmissionSafety safety, int jobs, int seed)
    {
        var time = new VirtualTime();
        var service = new FakeIonQ(time) { IsIdempotent = safety == SubmissionSafety.IdempotencyKey };
        service.Randomly(
            seed, (0.05, FaultKind.LoseAnswer, null), (0.01, FaultKind.LoseRequest, null), (0.01, FaultKind.Refuse, new FakeReply(429).With("Retry-After", "3")),
            (0.01, FaultKind.ReplaceAnswer, new FakeReply(502, "<html></html>", "text/html")), (0.005, FaultKind.Truncate, null));
        var gate = new RecordingGate();
        var tags = 0;
        var options = new IonQOptions
        {
            Target = "simulator", Credential = RemoteCredential.FromSecret("secret-key"), Handler = service.Handler(), Time = time, Seed = (ulong)seed, SpendGate = gate,
            Journal = new MemoryJobJournal(jobs + 1, jobs + 1), NewTag = () => $"job-{tags++}", RateLimit = new RemoteRateLimit(1000, 1000),
        };
        var descriptor = IonQBackend.Create(options).Descriptor;
        var backend = new RemoteBackend(new Cleared(new IonQProtocol(descriptor.Id, options), safety), descriptor, options.Endpoint, options, new HeaderAuthorizer(options.Credential, "apiKey "), null);
        var results = new ExecutionResult?[jobs];
        var next = 0;
        var held = 0;

        async Task WorkAsync()
        {
            for (var i = next++; i < jobs; i = next++)
            {
                var request = new ExecutionRequest { Circuit = CircuitOf(i), Shots = 100 + i % 7 };
                try
                {
                    results[i] = await backend.ExecuteAsync(request).ConfigureAwait(false);
                }
                catch (RemoteJobException exception) when (exception.Kind == BackendErrorKind.OutcomeUnknown)
                {
                    held++;
                    results[i] = await ReconcileAsync(backend, service, exception.Job, request).ConfigureAwait(false);
                }
            }
        }

        time.Run(Task.WhenAll(Enumerable.Range(0, Concurrent).Select(_ => WorkAsync())));
        var wrong = Enumerable.Range(0, jobs).Count(i => results[i] is { } r && !IsRight(i, r));
        var twice = service.Jobs.GroupBy(j => j.Tag).Count(g => g.Count() > 1);
        var open = gate.Reserved.Keys.Count(k => !gate.Settled.ContainsKey(k) && !gate.Released.Contains(k));
        var billed = gate.Settled.Count(s => s.Value is not (0.20m or 0.25m));
        return new RemoteTrialReport(jobs, twice, results.Count(r => r is null), wrong, open + billed, held, service.FaultCount, service.Calls.Count);
    }

    // What a person does: look at the service, say what is there, and go on or begin anew.
    private static async Task<ExecutionResult> ReconcileAsync(RemoteBackend backend, FakeIonQ service, RemoteJob job, ExecutionRequest request)
    {
        await backend.ReconcileAsync().ConfigureAwait(false);
        var found = service.Jobs.Find(j => j.Tag == job.Tag)?.Id;
        if ((await backend.ListPendingAsync().ConfigureAwait(false)).Any(p => p.Tag == job.Tag && p.State == RemoteJobState.Held))
        {
            await backend.ReconcileAsync(job.Tag, found).ConfigureAwait(false);
        }

        if (found is not null)
        {
            return await backend.ResumeAsync(job.Tag).ConfigureAwait(false);
        }

        while (true)
        {
            try
            {
                return await backend.ExecuteAsync(request).ConfigureAwait(false);
            }
            catch (RemoteJobException exception) when (exception.Kind == BackendErrorKind.OutcomeUnknown)
            {
                return await ReconcileAsync(backend, service, exception.Job, request).ConfigureAwait(false);
            }
        }
    }

    // Each job has an answer of its own: a number on five bits, read in another order, and now and then a superposition.
    internal static Circuit CircuitOf(int index)
    {
        var builder = new CircuitBuilder(6, 5);
        for (var q = 0; q < 6; q++)
        {
            if ((index >> q & 1) == 1)
            {
                builder.X(q);
            }
        }

        if (index % 10 == 3)
        {
            builder.H(index % 6).Gate(GateCatalog.X, 1, [], [index % 6, (index + 2) % 6]).Gate(GateCatalog.RY, 0, [0.1 + index % 13], [(index + 1) % 6]);
        }

        return builder.Measure(4, 0).Measure(0, 1).Measure(5, 2).Measure(2, 3).Measure(1, 4).Build();
    }

    internal static bool IsRight(int index, ExecutionResult result)
    {
        var expected = OracleSimulator.OutcomeDistribution(CircuitOf(index));
        return result.Counts.Values.Sum() == 100 + index % 7
            && expected.Keys.Union(result.Counts.Keys.Select(k => k.ToString())).All(k => Math.Abs(result.Counts.GetValueOrDefault(BitString.Parse(k)) - result.Shots * expected.GetValueOrDefault(k)) < 1 + 1e-6);
    }

    private static int Number(string[] args, string name, int fallback)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : fallback;
    }

    // The same wire with another way of clearing up.
    private sealed class Cleared(IRemoteProtocol inner, SubmissionSafety safety) : IRemoteProtocol
    {
        public string Name => inner.Name;

        public SubmissionSafety Safety => safety;

        public ValueTask<RemotePlan> PrepareAsync(RemoteTransport http, ExecutionRequest request, string tag, CancellationToken cancellationToken) => inner.PrepareAsync(http, request, tag, cancellationToken);

        public ValueTask<RemoteEstimate?> EstimateAsync(RemoteTransport http, RemotePlan plan, int shots, CancellationToken cancellationToken) => inner.EstimateAsync(http, plan, shots, cancellationToken);

        public async Task<string> SubmitAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken) => safety != SubmissionSafety.IdempotencyKey
            ? await inner.SubmitAsync(http, job, cancellationToken).ConfigureAwait(false)
            : (await http.SendAsync(new RemoteCall(HttpMethod.Post, "jobs") { Body = job.Payload, IsRepeatable = true }, cancellationToken).ConfigureAwait(false)).Json().Get("id").Text() ?? throw new FormatException("no id");

        public Task<string?> FindAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken) => inner.FindAsync(http, job, cancellationToken);

        public Task<RemoteStatus> GetStatusAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken) => inner.GetStatusAsync(http, job, cancellationToken);

        public Task<string> FetchAsync(RemoteTransport http, RemoteJob job, RemoteStatus status, CancellationToken cancellationToken) => inner.FetchAsync(http, job, status, cancellationToken);

        public RemoteOutcome Read(RemoteJob job, string result) => inner.Read(job, result);

        public Task CancelAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken) => inner.CancelAsync(http, job, cancellationToken);

        public Task<RemoteCost?> GetCostAsync(RemoteTransport http, RemoteJob job, CancellationToken cancellationToken) => inner.GetCostAsync(http, job, cancellationToken);
    }
}
