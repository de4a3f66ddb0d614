using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>What the dense engine would do with a circuit: it is fused and spread over passes as in a run, and what kernels would visit is counted.</summary>
internal static class DenseForecast
{
    /// <summary>What is counted, in this order: kernel steps; amplitudes updated, weighted by the kernels' relative cost; those multiplied by ladders of phases; those exchanged; those in passes over blocks in place; those in passes over copied blocks; those that may be other than zero at the end.</summary>
    public const int Count = 7;

    // Fusing and planning, for each gate.
    private const double SecondsPerGate = 1.5e-7;

    [ThreadStatic]
    private static GateFuser? _fuser;

    /// <summary>The seconds that a forecast takes, about.</summary>
    public static double Seconds(int gates) => SecondsPerGate * (20 + gates);

    /// <summary>Counts; null where the circuit measures before its end or has too many qubits.</summary>
    public static double[]? Of(Circuit circuit, DenseSettings settings)
    {
        var bits = Math.Max(4, circuit.NumQubits);
        if (circuit.NumQubits > GateFuser.MaxBits || !circuit.IsMeasuredAtEnd(out var end))
        {
            return null;
        }

        var fuser = _fuser ??= new GateFuser();
        var places = new int[circuit.NumQubits];
        for (var q = 0; q < places.Length; q++)
        {
            places[q] = q;
        }

        fuser.Fuse(circuit, 0, end, null, bits, places);
        var operations = fuser.Operations;
        var blockBits = settings.BlockBits(bits);
        double updated = 0, phased = 0, exchanged = 0, inPlace = 0, copied = 0;
        long live = 0;
        foreach (var (mask, indices) in PassPlanner.Plan(operations, bits, blockBits))
        {
            // Blocks whose number has a bit that no amplitude has are left out.
            var visited = Math.ScaleB(1, blockBits + BitOperations.PopCount((ulong)(live & ~mask)));
            inPlace += blockBits < bits && (mask & (mask + 1)) == 0 ? visited : 0;
            copied += (mask & (mask + 1)) == 0 ? 0 : visited;
            foreach (var index in indices)
            {
                ref readonly var operation = ref operations[index];
                live |= operation.Moved;
                if (operation.Kind == FusedKind.Polynomial)
                {
                    phased += visited;
                }
                else if (operation.Kind == FusedKind.Exchange)
                {
                    exchanged += visited * Math.ScaleB(1, -BitOperations.PopCount((ulong)operation.Controls));
                }
                else
                {
                    updated += visited * operation.Cost;
                }
            }
        }

        double[] amounts = [operations.Length, updated, phased, exchanged, inPlace, copied, Math.ScaleB(1, BitOperations.PopCount((ulong)live))];
        fuser.Clear();
        return amounts;
    }
}
