using System.Text.Json;
using System.Text.Json.Serialization;

namespace PredictiveOrchestration.AspNetCore.Dashboard;

// What the page is told. Times are milliseconds since 1970, durations seconds; a triple is median, lower end, upper end.

/// <summary>A decision.</summary>
internal sealed record WireDecision(
    long Id, long At, string? Job, string Strategy, double Confidence, string Backend, string? Tag, int Qubits, int Gates, int Shots, double Took, string Note,
    IReadOnlyList<WireRanked> Ranked, IReadOnlyList<WireRefused> Refused);

internal sealed record WireRanked(
    string Id, double[] Seconds, double[] Wait, double[] Cost, string Currency, double Bytes, double Fidelity, double Loss, string Reason, string Source, int Observations);

internal sealed record WireRefused(string Id, string Reason);

/// <summary>One attempt on one backend: predicted against actual.</summary>
internal sealed record WireRun(
    long Id, long At, string Job, string Backend, string Strategy, string? Tag, string Outcome, double[] Predicted, double Actual, double Queue, double Cost, int Model);

/// <summary>A job that changed its backend, along its operations.</summary>
internal sealed record WireJob(string Job, long At, int Qubits, int Operations, string? Error, IReadOnlyList<WirePart> Parts, IReadOnlyList<WireSwap> Swaps, IReadOnlyList<int> Support);

/// <summary>The operations from <paramref name="From"/> to before <paramref name="To"/> on one backend; a job that began anew goes on in the next row.</summary>
internal sealed record WirePart(int Row, string Backend, int From, int To, string Outcome, double Seconds);

internal sealed record WireSwap(int Operation, string From, string To, string Trigger, string Reason, double? PredictedGain, double? ActualGain, long Bytes, double Seconds);

internal sealed record WireQuality(string Backend, long At, double Error, double Inside, int Runs, int Model);

internal sealed record WireEvents(IReadOnlyList<WireDecision> Decisions, IReadOnlyList<WireRun> Runs, IReadOnlyList<WireJob> Jobs, IReadOnlyList<WireQuality> Quality, long LeftOut);

internal sealed record WireSnapshot(
    string Epoch, IReadOnlyList<WireDecision> Decisions, IReadOnlyList<WireRun> Runs, IReadOnlyList<WireJob> Jobs, IReadOnlyList<WireQuality> Quality, WireState State);

internal sealed record WireState(
    long At, bool Running, string Strategy, int Jobs, int Waiting, double Load, double P50, double P95, double P99, double PerSecond, long Decisions, long Completed, long Failed, long FallBacks,
    int ModelsTrained, long Learned, int Clients, IReadOnlyList<WireBackend> Backends, WireCost Cost, IReadOnlyList<WireAlert> Alerts, WireCluster? Cluster);

internal sealed record WireBackend(
    string Id, string Name, bool Local, bool Available, string Reason, int InFlight, int Waiting, double Success, double Utilization, double[]? ForecastLoad, double[]? ForecastWait);

internal sealed record WireCost(
    string Currency, double Total, double Reserved, double? Budget, double? Used, IReadOnlyDictionary<string, double> ByBackend, IReadOnlyDictionary<string, double> ByDay);

internal sealed record WireAlert(string Kind, string Subject, string Text, long At);

/// <summary>The machines that work together, or null where there is only this one.</summary>
internal sealed record WireCluster(int Machines, int Places, int Waiting, int Running, double Backlog, double PerPlace, IReadOnlyList<WireMachine> Shown);

internal sealed record WireMachine(
    string Name, bool Stopping, int Places, int Waiting, int Running, double Backlog, double Wait, long Ended, int Cores, double Bytes, IReadOnlyList<WireEngine> Engines);

internal sealed record WireEngine(string Id, string? Reason);

/// <summary>How it is written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(WireEvents))]
[JsonSerializable(typeof(WireSnapshot))]
[JsonSerializable(typeof(WireState))]
internal sealed partial class WireJson : JsonSerializerContext;
