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
    private readonly ConditionalWeakTable<Circuit, Kept> _plans = [];

    /// <summary>Returns the plan, made now or before; the caller disposes it after use.</summary>
    public DensePlan Get(Circuit circuit, int start, int end, ClassicalState? classical, int bits, int[] bitOfQubit)
    {
        if (bits > MostBits || HasDynamicParameters(circuit, start, end))
        {
            return DensePlan.Create(circuit, start, end, classical, bits, bitOfQubit, settings, keep: false);
        }

        var kept = _plans.GetOrCreateValue(circuit);
        var last = Volatile.Read(ref kept.Last);
        for (var entry = last; entry is not null; entry = entry.Before)
        {
            if (entry.Start == start && entry.End == end && entry.BitOfQubit.AsSpan().SequenceEqual(bitOfQubit))
            {
                return entry.Plan;
            }
        }

        // Most circuits run once: the first plan of each borrows its room and is not kept.
        var keep = kept.Seen && (last is null || last.Number < MostPlans);
        kept.Seen = true;
        var plan = DensePlan.Create(circuit, start, end, classical, bits, bitOfQubit, settings, keep);
        if (keep)
        {
            // Of plans made at the same time one is kept.
            Interlocked.CompareExchange(ref kept.Last, new Entry(start, end, bitOfQubit, plan, last, 1 + (last?.Number ?? 0)), last);
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

    private sealed class Kept
    {
        public Entry? Last;
        public bool Seen;
    }

    private sealed record Entry(int Start, int End, int[] BitOfQubit, DensePlan Plan, Entry? Before, int Number);
}
