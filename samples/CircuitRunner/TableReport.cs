using System.Globalization;

namespace CircuitRunner;

/// <summary>The same for people.</summary>
internal static class TableReport
{
    public static void Write(CircuitReport report, RunnerOptions options, TextWriter output)
    {
        output.WriteLine(report.File);
        if (report.Profile is { Features: { } f } p)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {p.NumQubits} qubits, {p.GateCount} gates, depth {p.CircuitDepth}, {f.CliffordCount} Clifford, support ≤ 2^{f.PeakSupportLog2}, bond ≤ 2^{f.PeakBondLog2}, entanglement {p.EntanglementComplexity:F2}"));
        }

        if (report.Decision is { } decision)
        {
            foreach (var line in decision.Explain().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                output.WriteLine("  " + line.TrimEnd());
            }
        }

        foreach (var run in report.Runs.Where(r => r.Error is null))
        {
            var result = run.Result!;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {run.Backend,-14} {1e3 * result.Timings.Service.TotalSeconds,10:F3} ms  peak {result.Execution.PeakMemoryBytes,12:N0} B  {(result.IsExact ? "exact" : "approximate")}"));
            if (result.ResumedAtOperation is { } resumed)
            {
                output.WriteLine($"    went on at operation {resumed} from the checkpoint of an earlier run");
            }

            foreach (var swap in result.SwapEvents)
            {
                output.WriteLine($"    swap at operation {swap.OperationIndex}: {swap.From} → {swap.To} ({swap.Trigger}): {swap.Reason}");
                if (swap.PredictedGain is { } predicted)
                {
                    output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"      gain {predicted.TotalMilliseconds:F3} ms predicted, {swap.ActualGain?.TotalMilliseconds:F3} ms seen; {swap.BytesMoved:N0} B moved in {swap.Duration.TotalMilliseconds:F3} ms"));
                }
            }

            foreach (var (outcome, count) in result.Counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key).Take(options.Top))
            {
                output.WriteLine($"    {outcome}  {count}");
            }

            foreach (var probability in options.Probabilities ? result.Probabilities : [])
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {probability.Outcome}  {probability.Probability:F9}"));
            }
        }
    }
}
