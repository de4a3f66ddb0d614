using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>What larger and smaller models are worth: error on held-out rows (at random, new kinds, larger sizes), time of a fit and of a prediction.</summary>
internal static class ComplexityTable
{
    /// <summary>Prints the table.</summary>
    public static void Run(RoutingTable table)
    {
        var d = ModelComplexity.Default;
        (string Name, ModelComplexity Complexity)[] sizes =
        [
            ("default", d), ("8 trees", d with { Trees = 8 }), ("32 trees", d with { Trees = 32 }), ("48 trees", d with { Trees = 48 }), ("96 trees", d with { Trees = 96 }), ("192 trees", d with { Trees = 192 }),
            ("10 leaves", d with { Leaves = 10 }), ("30 leaves", d with { Leaves = 30 }), ("200 leaves", d with { Leaves = 200 }),
            ("no network", d with { HiddenUnits = 0 }), ("8 units", d with { HiddenUnits = 8 }), ("48 units", d with { HiddenUnits = 48 }),
            ("100 rows", d with { TrainingRows = 100 }), ("200 rows", d with { TrainingRows = 200 }), ("400 rows", d with { TrainingRows = 400 }),
        ];
        var backends = new Replayer(table).ObservedRows().ToList();
        Console.WriteLine("| size | " + string.Join(" | ", backends.Select(b => $"{b.Key} ({b.Count()})")) + " | fit, CPU s | prediction, µs |");
        Console.WriteLine("|---|" + string.Concat(Enumerable.Repeat("---|", backends.Count + 2)));
        foreach (var (name, complexity) in sizes)
        {
            var errors = new List<double>();
            var (cpu, micros) = (Environment.CpuUsage.TotalTime, 0.0);
            var models = backends.Select(b =>
            {
                // Rows thinned evenly: held-out rows are then fewer too, of the same mix.
                var rows = b.ToList();
                var most = Math.Min(rows.Count, complexity.TrainingRows);
                rows = [.. Enumerable.Range(0, most).Select(i => rows[(int)((long)i * rows.Count / most)])];
                return ModelBuilder.Fit(rows[0].Basis, [], rows, [], rows.Count, 1, complexity);
            }).ToList();
            var fit = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
            for (var round = 0; round < 5; round++)
            {
                var (start, count) = (Stopwatch.GetTimestamp(), 0);
                foreach (var (model, rows) in models.Zip(backends))
                {
                    foreach (var row in rows)
                    {
                        model.Predict(row.Terms, row.Features, row.Kin);
                        count++;
                    }
                }

                var each = Stopwatch.GetElapsedTime(start).TotalMicroseconds / count;
                micros = round == 0 ? each : Math.Min(micros, each);
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {string.Join(" | ", models.Select(m => m.HeldOutError.ToString("F3", CultureInfo.InvariantCulture)))} | {fit:F1} | {micros:F2} |"));
        }
    }
}
