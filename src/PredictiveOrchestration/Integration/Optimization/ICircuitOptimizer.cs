using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>
/// Makes circuits that do the same for less. An orchestrator asks it before a run if <see cref="PredictiveOrchestratorBuilder.UseOptimizer"/> was called. Implementations are thread-safe.
/// </summary>
public interface ICircuitOptimizer
{
    /// <summary>Looks for an equivalent circuit of lower predicted cost.</summary>
    /// <param name="request">The circuit, how it is judged, how long to look.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The best circuit found, equivalent up to a global phase; the circuit itself if nothing better was found.</returns>
    OptimizationResult Optimize(OptimizationRequest request, CancellationToken cancellationToken = default);
}

/// <summary>What to optimise.</summary>
public sealed record OptimizationRequest
{
    /// <summary>Gets the circuit.</summary>
    public required Circuit Circuit { get; init; }

    /// <summary>Gets the predicted time of a circuit in seconds; infinite where nothing can run it. It is asked often, and for the circuit itself first.</summary>
    public required Func<Circuit, double> PredictSeconds { get; init; }

    /// <summary>
    /// Gets a more exact prediction, in seconds, that is asked of the circuit and of the best one found: what is found counts only if it is no slower by this too. Null (default) for none. A
    /// search finds every place where a quick prediction errs.
    /// </summary>
    public Func<Circuit, double>? ConfirmSeconds { get; init; }

    /// <summary>Gets the longest time to look; null (default) for as long as the search takes. With a limit results may differ from run to run.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Gets the seed of the search; without a time limit equal seeds give equal circuits. Default 0.</summary>
    public ulong Seed { get; init; }
}

/// <summary>What an optimizer found.</summary>
public sealed record OptimizationResult
{
    /// <summary>Gets the circuit found, or the one given.</summary>
    public required Circuit Circuit { get; init; }

    /// <summary>Gets the number of gates before.</summary>
    public required int GatesBefore { get; init; }

    /// <summary>Gets the number of gates after.</summary>
    public required int GatesAfter { get; init; }

    /// <summary>Gets the number of gates on two qubits or more before.</summary>
    public required int MultiQubitGatesBefore { get; init; }

    /// <summary>Gets the number of gates on two qubits or more after.</summary>
    public required int MultiQubitGatesAfter { get; init; }

    /// <summary>Gets the predicted time before, in seconds.</summary>
    public required double PredictedSecondsBefore { get; init; }

    /// <summary>Gets the predicted time after, in seconds.</summary>
    public required double PredictedSecondsAfter { get; init; }

    /// <summary>Gets the passes that made it, in order; empty if the circuit is the one given.</summary>
    public required IReadOnlyList<string> Passes { get; init; }

    /// <summary>Gets the time that looking and checking took.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Gets a value indicating whether the run used it: its predicted saving was more than it cost to find. Set by the orchestrator; false by default.</summary>
    public bool IsUsed { get; init; }

    /// <summary>Gets the predicted saving in seconds; negative if the circuit found is slower.</summary>
    public double PredictedSavingSeconds => PredictedSecondsBefore - PredictedSecondsAfter;
}
