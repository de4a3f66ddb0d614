namespace PredictiveOrchestration.Circuits;

/// <summary>A circuit was built or changed in a way that has no meaning; the message names the operation, the value and the remedy.</summary>
public sealed class CircuitException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was being done, the offending value and the remedy.</param>
    /// <param name="gate">The gate concerned, if any.</param>
    /// <param name="operationIndex">The index of the operation concerned, or -1.</param>
    public CircuitException(string message, string? gate = null, int operationIndex = -1)
        : base(message)
    {
        Gate = gate;
        OperationIndex = operationIndex;
    }

    /// <summary>Gets the gate concerned, if any.</summary>
    public string? Gate { get; }

    /// <summary>Gets the index of the operation concerned, or -1.</summary>
    public int OperationIndex { get; }
}
