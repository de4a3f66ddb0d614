namespace PredictiveOrchestration.Remote.Worker;

/// <summary>Names and limits that client and server share.</summary>
internal static class WorkerProtocol
{
    /// <summary>The media type of an error (RFC 9457).</summary>
    public const string ProblemMediaType = "application/problem+json";

    /// <summary>The header that makes a submission safe to repeat: 1 to 200 printable ASCII characters.</summary>
    public const string IdempotencyKeyHeader = "Idempotency-Key";

    /// <summary>Set to <c>true</c> on an answer that repeats an earlier one.</summary>
    public const string IdempotencyReplayedHeader = "Idempotency-Replayed";

    /// <summary>What every problem's type begins with.</summary>
    public const string ProblemPrefix = "urn:predictive-orchestration:problem:";

    /// <summary>The device that lets the worker choose among its backends.</summary>
    public const string AutoDevice = "auto";

    /// <summary>The longest wait in seconds that <c>Prefer: wait</c> is granted.</summary>
    public const int MaxWaitSeconds = 60;

    /// <summary>The longest idempotency key.</summary>
    public const int MaxKeyLength = 200;

    /// <summary>The deepest JSON either side reads.</summary>
    public const int MaxJsonDepth = 16;

    public const string OpenQasm2 = "openqasm2";
    public const string OpenQasm3 = "openqasm3";
}
