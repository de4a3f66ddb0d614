using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Remote;

/// <summary>From qubits to outcomes, and from probabilities to counts.</summary>
public static class Readout
{
    /// <summary>
    /// The qubit behind each classical bit for services that read out every qubit at the end: its last measurement; -1 for a bit never written. Without
    /// measurements the outcome is over all qubits.
    /// </summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="backendId">The backend, for messages.</param>
    /// <returns>A qubit, or -1, for each bit of the outcome from the least significant.</returns>
    /// <exception cref="BackendException">The circuit measures or resets in mid-circuit, or has run-time control flow.</exception>
    public static int[] OfTerminalMeasurements(Circuit circuit, string backendId)
    {
        var plan = new MeasurementPlan(circuit);
        if (plan.MidCircuitCount > 0 || circuit.IsDynamic)
        {
            throw new BackendException(BackendErrorKind.Unsupported, backendId, $"Backend '{backendId}' measures at the end only; the circuit measures in mid-circuit or depends on measurements. Use a simulator.");
        }

        if (!plan.HasMeasurements)
        {
            return [.. Enumerable.Range(0, circuit.NumQubits)];
        }

        var bits = new int[circuit.NumClbits];
        Array.Fill(bits, -1);
        foreach (ref readonly var op in circuit.Operations)
        {
            if (op.Kind == OperationKind.Reset)
            {
                throw new BackendException(BackendErrorKind.Unsupported, backendId, $"Backend '{backendId}' does not reset qubits. Use a simulator.");
            }

            if (op.Kind == OperationKind.Measure && op.Argument < bits.Length)
            {
                bits[op.Argument] = circuit.QubitsOf(op)[0];
            }
        }

        return bits;
    }

    /// <summary>The outcome whose bit i is the service's bit <paramref name="readout"/>[i].</summary>
    public static BitString Select(IReadOnlyList<int> readout, Func<int, bool> bit)
    {
        var words = new ulong[(readout.Count + 63) / 64];
        for (var i = 0; i < readout.Count; i++)
        {
            if (readout[i] >= 0 && bit(readout[i]))
            {
                words[i / 64] |= 1UL << (i % 64);
            }
        }

        return new BitString(words, readout.Count);
    }

    /// <summary>
    /// Counts that sum to the shots and are nearest to the probabilities, by largest remainder: each outcome gets the whole part of its share, and what is
    /// left goes to the largest fractions, equal ones by ascending outcome. Probabilities are brought to a sum of 1.
    /// </summary>
    public static Dictionary<BitString, long> ToCounts(IReadOnlyDictionary<BitString, double> probabilities, int shots)
    {
        var total = probabilities.Values.Sum();
        if (!(total > 0) || probabilities.Values.Any(p => !(p >= 0)))
        {
            throw new FormatException("The probabilities are negative or do not sum to more than 0.");
        }

        var shares = probabilities.Select(p => (Outcome: p.Key, Share: p.Value / total * shots)).ToList();
        var counts = shares.ToDictionary(s => s.Outcome, s => (long)Math.Floor(s.Share + 1e-9));
        var left = shots - counts.Values.Sum();
        foreach (var (outcome, _) in shares.OrderByDescending(s => s.Share - counts[s.Outcome]).ThenBy(s => s.Outcome).Take((int)Math.Max(0, left)))
        {
            counts[outcome]++;
        }

        return counts.Where(c => c.Value > 0).ToDictionary();
    }

    /// <summary>Adds up what falls on the same outcome.</summary>
    public static void Add<T>(Dictionary<BitString, T> to, BitString outcome, T amount)
        where T : System.Numerics.INumber<T> => to[outcome] = (to.TryGetValue(outcome, out var old) ? old : T.Zero) + amount;
}
