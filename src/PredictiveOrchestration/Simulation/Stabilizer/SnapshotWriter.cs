using System.Numerics;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Simulation.Stabilizer;

/// <summary>
/// The amplitudes of a stabilizer state: after elimination k generators move basis states, the others only say which are allowed. From
/// one allowed basis state the k generators reach all 2^k, each with a power of i; a Gray code applies one generator a step.
/// </summary>
internal static class SnapshotWriter
{
    /// <summary>Writes all amplitudes that are not zero.</summary>
    /// <exception cref="BackendException">They are too many.</exception>
    public static StateSnapshot Write(StabilizerTableau tableau, int operationIndex, RunContext context)
    {
        var n = tableau.NumQubits;
        if (n > 128)
        {
            throw TooLarge(context, operationIndex, $"it has {n} qubits; 128 can be indexed", null);
        }

        var rows = new PauliRow[n];
        for (var r = 0; r < n; r++)
        {
            rows[r] = tableau.Stabilizer(r);
        }

        var rank = EliminateX(rows);
        var first = AllowedState(rows.AsSpan(rank));
        var bytes = 32L << rank;
        if (rank > 30 || !context.CanReserve(bytes))
        {
            throw TooLarge(context, operationIndex, $"it has 2^{rank} amplitudes", rank > 57 ? null : bytes);
        }

        context.Reserve(bytes, "the amplitudes of the stabilizer state");
        try
        {
            return Enumerate(rows.AsSpan(0, rank), first, n, operationIndex, context);
        }
        finally
        {
            context.Release(bytes);
        }
    }

    private static StateSnapshot Enumerate(ReadOnlySpan<PauliRow> generators, UInt128 first, int numQubits, int operationIndex, RunContext context)
    {
        var count = 1 << generators.Length;
        var dense = generators.Length == numQubits;
        var indices = dense ? null : new UInt128[count];
        var amplitudes = new Complex[count];
        var size = Math.Sqrt(Math.ScaleB(1, -generators.Length));
        ReadOnlySpan<Complex> powers = [size, new(0, size), -size, new(0, -size)];
        var (index, phase) = (first, 0);
        for (var i = 0; ; i++)
        {
            if ((i & 0xFFFFF) == 0)
            {
                context.Check(operationIndex);
            }

            var at = i;
            if (dense)
            {
                at = (int)(ulong)index;
            }
            else
            {
                indices![i] = index;
            }

            amplitudes[at] = powers[phase & 3];
            if (i == count - 1)
            {
                break;
            }

            ref readonly var row = ref generators[BitOperations.TrailingZeroCount(i + 1)];
            phase += row.Phase + 2 * (Parity(row.Z & index) ? 1 : 0);
            index ^= row.X;
        }

        return dense ? StateSnapshot.Dense(numQubits, operationIndex, amplitudes) : StateSnapshot.Sparse(numQubits, operationIndex, indices!, amplitudes);
    }

    // Rows with independent X parts first; the X parts of the rest become zero.
    private static int EliminateX(PauliRow[] rows)
    {
        var rank = 0;
        for (var bit = UInt128.One; bit != 0 && rank < rows.Length; bit <<= 1)
        {
            var pivot = Array.FindIndex(rows, rank, r => (r.X & bit) != 0);
            if (pivot < 0)
            {
                continue;
            }

            (rows[rank], rows[pivot]) = (rows[pivot], rows[rank]);
            for (var r = rank + 1; r < rows.Length; r++)
            {
                if ((rows[r].X & bit) != 0)
                {
                    rows[r] = rows[r].Times(rows[rank]);
                }
            }

            rank++;
        }

        return rank;
    }

    // A basis state b with z · b = s for every generator (-1)^s Z^z.
    private static UInt128 AllowedState(Span<PauliRow> rows)
    {
        var solution = UInt128.Zero;
        var done = 0;
        for (var bit = UInt128.One; bit != 0 && done < rows.Length; bit <<= 1)
        {
            var pivot = done;
            while (pivot < rows.Length && (rows[pivot].Z & bit) == 0)
            {
                pivot++;
            }

            if (pivot == rows.Length)
            {
                continue;
            }

            (rows[done], rows[pivot]) = (rows[pivot], rows[done]);
            for (var r = 0; r < rows.Length; r++)
            {
                if (r != done && (rows[r].Z & bit) != 0)
                {
                    rows[r] = rows[r].Times(rows[done]);
                }
            }

            done++;
        }

        // Reduced: the lowest bit of each row occurs in no other, and all free bits are zero.
        foreach (ref readonly var row in rows)
        {
            if ((row.Phase & 2) != 0)
            {
                solution |= row.Z & (UInt128.Zero - row.Z);
            }
        }

        return solution;
    }

    private static bool Parity(UInt128 value) => (BitOperations.PopCount((ulong)(value >> 64) ^ (ulong)value) & 1) != 0;

    private static BackendException TooLarge(RunContext context, int operationIndex, string what, long? bytes) => new(
        BackendErrorKind.OutOfMemory, context.BackendId,
        $"Backend '{context.BackendId}' cannot write the state before operation {operationIndex} as amplitudes: {what}. Keep it here, or hand it over where fewer qubits are in superposition.")
    {
        OperationIndex = operationIndex,
        RequiredBytes = bytes,
        AvailableBytes = context.AvailableBytes,
    };
}

/// <summary>A Pauli product i^Phase X^X Z^Z on up to 128 qubits.</summary>
/// <param name="X">The qubits with an X factor.</param>
/// <param name="Z">The qubits with a Z factor, applied before X.</param>
/// <param name="Phase">The power of i, modulo 4.</param>
internal readonly record struct PauliRow(UInt128 X, UInt128 Z, int Phase)
{
    /// <summary>This product times another one.</summary>
    public PauliRow Times(PauliRow other)
    {
        // Z^z X^x = (-1)^{z·x} X^x Z^z.
        var crossed = Z & other.X;
        var exchange = 2 * (BitOperations.PopCount((ulong)(crossed >> 64) ^ (ulong)crossed) & 1);
        return new PauliRow(X ^ other.X, Z ^ other.Z, (Phase + other.Phase + exchange) & 3);
    }
}
