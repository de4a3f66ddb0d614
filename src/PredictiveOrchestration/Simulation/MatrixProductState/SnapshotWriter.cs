using System.Numerics;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>Writes the amplitudes out: those that are not zero where they are few, else all.</summary>
internal sealed unsafe class SnapshotWriter(TensorChain chain, SiteMap map, RunContext context)
{
    private const int MostDenseQubits = 30;
    private const int MostSnapshotQubits = 128;

    // From here on it is worth looking whether few amplitudes are not zero.
    private const int FewestSparseQubits = 12;
    private const int MostEntries = 1 << 24;

    // Amplitudes of less probability are rounding.
    private const double Negligible = 1e-30;

    public StateSnapshot Write(int operationIndex)
    {
        var n = chain.NumQubits;
        if (n == 0)
        {
            return StateSnapshot.Dense(0, operationIndex, [chain.Phase]);
        }

        if (n > MostSnapshotQubits)
        {
            throw new BackendException(
                BackendErrorKind.Unsupported, context.BackendId,
                $"Backend '{context.BackendId}' cannot write a snapshot of {n} qubits; the limit is {MostSnapshotQubits}. Run the circuit on one backend.");
        }

        chain.MoveCentre(0);
        if (n >= FewestSparseQubits)
        {
            var most = n > MostDenseQubits ? MostEntries : Math.Min(MostEntries, 1 << (n - 4));
            if (Sparse(most) is var (indices, amplitudes))
            {
                return StateSnapshot.Sparse(n, operationIndex, indices, amplitudes);
            }

            if (n > MostDenseQubits)
            {
                throw new BackendException(
                    BackendErrorKind.Unsupported, context.BackendId,
                    $"Backend '{context.BackendId}' cannot write a snapshot: more than {MostEntries} amplitudes of the {n} qubits are not zero. Ask for counts or expectation values instead.");
            }
        }

        return StateSnapshot.Dense(n, operationIndex, Dense());
    }

    // Amplitudes of the values of the left half of the sites times those of the right half.
    private Complex[] Dense()
    {
        var n = chain.NumQubits;
        var half = n / 2;
        var algebra = chain.Algebra;
        var bytes = (16L << n) + (4L << half) + (4L << (n - half));
        context.Reserve(bytes, "the snapshot");
        try
        {
            var amplitudes = GC.AllocateUninitializedArray<Complex>(1 << n);
            int[] low = Places(0, half), high = Places(half, n);
            using var left = LeftRows(half);
            using var columns = algebra.Transpose(left);
            using var right = RightRows(half);
            const int Block = 64;
            for (var first = 0; first < right.Rows; first += Block)
            {
                algebra.Check();
                var count = Math.Min(Block, right.Rows - first);
                using var part = algebra.Pool.Rent(count, columns.Columns);
                var from = (long)first * right.Stride;
                algebra.Multiply(count, columns.Columns, right.Columns, right.Re + from, right.Im + from, right.Stride, columns.Re, columns.Im, columns.Stride, part.Re, part.Im, part.Stride);
                for (var i = 0; i < count; i++)
                {
                    var place = high[first + i];
                    for (var j = 0; j < low.Length; j++)
                    {
                        amplitudes[place + low[j]] = chain.Phase * part[i, j];
                    }
                }
            }

            return amplitudes;
        }
        finally
        {
            context.Release(bytes);
        }
    }

    // The part of an amplitude's index that each value of a range of sites gives.
    private int[] Places(int start, int end)
    {
        var places = new int[1 << (end - start)];
        for (var s = start; s < end; s++)
        {
            var count = 1 << (s - start);
            for (var i = 0; i < count; i++)
            {
                places[count + i] = places[i] | (1 << map.QubitAt(s));
            }
        }

        return places;
    }

    // Row i: the product of the tensors of the sites below `end` with values the bits of i.
    private Matrix LeftRows(int end)
    {
        var rows = chain.Algebra.Pool.Rent(1, 1);
        rows.Re[0] = 1;
        for (var q = 0; q < end; q++)
        {
            int left = chain.Bond(q), right = chain.Bond(q + 1);
            var site = chain.Site(q);
            var next = chain.Algebra.Pool.Rent(2 * rows.Rows, right);
            for (var value = 0; value < 2; value++)
            {
                long from = (long)value * left * site.Stride, to = (long)value * rows.Rows * next.Stride;
                chain.Algebra.Multiply(rows.Rows, right, left, rows.Re, rows.Im, rows.Stride, site.Re + from, site.Im + from, site.Stride, next.Re + to, next.Im + to, next.Stride);
            }

            rows.Dispose();
            rows = next;
        }

        return rows;
    }

