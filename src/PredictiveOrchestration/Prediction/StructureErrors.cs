namespace PredictiveOrchestration.Prediction;

/// <summary>A circuit's structure, whatever the shots, and the shots: runs that differ in shots alone are close kin.</summary>
/// <param name="Circuit">The hash of the structure, threads and what is returned; 0 if it is not known.</param>
/// <param name="Shots">The number of shots.</param>
internal readonly record struct JobKin(ulong Circuit, int Shots)
{
    /// <summary>The position on the axis along which kin are apart.</summary>
    public double Position => Math.Log2(1.0 + Shots);
}

/// <summary>
/// What the analytic model leaves unexplained, for each structure that was run: a bound that is loose for one circuit is as loose for its next run with other
/// shots. Between the shots that were run the error is interpolated, beyond them the nearest counts. Bounded: the oldest structure goes first. Immutable.
/// </summary>
internal sealed class StructureErrors
{
    private const int Most = 2000, PointsEach = 6;
    private const double Rate = 0.3;
    public static readonly StructureErrors Empty = new(StructureMap<Point[]>.Empty(Most));
    private readonly StructureMap<Point[]> _errors;

    private StructureErrors(StructureMap<Point[]> errors) => _errors = errors;

    /// <summary>The errors of observed runs.</summary>
    public static StructureErrors Of(AnalyticCostModel analytic, IEnumerable<TrainingRow> rows)
    {
        var result = Empty;
        foreach (var row in rows.Where(r => !r.IsCensored))
        {
            result = result.With(row.Kin, Math.Log(row.Seconds / analytic.Predict(row.Terms)));
        }

        return result;
    }

    public void Write(BinaryWriter writer) => _errors.Write(writer, static (w, points) =>
    {
        w.Write(points.Length);
        foreach (var point in points)
        {
            w.Write(point.Position);
            w.Write(point.Error);
        }
    });

    /// <exception cref="InvalidDataException">What is there are no errors.</exception>
    public static StructureErrors Read(BinaryReader reader) => new(StructureMap<Point[]>.Read(Most, reader, 12, static r =>
    {
        var points = new Point[r.ReadCount(16)];
        BinaryParts.Require(points.Length is > 0 and <= PointsEach);
        for (var p = 0; p < points.Length; p++)
        {
            points[p] = new Point(r.ReadFinite(), r.ReadFinite());
        }

        return points;
    }));

    /// <summary>Finds the error in log time of a structure that ran before; not a number if none did.</summary>
    public double Find(JobKin kin)
    {
        if (kin.Circuit == 0 || !_errors.TryGet(kin.Circuit, out var points))
        {
            return double.NaN;
        }

        var at = kin.Position;
        Point below = new(double.NegativeInfinity, 0), above = new(double.PositiveInfinity, 0);
        foreach (var p in points)
        {
            below = p.Position <= at && p.Position > below.Position ? p : below;
            above = p.Position >= at && p.Position < above.Position ? p : above;
        }

        return double.IsInfinity(below.Position) ? above.Error
            : double.IsInfinity(above.Position) || above.Position == below.Position ? below.Error
            : below.Error + ((above.Error - below.Error) * (at - below.Position) / (above.Position - below.Position));
    }

    /// <summary>The errors after one more run.</summary>
    public StructureErrors With(JobKin kin, double error)
    {
        if (kin.Circuit == 0)
        {
            return this;
        }

        var points = _errors.TryGet(kin.Circuit, out var known) ? known : [];
        var at = kin.Position;
        var same = Array.FindIndex(points, p => p.Position == at);
        var fresh = new Point(at, same < 0 ? error : points[same].Error + (Rate * (error - points[same].Error)));
        return new StructureErrors(_errors.With(kin.Circuit, [.. points.Where((_, i) => i != same).TakeLast(PointsEach - 1), fresh]));
    }

    private readonly record struct Point(double Position, double Error);
}
