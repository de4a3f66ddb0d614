using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration;

/// <summary>What is known of circuits, also of what devices make of them. Thread-safe.</summary>
/// <param name="stopped">Gives up compiling for devices.</param>
internal sealed class KnownCircuits(CancellationToken stopped)
{
    private readonly SeenCircuits _circuits = new();

    /// <summary>A circuit is immutable: it is profiled once while it is alive.</summary>
    public KnownCircuit Of(Circuit circuit) => _circuits[circuit];

    /// <summary>Where devices may be asked, it is compiled for them once for each set of backends.</summary>
    public KnownCircuit Of(Circuit circuit, OrchestrationRequest request, BackendSet backends)
    {
        var known = Of(circuit);
        if (!backends.HasCompilers || request.RequireExact || known.CompiledFor == backends.Version)
        {
            return known;
        }

        var entries = new List<DeviceEntry>();
        foreach (var backend in backends.Backends)
        {
            if (backend is ICompilingBackend compiler && circuit.NumQubits <= backend.Descriptor.Capabilities.MaxQubits && compiler.Compile(circuit, stopped) is { } counts)
            {
                entries.Add(new DeviceEntry(backend.Descriptor.Id, counts));
            }
        }

        var compiled = new KnownCircuit(known.Profile with { OnDevices = entries.Count == 0 ? null : new DeviceTable(entries) }) { CompiledFor = backends.Version };
        _circuits.Set(circuit, compiled);
        return compiled;
    }

    /// <summary>The profile of a circuit that need not be remembered.</summary>
    public CircuitProfile ProfileOf(Circuit circuit) => _circuits.Find(circuit)?.Profile ?? CircuitProfiler.Begin(circuit);
}