    // Row i: the product of the tensors from `start` on with values the bits of i.
    private Matrix RightRows(int start)
    {
        var rows = chain.Algebra.Pool.Rent(1, 1);
        rows.Re[0] = 1;
        for (var q = chain.NumQubits - 1; q >= start; q--)
        {
            int left = chain.Bond(q), right = chain.Bond(q + 1);
            using var transposed = chain.Algebra.Transpose(chain.Site(q));
            var next = chain.Algebra.Pool.Rent(2 * rows.Rows, left);
            for (var value = 0; value < 2; value++)
            {
                // Columns of one value, packed anew: a vector must not run into those of the other.
                using var part = chain.Algebra.Pool.Rent(right, left);
                for (var y = 0; y < right; y++)
                {
                    part.CopyRow(y, 0, transposed, y, value * left, left);
                }

                var to = (long)value * next.Stride;
                chain.Algebra.Multiply(rows.Rows, left, right, rows.Re, rows.Im, rows.Stride, part.Re, part.Im, part.Stride, next.Re + to, next.Im + to, 2L * next.Stride);
            }

            rows.Dispose();
            rows = next;
        }

        return rows;
    }

    // Follows the values of the sites from the first on, a level at a time; null if they become too many.
    private (UInt128[] Indices, Complex[] Amplitudes)? Sparse(int most)
    {
        var algebra = chain.Algebra;
        var indices = new UInt128[] { 0 };
        var rows = algebra.Pool.Rent(1, 1);
        rows.Re[0] = 1;
        using var booked = new Booking(context);
        for (var q = 0; q < chain.NumQubits; q++)
        {
            // Indices of two levels, and the list of those kept, which doubles as it grows.
            booked.Raise((16L * indices.Length) + (2L * indices.Length * (16 + 24)));
            int left = chain.Bond(q), right = chain.Bond(q + 1);
            var site = chain.Site(q);
            var parts = new Matrix[2];
            var kept = new List<(int Value, int Row)>();
            for (var value = 0; value < 2; value++)
            {
                var from = (long)value * left * site.Stride;
                parts[value] = algebra.Pool.Rent(rows.Rows, right);
                algebra.Multiply(rows.Rows, right, left, rows.Re, rows.Im, rows.Stride, site.Re + from, site.Im + from, site.Stride, parts[value].Re, parts[value].Im, parts[value].Stride);
                for (var i = 0; i < rows.Rows; i++)
                {
                    var at = (long)i * parts[value].Stride;
                    if (algebra.Kernels.Norm(parts[value].Re + at, parts[value].Im + at, parts[value].Stride) > Negligible)
                    {
                        kept.Add((value, i));
                    }
                }
            }

            rows.Dispose();
            if (kept.Count > most)
            {
                parts[0].Dispose();
                parts[1].Dispose();
                return null;
            }

            var next = new UInt128[kept.Count];
            rows = algebra.Pool.Rent(kept.Count, right);
            for (var k = 0; k < kept.Count; k++)
            {
                var (value, row) = kept[k];
                rows.CopyRow(k, 0, parts[value], row, 0, right);
                next[k] = indices[row] | ((UInt128)(uint)value << map.QubitAt(q));
            }

            parts[0].Dispose();
            parts[1].Dispose();
            indices = next;
        }

        booked.Raise(32L * indices.Length);
        var amplitudes = new Complex[indices.Length];
        for (var i = 0; i < amplitudes.Length; i++)
        {
            amplitudes[i] = chain.Phase * rows[i, 0];
        }

        rows.Dispose();
        return (indices, amplitudes);
    }

    // What is in use on the managed heap while the tree is followed.
    private sealed class Booking(RunContext context) : IDisposable
    {
        private long _bytes;

        public void Raise(long bytes)
        {
            if (bytes > _bytes)
            {
                context.Reserve(bytes - _bytes, "the snapshot");
                _bytes = bytes;
            }
        }

        public void Dispose() => context.Release(_bytes);
    }
}
