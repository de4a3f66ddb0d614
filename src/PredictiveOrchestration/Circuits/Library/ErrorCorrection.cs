using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Circuits.Library;

/// <summary>Syndrome circuits of error-correcting codes, with measurement and reset in mid-circuit.</summary>
public static class ErrorCorrection
{
    /// <summary>
    /// The repetition code against bit flips. Qubits: d data, then d - 1 ancillas; each round measures the parity of neighbours into fresh
    /// classical bits, and the data are measured last. Classical bits: rounds · (d - 1) syndromes, then d data.
    /// </summary>
    /// <param name="distance">d, 2 or more.</param>
    /// <param name="rounds">The number of rounds, 1 or more.</param>
    /// <param name="flipped">A data qubit that is flipped before the first round, or null.</param>
    public static Circuit Repetition(int distance, int rounds, int? flipped = null)
    {
        Guard.InRange(distance, 2, 10_000);
        Guard.InRange(rounds, 1, 10_000);
        var builder = new CircuitBuilder(2 * distance - 1, rounds * (distance - 1) + distance, $"repetition_{distance}");
        if (flipped is { } error)
        {
            builder.X(Guard.InRange(error, 0, distance - 1, nameof(flipped)));
        }

        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < distance - 1; i++)
            {
                builder.CX(i, distance + i).CX(i + 1, distance + i).Measure(distance + i, round * (distance - 1) + i).Reset(distance + i);
            }
        }

        for (var i = 0; i < distance; i++)
        {
            builder.Measure(i, rounds * (distance - 1) + i);
        }

        return builder.Build();
    }

    /// <summary>
    /// The rotated surface code of odd distance d: d² data qubits in rows, then d² - 1 ancillas: first those of X checks, then those of Z
    /// checks. Each round measures all checks into fresh classical bits; X checks are random in the first round and repeat after it, Z checks are 0
    /// without errors.
    /// </summary>
    /// <param name="distance">d, odd, 3 or more.</param>
    /// <param name="rounds">The number of rounds, 1 or more.</param>
    /// <param name="flipped">A data qubit that suffers an X error before the last round, or null.</param>
    public static Circuit SurfaceCode(int distance, int rounds, int? flipped = null)
    {
        Guard.InRange(distance, 3, 101);
        Guard.InRange(rounds, 1, 10_000);
        if (distance % 2 == 0)
        {
            throw new ArgumentException($"The distance is {distance}; an odd one is needed.", nameof(distance));
        }

        var data = distance * distance;
        var (xChecks, zChecks) = Checks(distance);
        var perRound = xChecks.Count + zChecks.Count;
        var builder = new CircuitBuilder(data + perRound, rounds * perRound, $"surface_code_{distance}");
        for (var round = 0; round < rounds; round++)
        {
            if (flipped is { } error && round == rounds - 1)
            {
                builder.X(Guard.InRange(error, 0, data - 1, nameof(flipped)));
            }

            for (var i = 0; i < xChecks.Count; i++)
            {
                var ancilla = data + i;
                builder.H(ancilla);
                xChecks[i].ForEach(q => builder.CX(ancilla, q));
                builder.H(ancilla).Measure(ancilla, round * perRound + i).Reset(ancilla);
            }

            for (var i = 0; i < zChecks.Count; i++)
            {
                var ancilla = data + xChecks.Count + i;
                zChecks[i].ForEach(q => builder.CX(q, ancilla));
                builder.Measure(ancilla, round * perRound + xChecks.Count + i).Reset(ancilla);
            }
        }

        return builder.Build();
    }

    // Plaquettes of the rotated lattice, in a chessboard of X and Z; half plaquettes of X at top and bottom, of Z at left and right.
    internal static (List<List<int>> X, List<List<int>> Z) Checks(int distance)
    {
        var x = new List<List<int>>();
        var z = new List<List<int>>();
        for (var row = 0; row <= distance; row++)
        {
            for (var column = 0; column <= distance; column++)
            {
                var isX = (row + column) % 2 == 0;
                var corners = new List<int>();
                foreach (var (r, c) in new[] { (row - 1, column - 1), (row - 1, column), (row, column - 1), (row, column) })
                {
                    if (r >= 0 && r < distance && c >= 0 && c < distance)
                    {
                        corners.Add(r * distance + c);
                    }
                }

                var onTopOrBottom = row == 0 || row == distance;
                if (corners.Count == 4 || (corners.Count == 2 && isX == onTopOrBottom))
                {
                    (isX ? x : z).Add(corners);
                }
            }
        }

        return (x, z);
    }
}
