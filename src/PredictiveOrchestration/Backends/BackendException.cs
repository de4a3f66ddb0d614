namespace PredictiveOrchestration.Backends;

/// <summary>Why a backend did not run a circuit to its end.</summary>
public enum BackendErrorKind
{
    /// <summary>The circuit or the request is beyond what the backend can do.</summary>
    Unsupported,

    /// <summary>The run needs more memory than allowed or present.</summary>
    OutOfMemory,

    /// <summary>The time limit was reached.</summary>
    TimeLimit,

    /// <summary>The backend cannot be reached or takes no work now.</summary>
    Unavailable,

    /// <summary>The run would cost more than allowed.</summary>
    BudgetRefused,

    /// <summary>The backend failed.</summary>
    Fault,

    /// <summary>Nobody knows yet whether the backend runs the job; nothing else is tried, for that could pay twice.</summary>
    OutcomeUnknown,
}

/// <summary>A backend refused or failed; the message names the backend, the limit and what would do.</summary>
public class BackendException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">Why the run did not end.</param>
    /// <param name="backendId">The backend.</param>
    /// <param name="message">What was being done, the value, the limit and the remedy.</param>
    /// <param name="innerException">The cause, if any.</param>
    public BackendException(BackendErrorKind kind, string backendId, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Kind = kind;
        BackendId = backendId;
    }

    /// <summary>Gets why the run did not end.</summary>
    public BackendErrorKind Kind { get; }

    /// <summary>Gets the backend.</summary>
    public string BackendId { get; }

    /// <summary>Gets the memory that the run would have needed, in bytes, if memory was the reason.</summary>
    public long? RequiredBytes { get; init; }

    /// <summary>Gets the memory that was allowed or present, in bytes, if memory was the reason.</summary>
    public long? AvailableBytes { get; init; }

    /// <summary>Gets the index of the operation reached, if the run had begun.</summary>
    public int? OperationIndex { get; init; }
}
