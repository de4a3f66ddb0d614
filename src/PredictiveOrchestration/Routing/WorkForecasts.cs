using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Routing;

/// <summary>Which backends are asked to plan a circuit before it is decided on: those of which a plan may change the choice, where that is worth its time.</summary>
internal static class WorkForecasts
{
    // Of the time of the best as it seems so far.
    private const double MostShare = 0.02;

    // A backend whose shortest likely time is longer than this many times the best one's is out of the question.
    private const double Hopeless = 2;

    // What is as cheap as that is asked of all others: records are the better for it.
    private const double SmallShare = 0.002;
    private const double LeastChance = 0.3, TryShare = 0.1;

    // Deciding is to be done within 300 µs, 99 times in 100: what takes longer is to be worth so many times its time.
    private const double LongSeconds = 1e-4, OfLong = 10;

    /// <summary>Whether any forecast may be worth its time: most jobs are too short for one, which their own predictions say before it is known who can do them.</summary>
    public static bool MayPay(CircuitProfile profile, ReadOnlySpan<IQuantumBackend> backends, ReadOnlySpan<PartialDecision> parts)
    {
        for (var i = 0; i < backends.Length; i++)
        {
            if (backends[i] is IWorkForecaster forecaster && IsShort(forecaster.ForecastSeconds(profile), parts[i].Candidate.Prediction.Seconds.Median))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a forecast is short beside a job.</summary>
    /// <param name="forecastSeconds">What the forecast takes.</param>
    /// <param name="seconds">What the job takes at the least.</param>
    public static bool IsShort(double forecastSeconds, double seconds) => forecastSeconds <= MostShare * seconds;

    /// <summary>The profile with what backends plan for it; the same if none is asked.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="profile">Its profile.</param>
    /// <param name="backends">The backends.</param>
    /// <param name="predictions">What is predicted from the profile alone, for each backend; null for those that cannot do the job.</param>
    public static CircuitProfile Add(Circuit circuit, CircuitProfile profile, ReadOnlySpan<IQuantumBackend> backends, ReadOnlySpan<BackendPrediction?> predictions)
    {
        for (var i = 0; i < backends.Length; i++)
        {
            if (predictions[i] is not null && backends[i] is IWorkForecaster forecaster && profile.PlannedFor(backends[i].Descriptor.CostModel) is null
                && IsWorth(predictions, i, forecaster.ForecastSeconds(profile)) && forecaster.Forecast(circuit, profile) is { } planned)
            {
                profile = profile with { Planned = profile.Planned.Add(planned) };
            }
        }

        return profile;
    }

    /// <summary>
    /// Whether a forecast for a backend is worth its time: it is next to nothing, or less than what would be saved on average if the backend's time were known before the choice (the value of
    /// perfect information), times what a plan tells of it. Where the backend is done soon or not at all, a try tells as much.
    /// </summary>
    /// <param name="predictions">What is predicted from the profile alone, for each backend; null for those that cannot do the job.</param>
    /// <param name="backend">The place of the backend, which can do it.</param>
    /// <param name="forecastSeconds">What the forecast takes.</param>
    public static bool IsWorth(ReadOnlySpan<BackendPrediction?> predictions, int backend, double forecastSeconds)
    {
        var shortest = double.PositiveInfinity;
        foreach (var prediction in predictions)
        {
            shortest = Math.Min(shortest, prediction?.Seconds.Median ?? shortest);
        }

        var asked = predictions[backend]!;
        var isPossible = IsShort(forecastSeconds, shortest) && asked.Seconds.Lower <= Hopeless * shortest
            && (asked.Quick is not { Chance: > LeastChance } soon || forecastSeconds <= TryShare * Math.Exp(soon.LogMean));
        if (!isPossible || forecastSeconds <= Math.Min(LongSeconds, SmallShare * shortest))
        {
            return isPossible;
        }

        var other = LeastOfOthers(predictions, backend);
        return other < double.PositiveInfinity
            && (forecastSeconds > LongSeconds ? OfLong : 1) * forecastSeconds < CostBasisCatalog.Get(asked.Backend.CostModel).PlanTells * Math.Min(LogNormal.MeanBelow(asked, other), LogNormal.MeanAbove(asked, other));
    }

    /// <summary>
    /// Whether the sketch of a matrix product state is worth its time: it may be chosen as it is, there is nothing else, or it would save more on average than it takes if it told all.
    /// </summary>
    /// <param name="predictions">What is predicted for each backend, for the one without the sketch roughly; null for those that cannot do the job.</param>
    /// <param name="backend">The place of that one.</param>
    /// <param name="sketchSeconds">What the sketch takes.</param>
    public static bool IsWorthSketching(ReadOnlySpan<BackendPrediction?> predictions, int backend, double sketchSeconds)
    {
        var other = LeastOfOthers(predictions, backend);
        return predictions[backend] is { } rough && (!(rough.MeanSeconds > other) || (sketchSeconds < other && sketchSeconds < LogNormal.MeanBelow(rough, other)));
    }

    private static double LeastOfOthers(ReadOnlySpan<BackendPrediction?> predictions, int backend)
    {
        var least = double.PositiveInfinity;
        for (var i = 0; i < predictions.Length; i++)
        {
            least = i != backend && predictions[i] is { } prediction ? Math.Min(least, prediction.MeanSeconds) : least;
        }

        return least;
    }
}
