using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Remote;

namespace PredictiveOrchestration.Aws;

/// <summary>Makes backends of Amazon Braket.</summary>
public static class BraketBackend
{
    /// <summary>Makes a backend; nothing is sent yet.</summary>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    public static RemoteBackend Create(BraketOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Make(options, null).Backend;
    }

    /// <summary>Asks the device for its qubits, its most shots and the hours in which it runs tasks, and makes a backend with them. What the options say comes first.</summary>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    /// <exception cref="BackendException">The service cannot be reached, or refuses.</exception>
    public static async Task<RemoteBackend> ConnectAsync(BraketOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var (probe, protocol) = Make(options with { MaxQubits = options.MaxQubits ?? 1 }, null);
        await using (probe)
        {
            var device = await protocol.DeviceAsync(probe.Http, cancellationToken).ConfigureAwait(false);
            return Make(options with { MaxQubits = options.MaxQubits ?? device.Qubits, Availability = options.Availability.Count > 0 ? options.Availability : device.Windows }, device.MaxShots).Backend;
        }
    }

    private static (RemoteBackend Backend, BraketProtocol Protocol) Make(BraketOptions options, int? shots)
    {
        var name = string.Join('-', options.Target.Split('/').Skip(2)).ToLowerInvariant();
        int? published = name switch
        {
            "amazon-sv1" => 34,
            "amazon-dm1" => 17,
            "amazon-tn1" => 50,
            "ionq-forte-1" or "ionq-forte-enterprise-1" => 36,
            _ => null,
        };
        var qubits = options.MaxQubits ?? published;
        options.Validate(options.Address, [.. options.Failures(), .. qubits is >= 1 and <= 10_000 ? (string[])[] : [$"MaxQubits is '{options.MaxQubits}'; say how many qubits '{options.Target}' has, 1 to 10000, or connect by ConnectAsync, which asks it"]]);
        var id = options.Id ?? "braket-" + name;
        var descriptor = new BackendDescriptor
        {
            Id = id,
            Type = options.IsDevice ? BackendType.HardwareBackend : BackendType.RemoteCloud,
            DisplayName = options.DisplayName ?? $"Amazon Braket {options.Target.Split('/')[^1]}",
            Capabilities = new BackendCapabilities
            {
                MaxQubits = qubits!.Value,
                MaxShots = shots ?? (name == "amazon-tn1" ? 1000 : options.IsDevice ? 10_000 : 100_000),
                MidCircuitMeasurement = false,
                ClassicalControl = false,
                IsExact = !options.IsDevice,
            },
        };
        var credentials = new CredentialSource(options.Credentials);
        var protocol = new BraketProtocol(id, options, new ResultStore(id, options, credentials));

        // Documented are 20 submissions a second, in bursts of 40; calls that only ask may be more.
        var backend = new RemoteBackend(protocol, descriptor, options.Address, options, new SigV4Authorizer(credentials, options.RegionName, "braket", options.Time), new RemoteRateLimit(20, 40));
        return (backend, protocol);
    }
}
