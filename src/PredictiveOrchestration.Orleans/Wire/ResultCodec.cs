using System.Text.Json;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.Orleans.Wire;

/// <summary>Results as bytes, in the form of the worker's protocol. Numbers survive exactly.</summary>
internal static class ResultCodec
{
    /// <summary>The longest result, in bytes.</summary>
    public const int MaxBytes = 64 << 20;

    public static byte[] Write(ExecutionResult run) => JsonSerializer.SerializeToUtf8Bytes(WireResult.Of(run), WorkerJson.Default.WireResult);

    /// <exception cref="FormatException">It is damaged.</exception>
    public static ExecutionResult Read(ReadOnlySpan<byte> bytes)
    {
        WireResult wire;
        try
        {
            wire = JsonSerializer.Deserialize(bytes, WorkerJson.Default.WireResult) ?? throw new FormatException("The result is null.");
        }
        catch (JsonException exception)
        {
            throw new FormatException($"The result cannot be read: {exception.Message}", exception);
        }

        return new ExecutionResult
        {
            BackendId = wire.Backend,
            Shots = wire.Shots,
            Seed = wire.Seed,
            Counts = wire.ReadCounts(),
            Probabilities = wire.ReadProbabilities(),
            ExpectationValues = wire.ExpectationValues ?? [],
            IsExact = wire.IsExact,
            Timings = new ExecutionTimings(
                TimeSpan.FromMilliseconds(wire.Timings.QueueMs), TimeSpan.FromMilliseconds(wire.Timings.PrepareMs), TimeSpan.FromMilliseconds(wire.Timings.RunMs), TimeSpan.FromMilliseconds(wire.Timings.SampleMs)),
            PeakMemoryBytes = wire.PeakMemoryBytes,
            PeakNonZeros = wire.PeakNonZeros,
            DiscardedWeight = wire.DiscardedWeight,
            FidelityLowerBound = wire.FidelityLowerBound,
        };
    }
}
