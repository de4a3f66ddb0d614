using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// Keeps the plans of small circuits, where planning takes longer than running: for repeated runs of one circuit object, and for loops
/// and branches within a run. Plans go when their circuit does.
/// </summary>
internal sealed class PlanCache(DenseSettings settings)
{
    private const int MostBits = 14;
    private const int MostPlans = 64;
    private readonly ConditionalWeakTable<Circuit, ConcurrentDictionary<(int Start, int End), Entry>> _plans = [];

    /// <summary>Returns the plan, made now or before.</summary>
    public DensePlan Get(Circuit circuit, int start, int end, ClassicalState? classical, int bits, int[] bitOfQubit)
    {
        if (bits > MostBits || HasDynamicParameters(circuit, start, end))
        {
            return DensePlan.Create(circuit, start, end, classical, bits, bitOfQubit, settings);
        }

        var plans = _plans.GetOrCreateValue(circuit);
        if (plans.TryGetValue((start, end), out var known) && known.BitOfQubit.AsSpan().SequenceEqual(bitOfQubit))
        {
            return known.Plan;
        }

        var plan = DensePlan.Create(circuit, start, end, classical, bits, bitOfQubit, settings);
        if (plans.Count < MostPlans)
        {
            plans[(start, end)] = new Entry(bitOfQubit, plan);
        }

        return plan;
    }

    private static bool HasDynamicParameters(Circuit circuit, int start, int end)
    {
        foreach (ref readonly var op in circuit.Operations[start..end])
        {
            if (op.HasDynamicParameters)
            {
                return true;
            }
        }

        return false;
    }

    private sealed record Entry(int[] BitOfQubit, DensePlan Plan);
}
