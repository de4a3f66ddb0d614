using System.Numerics;
using PredictiveOrchestration.Backends;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// Splits a list of amplitudes into tensors from the last site to the first: the amplitudes are a matrix with a row for each value of
/// the sites left of it that occurs; its right factor is the tensor, its left factor the matrix for the next site.
/// </summary>
internal sealed class SnapshotLoader(TensorChain chain, SiteMap map, RunContext context)
{
    // Directions in which the state has less than this, relative to the greatest, are rounding.
    private const double Tolerance = 1e-15;

    // Two lists of indices, amplitudes, places, and a hash table of indices which doubles as it grows.
    private const long BytesPerAmplitude = (2 * 16) + 16 + 4 + (2 * 48);

    public void Load(StateSnapshot snapshot)
    {
        var bytes = BytesPerAmplitude * snapshot.Amplitudes.Length;
        context.Reserve(bytes, "the amplitudes of the snapshot");
        try
        {
            Split(snapshot);
        }
        finally
        {
            context.Release(bytes);
        }
    }

    private void Split(StateSnapshot snapshot)
    {
        var algebra = chain.Algebra;
        var (keys, amplitudes) = NonZero(snapshot);
        var numQubits = snapshot.NumQubits;
        if (numQubits == 0)
        {
            chain.Phase = amplitudes[0];
            return;
        }

        // Row i holds what belongs to the value keys[i] of the sites not yet split off.
        var rest = algebra.Pool.Rent(keys.Length, 1);
        for (var i = 0; i < keys.Length; i++)
        {
            rest[i, 0] = amplitudes[i];
        }

        for (var q = numQubits - 1; q >= 0; q--)
        {
            algebra.Check();
            var right = rest.Columns;
            var bit = UInt128.One << q;
            var rows = new Dictionary<UInt128, int>();
            var places = new int[keys.Length];
            for (var i = 0; i < keys.Length; i++)
            {
                var key = keys[i] & (bit - 1);
                if (!rows.TryGetValue(key, out places[i]))
                {
                    places[i] = rows.Count;
                    rows.Add(key, places[i]);
                }
            }

            using var matrix = algebra.Pool.Rent(rows.Count, 2 * right);
            for (var i = 0; i < keys.Length; i++)
            {
                matrix.CopyRow(places[i], (keys[i] & bit) != 0 ? right : 0, rest, i, 0, right);
            }

            rest.Dispose();
            keys = [.. rows.Keys];
            if (q == 0)
            {
                Put(0, matrix, right);
                return;
            }

            var (l, isometry) = algebra.Lq(matrix, Tolerance);
            Put(q, isometry!, right);
            isometry!.Dispose();
            rest = l;
        }
    }

    private void Put(int qubit, Matrix wide, int right)
    {
        var site = chain.Algebra.Pool.Rent(2 * wide.Rows, right);
        for (var value = 0; value < 2; value++)
        {
            for (var x = 0; x < wide.Rows; x++)
            {
                site.CopyRow((value * wide.Rows) + x, 0, wide, x, value * right, right);
            }
        }

        chain.Load(qubit, site);
    }

    private (UInt128[] Keys, Complex[] Amplitudes) NonZero(StateSnapshot snapshot)
    {
        var count = snapshot.Amplitudes.Count(a => a != Complex.Zero);
        if (count == 0)
        {
            throw new ArgumentException("Every amplitude of the snapshot is zero; a state has at least one that is not.", nameof(snapshot));
        }

        var keys = new UInt128[count];
        var amplitudes = new Complex[count];
        var at = 0;
        for (var i = 0; i < snapshot.Amplitudes.Length; i++)
        {
            if (snapshot.Amplitudes[i] != Complex.Zero)
            {
                keys[at] = map.ToValue(snapshot.Indices is { } indices ? indices[i] : (UInt128)i);
                amplitudes[at++] = snapshot.Amplitudes[i];
            }
        }

        return (keys, amplitudes);
    }
}
