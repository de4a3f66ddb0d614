using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>What the dense engine would do with a circuit: it is fused and spread over passes as in a run, and what kernels would visit is counted.</summary>
internal static class DenseForecast
{
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
        long moved = 0;
        foreach (ref readonly var operation in operations)
        {
            moved |= operation.Moved;
        }

        var work = new FusedWork(bits, blockBits, settings.Kernels.ElementBytes, moved);
        var sums = new double[FusedWork.Count];
        foreach (var (mask, indices) in PassPlanner.Plan(operations, bits, blockBits))
        {
            moved = 0;
            foreach (var index in indices)
            {
                moved |= operations[index].Moved;
            }

            var (visited, inPlace, copied) = work.Visit(mask, moved);
            sums[FusedWork.Steps] += indices.Count;
            sums[FusedWork.InPlace] += inPlace;
            sums[FusedWork.Copied] += copied;
            foreach (var index in indices)
            {
                ref readonly var operation = ref operations[index];
                if (operation.Kind == FusedKind.Polynomial)
                {
                    var polynomial = fuser.PolynomialOf(operation);
                    sums[FusedWork.Phased] += visited * FusedWork.PhasedShare(polynomial.CommonBits(), polynomial.Count);
                }
                else if (operation.Kind == FusedKind.Exchange)
                {
                    sums[FusedWork.Exchanged] += visited * Math.ScaleB(1, -BitOperations.PopCount((ulong)operation.Controls));
                }
                else
                {
                    sums[FusedWork.Updated] += visited * operation.Cost;
                }
            }
        }

        sums[work.TouchedKind] = work.TouchedSoFar;
        sums[FusedWork.Read] = work.Readable;
        fuser.Clear();
        return new PlannedWork(costModel, sums);
    }
}
