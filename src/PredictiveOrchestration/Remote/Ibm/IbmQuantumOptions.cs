namespace PredictiveOrchestration.Remote.Ibm;

/// <summary>How to reach IBM Quantum (Qiskit Runtime REST). <see cref="RemoteBackendOptions.Credential"/> is an IBM Cloud API key, <see cref="RemoteBackendOptions.Target"/> a backend such as <c>ibm_kingston</c>.</summary>
public sealed record IbmQuantumOptions : RemoteBackendOptions
{
    /// <summary>Gets the instance's CRN, <c>crn:v1:bluemix:public:quantum-computing:REGION:a/…::</c>.</summary>
    public string Instance { get; init; } = string.Empty;

    /// <summary>Gets the service's address; null (default) for that of the instance's region.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Gets the address of IBM Cloud's identity service.</summary>
    public Uri IdentityEndpoint { get; init; } = new("https://iam.cloud.ibm.com/");

    /// <summary>Gets the version of the interface, a date; default 2026-04-15.</summary>
    public string ApiVersion { get; init; } = "2026-04-15";

    /// <summary>Gets the number of qubits of the backend.</summary>
    public int MaxQubits { get; init; }

    /// <summary>Gets the price of a second of the device in <see cref="RemoteBackendOptions.Currency"/>, by your plan; null (default) if what jobs cost is not to be read from their usage. With <see cref="RemoteBackendOptions.MaxCostPerJob"/> it also gives the whole seconds after which the service ends a job.</summary>
    public decimal? PricePerSecond { get; init; }

    internal Uri Address => Endpoint ?? new Uri(Region is "" or "us-east" ? "https://quantum.cloud.ibm.com/api/v1" : $"https://{Region}.quantum.cloud.ibm.com/api/v1");

    private string Region => Instance.Split(':') is { Length: > 5 } parts ? parts[5] : string.Empty;
}
