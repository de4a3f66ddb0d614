using System.Numerics;
using System.Runtime.InteropServices;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Simulation.Stabilizer;

/// <summary>
/// Recognises a stabilizer state by its amplitudes: equal magnitudes on an affine space x₀ + span(vᵢ), with phases i^{Σ lᵢbᵢ + 2 Σ qᵢⱼbᵢbⱼ}
/// (Dehaene and De Moor, Phys. Rev. A 68, 042318, 2003), and prepares it: H, S, CZ on one qubit for each direction, then CX and X.
/// </summary>
internal static class SnapshotReader
{
    private const double Tolerance = 1e-10;

    /// <summary>Prepares the state on a tableau in |0…0⟩; false if it is no stabilizer state.</summary>
    public static bool TryPrepare(StateSnapshot snapshot, StabilizerTableau tableau, RunContext context)
    {
        var entries = new Dictionary<UInt128, Complex>();
        for (var i = 0; i < snapshot.Amplitudes.Length; i++)
        {
            if ((i & 0xFFFF) == 0)
            {
                context.Check(snapshot.OperationIndex);
            }

            if (snapshot.Amplitudes[i].Magnitude > Tolerance)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(entries, snapshot.Indices?[i] ?? (UInt128)i, out _) += snapshot.Amplitudes[i];
            }
        }

        if (!BitOperations.IsPow2(entries.Count))
        {
            return false;
        }

        var k = BitOperations.Log2((uint)entries.Count);
        var directions = Directions(entries.Keys);
        if (directions.Count != k)
        {
            return false;
        }

        // The corner: all pivots zero.
        var corner = entries.Keys.First();
        foreach (var (pivot, vector) in directions)
        {
            corner ^= (corner >> pivot & 1) != 0 ? vector : 0;
        }

        return entries.TryGetValue(corner, out var origin) && Prepare(entries, directions, corner, origin, tableau, context);
    }

    private static bool Prepare(
        Dictionary<UInt128, Complex> entries, List<(int Pivot, UInt128 Vector)> directions, UInt128 corner, Complex origin, StabilizerTableau tableau, RunContext context)
    {
        var k = directions.Count;
        var linear = new int[k];
        var quadratic = new UInt128[k];
        for (var i = 0; i < k; i++)
        {
            if (PowerOfI(entries, corner ^ directions[i].Vector, origin) is not { } power)
            {
                return false;
            }

            linear[i] = power;
        }

        for (var i = 0; i < k; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (PowerOfI(entries, corner ^ directions[i].Vector ^ directions[j].Vector, origin) is not { } power || ((power - linear[i] - linear[j]) & 1) != 0)
                {
                    return false;
                }

                quadratic[i] |= ((power - linear[i] - linear[j]) & 2) != 0 ? UInt128.One << j : 0;
            }
        }

        // Every other amplitude must be what the pairs say.
        UInt128 coordinates = 0;
        var index = corner;
        for (var step = 1L; step < entries.Count; step++)
        {
            if ((step & 0xFFFF) == 0)
            {
                context.Check(0);
            }

            var changed = BitOperations.TrailingZeroCount(step);
            coordinates ^= UInt128.One << changed;
            index ^= directions[changed].Vector;
            var expected = 0;
            for (var i = 0; i < k; i++)
            {
                if ((coordinates >> i & 1) != 0)
                {
                    expected += linear[i] + 2 * (int)(UInt128.PopCount(quadratic[i] & coordinates) & 1);
                }
            }

            if (PowerOfI(entries, index, origin) != (expected & 3))
            {
                return false;
            }
        }

        for (var i = 0; i < k; i++)
        {
            var pivot = directions[i].Pivot;
            tableau.H(pivot);
            for (var s = 0; s < linear[i]; s++)
            {
                tableau.S(pivot);
            }

            for (var j = 0; j < i; j++)
            {
                if ((quadratic[i] >> j & 1) != 0)
                {
                    tableau.CZ(pivot, directions[j].Pivot);
                }
            }
        }

        for (var q = 0; q < tableau.NumQubits; q++)
        {
            foreach (var (pivot, vector) in directions)
            {
                if (q != pivot && (vector >> q & 1) != 0)
                {
                    tableau.CX(pivot, q);
                }
            }

            if ((corner >> q & 1) != 0)
            {
                tableau.PauliX(q);
            }
        }

        return true;
    }

    // Reduced echelon form: each direction's pivot bit is in no other direction.
    private static List<(int Pivot, UInt128 Vector)> Directions(IEnumerable<UInt128> indices)
    {
        var found = new List<(int Pivot, UInt128 Vector)>();
        var first = indices.First();
        foreach (var index in indices)
        {
            var v = index ^ first;
            foreach (var (pivot, vector) in found)
            {
                v ^= (v >> pivot & 1) != 0 ? vector : 0;
            }

            if (v == 0)
            {
                continue;
            }

            var own = (int)UInt128.TrailingZeroCount(v);
            for (var i = 0; i < found.Count; i++)
            {
                if ((found[i].Vector >> own & 1) != 0)
                {
                    found[i] = (found[i].Pivot, found[i].Vector ^ v);
                }
            }

            found.Add((own, v));
        }

        return found;
    }

    private static int? PowerOfI(Dictionary<UInt128, Complex> entries, UInt128 index, Complex origin)
    {
        if (!entries.TryGetValue(index, out var amplitude))
        {
            return null;
        }

        var ratio = amplitude / origin;
        return (ratio - 1).Magnitude < Tolerance ? 0
            : (ratio - Complex.ImaginaryOne).Magnitude < Tolerance ? 1
            : (ratio + 1).Magnitude < Tolerance ? 2
            : (ratio + Complex.ImaginaryOne).Magnitude < Tolerance ? 3
            : null;
    }
}
