using System.Text;
using PredictiveOrchestration.Common.Html;

namespace PredictiveOrchestration.Circuits.Drawing;

/// <summary>A circuit as a drawing: wires from left to right, qubit 0 uppermost.</summary>
internal sealed class CircuitSvg
{
    private const double Pitch = 40, Half = 13, Character = 7.4;
    private readonly StringBuilder _svg = new();
    private readonly Grid _grid;
    private readonly double[] _centres;
    private readonly double _top;
    private readonly double _left;
    private readonly double _right;

    private CircuitSvg(Grid grid)
    {
        _grid = grid;
        _left = 24 + (Enumerable.Range(0, grid.Wires).Select(w => grid.NameOf(w).Length).DefaultIfEmpty(0).Max() * Character);
        _top = grid.Operations.Any(o => o.Kind == DrawnKind.Control) ? 44 : 26;
        var widths = new double[grid.Columns];
        foreach (var operation in grid.Operations)
        {
            widths[operation.Column] = Math.Max(widths[operation.Column], Math.Max((2 * Half) + 10, WidthOf(operation) + 12));
        }

        _centres = new double[grid.Columns];
        _right = _left;
        for (var i = 0; i < widths.Length; i++)
        {
            _centres[i] = _right + (widths[i] / 2);
            _right += widths[i];
        }

        _right += 12;
    }

    public static string Of(Grid grid, string name) => new CircuitSvg(grid).Draw(name);

    private static double WidthOf(DrawnOperation operation) => Math.Max(2 * Half, ((operation.Label.Length + (operation.Targets.Count > 1 ? 2 : 0)) * Character) + 8);

    private string Draw(string name)
    {
        var bottom = _top + (_grid.Wires * Pitch);
        Add($"<svg width=\"{_right:F0}\" height=\"{bottom:F0}\" viewBox=\"0 0 {_right:F0} {bottom:F0}\" role=\"img\" aria-label=\"{HtmlCard.Escape(name)}\">");
        for (var wire = 0; wire < _grid.Wires; wire++)
        {
            Add($"<line class=\"q\" x1=\"{_left - 8:F0}\" x2=\"{_right:F0}\" y1=\"{Y(wire):F0}\" y2=\"{Y(wire):F0}\"/><text x=\"{_left - 14:F0}\" y=\"{Y(wire) + 4:F0}\" text-anchor=\"end\">{HtmlCard.Escape(_grid.NameOf(wire))}</text>");
        }

        foreach (var operation in _grid.Operations)
        {
            Add($"<g>");
            Draw(operation, _centres[operation.Column]);
            Add($"</g>");
        }

        return _svg.Append("</svg>").ToString();
    }

    private void Draw(DrawnOperation operation, double x)
    {
        if (operation.Kind == DrawnKind.Control)
        {
            Add($"<line class=\"d\" x1=\"{x:F1}\" x2=\"{x:F1}\" y1=\"{_top - 18:F0}\" y2=\"{_top + (_grid.Wires * Pitch):F0}\"/><text x=\"{x:F1}\" y=\"16\" text-anchor=\"middle\">{HtmlCard.Escape(operation.Label)}</text>");
            return;
        }

        if (operation.Kind == DrawnKind.Barrier)
        {
            foreach (var wire in operation.Targets.Where(w => w < _grid.Wires))
            {
                Add($"<line class=\"d\" x1=\"{x:F1}\" x2=\"{x:F1}\" y1=\"{Y(wire) - (Pitch / 2):F0}\" y2=\"{Y(wire) + (Pitch / 2):F0}\"/>");
            }

            return;
        }

        if (operation.Top < operation.Bottom)
        {
            Add($"<line class=\"k\" x1=\"{x:F1}\" x2=\"{x:F1}\" y1=\"{Y(operation.Top):F0}\" y2=\"{Y(operation.Bottom):F0}\"/>");
        }

        foreach (var wire in operation.Controls.Where(w => w < _grid.Wires))
        {
            Add($"<circle class=\"dot\" cx=\"{x:F1}\" cy=\"{Y(wire):F0}\" r=\"4.5\"/>");
        }

        for (var i = 0; i < operation.Targets.Count; i++)
        {
            if (operation.Targets[i] is var wire && wire < _grid.Wires)
            {
                Target(operation, i, x, Y(wire));
            }
        }
    }

    private void Target(DrawnOperation operation, int index, double x, double y)
    {
        if (operation.Kind == DrawnKind.Swap)
        {
            Add($"<path class=\"k\" d=\"M{x - 6:F1},{y - 6:F0}l12,12m0,-12l-12,12\"/>");
            return;
        }

        if (operation is { Label: "x", Controls.Count: > 0 })
        {
            Add($"<circle class=\"x\" cx=\"{x:F1}\" cy=\"{y:F0}\" r=\"10\"/><path class=\"k\" d=\"M{x - 10:F1},{y:F0}h20M{x:F1},{y - 10:F0}v20\"/>");
            return;
        }

        var width = WidthOf(operation);
        var label = operation.Targets.Count > 1 ? $"{operation.Label}:{index}" : operation.Label;
        Add($"<rect class=\"x\" x=\"{x - (width / 2):F1}\" y=\"{y - Half:F0}\" width=\"{width:F1}\" height=\"{2 * Half:F0}\" rx=\"3\"/><text x=\"{x:F1}\" y=\"{y + 4:F0}\" text-anchor=\"middle\">{HtmlCard.Escape(label)}</text>");
    }

    // The wire below the last stands for those that are not shown.
    private double Y(int wire) => _top + (wire * Pitch);

    private void Add(FormattableString markup) => _svg.Append(HtmlCard.Format(markup));
}
