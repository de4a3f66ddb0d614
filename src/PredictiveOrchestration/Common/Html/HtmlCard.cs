using System.Globalization;
using System.Net;
using System.Text;

namespace PredictiveOrchestration.Common.Html;

/// <summary>
/// Builds a self-contained piece of HTML that looks right in a light and a dark surrounding: it brings its own background. Everything that is put in as text is escaped; markup comes only from here.
/// </summary>
internal sealed class HtmlCard
{
    /// <summary>Rows that a table has at most; the rest is said in words.</summary>
    public const int MaxRows = 64;

    private const int MaxText = 400, MaxPreformatted = 20_000;

    private const string Style =
        """
        .po{--b:#fff;--t:#1b1f26;--s:#525a66;--l:#c9ced6;--g:#e3e6eb;--a:#0b5fa5;--w:#a8122f;background:var(--b);color:var(--t);border:1px solid var(--l);border-radius:8px;padding:.7em 1em;margin:.4em 0;font:14px/1.45 system-ui,sans-serif;overflow-x:auto}
        @media(prefers-color-scheme:dark){.po{--b:#171b22;--t:#e7eaee;--s:#a7b0bc;--l:#363d49;--g:#262c36;--a:#6cb6ff;--w:#ff8a97}}
        .po h4{margin:0 0 .4em;font-size:1.05em}.po h5{margin:.8em 0 .2em;font-size:.95em;color:var(--s)}.po p{margin:.2em 0}.po .n{color:var(--s)}
        .po table{border-collapse:collapse;font-variant-numeric:tabular-nums;color:var(--t);background:none;margin:.2em 0}.po th,.po td{padding:.2em .8em .2em 0;text-align:left;border:0;border-bottom:1px solid var(--g);vertical-align:top;background:none;color:var(--t)}
        .po thead th{color:var(--s)}.po .r{text-align:right}.po svg{display:block}.po svg text{fill:var(--t);font-size:12px;font-family:ui-monospace,monospace}.po svg .n{fill:var(--s)}
        .po pre{margin:.3em 0;white-space:pre-wrap;font:12.5px/1.45 ui-monospace,monospace;color:var(--t);background:none}
        .po .f{fill:var(--a)}.po .k{stroke:var(--t);fill:none}.po .q{stroke:var(--s);fill:none}.po .x{fill:var(--b);stroke:var(--t)}.po .d{stroke:var(--w);stroke-dasharray:4 3;fill:none}.po .g{fill:var(--g);fill-opacity:1}.po .dot{fill:var(--t)}
        """;

    // What drawings look like where the style sheet is taken out, as some viewers of notebooks do; the style sheet goes before it.
    private static readonly (string Mark, string Attributes)[] Plain =
    [
        ("class=\"f\"", "fill=\"#0b5fa5\""), ("class=\"g\"", "fill=\"#888\" fill-opacity=\".25\""), ("class=\"k\"", "fill=\"none\" stroke=\"#222\""), ("class=\"q\"", "fill=\"none\" stroke=\"#777\""),
        ("class=\"x\"", "fill=\"#fff\" stroke=\"#222\""), ("class=\"d\"", "fill=\"none\" stroke=\"#a8122f\" stroke-dasharray=\"4 3\""), ("<text", "font-family=\"monospace\" font-size=\"12\""),
    ];

    private readonly StringBuilder _html = new();

    public HtmlCard(string title) =>
        _html.Append("<div class=\"po\"><style>").Append(Style.ReplaceLineEndings(string.Empty)).Append("</style><h4>").Append(Escape(title)).Append("</h4>");

    /// <summary>Text for use between tags and in quoted attributes, cut if it is very long; control characters, which markup cannot hold, become spaces.</summary>
    public static string Escape(string text) => Escape(text, MaxText);

    public static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    public HtmlCard Paragraph(string text)
    {
        _html.Append("<p>").Append(Escape(text)).Append("</p>");
        return this;
    }

    /// <summary>A remark, less prominent.</summary>
    public HtmlCard Note(string text)
    {
        _html.Append("<p class=\"n\">").Append(Escape(text)).Append("</p>");
        return this;
    }

    public HtmlCard Heading(string text)
    {
        _html.Append("<h5>").Append(Escape(text)).Append("</h5>");
        return this;
    }

    public HtmlCard Preformatted(string text)
    {
        _html.Append("<pre>").Append(Escape(text, MaxPreformatted)).Append("</pre>");
        return this;
    }

    /// <summary>A drawing, whose texts were escaped where it was made.</summary>
    public HtmlCard Drawing(string svg)
    {
        _html.Append(svg);
        return this;
    }

    /// <summary>A table; a head that begins with # stands over numbers. Nothing if there are no rows.</summary>
    /// <param name="heads">The heads.</param>
    /// <param name="rows">The cells as text, or as a <see cref="Markup"/> made here.</param>
    public HtmlCard Table(IReadOnlyList<string> heads, IReadOnlyList<IReadOnlyList<object>> rows)
    {
        if (rows.Count == 0)
        {
            return this;
        }

        _html.Append("<table><thead><tr>");
        string Class(int column) => heads[column].StartsWith('#') ? " class=\"r\"" : string.Empty;
        for (var i = 0; i < heads.Count; i++)
        {
            _html.Append("<th scope=\"col\"").Append(Class(i)).Append('>').Append(Escape(heads[i].TrimStart('#'))).Append("</th>");
        }

        _html.Append("</tr></thead><tbody>");
        foreach (var row in rows.Take(MaxRows))
        {
            _html.Append("<tr>");
            for (var i = 0; i < row.Count; i++)
            {
                var tag = i == 0 ? "th" : "td";
                _html.Append('<').Append(tag).Append(i == 0 ? " scope=\"row\"" : string.Empty).Append(Class(i)).Append('>')
                    .Append(row[i] is Markup markup ? markup.Html : Escape(Convert.ToString(row[i], CultureInfo.InvariantCulture) ?? string.Empty)).Append("</").Append(tag).Append('>');
            }

            _html.Append("</tr>");
        }

        _html.Append("</tbody></table>");
        return rows.Count > MaxRows ? Note($"{rows.Count - MaxRows} more rows are not shown.") : this;
    }

    public override string ToString()
    {
        var html = new StringBuilder().Append(_html).Append("</div>");
        foreach (var (mark, attributes) in Plain)
        {
            // No text can hold these: its quotes and angle brackets are escaped.
            html.Replace(mark, $"{mark} {attributes}");
        }

        return html.ToString();
    }

    private static string Escape(string text, int most)
    {
        var cut = text.Length <= most ? text : string.Concat(text.AsSpan(0, most - 1), "…");
        return WebUtility.HtmlEncode(string.Concat(cut.Select(c => char.IsControl(c) && c is not '\n' ? ' ' : c)));
    }
}

/// <summary>HTML that was made here and not from text of others.</summary>
internal readonly record struct Markup(string Html);
