using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Execution;

/// <summary>
/// What it takes to copy a state out of an engine and into one, per byte: measured at start, then learned from every swap. Thread-safe.
/// </summary>
internal sealed class ConversionCosts(TimeProvider time)
{
    private const double PriorSecondsPerByte = 1e-9;
    private const double Gain = 0.2;
    private const int CalibrationQubits = 16;

    // The first are the compiler's, and a neighbour may have the processor in some.
    private const int CalibrationRounds = 8;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, double> _out = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _in = new(StringComparer.Ordinal);

    /// <summary>What any hand-over takes, without making the new state.</summary>
    public const double LeastSeconds = 2e-6;

    /// <summary>What it takes to copy out, for each byte of the state and of the copy.</summary>
    public double OutSecondsPerByte(string from) => Known(_out, from);

    /// <summary>What it takes to copy in, for each byte of the copy.</summary>
    public double InSecondsPerByte(string to) => Known(_in, to);

    /// <summary>Learns from a copy out.</summary>
    public void ObserveOut(string from, double stateBytes, double snapshotBytes, double seconds) => Observe(_out, from, stateBytes + snapshotBytes, seconds);

    /// <summary>Learns from a copy in.</summary>
    public void ObserveIn(string to, double snapshotBytes, double seconds) => Observe(_in, to, snapshotBytes, seconds);

    /// <summary>Times hand-overs of a small state between engines.</summary>
    public async Task CalibrateAsync(IEnumerable<IQuantumBackend> backends, CancellationToken cancellationToken)
    {
        // Half the amplitudes, so that the compact form is used.
        var builder = new CircuitBuilder(CalibrationQubits);
        for (var q = 0; q < CalibrationQubits - 2; q++)
        {
            builder.H(q);
        }

        var circuit = builder.CX(0, CalibrationQubits - 2).CX(1, CalibrationQubits - 1).Build();
        var request = new ExecutionRequest { Circuit = circuit, Shots = 0 };
        foreach (var backend in backends.OfType<ISegmentedBackend>())
        {
            var id = backend.Descriptor.Id;
            try
            {
                for (var round = 0; round < CalibrationRounds; round++)
                {
                    using var session = await backend.OpenAsync(request, null, cancellationToken).ConfigureAwait(false);
                    session.Advance(circuit.Operations.Length);
                    var bytes = session.Observe().MemoryBytes;
                    var start = time.GetTimestamp();
                    var snapshot = session.TakeSnapshot(compact: true);
                    Least(_out, id, (bytes + snapshot.SizeBytes, time.GetElapsedTime(start).TotalSeconds));
                    start = time.GetTimestamp();
                    using var next = await backend.OpenAsync(request, snapshot, cancellationToken).ConfigureAwait(false);
                    Least(_in, id, (snapshot.SizeBytes, time.GetElapsedTime(start).TotalSeconds));
                }
            }
            catch (BackendException)
            {
                // The prior stands; such an engine takes or gives no states, or the machine has no room now.
            }
        }
    }

    private double Known(Dictionary<string, double> costs, string id)
    {
        lock (_lock)
        {
            return costs.GetValueOrDefault(id, PriorSecondsPerByte);
        }
    }

    private void Least(Dictionary<string, double> costs, string id, (double Bytes, double Seconds) seen)
    {
        lock (_lock)
        {
            costs[id] = Math.Min(costs.GetValueOrDefault(id, double.PositiveInfinity), seen.Seconds / Math.Max(1, seen.Bytes));
        }
    }

    private void Observe(Dictionary<string, double> costs, string id, double bytes, double seconds)
    {
        if (bytes < 1 << 16 || !(seconds > 0))
        {
            return;
        }

        lock (_lock)
        {
            var known = costs.GetValueOrDefault(id, PriorSecondsPerByte);
            costs[id] = known * Math.Pow(Math.Clamp(seconds / bytes / known, 0.1, 10), Gain);
        }
    }
}
