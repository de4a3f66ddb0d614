using Amazon.Runtime;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Aws;
using PredictiveOrchestration.Azure;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.Ibm;
using PredictiveOrchestration.Remote.IonQ;
using PredictiveOrchestration.TestKit.Remote;

namespace PredictiveOrchestration.Tests.Remote;

/// <summary>What the tests of the adapters in other packages need of each; time is virtual.</summary>
internal abstract class CloudHarness
{
    // Qubits 0, 2 and 5 are set, read into bits in another order: no symmetry hides a wrong order.
    public static readonly Circuit Circuit = new CircuitBuilder(6, 5).X(0).X(2).X(5).Measure(5, 0).Measure(1, 1).Measure(0, 2).Measure(3, 3).Measure(2, 4).Build();
    public static readonly BitString Right = BitString.Parse("10101");

    public VirtualTime Time { get; } = new();

    public RecordingGate Gate { get; } = new();

    public MemoryJobJournal Journal { get; } = new();

    public abstract FakeCloud Service { get; }

    /// <summary>The jobs that the service has, by their tags.</summary>
    public abstract IReadOnlyList<string> Tags { get; }

    public abstract decimal Billed { get; }

    /// <summary>The services that are asked alike; IonQ's and IBM's take no idempotency key.</summary>
    public static readonly string[] Names = ["braket", "azure", "azure-rigetti", "ionq", "ibm"];

    public static TheoryData<string> All => [.. Names];

    /// <summary>Those whose submission may be repeated.</summary>
    public static TheoryData<string> WithKeys => ["braket", "azure", "azure-rigetti"];

    public static CloudHarness Of(string name) => name switch
    {
        "braket" => new BraketHarness(),
        "azure" => new AzureHarness(),
        "azure-rigetti" => new AzureHarness("rigetti.qpu.ankaa-3"),
        "ionq" => new IonQHarness(),
        "ibm" => new IbmHarness(),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such service."),
    };

    public abstract bool IsSubmission(FakeRequest request);

    public abstract bool IsResult(FakeRequest request);

    public abstract void CancelAtService();

    public abstract RemoteBackend Create(string tag, Action<Settings>? change = null);

    public ExecutionResult Run(string tag, Action<Settings>? change = null) => Time.Run(Create(tag, change).ExecuteAsync(Request()));

    public static ExecutionRequest Request(Circuit? circuit = null, int shots = 500) => new() { Circuit = circuit ?? Circuit, Shots = shots, RequireExact = false };

    public sealed class Settings
    {
        public long MaxResponseBytes { get; set; } = 64 << 20;

        public bool CancelRemoteJobs { get; set; }

        public TimeSpan? QueueDeadline { get; set; }

        public decimal? MaxCostPerJob { get; set; }

        public AWSCredentials? Aws { get; set; }

        public global::Azure.Core.TokenCredential? Identity { get; set; }

        public string? Target { get; set; }

        public ILogger? Logger { get; set; }
    }
}

internal sealed class BraketHarness : CloudHarness
{
    public const string Sv1 = "arn:aws:braket:::device/quantum-simulator/amazon/sv1";

    public BraketHarness() => Fake = new FakeBraket(Time);

    public FakeBraket Fake { get; }

    public override FakeCloud Service => Fake;

    public override IReadOnlyList<string> Tags => [.. Fake.Jobs.Select(j => j.Tag)];

    // 0.30 a task and 0.00145 for each of 500 shots.
    public override decimal Billed => 1.025m;

    public override bool IsSubmission(FakeRequest request) => request.Method == "POST" && request.Path == "/quantum-task";

    public override bool IsResult(FakeRequest request) => request.Path.EndsWith("/results.json", StringComparison.Ordinal);

    public override void CancelAtService() => Fake.Jobs[^1].Cancelled = Time.GetUtcNow();

    public override RemoteBackend Create(string tag, Action<Settings>? change = null) => BraketBackend.Create(Options(tag, change));

    public BraketOptions Options(string tag = "job", Action<Settings>? change = null)
    {
        var s = new Settings();
        change?.Invoke(s);
        return new BraketOptions
        {
            Target = s.Target ?? Sv1, Region = s.Target is null ? "us-east-1" : null, ResultBucket = "amazon-braket-results", Credentials = s.Aws ?? new BasicAWSCredentials("AKIDEXAMPLE", "secret-key"),
            Price = PriceList.Default.Find("braket/iqm-garnet", new DateOnly(2026, 11, 2))!.Price, Handler = Service.Handler(), Time = Time, NewTag = () => tag, Journal = Journal, SpendGate = Gate, MaxQubits = 34,
            RateLimit = new RemoteRateLimit(10_000, 10_000), AttemptTimeout = TimeSpan.FromSeconds(20), MaxResponseBytes = s.MaxResponseBytes, CancelRemoteJobs = s.CancelRemoteJobs,
            QueueDeadline = s.QueueDeadline, MaxCostPerJob = s.MaxCostPerJob, Logger = s.Logger,
        };
    }
}

internal sealed class AzureHarness : CloudHarness
{
    private readonly string _target;

    public AzureHarness(string target = "ionq.simulator") => (_target, Fake) = (target, new FakeAzure(Time));

