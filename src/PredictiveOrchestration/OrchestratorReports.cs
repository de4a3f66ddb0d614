using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Prediction.Forecasting;

namespace PredictiveOrchestration;

/// <summary>A backend and whether it can be used now.</summary>
/// <param name="Descriptor">The backend.</param>
/// <param name="IsAvailable">Whether it takes work.</param>
/// <param name="Reason">Why not; empty if it does.</param>
/// <param name="InFlight">Runs under way on it.</param>
/// <param name="SuccessRate">The share of its latest runs that succeeded.</param>
public sealed record BackendStatus(BackendDescriptor Descriptor, bool IsAvailable, string Reason, int InFlight, double SuccessRate)
{
    /// <summary>Gets the number of those runs that wait for memory and cores of this machine.</summary>
    public int Waiting { get; init; }
}

/// <summary>What routing has done so far.</summary>
public sealed record RoutingStatistics
{
    /// <summary>Gets the number of decisions, recommendations included.</summary>
    public required long TotalRoutingDecisions { get; init; }

    /// <summary>Gets the number of decisions that chose each backend.</summary>
    public required IReadOnlyDictionary<string, long> DecisionsByBackend { get; init; }

    /// <summary>Gets the number of decisions by each strategy.</summary>
    public required IReadOnlyDictionary<string, long> DecisionsByStrategy { get; init; }

    /// <summary>Gets the mean time of a decision.</summary>
    public required TimeSpan AverageDecisionTime { get; init; }

    /// <summary>Gets the number of completed runs.</summary>
    public required long CompletedRuns { get; init; }

    /// <summary>Gets the number of runs that gave no result.</summary>
    public required long FailedRuns { get; init; }

    /// <summary>Gets the number of changes to another backend.</summary>
    public required long FallBacks { get; init; }

    /// <summary>Gets the number of models fitted and published.</summary>
    public required int ModelsTrained { get; init; }

    /// <summary>Gets the number of records that models have learned from.</summary>
    public required long RecordsLearned { get; init; }

    /// <summary>Gets the number of records that learning lost because its queue was full.</summary>
    public required long RecordsDropped { get; init; }

    /// <summary>Gets the backends in groups that behaved alike in the latest decisions (at most 32), fastest group first.</summary>
    public IReadOnlyList<Routing.BackendGroup> BackendGroups { get; init; } = [];

    /// <summary>Gets the number of runs that were chosen in order to learn about a backend, and finished.</summary>
    public long ExploredRuns { get; init; }

    /// <summary>Gets the strategy in use.</summary>
    public required string Strategy { get; init; }
}

/// <summary>How busy the orchestrator is.</summary>
public sealed record RealTimeMetrics
{
    /// <summary>Gets the share of local cores in use, 0 to 1.</summary>
    public required double CurrentLoad { get; init; }

    /// <summary>Gets the number of backends that take work.</summary>
    public required int ActiveBackends { get; init; }

    /// <summary>Gets the number of local runs that wait.</summary>
    public required int QueueLength { get; init; }

    /// <summary>Gets the number of runs under way.</summary>
    public required int RunningJobs { get; init; }

    /// <summary>Gets the mean time from call to result over the kept records.</summary>
    public required TimeSpan AverageResponseTime { get; init; }

    /// <summary>Gets the time within which half of the runs ended.</summary>
    public required TimeSpan ResponseTimeP50 { get; init; }

    /// <summary>Gets the time within which 95 % of the runs ended.</summary>
    public required TimeSpan ResponseTimeP95 { get; init; }

    /// <summary>Gets the time within which 99 % of the runs ended.</summary>
    public required TimeSpan ResponseTimeP99 { get; init; }

    /// <summary>Gets the completed runs in each second, over the last 60 telemetry intervals.</summary>
    public required double ThroughputPerSecond { get; init; }

    /// <summary>Gets the share of wall time each backend was busy over the last 60 telemetry intervals; above 1 where runs overlap.</summary>
    public required IReadOnlyDictionary<string, double> BackendUtilization { get; init; }

    /// <summary>Gets the forecast of completed runs for each of the next <c>PredictionHorizon</c> telemetry intervals.</summary>
    public required IReadOnlyList<double> ThroughputForecast { get; init; }

    /// <summary>Gets forecasts of load, wait, execution time and cost over the same intervals, for each backend that has run something; made anew at most once in each interval.</summary>
    public required IReadOnlyDictionary<string, BackendForecast> BackendForecasts { get; init; }
}

/// <summary>What to look at when decisions seem wrong.</summary>
public sealed record DebugInfo
{
    /// <summary>Gets explanations of the latest decisions, latest last.</summary>
    public required IReadOnlyList<string> RecentDecisions { get; init; }

    /// <summary>Gets, by backend, the share of kept runs whose time lay in the predicted 90 % interval.</summary>
    public required IReadOnlyDictionary<string, double> ModelAccuracy { get; init; }

    /// <summary>Gets, by backend, the median over kept runs of max(predicted / actual, actual / predicted).</summary>
    public required IReadOnlyDictionary<string, double> PredictionErrors { get; init; }

    /// <summary>Gets, by backend, the errors of all that was predicted.</summary>
    public required IReadOnlyDictionary<string, PredictionErrorSummary> PredictionErrorDetails { get; init; }

    /// <summary>Gets the share of wall time each backend was busy lately.</summary>
    public required IReadOnlyDictionary<string, double> BackendUtilization { get; init; }

    /// <summary>Gets the version of the model in use.</summary>
    public required int ModelVersion { get; init; }

    /// <summary>Gets, by backend, how far learning has come and what has drifted; empty where learning is off.</summary>
    public required IReadOnlyDictionary<string, Learning.ModelStatus> Models { get; init; }

    /// <summary>Gets the version of the set of backends.</summary>
    public required int RegistryVersion { get; init; }
}

/// <summary>How far off predictions for one backend were: medians over its kept completed runs. Null where nothing was predicted and measured.</summary>
/// <param name="Runs">The runs.</param>
/// <param name="Time">Of the service time: max(predicted / actual, actual / predicted).</param>
/// <param name="Wait">Of the wait before the run, in seconds: |predicted - actual|.</param>
/// <param name="Memory">Of the peak memory, as of the time.</param>
/// <param name="Cost">Of the cost, as of the time; of runs that cost something.</param>
/// <param name="Fidelity">Of the fidelity: |predicted - measured|; of runs that report one.</param>
public sealed record PredictionErrorSummary(int Runs, double Time, double Wait, double? Memory, double? Cost, double? Fidelity);
