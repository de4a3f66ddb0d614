using System.Numerics;
using MathNet.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.TestKit;

/// <summary>Distances between what a backend says and what is true.</summary>
public static class StateComparison
{
    /// <summary>The largest difference of amplitudes after the global phase has been taken out.</summary>
    public static double Distance(IReadOnlyList<Complex> actual, IReadOnlyList<Complex> expected)
    {
        Complex overlap = 0;
        for (var i = 0; i < expected.Count; i++)
        {
            overlap += Complex.Conjugate(actual[i]) * expected[i];
        }

        var phase = overlap.Magnitude > 1e-9 ? overlap / overlap.Magnitude : 1;
        return expected.Select((e, i) => (actual[i] * phase - e).Magnitude).DefaultIfEmpty(0).Max();
    }

    /// <summary>The amplitudes of a snapshot, dense.</summary>
    public static Complex[] Dense(StateSnapshot snapshot)
    {
        var state = new Complex[1 << snapshot.NumQubits];
        for (var i = 0; i < snapshot.Amplitudes.Length; i++)
        {
            state[(int)(snapshot.Indices?[i] ?? (UInt128)i)] = snapshot.Amplitudes[i];
        }

        return state;
    }

    /// <summary>The largest difference between two distributions.</summary>
    public static double Distance(IReadOnlyList<OutcomeProbability> actual, IReadOnlyDictionary<string, double> expected)
    {
        var found = actual.ToDictionary(p => p.Outcome.ToString(), p => p.Probability);
        return found.Keys.Union(expected.Keys).Max(key => Math.Abs(found.GetValueOrDefault(key) - expected.GetValueOrDefault(key)));
    }

    /// <summary>
    /// The probability, if the distribution is true, of counts that deviate at least as much by χ²; outcomes expected less than five
    /// times are pooled. An impossible outcome gives 0.
    /// </summary>
    public static double ChiSquarePValue(IReadOnlyDictionary<BitString, long> counts, IReadOnlyDictionary<string, double> expected)
    {
        var shots = counts.Values.Sum();
        double statistic = 0, pooledExpected = 0;
        long pooledSeen = 0;
        var cells = 0;
        foreach (var (outcome, count) in counts)
        {
            if (count > 0 && expected.GetValueOrDefault(outcome.ToString()) < 1e-12)
            {
                return 0;
            }
        }

        var seen = counts.ToDictionary(c => c.Key.ToString(), c => c.Value);
        foreach (var (outcome, p) in expected)
        {
            var mean = p * shots;
            var count = seen.GetValueOrDefault(outcome);
            if (mean < 5)
            {
                pooledExpected += mean;
                pooledSeen += count;
                continue;
            }

            statistic += (count - mean) * (count - mean) / mean;
            cells++;
        }

        if (pooledExpected >= 1)
        {
            statistic += (pooledSeen - pooledExpected) * (pooledSeen - pooledExpected) / pooledExpected;
            cells++;
        }

        return cells < 2 ? 1 : 1 - SpecialFunctions.GammaLowerRegularized((cells - 1) / 2.0, statistic / 2);
    }
}
