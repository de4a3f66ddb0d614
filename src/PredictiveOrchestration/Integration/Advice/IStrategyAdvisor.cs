using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Integration.Advice;

/// <summary>Says how a circuit would run better: by which strategy, how exact, in which order of qubits, in which parts. Implementations are thread-safe.</summary>
public interface IStrategyAdvisor
{
    /// <summary>Advises; runs nothing.</summary>
    /// <param name="request">The circuit, and how to ask what a change would give.</param>
    /// <param name="cancellationToken">Gives up.</param>
    StrategyAdvice Advise(AdviceRequest request, CancellationToken cancellationToken = default);
}

/// <summary>What to advise on.</summary>
public sealed record AdviceRequest
{
    /// <summary>Gets the circuit.</summary>
    public required Circuit Circuit { get; init; }

    /// <summary>Gets the name of the strategy in use.</summary>
    public required string Strategy { get; init; }

    /// <summary>Gets the names of the strategies that may be recommended.</summary>
    public required IReadOnlyList<string> Strategies { get; init; }

    /// <summary>Gets a value indicating whether approximate backends are excluded.</summary>
    public required bool RequireExact { get; init; }

    /// <summary>Gets the prediction for a circuit under a strategy, approximate backends included or not; null where nothing can run it.</summary>
    public required Func<Circuit, string, bool, AdvicePrediction?> Predict { get; init; }
}

/// <summary>What a choice is predicted to take.</summary>
/// <param name="BackendId">The backend that would be chosen.</param>
/// <param name="Seconds">The median time, waiting included, in seconds.</param>
/// <param name="Cost">The median cost in the account's currency.</param>
/// <param name="Fidelity">The median fidelity, 0 to 1.</param>
public sealed record AdvicePrediction(string BackendId, double Seconds, decimal Cost, double Fidelity);

/// <summary>Advice for one circuit.</summary>
public sealed record StrategyAdvice
{
    /// <summary>Gets what the circuit takes without any change; null where nothing can run it.</summary>
    public required AdvicePrediction? Now { get; init; }

    /// <summary>Gets the recommended strategy; the one in use if no other gains.</summary>
    public required string Strategy { get; init; }

    /// <summary>Gets a value indicating whether approximate backends should stay excluded; false only as an offer: what they give is not exact.</summary>
    public required bool RequireExact { get; init; }

    /// <summary>Gets the new number of each qubit; null for the order as it is.</summary>
    public IReadOnlyList<int>? QubitOrder { get; init; }

    /// <summary>Gets the blocks that run apart, their results joined exactly; empty for the circuit as a whole.</summary>
    public IReadOnlyList<CircuitBlock> Blocks { get; init; } = [];

    /// <summary>Gets the reasons with what each change is predicted to give, largest gain first.</summary>
    public required IReadOnlyList<Advisory> Advisories { get; init; }
}

/// <summary>One piece of advice.</summary>
/// <param name="Subject">"strategy", "precision", "qubit order" or "blocks".</param>
/// <param name="Text">The advice in words.</param>
/// <param name="Predicted">What the circuit would take with this change alone.</param>
/// <param name="SavedSeconds">The seconds that it saves; infinite where nothing can run the circuit without it.</param>
public sealed record Advisory(string Subject, string Text, AdvicePrediction Predicted, double SavedSeconds);

/// <summary>A part of a circuit that shares no qubit and no classical bit with the rest.</summary>
/// <param name="Circuit">The part, on qubits and bits of its own.</param>
/// <param name="Qubits">The whole circuit's qubit for each of the part's.</param>
/// <param name="Clbits">The whole circuit's classical bit for each of the part's.</param>
public sealed record CircuitBlock(Circuit Circuit, IReadOnlyList<int> Qubits, IReadOnlyList<int> Clbits);
