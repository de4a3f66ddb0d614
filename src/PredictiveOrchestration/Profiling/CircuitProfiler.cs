using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>Makes <see cref="CircuitProfile"/>s: one forward pass over the operations and one backward. Thread-safe.</summary>
public static class CircuitProfiler
{
    /// <summary>Profiles a circuit.</summary>
    public static CircuitProfile Profile(Circuit circuit)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        return Of(circuit, leavesChain: false);
    }

    /// <summary>As <see cref="Profile"/>, but with a rough estimate in place of the sketch of a matrix product state, which <see cref="WithChain"/> makes where it matters.</summary>
    internal static CircuitProfile Begin(Circuit circuit) => Of(circuit, leavesChain: true);

    /// <summary>The profile with that sketch: it is gone on with where the thread profiled nothing else since, and made anew elsewhere.</summary>
    internal static CircuitProfile WithChain(Circuit circuit, CircuitProfile profile) =>
        profile.IsChainRough ? profile.WithChain(ChainSketch.Resume(profile.Features!) ?? new ForwardPass(circuit).Features().ChainWork) : profile;

    private static CircuitProfile Of(Circuit circuit, bool leavesChain)
    {
        var forward = new ForwardPass(circuit);
        var features = forward.Features(leavesChain);
        var n = circuit.NumQubits;
        var dense = Math.ScaleB(16, n);
        var sparse = Math.ScaleB(n > 64 ? 32 : 24, features.PeakSupportLog2);
        return new CircuitProfile
        {
            NumQubits = n,
            CircuitDepth = forward.Stateless.Counts.Depth,
            GateCount = forward.Gates,
            EntanglementComplexity = n < 2 ? 0 : (double)features.PeakBondLog2 / (n / 2),
            MemoryRequirement = (long)Math.Min(long.MaxValue / 2, Math.Min(dense, Math.Min(sparse, n == 0 ? 16 : features.MatrixProductBytes))),
            Features = features,
        };
    }

    /// <summary>
    /// Makes a profile by hand, for a host that has no circuit. The values need not be consistent with each other; predictions from
    /// such a profile have wider intervals.
    /// </summary>
    /// <param name="numQubits">The number of qubits, 0 or more.</param>
    /// <param name="circuitDepth">The number of layers, 0 or more.</param>
    /// <param name="gateCount">The number of gates, 0 or more.</param>
    /// <param name="entanglementComplexity">0 to 1.</param>
    /// <param name="memoryRequirement">Bytes, 0 or more.</param>
    /// <param name="executionTimeEstimate">A hint, or null.</param>
    /// <param name="costEstimate">A hint in the account's currency, or null.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is negative, not a number or out of its range.</exception>
    public static CircuitProfile FromValues(
        int numQubits, int circuitDepth, int gateCount, double entanglementComplexity, long memoryRequirement,
        TimeSpan? executionTimeEstimate = null, decimal? costEstimate = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(numQubits);
        ArgumentOutOfRangeException.ThrowIfNegative(circuitDepth);
        ArgumentOutOfRangeException.ThrowIfNegative(gateCount);
        ArgumentOutOfRangeException.ThrowIfNegative(memoryRequirement);
        if (!(entanglementComplexity is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(entanglementComplexity), entanglementComplexity, $"'entanglementComplexity' is {entanglementComplexity}; accepted are 0 to 1.");
        }

        if (executionTimeEstimate is { } time)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero, nameof(executionTimeEstimate));
        }

        if (costEstimate is { } cost)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(cost, nameof(costEstimate));
        }

        return new CircuitProfile
        {
            NumQubits = numQubits,
            CircuitDepth = circuitDepth,
            GateCount = gateCount,
            EntanglementComplexity = entanglementComplexity,
            MemoryRequirement = memoryRequirement,
            ExecutionTimeEstimate = executionTimeEstimate,
            CostEstimate = costEstimate,
        };
    }
}
