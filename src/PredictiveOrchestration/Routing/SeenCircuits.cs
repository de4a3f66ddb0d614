using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Routing;

/// <summary>
/// The profiles of circuits that were seen. A circuit is known again as the same object while it is alive, and as another object that was built alike for a while: each step of a loop that
/// builds its circuit anew. Thread-safe.
/// </summary>
internal sealed class SeenCircuits
{
    /// <summary>Longer circuits are known by their object alone.</summary>
    public const int LongestCircuit = 20_000;

    // A profile keeps some bytes for each operation.
    private const long Operations = 1 << 20;
    private const int LeastWeight = 1 << 10;
    private readonly ConditionalWeakTable<Circuit, KnownCircuit> _objects = [];
    private readonly RecentValues<UInt128, KnownCircuit> _alike = new(Operations);
    private readonly ConditionalWeakTable<Circuit, KnownCircuit>.CreateValueCallback _find;
    private readonly long _seed = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));

    public SeenCircuits() => _find = FindAlike;

    /// <summary>What is known of a circuit; it is profiled if that is nothing.</summary>
    public KnownCircuit this[Circuit circuit] => _objects.TryGetValue(circuit, out var known) ? known : _objects.GetValue(circuit, _find);

    /// <summary>What is known of a circuit as an object, or null.</summary>
    public KnownCircuit? Find(Circuit circuit) => _objects.TryGetValue(circuit, out var known) ? known : null;

    /// <summary>Replaces what is known of a circuit.</summary>
    public void Set(Circuit circuit, KnownCircuit known) => _objects.AddOrUpdate(circuit, known);

    private KnownCircuit FindAlike(Circuit circuit) =>
        circuit.Operations.Length > LongestCircuit || circuit.Fingerprint(_seed) is not { } key ? New(circuit)
        : _alike.Find(key) ?? _alike.Keep(key, New(circuit), LeastWeight + circuit.Operations.Length);

    private static KnownCircuit New(Circuit circuit) => new(CircuitProfiler.Begin(circuit));
}
