using PredictiveOrchestration.Circuits.Drawing;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Common.Html;

namespace PredictiveOrchestration.Circuits;

/// <content>Drawings.</content>
[TypeFormatterSource(typeof(NotebookFormatterSource))]
public sealed partial class Circuit : IHtml
{
    /// <summary>
    /// Draws the circuit as text, one line for each qubit, qubit 0 uppermost: ● is a control, a name in brackets stands on a target, × are exchanged. Of a large circuit the beginning is drawn (at most 48
    /// qubits and 160 columns), and a last line says what is not shown.
    /// </summary>
    /// <param name="width">The length of a line in characters, 20 to 10,000; what is wider goes on below.</param>
    /// <exception cref="ArgumentOutOfRangeException">The width is out of range.</exception>
    public string ToDiagram(int width = 120)
    {
        Guard.InRange(width, 20, 10_000);
        return TextDiagram.Of(this, width);
    }

    /// <summary>Draws the circuit as a self-contained piece of HTML for notebooks and pages: the beginning of a large one, as <see cref="ToDiagram"/> does.</summary>
    public string ToHtml()
    {
        var grid = Grid.Of(this);
        var card = new HtmlCard(ToString()).Drawing(CircuitSvg.Of(grid, ToString()));
        return (grid.Note is { } note ? card.Note(note) : card).ToString();
    }
}
