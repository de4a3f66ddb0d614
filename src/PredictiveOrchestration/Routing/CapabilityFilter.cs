using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Routing;

/// <summary>What a job needs of a backend.</summary>
internal sealed record JobRequirements
{
    public required CircuitProfile Profile { get; init; }

    /// <summary>The gates of the circuit, each once; null if only a profile is known, or no backend needs to know.</summary>
    public IReadOnlyList<string>? GateNames { get; init; }

    public int Shots { get; init; }

    /// <summary>Whether only a part of the shots is to be taken.</summary>
    public bool IsShotRange { get; init; }

    public bool NeedsProbabilities { get; init; }

    public bool NeedsExpectations { get; init; }

    public bool RequireExact { get; init; } = true;

    public long AvailableBytes { get; init; } = long.MaxValue;

    public decimal CostThreshold { get; init; }

    public TimeSpan? Deadline { get; init; }
}

/// <summary>Says why a backend cannot do a job, or that it can. Feasibility comes before any preference.</summary>
internal static class CapabilityFilter
{
    /// <summary>The reason for refusing a candidate in words and numbers, or null.</summary>
    public static string? Refuse(RoutingCandidate candidate, JobRequirements job, string? healthReason)
    {
        var capabilities = candidate.Backend.Capabilities;
        var features = job.Profile.Features;
        if (job.Profile.NumQubits > capabilities.MaxQubits)
        {
            return $"it runs at most {capabilities.MaxQubits} qubits, the circuit has {job.Profile.NumQubits}";
        }

        if (job.Shots > capabilities.MaxShots)
        {
            return $"it takes at most {capabilities.MaxShots} shots, {job.Shots} are asked for";
        }

        if (job.IsShotRange && !capabilities.ShotRanges)
        {
            return "it cannot take a part of the shots";
        }

        if (job.RequireExact && !capabilities.IsExact)
        {
            return "its results are approximate and an exact answer is required";
        }

        if (job.NeedsProbabilities && !capabilities.ExactProbabilities)
        {
            return "it does not return exact probabilities";
        }

        if (job.NeedsExpectations && !capabilities.ExpectationValues)
        {
            return "it does not return expectation values";
        }

        if (features is { IsDynamic: true } && !capabilities.ClassicalControl)
        {
            return "it does not support control flow that depends on measurements";
        }

        if (features is not null && features.MidCircuitMeasurementCount + features.ResetCount > 0 && !capabilities.MidCircuitMeasurement)
        {
            return "it does not support measurement or reset in mid-circuit";
        }

        if (RefuseGates(capabilities, job) is { } gates)
        {
            return gates;
        }

        var available = Math.Min(candidate.Backend.IsLocal ? job.AvailableBytes : long.MaxValue, capabilities.MaxMemoryBytes ?? long.MaxValue);
        if ((candidate.Backend.IsLocal || candidate.Backend.BoundsMemory) && candidate.Prediction.PeakBytes.Lower > available)
        {
            return $"it needs at least {ByteSize.Format(candidate.Prediction.PeakBytes.Lower)} of memory, {ByteSize.Format(available)} may be used";
        }

        if (healthReason is not null)
        {
            return healthReason;
        }

        if (candidate.Cost.Median > job.CostThreshold)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it would cost {candidate.Cost.Median:0.######} {candidate.Cost.Currency}, CostThreshold is {job.CostThreshold:0.######}");
        }

        return job.Deadline is { } deadline && candidate.Prediction.Seconds.Lower + candidate.Prediction.WaitSeconds.Lower > deadline.TotalSeconds
            ? string.Create(CultureInfo.InvariantCulture, $"it would take at least {candidate.Prediction.Seconds.Lower + candidate.Prediction.WaitSeconds.Lower:G3} s, the limit is {deadline.TotalSeconds:G3} s")
            : null;
    }

    private static string? RefuseGates(BackendCapabilities capabilities, JobRequirements job)
    {
        if (capabilities.CliffordOnly && job.Profile.Features is { } features && features.CliffordCount < job.Profile.GateCount)
        {
            return $"it runs Clifford gates only, {job.Profile.GateCount - features.CliffordCount} of {job.Profile.GateCount} gates are none";
        }

        if (capabilities.Gates is not { } gates || job.GateNames is null)
        {
            return null;
        }

        foreach (var name in job.GateNames)
        {
            if (!gates.Contains(name))
            {
                return $"it does not support the gate '{name}'";
            }
        }

        return null;
    }
}
