using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Routing;

namespace Embedding;

/// <summary>The converter, both ways.</summary>
internal static class Converter
{
    public static Circuit ToCircuit(HostCircuit host) => host.Steps.Aggregate(new CircuitBuilder(host.Qubits), (b, s) => b.MCX(s.On[..^1], s.On[^1])).MeasureAll().Build();

    public static HostCircuit ToHost(Circuit circuit)
    {
        var steps = new List<(string, int[])>();
        foreach (ref readonly var op in circuit.Operations)
        {
            if (op.Kind == OperationKind.Gate)
            {
                steps.Add(("not", circuit.QubitsOf(op).ToArray()));
            }
        }

        return new HostCircuit(circuit.NumQubits, steps);
    }
}

/// <summary>The host's simulator as a backend.</summary>
internal sealed class HostBackend : IQuantumBackend
{
    public BackendDescriptor Descriptor { get; } = new()
    {
        Id = "host", Type = BackendType.LocalDenseTensor, DisplayName = "the host's simulator", IsLocal = true,
        Capabilities = new BackendCapabilities { MaxQubits = 64, IsExact = true, MidCircuitMeasurement = false, ClassicalControl = false, Gates = new HashSet<string> { "x" } },
    };

    public Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default)
    {
        var start = TimeProvider.System.GetTimestamp();
        var outcome = new BitString(HostSimulator.Run(Converter.ToHost(request.Circuit)), request.Circuit.NumQubits);
        return Task.FromResult(new ExecutionResult
        {
            BackendId = "host", Shots = request.Shots, Seed = request.Seed, IsExact = true, PeakMemoryBytes = 8, Counts = new Dictionary<BitString, long> { [outcome] = request.Shots },
            Timings = new ExecutionTimings(TimeSpan.Zero, TimeSpan.Zero, TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero),
        });
    }
}

/// <summary>The host's scheduler as a router: its own simulator first, then by time.</summary>
internal sealed class HostScheduler : IBackendRouter
{
    public string Name => "host";

    public IReadOnlyList<RankedBackend> Rank(RoutingContext context) =>
        [.. context.Candidates.Select(c => new RankedBackend(c, c.Backend.Id == "host" ? 1e-9 : c.TotalSeconds, 1, $"{c.TotalSeconds:G3} s")).OrderBy(r => r.Loss)];
}
