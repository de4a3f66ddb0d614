using System.Text.Json;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Routing;

namespace CircuitRunner;

/// <summary>One JSON object for each file.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(CircuitReport report, RunnerOptions options) => JsonSerializer.Serialize(
        new
        {
            report.File,
            report.Ok,
            report.Error,
            Profile = report.Profile is null ? null : new
            {
                report.Profile.NumQubits,
                report.Profile.CircuitDepth,
                report.Profile.GateCount,
                report.Profile.EntanglementComplexity,
                report.Profile.MemoryRequirement,
                report.Profile.Features!.Supermarq,
                report.Profile.Features.OneQubitGateCount,
                report.Profile.Features.TwoQubitGateCount,
                report.Profile.Features.MultiQubitGateCount,
                report.Profile.Features.CliffordCount,
                report.Profile.Features.TCount,
                report.Profile.Features.MeasurementCount,
                report.Profile.Features.MidCircuitMeasurementCount,
                report.Profile.Features.ResetCount,
                report.Profile.Features.IsDynamic,
                report.Profile.Features.DenseWork,
                report.Profile.Features.PeakSupportLog2,
                report.Profile.Features.PeakBondLog2,
                report.Profile.Features.LightConeQubits,
                report.Profile.Features.BlockCount,
                report.Profile.Features.LargestBlockQubits,
                StructuralHash = report.Profile.Features.StructuralHash.ToString("x16", System.Globalization.CultureInfo.InvariantCulture),
            },
            Recommendation = report.Profile is null || options.ProfileOnly ? null : new
            {
                Backend = report.Decision?.Chosen.Candidate.Backend.Id,
                Strategy = report.Decision?.Strategy ?? options.Strategy,
                report.Decision?.Confidence,
                Predictions = (report.Decision?.Ranked ?? []).Select(r => Prediction(r.Candidate, null)).Concat(report.Refused.Select(r => Prediction(r.Candidate, r.Reason))),
            },
            Runs = report.Runs.Select(r => new
            {
                r.Backend,
                Ok = r.Error is null,
                r.Error,
                Seconds = r.Result?.Timings.Service.TotalSeconds,
                PrepareSeconds = r.Result?.Timings.Prepare.TotalSeconds,
                SampleSeconds = r.Result?.Timings.Sample.TotalSeconds,
                PeakBytes = r.Result?.Execution.PeakMemoryBytes,
                Exact = r.Result?.IsExact,
                r.Result?.ResumedAtOperation,
                Swaps = r.Result?.SwapEvents.Select(e => new
                {
                    e.OperationIndex,
                    e.From,
                    e.To,
                    Trigger = e.Trigger.ToString(),
                    e.Reason,
                    PredictedGainSeconds = e.PredictedGain?.TotalSeconds,
                    ActualGainSeconds = e.ActualGain?.TotalSeconds,
                    e.BytesMoved,
                    Seconds = e.Duration.TotalSeconds,
                }),
                Counts = r.Result?.Counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key).ToDictionary(c => c.Key.ToString(), c => c.Value),
                Probabilities = options.Probabilities ? r.Result?.Probabilities.Select(p => new { Outcome = p.Outcome.ToString(), P = p.Probability }) : null,
            }),
            DecisionSeconds = report.DecisionTime.TotalSeconds,
        },
        Options);

    private static object Prediction(RoutingCandidate candidate, string? reason) => new
    {
        Backend = candidate.Backend.Id,
        Feasible = reason is null,
        Reason = reason,
        Seconds = candidate.Prediction.Seconds,
        PeakBytes = candidate.Prediction.PeakBytes,
        Cost = new { candidate.Cost.Median, candidate.Cost.Lower, candidate.Cost.Upper, candidate.Cost.Currency },
        Fidelity = candidate.Prediction.Fidelity,
    };
}
