using System.Text.Json;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Noise;

namespace PredictiveOrchestration.Remote.Worker;

/// <summary>Makes backends of workers.</summary>
public static class WorkerBackend
{
    /// <summary>Makes a backend that assumes what the built-in engines can do; nothing is sent yet.</summary>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    public static RemoteBackend Create(WorkerBackendOptions options) => Make(options, new BackendCapabilities { MaxQubits = 10_000, MaxShots = 1_000_000, ExactProbabilities = true, ExpectationValues = true, IsExact = true }, false, null);

    /// <summary>Asks the worker what its devices can do, and makes a backend with these capabilities.</summary>
    /// <exception cref="ArgumentException">Options are wrong; all failures are named.</exception>
    /// <exception cref="BackendException">The worker cannot be reached, refuses, or has no such device.</exception>
    public static async Task<RemoteBackend> ConnectAsync(WorkerBackendOptions options, CancellationToken cancellationToken = default)
    {
        await using var probe = Create(options);
        var client = new WorkerClient(probe.Descriptor.Id, options);
        var reply = await probe.Http.SendAsync(new RemoteCall(HttpMethod.Get, "v1/devices"), cancellationToken).ConfigureAwait(false);
        WireDeviceList list;
        try
        {
            list = JsonSerializer.Deserialize(reply.Body.Span, WorkerJson.Default.WireDeviceList)!;
        }
        catch (JsonException exception)
        {
            throw new BackendException(BackendErrorKind.Fault, probe.Descriptor.Id, $"'{options.Endpoint}' does not answer as a worker does.", exception);
        }

        var devices = list.Devices.Where(d => options.Target == WorkerProtocol.AutoDevice ? d.Available : d.Id == options.Target).ToList();
        if (devices is [{ IsExact: false }] && options.Target != WorkerProtocol.AutoDevice)
        {
            try
            {
                return Make(options, Together(devices), devices[0].Kind == "hardware", client, await client.GetCalibrationAsync(probe.Http, cancellationToken).ConfigureAwait(false));
            }
            catch (FormatException exception)
            {
                throw new BackendException(BackendErrorKind.Fault, probe.Descriptor.Id, $"The calibration of '{options.Target}' cannot be read: {exception.Message}", exception);
            }
        }

        return devices.Count == 0
            ? throw new BackendException(BackendErrorKind.Unsupported, probe.Descriptor.Id, $"The worker '{options.Endpoint}' has no device '{options.Target}'. It has {string.Join(", ", list.Devices.Select(d => d.Id))}.")
            : Make(options, Together(devices), devices.All(d => d.Kind == "hardware"), client);
    }

    // What any of them can do: the worker chooses one that can do all of it, or refuses.
    private static BackendCapabilities Together(List<WireDevice> devices) => new()
    {
        MaxQubits = devices.Max(d => d.MaxQubits),
        MaxShots = devices.Max(d => d.MaxShots),
        MidCircuitMeasurement = devices.Exists(d => d.MidCircuitMeasurement),
        ClassicalControl = devices.Exists(d => d.ClassicalControl),
        ExactProbabilities = devices.Exists(d => d.ExactProbabilities),
        ExpectationValues = devices.Exists(d => d.ExpectationValues),
        IsExact = devices.Exists(d => d.IsExact),
        CliffordOnly = devices.TrueForAll(d => d.CliffordOnly),
        Gates = devices.TrueForAll(d => d.Gates is not null) ? devices.SelectMany(d => d.Gates!).ToHashSet(StringComparer.Ordinal) : null,
    };

    private static RemoteBackend Make(WorkerBackendOptions options, BackendCapabilities capabilities, bool isDevice, WorkerClient? client, DeviceCalibration? calibration = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate(
            options.Endpoint,
            options.LongPoll >= TimeSpan.Zero && options.LongPoll <= TimeSpan.FromSeconds(WorkerProtocol.MaxWaitSeconds) && options.LongPoll < options.AttemptTimeout
                ? [] : [$"LongPoll is {options.LongPoll}; accepted are 0 to {WorkerProtocol.MaxWaitSeconds} s, less than AttemptTimeout"]);
        var id = options.Id ?? $"worker-{options.Endpoint.Host}-{options.Endpoint.Port}" + (options.Target == WorkerProtocol.AutoDevice ? string.Empty : "-" + options.Target);
        var descriptor = new BackendDescriptor
        {
            Id = id,
            Type = isDevice ? BackendType.HardwareBackend : BackendType.RemoteCloud,
            DisplayName = options.DisplayName ?? $"Worker at {options.Endpoint.Authority}",
            Capabilities = capabilities,
            Errors = calibration?.ToErrorRates(),
        };
        return new RemoteBackend(client ?? new WorkerClient(id, options), descriptor, options.Endpoint, options, new HeaderAuthorizer(options.Credential), null);
    }
}
