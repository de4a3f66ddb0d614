namespace PredictiveOrchestration.Remote.IonQ;

/// <summary>How to reach IonQ's cloud, or anything that speaks its protocol, version 0.4.</summary>
public sealed record IonQOptions : RemoteBackendOptions
{
    /// <summary>Gets the service's address; default <c>https://api.ionq.co/v0.4</c>.</summary>
    public Uri Endpoint { get; init; } = new("https://api.ionq.co/v0.4");

    /// <summary>Gets the number of qubits of the target; null (default) for the published one: 29 of the simulator, 36 of Forte.</summary>
    public int? MaxQubits { get; init; }

    /// <summary>Gets the noise model of the simulator, such as <c>aria-1</c>; null (default) for the ideal one.</summary>
    public string? NoiseModel { get; init; }

    /// <summary>Gets whether devices shall mitigate errors by symmetrisation ("debiasing", at least 500 shots); null (default) for the service's own choice.</summary>
    public bool? Debiasing { get; init; }
}
