using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Prediction;

/// <summary>What one backend would take for one job. Cost is not here: it is priced from this.</summary>
public sealed record BackendPrediction
{
    private double _meanSeconds;

    /// <summary>Gets the backend.</summary>
    public required BackendDescriptor Backend { get; init; }

    /// <summary>Gets the service time in seconds: preparing, running and sampling, without waiting.</summary>
    public required Estimate Seconds { get; init => (field, _meanSeconds) = (value, double.NaN); }

    /// <summary>Gets the wait in a remote queue in seconds; zero for local backends.</summary>
    public required Estimate WaitSeconds { get; init => (field, _meanSeconds) = (value, double.NaN); }

    /// <summary>Gets the peak memory in bytes, on this machine or, for a <see cref="BackendDescriptor.BoundsMemory"/>, on its own; the upper end is a bound, the lower end what is needed at the least.</summary>
    public required Estimate PeakBytes { get; init; }

    /// <summary>Gets the fidelity of the result, 0 to 1.</summary>
    public required Estimate Fidelity { get; init; }

    /// <summary>Gets what the circuit becomes on the backend's device, from which fidelity and cost are predicted; null if it runs as it is, or that is not known.</summary>
    public DeviceCounts? OnDevice { get; init; }

    /// <summary>Gets what the provider charged lately over what the price list says; 1 where they agree.</summary>
    public double CostFactor { get; init; } = 1;

    /// <summary>Gets the standard deviation of the natural logarithm of the service time.</summary>
    public required double LogSecondsSigma { get; init; }

    /// <summary>Gets the terms of the median time, largest first, in seconds.</summary>
    public required IReadOnlyList<PredictionTerm> Terms { get; init; }

    /// <summary>Gets how the time was predicted, "prior", "analytic", "analytic + learned", "structure cache" or, where nobody asked for more, "rough".</summary>
    public required string Source { get; init; }

    /// <summary>The run, of those that stand for all that were learned from, that is most like the job; null while nothing is learned. Found when asked for: no decision needs it.</summary>
    internal TrainingRow? Nearest => Learned?.NearestTo(Features);

    /// <summary>Whether it goes by a rough estimate that a sketch would take the place of.</summary>
    internal bool IsRough { get; init; }

    /// <summary>What was learned, if anything.</summary>
    internal ResidualModel? Learned { get; init; }

    /// <summary>The job as it was learned from.</summary>
    internal float[] Features { get; init; } = [];

    /// <summary>How likely it is done soon, if its terms say longer than any run ever took; a chance of 0 otherwise.</summary>
    internal QuickRuns Quick { get; init => (field, _meanSeconds) = (value, double.NaN); }

    /// <summary>The seconds to reckon with: the median, unless the job is likely to be done soon or not at all.</summary>
    internal double LikelySeconds => Quick.Chance > 0 ? Quick.Expected(Seconds.Median) : Seconds.Median;

    /// <summary>The expected seconds to the result, found when first asked for; two threads find the same.</summary>
    internal double MeanSeconds => double.IsNaN(_meanSeconds) ? _meanSeconds = Routing.LogNormal.Mean(this) : _meanSeconds;

    /// <summary>Gets the number of observations of this backend behind the prediction.</summary>
    public required int Observations { get; init; }
}

/// <summary>One addend of a predicted time.</summary>
/// <param name="Name">What it stands for, such as "updates".</param>
/// <param name="Seconds">Its share of the median, in seconds.</param>
public readonly record struct PredictionTerm(string Name, double Seconds);

/// <summary>What is asked of a job besides its circuit.</summary>
/// <param name="Shots">The number of shots.</param>
/// <param name="Threads">The number of threads that a local run may use.</param>
/// <param name="Observables">The number of Pauli terms to evaluate.</param>
/// <param name="TopProbabilities">The number of exact probabilities asked for; 0 for none.</param>
public readonly record struct JobShape(int Shots, int Threads, int Observables, int TopProbabilities);
