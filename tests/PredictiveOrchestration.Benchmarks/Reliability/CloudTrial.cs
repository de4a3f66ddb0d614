using Amazon.Runtime;
using PredictiveOrchestration.Aws;
using PredictiveOrchestration.Azure;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.Ibm;
using PredictiveOrchestration.TestKit.Remote;

namespace PredictiveOrchestration.Benchmarks.Reliability;

/// <summary>The services besides IonQ's own.</summary>
internal enum CloudKind
{
    Braket,
    AzureIonQ,
    AzureQuantinuum,
    AzureRigetti,
    Ibm,
}

/// <summary>The trial of <see cref="RemoteTrial"/> on the adapters of Amazon Braket, Azure Quantum and IBM Quantum, storage and identity included.</summary>
internal static class CloudTrial
{
    private const int Concurrent = 64;

    public static RemoteTrialReport Run(CloudKind kind, int jobs, int seed)
    {
        var time = new VirtualTime();
        ScriptedService service = kind switch { CloudKind.Braket => new FakeBraket(time), CloudKind.Ibm => new FakeIbm(time), _ => new FakeAzure(time) };
        service.Randomly(
            seed, (0.05, FaultKind.LoseAnswer, null), (0.01, FaultKind.LoseRequest, null), (0.01, FaultKind.Refuse, new FakeReply(429).With("Retry-After", "3")),
            (0.01, FaultKind.ReplaceAnswer, new FakeReply(502, "<html></html>", "text/html")), (0.005, FaultKind.Truncate, null));
        var gate = new RecordingGate();
        var journal = new MemoryJobJournal(jobs + 1, jobs + 1);
        var tags = 0;
        string Tag() => $"job-{tags++}";
        var limit = new RemoteRateLimit(1000, 1000);
        var backend = kind switch
        {
            CloudKind.Braket => BraketBackend.Create(new BraketOptions
            {
                Target = "arn:aws:braket:::device/quantum-simulator/amazon/sv1", ResultBucket = "amazon-braket-results", Credentials = new BasicAWSCredentials("AKIDEXAMPLE", "secret-key"),
                Price = new PriceModel { PerRun = 0.3m, PerShot = 0.001m }, Handler = service.Handler(), Time = time, Seed = (ulong)seed, SpendGate = gate, Journal = journal, NewTag = Tag, RateLimit = limit,
            }),
            CloudKind.Ibm => IbmQuantumBackend.Create(new IbmQuantumOptions
            {
                Target = "ibm_test", Instance = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::", MaxQubits = 8, PricePerSecond = 1.6m, Credential = RemoteCredential.FromSecret("api-key"),
                Handler = service.Handler(), Time = time, Seed = (ulong)seed, SpendGate = gate, Journal = journal, NewTag = Tag, RateLimit = limit,
            }),
            _ => AzureQuantumBackend.Create(new AzureQuantumOptions
            {
                Target = kind switch { CloudKind.AzureIonQ => "ionq.simulator", CloudKind.AzureRigetti => "rigetti.qpu.ankaa-3", _ => "quantinuum.sim.h1-1e" }, SubscriptionId = "sub", ResourceGroup = "group", Workspace = "space", Location = "westeurope",
                Credential = RemoteCredential.FromSecret("secret-key"), Price = new PriceModel { PerRun = 12 }, Handler = service.Handler(), Time = time, Seed = (ulong)seed, SpendGate = gate, Journal = journal, NewTag = Tag, RateLimit = limit,
            }),
        };
        var results = new ExecutionResult?[jobs];
        var (next, held) = (0, 0);

        async Task WorkAsync()
        {
            for (var i = next++; i < jobs; i = next++)
            {
                var request = new ExecutionRequest { Circuit = RemoteTrial.CircuitOf(i), Shots = 100 + i % 7, RequireExact = false };
                while (results[i] is null)
                {
                    try
                    {
                        results[i] = await backend.ExecuteAsync(request).ConfigureAwait(false);
                    }
                    catch (RemoteJobException exception) when (exception.Kind == BackendErrorKind.OutcomeUnknown)
                    {
                        held++;
                        await backend.ReconcileAsync().ConfigureAwait(false);
                        results[i] = await backend.ResumeAsync(exception.Job.Tag).ConfigureAwait(false);
                    }
                    catch (RemoteCallException exception) when (exception.Failure == RemoteFailure.NotAccepted)
                    {
                        // Refused, surely: begun anew under another tag, as any caller would.
                    }
                }
            }
        }

        time.Run(Task.WhenAll(Enumerable.Range(0, Concurrent).Select(_ => WorkAsync())));
        var wrong = Enumerable.Range(0, jobs).Count(i => results[i] is { } r && !RemoteTrial.IsRight(i, r));

        // No tag twice, and no more jobs at the service than results here: what was refused and begun anew was not accepted the first time.
        List<string> ids = service switch
        {
            FakeBraket braket => [.. braket.Jobs.Select(j => j.Tag)],
            FakeIbm ibm => [.. ibm.Jobs.Select(j => FakeIbm.Tag(j.Body))],
            _ => [.. ((FakeAzure)service).Jobs.Select(j => j.Id)],
        };
        var twice = ids.Count - ids.Distinct().Count() + Math.Max(0, ids.Count - jobs);
        var open = gate.Reserved.Keys.Count(k => !gate.Settled.ContainsKey(k) && !gate.Released.Contains(k));
        var billed = gate.Settled.Count(s => kind switch { CloudKind.Braket => s.Value is < 0.4m or > 0.406m, CloudKind.Ibm => s.Value != 4.00m, _ => s.Value is not (12.4166m or 12m) });
        return new RemoteTrialReport(jobs, twice, results.Count(r => r is null), wrong, open + billed + Math.Abs(gate.Settled.Count - jobs), held, service.FaultCount, service.Calls.Count);
    }
}
