using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>What backends plan for a circuit as one column: <c>basis:seconds;amount;amount|…</c>.</summary>
internal static class PlannedColumn
{
    // The best of so many counts as warm.
    private const int Repeats = 4;

    /// <summary>Asks each backend that can plan.</summary>
    public static IReadOnlyList<(PlannedWork Work, double Seconds)> Of(IEnumerable<IQuantumBackend> backends, Circuit circuit, CircuitProfile profile)
    {
        var planned = new List<(PlannedWork, double)>();
        foreach (var forecaster in backends.OfType<IWorkForecaster>())
        {
            var (work, least) = (default(PlannedWork), double.PositiveInfinity);
            for (var k = 0; k < Repeats; k++)
            {
                // Another object each time: what an engine keeps for a circuit is not timed otherwise.
                var copy = circuit.WithRegisters(circuit.QuantumRegisters, circuit.ClassicalRegisters);
                var start = Stopwatch.GetTimestamp();
                work = forecaster.Forecast(copy, profile);
                least = Math.Min(least, Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            if (work is not null)
            {
                planned.Add((work, least));
            }
        }

        return planned;
    }

    public static string Write(IReadOnlyList<(PlannedWork Work, double Seconds)> planned) =>
        string.Join('|', planned.Select(p => $"{p.Work.CostModel}:{string.Join(';', p.Work.Amounts.Prepend(p.Seconds).Select(a => a.ToString("G6", CultureInfo.InvariantCulture)))}"));

    public static IReadOnlyList<(PlannedWork Work, double Seconds)> Read(string text) =>
    [
        .. text.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(part =>
        {
            var (name, amounts) = (part[..part.IndexOf(':')], part[(part.IndexOf(':') + 1)..].Split(';').Select(a => double.Parse(a, CultureInfo.InvariantCulture)).ToArray());
            return (new PlannedWork(name, amounts[1..]), amounts[0]);
        }),
    ];
}
