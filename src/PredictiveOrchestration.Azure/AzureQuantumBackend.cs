using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Remote;

namespace PredictiveOrchestration.Azure;

/// <summary>Makes backends of Azure Quantum.</summary>
public static class AzureQuantumBackend
{
    /// <summary>Makes a backend; nothing is sent yet.</summary>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    public static RemoteBackend Create(AzureQuantumOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        int? published = options.Target switch
        {
            "ionq.simulator" => 29,
            "ionq.qpu.aria-1" => 25,
            "ionq.qpu.forte-1" or "ionq.qpu.forte-enterprise-1" => 36,
            "rigetti.qpu.ankaa-3" => 84,
            "rigetti.qpu.cepheus-1-36q" => 36,
            "rigetti.qpu.cepheus-1-108q" => 108,
            _ when options.Target.Contains(".h1-", StringComparison.Ordinal) => 20,
            _ when options.Target.Contains(".h2-", StringComparison.Ordinal) => 56,
            _ => null,
        };
        var qubits = options.MaxQubits ?? published;
        options.Validate(options.Address, [.. options.Failures(), .. qubits is >= 1 and <= 10_000 ? (string[])[] : [$"MaxQubits is '{options.MaxQubits}'; say how many qubits '{options.Target}' has, 1 to 10000"]]);
        var id = options.Id ?? "azure-" + options.Target.Replace('.', '-');
        var isIonQ = options.Provider == "ionq";
        var descriptor = new BackendDescriptor
        {
            Id = id,
            Type = options.Target.Contains(".qpu", StringComparison.Ordinal) ? BackendType.HardwareBackend : BackendType.RemoteCloud,
            DisplayName = options.DisplayName ?? $"Azure Quantum {options.Target}",
            Capabilities = new BackendCapabilities
            {
                MaxQubits = qubits!.Value,
                MaxShots = isIonQ ? 1_000_000 : 10_000,
                MidCircuitMeasurement = options.Provider == "quantinuum",
                ClassicalControl = false,

                // Quantinuum's emulators have its noise, and its syntax checkers answer with zeros.
                IsExact = options.Target is "ionq.simulator" or "rigetti.sim.qvm",
            },
        };
        IRemoteAuthorizer authorizer = options.Credential is { } key ? new HeaderAuthorizer(key, string.Empty, "x-ms-quantum-api-key") : new AzureAuthorizer(options);

        // No rate is documented; polite is what a person would do.
        return new RemoteBackend(new AzureQuantumProtocol(id, options, AzureFormat.Of(options.Provider)!), descriptor, options.Address, options, authorizer, new RemoteRateLimit(10, 20));
    }
}
