using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Remote.IonQ;

/// <summary>Makes backends of IonQ's cloud.</summary>
public static class IonQBackend
{
    /// <summary>Makes a backend; nothing is sent yet.</summary>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    public static RemoteBackend Create(IonQOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Make(options, new IonQProtocol(IdOf(options), options), null);
    }

    /// <summary>Asks the service for the target's characterization, and makes a backend whose fidelity is predicted from it.</summary>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    /// <exception cref="BackendException">The service cannot be reached or refuses.</exception>
    public static async Task<RemoteBackend> ConnectAsync(IonQOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var protocol = new IonQProtocol(IdOf(options), options);
        await using var probe = Make(options with { Journal = new MemoryJobJournal() }, protocol, null);
        return Make(options, protocol, await probe.GetCalibrationAsync(cancellationToken).ConfigureAwait(false));
    }

    private static string IdOf(IonQOptions options) => options.Id ?? "ionq-" + options.Target.Replace("qpu.", string.Empty, StringComparison.Ordinal);

    private static RemoteBackend Make(IonQOptions options, IonQProtocol protocol, Noise.DeviceCalibration? calibration)
    {
        int? published = options.Target switch
        {
            "simulator" => 29,
            "qpu.forte-1" or "qpu.forte-enterprise-1" => 36,
            _ => null,
        };
        var qubits = options.MaxQubits ?? published;
        options.Validate(options.Endpoint, qubits is >= 1 and <= 10_000 ? [] : [$"MaxQubits is '{options.MaxQubits}'; say how many qubits '{options.Target}' has, 1 to 10000"]);
        var id = IdOf(options);
        var isDevice = options.Target != "simulator";
        var descriptor = new BackendDescriptor
        {
            Id = id,
            Type = isDevice ? BackendType.HardwareBackend : BackendType.RemoteCloud,
            DisplayName = options.DisplayName ?? $"IonQ {options.Target}",
            Errors = calibration?.ToErrorRates(),
            Capabilities = new BackendCapabilities
            {
                MaxQubits = qubits!.Value,
                MaxShots = 1_000_000,
                MidCircuitMeasurement = false,
                ClassicalControl = false,
                IsExact = !isDevice && (options.NoiseModel is null or "ideal"),
            },
        };

        // No rate is documented; polite is what a person would do.
        return new RemoteBackend(protocol, descriptor, options.Endpoint, options, new HeaderAuthorizer(options.Credential, "apiKey "), new RemoteRateLimit(10, 20));
    }
}
