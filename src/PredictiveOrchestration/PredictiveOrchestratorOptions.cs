using System.Globalization;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>How a <see cref="PredictiveOrchestrator"/> works. Validated once when it is built; all failures are reported together.</summary>
public sealed record PredictiveOrchestratorOptions
{
    /// <summary>Gets or sets the strategy at the beginning; default <see cref="RoutingStrategy.Predictive"/>.</summary>
    public RoutingStrategy RoutingStrategy { get; set; } = RoutingStrategy.Predictive;

    /// <summary>Gets or sets the weight of cost for the predictive strategy, 0 to 1; default 0.3.</summary>
    public double CostWeight { get; set; } = 0.3;

    /// <summary>Gets or sets the weight of time for the predictive strategy, 0 to 1; default 0.7. Not both weights may be 0.</summary>
    public double PerformanceWeight { get; set; } = 0.7;

    /// <summary>Gets or sets how many future steps of one <see cref="TelemetryInterval"/> forecasts cover, 1 to 100,000; default 100.</summary>
    public int PredictionHorizon { get; set; } = 100;

    /// <summary>Gets or sets the number of records of a backend after which its model is fitted anew, 1 to 1,000,000; default 1,000. The first fits come earlier.</summary>
    public int ModelUpdateFrequency { get; set; } = 1000;

    /// <summary>Gets or sets how large learned models may be.</summary>
    public ModelComplexity ModelComplexity { get; set; } = ModelComplexity.Default;

    /// <summary>Gets or sets the number of execution records kept for statistics and learning, 1 to 10,000,000; default 10,000.</summary>
    public int TelemetryRetention { get; set; } = 10_000;

    /// <summary>
    /// Gets or sets the SQLite file in which execution records are kept beyond the process, which may be shared by processes; null (default) for none. The builder's
    /// <see cref="PredictiveOrchestratorBuilder.UseTelemetryStore"/> takes another database.
    /// </summary>
    public string? TelemetryStorePath { get; set; }

    /// <summary>Gets or sets how much is kept at <see cref="TelemetryStorePath"/>.</summary>
    public TelemetryStoreOptions TelemetryStore { get; set; } = new();

    /// <summary>Gets or sets the most that one run may cost, in <see cref="Currency"/>; default 0.1: nothing paid happens by accident. A request may raise it.</summary>
    public decimal CostThreshold { get; set; } = 0.1m;

    /// <summary>
    /// Gets or sets the least acceptable score, 0 to 1; default 0.8. The score of a backend is the best feasible predicted time divided by its own, times its
    /// probability of success; one below the threshold is taken only if nothing above it can do the job.
    /// </summary>
    public double PerformanceThreshold { get; set; } = 0.8;

    /// <summary>Gets or sets when alerts begin and end.</summary>
    public PerformanceMonitorOptions Alerts { get; set; } = new();

    /// <summary>Gets or sets the length of one telemetry step; default 1 s, at least 1 ms.</summary>
    public TimeSpan TelemetryInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets the account's currency; default USD.</summary>
    public string Currency { get; set; } = "USD";

    /// <summary>Gets or sets the most that all runs together may cost; null (default) for no limit.</summary>
    public decimal? Budget { get; set; }

    /// <summary>Gets further hard caps: on each job, day, month, tag or provider.</summary>
    public IList<BudgetCap> BudgetCaps { get; } = [];

    /// <summary>Gets or sets the file of the budget ledger, which may be shared by processes; null (default) to count anew in each process.</summary>
    public string? BudgetLedgerPath { get; set; }

    /// <summary>Gets or sets the exchange rates and public prices; default <see cref="Costs.PriceList.Default"/>.</summary>
    public PriceList PriceList { get; set; } = PriceList.Default;

    /// <summary>Gets the prices of backends by id; what is not listed is free. A price in another currency needs an exchange rate in <see cref="PriceList"/>.</summary>
    public IDictionary<string, PriceModel> Prices { get; } = new Dictionary<string, PriceModel>(StringComparer.Ordinal);

    /// <summary>Gets or sets whether models learn from runs; default true.</summary>
    public bool Learning { get; set; } = true;