    public FakeAzure Fake { get; }

    public override FakeCloud Service => Fake;

    public override IReadOnlyList<string> Tags => [.. Fake.Jobs.Select(j => j.Id)];

    public override decimal Billed => 12.4166m;

    public override bool IsSubmission(FakeRequest request) => request.Method == "PUT" && request.Path.Contains("/jobs/", StringComparison.Ordinal);

    public override bool IsResult(FakeRequest request) => request.Path.EndsWith("/rawOutputData", StringComparison.Ordinal);

    public override void CancelAtService() => Fake.Jobs[^1].Cancelled = true;

    public override RemoteBackend Create(string tag, Action<Settings>? change = null) => AzureQuantumBackend.Create(Options(tag, change));

    public AzureQuantumOptions Options(string tag = "job", Action<Settings>? change = null)
    {
        var s = new Settings();
        change?.Invoke(s);
        return new AzureQuantumOptions
        {
            Target = s.Target ?? _target, SubscriptionId = "sub", ResourceGroup = "group", Workspace = "space", Location = "westeurope", Identity = s.Identity,
            Credential = s.Identity is null ? RemoteCredential.FromSecret("secret-key") : null,
            Price = PriceList.Default.Find("azure/ionq-aria-1-unmitigated", new DateOnly(2026, 11, 2))!.Price, Handler = Service.Handler(), Time = Time, NewTag = () => tag, Journal = Journal, SpendGate = Gate,
            RateLimit = new RemoteRateLimit(10_000, 10_000), AttemptTimeout = TimeSpan.FromSeconds(20), MaxResponseBytes = s.MaxResponseBytes, CancelRemoteJobs = s.CancelRemoteJobs,
            QueueDeadline = s.QueueDeadline, MaxCostPerJob = s.MaxCostPerJob, Logger = s.Logger,
        };
    }
}

internal sealed class IonQHarness : CloudHarness
{
    public IonQHarness() => Fake = new FakeIonQ(Time);

    public FakeIonQ Fake { get; }

    public override FakeCloud Service => Fake;

    public override IReadOnlyList<string> Tags => [.. Fake.Jobs.Select(j => j.Tag)];

    public override decimal Billed => 0.20m;

    public override bool IsSubmission(FakeRequest request) => request.Method == "POST" && request.Path.EndsWith("/jobs", StringComparison.Ordinal);

    public override bool IsResult(FakeRequest request) => request.Path.EndsWith("/results/probabilities", StringComparison.Ordinal);

    // What is cancelled in the queue is not billed.
    public override void CancelAtService() => (Fake.HasCost, Fake.Jobs[^1].Cancelled) = (false, true);

    public override RemoteBackend Create(string tag, Action<Settings>? change = null)
    {
        var s = new Settings();
        change?.Invoke(s);
        return IonQBackend.Create(new IonQOptions
        {
            Target = s.Target ?? "simulator", Credential = RemoteCredential.FromSecret("secret-key"), Handler = Service.Handler(), Time = Time, NewTag = () => tag, Journal = Journal, SpendGate = Gate,
            RateLimit = new RemoteRateLimit(10_000, 10_000), AttemptTimeout = TimeSpan.FromSeconds(20), MaxResponseBytes = s.MaxResponseBytes, CancelRemoteJobs = s.CancelRemoteJobs,
            QueueDeadline = s.QueueDeadline, MaxCostPerJob = s.MaxCostPerJob, Logger = s.Logger,
        });
    }
}

internal sealed class IbmHarness : CloudHarness
{
    public IbmHarness() => Fake = new FakeIbm(Time) { QueueTime = TimeSpan.FromSeconds(7), RunTime = TimeSpan.FromSeconds(3) };

    public FakeIbm Fake { get; }

    public override FakeCloud Service => Fake;

    public override IReadOnlyList<string> Tags => [.. Fake.Jobs.Select(j => FakeIbm.Tag(j.Body))];

    // 2.5 seconds at 1.60.
    public override decimal Billed => 4.00m;

    public override bool IsSubmission(FakeRequest request) => request.Method == "POST" && request.Path.EndsWith("/jobs", StringComparison.Ordinal);

    public override bool IsResult(FakeRequest request) => request.Path.EndsWith("/results", StringComparison.Ordinal);

    public override void CancelAtService() => Fake.IsCancelled = true;

    public override RemoteBackend Create(string tag, Action<Settings>? change = null)
    {
        var s = new Settings();
        change?.Invoke(s);
        return IbmQuantumBackend.Create(new IbmQuantumOptions
        {
            Target = "ibm_test", Instance = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::", MaxQubits = 8, PricePerSecond = 1.6m, Credential = RemoteCredential.FromSecret("api-key"),
            Handler = Service.Handler(), Time = Time, NewTag = () => tag, Journal = Journal, SpendGate = Gate,
            RateLimit = new RemoteRateLimit(10_000, 10_000), AttemptTimeout = TimeSpan.FromSeconds(20), MaxResponseBytes = s.MaxResponseBytes, CancelRemoteJobs = s.CancelRemoteJobs,
            QueueDeadline = s.QueueDeadline, MaxCostPerJob = s.MaxCostPerJob, Logger = s.Logger,
        });
    }
}
