using System.Globalization;
using MathNet.Numerics.LinearAlgebra;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>Fits <see cref="RoughChain"/> to the sketches of a table's circuits, and says how wrong it is on families that were held out and on circuits of others.</summary>
internal static class RoughChainFit
{
    private const double Ridge = 0.3;

    /// <summary>Prints the weights and the errors.</summary>
    public static void Run(RoutingTable table)
    {
        List<TableRow> all = [.. table.Rows.Where(r => r.Profile.Features!.ChainWork.Length == ChainAmounts.Count && r.Profile.NumQubits > 0).DistinctBy(r => (r.Profile.Features!.StructuralHash, r.Profile.NumQubits))];
        var (others, own) = (all.Where(r => JobCatalog.IsOfOthers(r.Family)).ToList(), all.Where(r => !JobCatalog.IsOfOthers(r.Family)).ToList());
        var weights = Fit(own);
        foreach (var amount in weights.EnumerateRows())
        {
            Console.WriteLine($"        {string.Join(", ", amount.Select(w => w.ToString("F3", CultureInfo.InvariantCulture)))},");
        }

        Print("families held out", [.. own.GroupBy(r => r.Family).SelectMany(f => Errors(Fit([.. own.Where(r => r.Family != f.Key)]), f))]);
        Print("circuits of others", [.. Errors(weights, others)]);
    }

    // A row for each amount.
    private static Matrix<double> Fit(List<TableRow> rows)
    {
        var x = Matrix<double>.Build.DenseOfRowArrays(rows.Select(Inputs));
        var y = Matrix<double>.Build.DenseOfRowArrays(rows.Select(r => r.Profile.Features!.ChainWork.Select(a => Math.Log2(1 + a)).ToArray()));
        return (x.TransposeThisAndMultiply(x) + (Ridge * Matrix<double>.Build.DenseIdentity(x.ColumnCount))).Cholesky().Solve(x.TransposeThisAndMultiply(y)).Transpose();
    }

    private static double[] Inputs(TableRow row)
    {
        var x = new double[RoughChain.InputCount];
        RoughChain.Write(RoughChain.Of(row.Profile), x);
        return x;
    }

    // In the logarithm of the time, by the prices that stand before anything is measured.
    private static IEnumerable<double> Errors(Matrix<double> weights, IEnumerable<TableRow> rows)
    {
        var prices = CostBasisCatalog.Get("mps").PriorSeconds;
        double Seconds(IEnumerable<double> amounts) => prices[0] + amounts.Take(ChainAmounts.Read).Select((a, k) => a * prices[2 + k]).Sum();
        return rows.Select(r => Math.Log(Math.Min(20, Seconds(r.Profile.Features!.ChainWork)) / Seconds((weights * Vector<double>.Build.Dense(Inputs(r))).Select(w => Math.Pow(2, w) - 1))));
    }

    private static void Print(string name, List<double> errors)
    {
        errors.Sort();
        double At(double share) => errors[(int)(share * (errors.Count - 1))];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {errors.Count} circuits, log time off by {Math.Sqrt(errors.Average(e => e * e)):F2}; 1, 5, 50, 95, 99 % {At(0.01):F1}, {At(0.05):F1}, {At(0.5):F1}, {At(0.95):F1}, {At(0.99):F1}"));
    }
}
