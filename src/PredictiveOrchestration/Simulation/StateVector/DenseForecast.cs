using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>What the dense engine would do with a circuit: it is fused and spread over passes as in a run, and what kernels would visit is counted.</summary>
internal static class DenseForecast
{
    /// <summary>What is counted, in this order: kernel steps; amplitudes updated, weighted by the kernels' relative cost; those multiplied by ladders of phases; those exchanged; those in passes over blocks in place; those in passes over copied blocks; those on pages of memory that are touched.</summary>
    public const int Count = 7;

    private const int Steps = 0, Updated = 1, Phased = 2, Exchanged = 3, InPlace = 4, Copied = 5, Live = 6;

    // Fusing and planning, for each gate.
    private const double SecondsPerGate = 2e-7;

    [ThreadStatic]
    private static GateFuser? _fuser;

    /// <summary>The seconds that a forecast takes, about.</summary>
    public static double Seconds(int gates) => SecondsPerGate * (20 + gates);

    /// <summary>Counts; null where the circuit measures before its end or has too many qubits.</summary>
    public static PlannedWork? Of(Circuit circuit, DenseSettings settings, string costModel)
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
        var sums = new double[Count];
        var progress = new PlannedProgress(circuit.Operations.Length, Count);
        long live = 0;
        double Touched() => AmplitudeMemory.Touched(bits, settings.Kernels.ElementBytes, live);
        Add(0, Live, Touched());
        foreach (var (mask, indices) in PassPlanner.Plan(operations, bits, blockBits))
        {
            // Blocks whose number has a bit that no amplitude has are left out.
            var visited = Math.ScaleB(1, blockBits + BitOperations.PopCount((ulong)(live & ~mask)));
            var inPlace = blockBits < bits && (mask & (mask + 1)) == 0 ? visited : 0;
            var copied = (mask & (mask + 1)) == 0 ? 0 : visited;
            sums[InPlace] += inPlace;
            sums[Copied] += copied;
            foreach (var index in indices)
            {
                // A pass belongs to all that it does.
                ref readonly var operation = ref operations[index];
                var before = Touched();
                live |= operation.Moved;
                Add(operation.Source, Steps, 1);
                progress.Add(operation.Source, InPlace, inPlace / indices.Count);
                progress.Add(operation.Source, Copied, copied / indices.Count);
                Add(operation.Source, Live, Touched() - before);
                if (operation.Kind == FusedKind.Polynomial)
                {
                    Add(operation.Source, Phased, visited);
                }
                else if (operation.Kind == FusedKind.Exchange)
                {
                    Add(operation.Source, Exchanged, visited * Math.ScaleB(1, -BitOperations.PopCount((ulong)operation.Controls)));
                }
                else
                {
                    Add(operation.Source, Updated, visited * operation.Cost);
                }
            }
        }

        fuser.Clear();
        return new PlannedWork(costModel, sums) { Progress = progress.Sum() };

        void Add(int operation, int kind, double amount)
        {
            if (amount != 0)
            {
                sums[kind] += amount;
                progress.Add(operation, kind, amount);
            }
        }
    }
}