    /// <summary>
    /// Gets or sets the longest time of calibration at the first start on a machine, without what the runtime compiles meanwhile and what runs wait for a
    /// processor that others use: with both it is at most four times as long, and mostly about twice. Default 3 s; zero for none.
    /// </summary>
    public TimeSpan CalibrationBudget { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Gets or sets the folder for calibration and what was learned; null (default) for a folder of the user's local application data, an empty string to
    /// keep nothing on disk.
    /// </summary>
    public string? StateDirectory { get; set; }

    /// <summary>Gets or sets the number of local runs that may wait, 0 to 1,000,000; default 1,000.</summary>
    public int MaxQueueLength { get; set; } = 1000;

    /// <summary>Gets or sets the memory in bytes that local runs may take together; null (default) for what the machine has free at start.</summary>
    public long? MaxMemoryBytes { get; set; }

    /// <summary>Gets or sets how long <see cref="PredictiveOrchestrator.StopAsync"/> waits for running work; default 30 s.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets when runs may be handed from backend to backend in the middle of a circuit.</summary>
    public SwapPolicy Swap { get; set; } = new();

    /// <summary>
    /// Gets or sets the margin against flapping, 0 (none) to less than 1; default 0.05. A job of the same structure and terms stays on the backend it went to before unless another's
    /// predicted loss is smaller by more than this share. The default is what two runs of the same job differ by in the median.
    /// </summary>
    public double HysteresisMargin { get; set; } = 0.05;

    /// <summary>
    /// Gets or sets how much time exploration may take, as a share of the time that runs of the greedy choice took; 0 (none) to 0.5, default 0.02. Only the predictive strategy explores,
    /// and only if models learn. At no moment has it taken more, whatever the backends do.
    /// </summary>
    public double ExplorationShare { get; set; } = 0.02;

    /// <summary>Gets or sets the money that exploration may spend on paid backends, in <see cref="Currency"/>; default 0: it never uses one.</summary>
    public decimal ExplorationBudget { get; set; }

    /// <summary>Gets or sets the seed of what routing leaves to chance; default 0.</summary>
    public ulong RoutingSeed { get; set; }

    /// <summary>
    /// Gets or sets the folder where long local runs write their state down now and then, so that the same run (circuit, seed, what is asked for, version of the library) goes on from there
    /// after its process was killed or cancelled; it may be shared by processes. Null (default) for none.
    /// </summary>
    public string? CheckpointDirectory { get; set; }

    /// <summary>Gets or sets how often and how large checkpoints are.</summary>
    public CheckpointPolicy Checkpoints { get; set; } = new();

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">Values are wrong; the message names each with what is accepted.</exception>
    internal void Validate()
    {
        var failures = new List<string>();
        void Check(bool valid, string name, object? value, string accepted)
        {
            if (!valid)
            {
                failures.Add(string.Create(CultureInfo.InvariantCulture, $"{name} is '{value}'; accepted: {accepted}"));
            }
        }

        Check(RoutingStrategies.NameOf(RoutingStrategy) is not null, nameof(RoutingStrategy), RoutingStrategy, "a declared strategy");
        Check(CostWeight is >= 0 and <= 1, nameof(CostWeight), CostWeight, "0 to 1");
        Check(PerformanceWeight is >= 0 and <= 1, nameof(PerformanceWeight), PerformanceWeight, "0 to 1");
        Check(CostWeight + PerformanceWeight != 0, $"{nameof(CostWeight)} + {nameof(PerformanceWeight)}", 0, "more than 0");
        Check(PredictionHorizon is >= 1 and <= 100_000, nameof(PredictionHorizon), PredictionHorizon, "1 to 100000");
        Check(ModelUpdateFrequency is >= 1 and <= 1_000_000, nameof(ModelUpdateFrequency), ModelUpdateFrequency, "1 to 1000000");
        Check(
            ModelComplexity is { Trees: >= 1 and <= 1000, Leaves: >= 2 and <= 4096, HiddenUnits: >= 0 and <= 1024, TrainingRows: >= 100 and <= 1_000_000 }, nameof(ModelComplexity),
            ModelComplexity, "1 to 1000 trees, 2 to 4096 leaves, 0 to 1024 hidden units, 100 to 1000000 training rows");
        Check(TelemetryRetention is >= 1 and <= 10_000_000, nameof(TelemetryRetention), TelemetryRetention, "1 to 10000000");
        Check(TelemetryStorePath is null || !string.IsNullOrWhiteSpace(TelemetryStorePath), nameof(TelemetryStorePath), TelemetryStorePath, "a file, or null");
        var store = TelemetryStore is null ? "null" : TelemetryStore.Failure();
        Check(store is null, nameof(TelemetryStore), store, "limits above 0, an interval of 1 ms to 1 hour, a queue of 1 to 1048576");
        Check(CostThreshold >= 0, nameof(CostThreshold), CostThreshold, "0 or more");
        Check(PerformanceThreshold is >= 0 and <= 1, nameof(PerformanceThreshold), PerformanceThreshold, "0 to 1");
        Check(TelemetryInterval >= TimeSpan.FromMilliseconds(1), nameof(TelemetryInterval), TelemetryInterval, "1 ms or more");
        Check(!string.IsNullOrWhiteSpace(Currency), nameof(Currency), Currency, "a currency code such as USD");
        Check(Budget is null or >= 0, nameof(Budget), Budget, "0 or more, or null");
        Check(BudgetCaps.All(c => c is { Limit: >= 0 } && Enum.IsDefined(c.Scope)), nameof(BudgetCaps), string.Join(", ", BudgetCaps), "limits of 0 or more");
        var alerts = Alerts is null ? "null" : Alerts.Failure();
        Check(alerts is null, nameof(Alerts), alerts, "thresholds in order and a window of 4 to 1000");
        var swap = Swap is null ? "null" : Swap.Failure();
        Check(swap is null, nameof(Swap), swap, "shares of 0 to 1, an overrun of more than 1");
        Check(CheckpointDirectory is null || !string.IsNullOrWhiteSpace(CheckpointDirectory), nameof(CheckpointDirectory), CheckpointDirectory, "a folder, or null");
        var checkpoints = Checkpoints is null ? "null" : Checkpoints.Failure();
        Check(checkpoints is null, nameof(Checkpoints), checkpoints, "times of 0 or more, a share of more than 0 to 1, files of 1 KiB or more, a folder of at least one file");
        Check(PriceList is not null, nameof(PriceList), PriceList, "a list; PriceList.Empty for none");
        Check(CalibrationBudget >= TimeSpan.Zero && CalibrationBudget <= TimeSpan.FromMinutes(10), nameof(CalibrationBudget), CalibrationBudget, "0 to 10 minutes");
        Check(MaxQueueLength is >= 0 and <= 1_000_000, nameof(MaxQueueLength), MaxQueueLength, "0 to 1000000");
        Check(MaxMemoryBytes is null or > 0, nameof(MaxMemoryBytes), MaxMemoryBytes, "more than 0, or null");
        Check(StopTimeout >= TimeSpan.Zero, nameof(StopTimeout), StopTimeout, "0 or more");
        Check(HysteresisMargin is >= 0 and < 1, nameof(HysteresisMargin), HysteresisMargin, "0 to less than 1");
        Check(ExplorationShare is >= 0 and <= 0.5, nameof(ExplorationShare), ExplorationShare, "0 to 0.5");
        Check(ExplorationBudget >= 0, nameof(ExplorationBudget), ExplorationBudget, "0 or more");
        foreach (var (id, price) in Prices)
        {
            Check(price is not null && (price.Currency == Currency || PriceList?.Convert(1, price.Currency, Currency, DateOnly.MaxValue) is not null),
                $"{nameof(Prices)}['{id}'].Currency", price?.Currency, $"the account's currency, {Currency}, or one with an exchange rate in {nameof(PriceList)}");
            var failure = price is null ? "it is null" : price.Failure();
            Check(failure is null, $"{nameof(Prices)}['{id}']", failure, "amounts of 0 to 10^9");
        }

        if (failures.Count > 0)
        {
            throw new ArgumentException($"{failures.Count} option(s) of PredictiveOrchestrator are wrong: {string.Join("; ", failures)}.");
        }
    }
}
