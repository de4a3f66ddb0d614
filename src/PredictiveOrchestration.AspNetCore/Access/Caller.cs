namespace PredictiveOrchestration.AspNetCore.Access;

/// <summary>Who asks: jobs are seen by their owner only.</summary>
/// <param name="Owner">The key's name, or <c>local</c> where there are no keys.</param>
/// <param name="Key">The key, or null where there are none.</param>
/// <param name="Rate">How many submissions are let through, or null for any number.</param>
internal sealed record Caller(string Owner, WorkerApiKey? Key, SubmissionRate? Rate)
{
    /// <summary>The name of whoever uses a worker without keys.</summary>
    public const string Local = "local";
}
