using System.Collections.Immutable;

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
    public static readonly StructureErrors Empty = new(ImmutableDictionary<ulong, Point[]>.Empty, []);
    private readonly ImmutableDictionary<ulong, Point[]> _errors;
    private readonly ImmutableQueue<ulong> _order;

    private StructureErrors(ImmutableDictionary<ulong, Point[]> errors, ImmutableQueue<ulong> order) => (_errors, _order) = (errors, order);

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

    /// <summary>Writes the structures, oldest first.</summary>
    public void Write(BinaryWriter writer)
    {
        writer.Write(_errors.Count);
        foreach (var circuit in _order)
        {
            var points = _errors[circuit];
            writer.Write(circuit);
            writer.Write(points.Length);
            foreach (var point in points)
            {
                writer.Write(point.Position);
                writer.Write(point.Error);
            }
        }
    }

    /// <exception cref="InvalidDataException">What is there are no errors.</exception>
    public static StructureErrors Read(BinaryReader reader)
    {
        var count = reader.ReadCount(12);
        BinaryParts.Require(count <= Most);
        var (errors, order) = (ImmutableDictionary.CreateBuilder<ulong, Point[]>(), ImmutableQueue<ulong>.Empty);
        for (var i = 0; i < count; i++)
        {
            var circuit = reader.ReadUInt64();
            var points = new Point[reader.ReadCount(16)];
            BinaryParts.Require(points.Length is > 0 and <= PointsEach);
            for (var p = 0; p < points.Length; p++)
            {
                points[p] = new Point(reader.ReadFinite(), reader.ReadFinite());
            }

            BinaryParts.Require(errors.TryAdd(circuit, points));
            order = order.Enqueue(circuit);
        }

        return new StructureErrors(errors.ToImmutable(), order);
    }

    /// <summary>Finds the error in log time of a structure that ran before; not a number if none did.</summary>
    public double Find(JobKin kin)
    {
        if (kin.Circuit == 0 || !_errors.TryGetValue(kin.Circuit, out var points))
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

        var isNew = !_errors.TryGetValue(kin.Circuit, out var points);
        var at = kin.Position;
        points ??= [];
        var same = Array.FindIndex(points, p => p.Position == at);
        var fresh = new Point(at, same < 0 ? error : points[same].Error + (Rate * (error - points[same].Error)));
        Point[] next = [.. points.Where((_, i) => i != same).TakeLast(PointsEach - 1), fresh];
        var (errors, order) = (_errors.SetItem(kin.Circuit, next), isNew ? _order.Enqueue(kin.Circuit) : _order);
        if (errors.Count > Most)
        {
            order = order.Dequeue(out var oldest);
            errors = errors.Remove(oldest);
        }

        return new StructureErrors(errors, order);
    }

    private readonly record struct Point(double Position, double Error);
}
