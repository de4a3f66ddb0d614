using System.Globalization;

namespace PredictiveOrchestration.Common.Html;

/// <summary>Figures for people.</summary>
internal static class Figures
{
    /// <summary>A duration, such as <c>1.25 ms</c>.</summary>
    public static string Seconds(double seconds) => Math.Abs(seconds) switch
    {
        0 => "0 s",
        < 1e-6 => Format(seconds * 1e9, "ns"),
        < 1e-3 => Format(seconds * 1e6, "µs"),
        < 1 => Format(seconds * 1e3, "ms"),
        < 120 => Format(seconds, "s"),
        < 7200 => Format(seconds / 60, "min"),
        < 172_800 => Format(seconds / 3600, "h"),
        _ => Format(seconds / 86_400, "d"),
    };

    public static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.#} %");

    public static string Money(decimal amount, string currency) => string.Create(CultureInfo.InvariantCulture, $"{amount:0.######} {currency}");

    public static string Number(double value) => value.ToString("G4", CultureInfo.InvariantCulture);

    /// <summary>
    /// A bar with the ends of an interval and its middle, on a logarithmic scale that several share.
    /// </summary>
    public static Markup Interval(double median, double lower, double upper, double least, double most)
    {
        const double Width = 140;
        double At(double value) => 5 + (Math.Log(Math.Clamp(value, least, most) / least) / Math.Max(1e-9, Math.Log(most / least)) * (Width - 10));
        return new Markup(HtmlCard.Format(
            $"<svg width=\"{Width}\" height=\"16\" aria-hidden=\"true\"><line class=\"q\" x1=\"{At(lower):F1}\" x2=\"{At(upper):F1}\" y1=\"8\" y2=\"8\"/><line class=\"q\" x1=\"{At(lower):F1}\" x2=\"{At(lower):F1}\" y1=\"4\" y2=\"12\"/><line class=\"q\" x1=\"{At(upper):F1}\" x2=\"{At(upper):F1}\" y1=\"4\" y2=\"12\"/><circle class=\"f\" cx=\"{At(median):F1}\" cy=\"8\" r=\"4\"/></svg>"));
    }

    /// <summary>A bar for a share, with a line for an interval around it if one is given; all 0 to 1.</summary>
    public static Markup Bar(double share, double? lower = null, double? upper = null)
    {
        const double Width = 220;
        double At(double value) => Math.Clamp(value, 0, 1) * Width;
        var line = lower is { } l && upper is { } u ? HtmlCard.Format($"<line class=\"k\" x1=\"{At(l):F1}\" x2=\"{At(u):F1}\" y1=\"7\" y2=\"7\"/>") : string.Empty;
        return new Markup(HtmlCard.Format($"<svg width=\"{Width}\" height=\"14\" aria-hidden=\"true\"><rect class=\"g\" width=\"{Width}\" height=\"14\" rx=\"2\"/><rect class=\"f\" width=\"{At(share):F1}\" height=\"14\" rx=\"2\"/>{line}</svg>"));
    }

    private static string Format(double value, string unit) => string.Create(CultureInfo.InvariantCulture, $"{value:G3} {unit}");
}
