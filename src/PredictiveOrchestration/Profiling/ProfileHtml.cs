using System.Globalization;
using System.Text;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Common.Html;

namespace PredictiveOrchestration.Profiling;

/// <summary>A profile as tables, with its bounds drawn along the circuit and along the line of qubits.</summary>
internal static class ProfileHtml
{
    private const int Points = 160;

    public static string Of(CircuitProfile profile)
    {
        var card = new HtmlCard($"Profile: {profile.NumQubits} qubits, {profile.GateCount} gates, depth {profile.CircuitDepth}");
        card.Table(["", "#"],
        [
            ["Entanglement, 0 to 1", Number(profile.EntanglementComplexity)], ["Memory of the cheapest exact form", ByteSize.Format(profile.MemoryRequirement)],
            .. profile.ExecutionTimeEstimate is { } time ? (IReadOnlyList<object>[])[["Time, by the host", Figures.Seconds(time.TotalSeconds)]] : [],
            .. profile.CostEstimate is { } cost ? (IReadOnlyList<object>[])[["Cost, by the host", cost]] : [],
        ]);
        return (profile.Features is { } features ? Features(card, features) : card).ToString();
    }

    private static HtmlCard Features(HtmlCard card, CircuitFeatures f)
    {
        card.Heading("Gates").Table(
            ["One qubit", "#Two qubits", "#More", "#Clifford", "#T", "#Diagonal", "#Measured", "#in mid-circuit", "#Resets"],
            [[f.OneQubitGateCount, f.TwoQubitGateCount, f.MultiQubitGateCount, f.CliffordCount, f.TCount, f.DiagonalCount, f.MeasurementCount, f.MidCircuitMeasurementCount, f.ResetCount]]);
        card.Heading($"Non-zero amplitudes along the circuit: at most 2^{f.PeakSupportLog2}").Drawing(Steps(f.SupportTrajectory.Span, "Bound on non-zero amplitudes after each operation, as a power of two"));
        card.Heading($"Bonds along the line of qubits: at most 2^{f.PeakBondLog2}").Drawing(Steps(f.BondLog2.Span, "Bound on the bond dimension at each cut, as a power of two"));
        var s = f.Supermarq;
        card.Heading("SupermarQ").Table(
            ["Communication", "#Critical depth", "#Entanglement", "#Parallelism", "#Liveness", "#Measurement"],
            [[Number(s.ProgramCommunication), Number(s.CriticalDepth), Number(s.EntanglementRatio), Number(s.Parallelism), Number(s.Liveness), Number(s.Measurement)]]);
        return card.Note(
            $"{(f.IsDynamic ? "depends on measurements while it runs" : "no run-time control flow")}; {f.LightConeQubits} qubits and {f.LightConeGates} gates can influence the outcome; {f.BlockCount} independent block(s), the largest of {f.LargestBlockQubits} qubits");
    }

    // A stair of at most so many steps, each the greatest of its stretch.
    private static string Steps(ReadOnlySpan<byte> values, string name)
    {
        if (values.Length == 0)
        {
            return string.Empty;
        }

        const double Width = 480, Height = 60;
        var points = new byte[Math.Min(Points, values.Length)];
        for (var i = 0; i < values.Length; i++)
        {
            ref var point = ref points[(int)((long)i * points.Length / values.Length)];
            point = Math.Max(point, values[i]);
        }

        var most = Math.Max((byte)1, points.Max());
        var path = new StringBuilder(HtmlCard.Format($"M0,{Height}"));
        for (var i = 0; i < points.Length; i++)
        {
            path.Append(HtmlCard.Format($"L{i * Width / points.Length:F1},{Height - (points[i] * (Height - 14) / most):F1}H{(i + 1) * Width / points.Length:F1}"));
        }

        return HtmlCard.Format(
            $"<svg width=\"{Width}\" height=\"{Height}\" role=\"img\" aria-label=\"{HtmlCard.Escape(name)}\"><path class=\"f\" d=\"{path}V{Height}Z\"/><text x=\"2\" y=\"11\">2^{most}</text></svg>");
    }

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
