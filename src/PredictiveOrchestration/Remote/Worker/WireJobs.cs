namespace PredictiveOrchestration.Remote.Worker;

/// <summary>A program as it is sent.</summary>
/// <param name="Format"><c>openqasm2</c> or <c>openqasm3</c>; the source's own version line decides.</param>
/// <param name="Data">The source text.</param>
internal sealed record WireProgram(string Format, string Data);

/// <summary>One product of Pauli operators.</summary>
/// <param name="Label">One letter a qubit, qubit 0 rightmost.</param>
/// <param name="Coefficient">Its real factor.</param>
internal sealed record WirePauliTerm(string Label, double Coefficient = 1);

/// <summary>The body of <c>POST /v1/jobs</c> and <c>POST /v1/estimate</c>. Setters, because generated readers give absent init-only properties no default.</summary>
internal sealed record WireSubmission
{
    public WireProgram? Program { get; set; }

    /// <summary>A device's id, or <c>auto</c>.</summary>
    public string Device { get; set; } = WorkerProtocol.AutoDevice;

    public int Shots { get; set; } = 1000;

    public ulong Seed { get; set; }

    /// <summary>How many of the most probable outcomes to return with their exact probability.</summary>
    public int TopProbabilities { get; set; }

    /// <summary>Sums of Pauli terms.</summary>
    public IReadOnlyList<IReadOnlyList<WirePauliTerm>>? Observables { get; set; }

    public bool RequireExact { get; set; } = true;

    public WireLimits? Limits { get; set; }

    public string? Name { get; set; }

    public IReadOnlyDictionary<string, string>? Metadata { get; set; }

    /// <summary>Validate and price only: the job ends at once, without a result.</summary>
    public bool DryRun { get; set; }
}

/// <summary>Limits of one job; absent means the server's own.</summary>
internal sealed record WireLimits
{
    /// <summary>The longest run in seconds, without the queue.</summary>
    public double? Seconds { get; init; }

    public long? MemoryBytes { get; init; }

    /// <summary>The most that it may cost.</summary>
    public decimal? Cost { get; init; }
}

/// <summary>A job as <c>GET /v1/jobs/{id}</c> shows it.</summary>
internal sealed record WireJob
{
    public required string Id { get; init; }

    public required JobState Status { get; init; }

    /// <summary>What was asked for: a device's id or <c>auto</c>.</summary>
    public required string Device { get; init; }

    /// <summary>The backend that ran it, once it has.</summary>
    public string? Backend { get; init; }

    public string? Name { get; init; }

    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    public int Shots { get; init; }

    public bool DryRun { get; init; }

    public int NumQubits { get; init; }

    public DateTimeOffset SubmittedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>The jobs that are before this one, while it waits.</summary>
    public int? QueuePosition { get; init; }

    /// <summary>The predicted wait from now, while it waits.</summary>
    public double? EstimatedWaitMs { get; init; }

    /// <summary>The predicted time of the run.</summary>
    public double? EstimatedRunMs { get; init; }

    public WireCost? Cost { get; init; }

    public WireFailure? Failure { get; init; }
}

/// <summary>Money.</summary>
/// <param name="Estimated">What it was predicted to cost.</param>
/// <param name="Actual">What it did cost, once known.</param>
/// <param name="Currency">In which currency.</param>
internal sealed record WireCost(decimal Estimated, decimal? Actual, string Currency);

/// <summary>Why a job failed.</summary>
/// <param name="Code">A stable code: <c>invalid_program</c>, <c>unsupported</c>, <c>out_of_memory</c>, <c>time_limit</c>, <c>budget_refused</c>, <c>interrupted</c> or <c>fault</c>.</param>
/// <param name="Message">What a person can do about it.</param>
/// <param name="Retryable">Whether the same submission may succeed later.</param>
internal sealed record WireFailure(string Code, string Message, bool Retryable = false);

/// <summary>The body of <c>GET /v1/jobs</c>.</summary>
/// <param name="Jobs">The newest first.</param>
/// <param name="Next">Where the next page begins, or absent.</param>
internal sealed record WireJobPage(IReadOnlyList<WireJob> Jobs, string? Next);
