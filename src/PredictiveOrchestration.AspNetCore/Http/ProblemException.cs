namespace PredictiveOrchestration.AspNetCore.Http;

/// <summary>A request that cannot be served, as both protocols put it into their words.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="code">A stable code, the end of the problem's type.</param>
/// <param name="message">What is wrong, the limit, the remedy.</param>
internal sealed class ProblemException(int status, string code, string message) : Exception(message)
{
    public int Status => status;

    public string Code => code;

    /// <summary>When to try again; then trying again may help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What is wrong in detail, one message each.</summary>
    public IReadOnlyList<string>? Errors { get; init; }

    /// <summary>How IonQ's protocol calls it, where that has a word.</summary>
    public string? IonQCode { get; init; }

    public static ProblemException NotFound(string what) => new(404, "not-found", $"There is no {what}, or it is not yours.");

    public static ProblemException Invalid(string message, IReadOnlyList<string>? errors = null) => new(400, "invalid-request", message) { Errors = errors };
}
