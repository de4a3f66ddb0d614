namespace PredictiveOrchestration.Remote.Worker;

/// <summary>A backend of the worker.</summary>
internal sealed record WireDevice
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary><c>simulator</c> or <c>hardware</c>.</summary>
    public required string Kind { get; init; }

    public required bool Available { get; init; }

    /// <summary>Why it takes no work, if it takes none.</summary>
    public string? Reason { get; init; }

    public required int MaxQubits { get; init; }

    public required int MaxShots { get; init; }

    public long? MaxMemoryBytes { get; init; }

    public bool MidCircuitMeasurement { get; init; }

    public bool ClassicalControl { get; init; }

    public bool ExactProbabilities { get; init; }

    public bool ExpectationValues { get; init; }

    public bool IsExact { get; init; }

    public bool CliffordOnly { get; init; }

    /// <summary>The supported gates; absent for all.</summary>
    public IReadOnlyList<string>? Gates { get; init; }
}

/// <summary>The body of <c>GET /v1/devices</c>.</summary>
internal sealed record WireDeviceList(IReadOnlyList<WireDevice> Devices);

/// <summary>The body of <c>GET /v1/queue</c> and <c>GET /v1/devices/{id}/queue</c>.</summary>
/// <param name="Length">Jobs that wait.</param>
/// <param name="Running">Jobs under way.</param>
/// <param name="EstimatedWaitMs">The predicted wait of a job submitted now.</param>
/// <param name="AsOf">When this was.</param>
internal sealed record WireQueue(int Length, int Running, double EstimatedWaitMs, DateTimeOffset AsOf);

/// <summary>The body of <c>GET /v1/devices/{id}/calibration</c>. Errors are probabilities, times are in seconds; what is not known is absent.</summary>
internal sealed record WireCalibration
{
    public required string Device { get; init; }

    public required DateTimeOffset AsOf { get; init; }

    public double? OneQubitError { get; init; }

    public double? TwoQubitError { get; init; }

    public double? ReadoutError { get; init; }

    /// <summary>That a 1 is read as 0, where it is known apart.</summary>
    public double? ReadoutErrorOfOne { get; init; }

    public double? T1 { get; init; }

    public double? T2 { get; init; }

    public double? OneQubitSeconds { get; init; }

    public double? TwoQubitSeconds { get; init; }

    public double? ReadoutSeconds { get; init; }

    public int? NumQubits { get; init; }

    /// <summary>The pairs that meet directly, and the gates, of a device that transpiles; absent of one that runs circuits as they are.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? Couplings { get; init; }

    public IReadOnlyList<string>? BasisGates { get; init; }

    /// <summary>Absent for true.</summary>
    public bool? VirtualZ { get; init; }

    /// <summary>By qubit.</summary>
    public IReadOnlyDictionary<string, double>? OneQubitErrors { get; init; }

    /// <summary>By pair, such as <c>0-1</c>.</summary>
    public IReadOnlyDictionary<string, double>? TwoQubitErrors { get; init; }

    /// <summary>By qubit.</summary>
    public IReadOnlyDictionary<string, double>? ReadoutErrors { get; init; }

    /// <summary>By qubit.</summary>
    public IReadOnlyDictionary<string, double>? ReadoutErrorsOfOne { get; init; }
}

/// <summary>A predicted quantity: the median and an interval that holds in nine cases of ten.</summary>
internal sealed record WireInterval(double Median, double Lower, double Upper);

/// <summary>The answer to <c>POST /v1/estimate</c>.</summary>
internal sealed record WireEstimate
{
    /// <summary>The backend that would run it.</summary>
    public required string Device { get; init; }

    public required WireInterval RunMs { get; init; }

    public required double WaitMs { get; init; }

    public required WireInterval PeakMemoryBytes { get; init; }

    public required WireInterval Fidelity { get; init; }

    public required WireInterval Cost { get; init; }

    public required string Currency { get; init; }

    /// <summary>The date of the prices.</summary>
    public DateOnly? PricesAsOf { get; init; }

    public required DateTimeOffset AsOf { get; init; }
}

/// <summary>An error (RFC 9457).</summary>
internal sealed record WireProblem
{
    /// <summary>A stable URN.</summary>
    public required string Type { get; init; }

    public required string Title { get; init; }

    public required int Status { get; init; }

    public string? Detail { get; init; }

    public string? Instance { get; init; }

    /// <summary>Whether the same request may succeed later.</summary>
    public bool Retryable { get; init; }

    public string? RequestId { get; init; }

    /// <summary>What is wrong with the program or the fields, one message each.</summary>
    public IReadOnlyList<string>? Errors { get; init; }
}
