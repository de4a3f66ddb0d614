using System.Net;

namespace PredictiveOrchestration.Remote;

/// <summary>What is known of all attempts of one call together.</summary>
internal sealed class RemoteAttempts
{
    /// <summary>Gets a value indicating whether the service may have acted on one of them: it was sent, and no answer came, or one that leaves it open.</summary>
    public bool MayHaveActed { get; private set; }

    /// <summary>Notes an answer: broken services and time-outs leave it open.</summary>
    public void Answered(HttpStatusCode status) => MayHaveActed |= (int)status >= 500 || status == HttpStatusCode.RequestTimeout;

    /// <summary>Notes an attempt that ended without a whole answer.</summary>
    public void Failed(Exception exception) => MayHaveActed |= RemoteRetries.FailureOf(exception) == RemoteFailure.Unknown;
}
