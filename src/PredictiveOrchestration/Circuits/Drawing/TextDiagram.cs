using System.Text;

namespace PredictiveOrchestration.Circuits.Drawing;

/// <summary>
/// A circuit as text: a line for each wire and one between two. Dots are controls, names in brackets stand on targets, × are exchanged, ░ is a barrier. What is wider than a line goes on below.
/// </summary>
internal sealed class TextDiagram
{
    private readonly Grid _grid;
    private readonly string[] _labels;
    private readonly List<Rune[][]> _columns = [];

    private TextDiagram(Grid grid)
    {
        _grid = grid;
        var names = Enumerable.Range(0, grid.Wires).Select(grid.NameOf).ToList();
        var width = names.Count == 0 ? 0 : names.Max(n => n.Length);
        _labels = [.. names.Select(n => $"{n.PadRight(width)}: ")];
        foreach (var column in grid.Operations.ToLookup(o => o.Column).OrderBy(c => c.Key))
        {
            _columns.Add(Column([.. column]));
        }
    }

    public static string Of(Circuit circuit, int width)
    {
        var grid = Grid.Of(circuit);
        var text = new TextDiagram(grid).Write(width);
        return grid.Note is { } note ? $"{text}({note})\n" : text;
    }

    // Row 0 is for what blocks depend on; wire w is row 2w + 1, and below it is the row between it and the next.
    private int Rows => 1 + (2 * _grid.Wires);

    private Rune[][] Column(IReadOnlyList<DrawnOperation> operations)
    {
        var width = operations.Max(o => o.Kind switch
        {
            DrawnKind.Control => o.Label.Length,
            DrawnKind.Barrier or DrawnKind.Swap => 1,
            _ => o.Targets.Count > 1 ? o.Label.Length + 4 : o.Label.Length + 2,
        });
        var cells = new Rune[Rows][];
        for (var row = 0; row < Rows; row++)
        {
            cells[row] = new Rune[width + 2];
            Array.Fill(cells[row], new Rune(row % 2 == 1 ? '─' : ' '));
        }

        foreach (var operation in operations)
        {
            Draw(operation, cells, (width + 1) / 2);
        }

        return cells;
    }

    private void Draw(DrawnOperation operation, Rune[][] cells, int middle)
    {
        void Put(int row, string text, int at)
        {
            if (row < Rows)
            {
                foreach (var rune in text.EnumerateRunes())
                {
                    cells[row][at++] = rune;
                }
            }
        }

        if (operation.Kind == DrawnKind.Control)
        {
            Put(0, operation.Label, 1);
            for (var row = 1; row < Rows - 1; row++)
            {
                Put(row, "┊", 1);
            }

            return;
        }

        if (operation.Kind == DrawnKind.Barrier)
        {
            foreach (var wire in operation.Targets.Concat(operation.Controls))
            {
                Put(Row(wire), "░", middle);
            }

            return;
        }

        for (var row = Row(operation.Top) + 1; row < Math.Min(Row(operation.Bottom), Rows); row++)
        {
            Put(row, row % 2 == 1 ? "┼" : "│", middle);
        }

        foreach (var control in operation.Controls)
        {
            Put(Row(control), "●", middle);
        }

        for (var i = 0; i < operation.Targets.Count; i++)
        {
            var text = operation.Kind == DrawnKind.Swap ? "×" : operation.Targets.Count > 1 ? $"[{operation.Label}:{i}]" : $"[{operation.Label}]";
            Put(Row(operation.Targets[i]), text, middle - ((text.Length - 1) / 2));
        }
    }

    private static int Row(int wire) => (2 * wire) + 1;

    private string Write(int width)
    {
        var indent = _labels.Length == 0 ? 0 : _labels[0].Length;
        var text = new StringBuilder();
        for (var first = 0; first < Math.Max(1, _columns.Count);)
        {
            var (last, used) = (first, indent);
            while (last < _columns.Count && (last == first || used + _columns[last][0].Length <= width))
            {
                used += _columns[last++][0].Length;
            }

            for (var row = 0; row < Rows; row++)
            {
                var line = new StringBuilder(row % 2 == 1 ? _labels[row / 2] : new string(' ', indent));
                foreach (var column in _columns[first..last])
                {
                    foreach (var rune in column[row])
                    {
                        line.Append(rune);
                    }
                }

                var written = line.ToString().TrimEnd();

                // The uppermost and the lowest row are there only if something is in them.
                if (written.Length > 0 || (row > 0 && row < Rows - 1))
                {
                    text.Append(written).Append('\n');
                }
            }

            first = Math.Max(last, first + 1);
            if (first < _columns.Count)
            {
                text.Append('\n');
            }
        }

        return text.ToString();
    }
}
