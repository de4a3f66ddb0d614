using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Routing;

/// <summary>Which backends are asked to plan a circuit before it is decided on: those that may be the best, where the run is long enough to pay for it.</summary>
internal static class WorkForecasts
{
    // Of the time of the best as it seems so far.
    public const double MostShare = 0.02;

    // A backend whose shortest likely time is longer than this many times the best one's is out of the question.
    private const double Hopeless = 2;
    private const double LeastChance = 0.3, TryShare = 0.1;

    /// <summary>Whether any forecast may be worth its time: most jobs are too short for one, which their own predictions say before it is known who can do them.</summary>
    public static bool MayPay(CircuitProfile profile, ReadOnlySpan<IQuantumBackend> backends, ReadOnlySpan<PartialDecision> parts)
    {
        for (var i = 0; i < backends.Length; i++)
        {
            if (backends[i] is IWorkForecaster forecaster && forecaster.ForecastSeconds(profile) <= MostShare * parts[i].Candidate.Prediction.Seconds.Median)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The profile with what backends plan for it; the same if none is asked.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="profile">Its profile.</param>
    /// <param name="backends">The backends.</param>
    /// <param name="predictions">What is predicted from the profile alone, for each backend; null for those that cannot do the job.</param>
    public static CircuitProfile Add(Circuit circuit, CircuitProfile profile, ReadOnlySpan<IQuantumBackend> backends, ReadOnlySpan<BackendPrediction?> predictions)
    {
        var best = Best(predictions);
        for (var i = 0; i < backends.Length; i++)
        {
            if (predictions[i] is { } prediction && backends[i] is IWorkForecaster forecaster && profile.PlannedFor(backends[i].Descriptor.CostModel) is null
                && IsWorth(prediction, best, forecaster.ForecastSeconds(profile)) && forecaster.Forecast(circuit, profile) is { } planned)
            {
                profile = profile with { Planned = profile.Planned.Add(planned) };
            }
        }

        return profile;
    }

    /// <summary>The shortest predicted time.</summary>
    public static double Best(ReadOnlySpan<BackendPrediction?> predictions)
    {
        var best = double.PositiveInfinity;
        foreach (var prediction in predictions)
        {
            best = Math.Min(best, prediction?.Seconds.Median ?? best);
        }

        return best;
    }

    /// <summary>Whether a forecast for a backend is worth its time. Where the backend is done soon or not at all, a try tells as much.</summary>
    public static bool IsWorth(BackendPrediction prediction, double best, double forecastSeconds) =>
        forecastSeconds <= MostShare * best && (prediction.Quick is not { Chance: > LeastChance } soon || forecastSeconds <= TryShare * Math.Exp(soon.LogMean)) && prediction.Seconds.Lower <= Hopeless * best;
}
