using System.Runtime.Intrinsics;

namespace PredictiveOrchestration.Prediction;

/// <summary>Points, input by input, each of all points and of as many more as fill a vector: the distances to eight are found at once. Immutable.</summary>
internal sealed class PointColumns
{
    private readonly float[] _inputs;
    private readonly int _width, _count, _stride;

    /// <param name="points">One point after the other.</param>
    /// <param name="width">The inputs of a point.</param>
    public PointColumns(ReadOnlySpan<float> points, int width)
    {
        var lanes = Vector256<float>.Count;
        (_width, _count) = (width, points.Length / width);
        _stride = (_count + lanes - 1) / lanes * lanes;
        _inputs = new float[_width * _stride];
        for (var i = 0; i < points.Length; i++)
        {
            _inputs[(i % width * _stride) + (i / width)] = points[i];
        }
    }

    /// <summary>One point after the other.</summary>
    public float[] ToArray()
    {
        var points = new float[_count * _width];
        for (var i = 0; i < points.Length; i++)
        {
            points[i] = _inputs[(i % _width * _stride) + (i / _width)];
        }

        return points;
    }

    /// <summary>The point that is nearest, the first of several, and the square of its distance.</summary>
    public (int Index, float Square) Nearest(ReadOnlySpan<float> point)
    {
        point = point[.._width];
        var lanes = Vector256<float>.Count;
        var nearest = (Index: 0, Square: float.MaxValue);
        var first = 0;

        // Four vectors at a time: none waits for the sum of another.
        for (; first <= _stride - (4 * lanes); first += 4 * lanes)
        {
            Vector256<float> a = default, b = default, c = default, d = default;
            for (var i = 0; i < point.Length; i++)
            {
                ref var of = ref _inputs[(i * _stride) + first];
                var own = Vector256.Create(point[i]);
                a += Square(Vector256.LoadUnsafe(ref of) - own);
                b += Square(Vector256.LoadUnsafe(ref of, (nuint)lanes) - own);
                c += Square(Vector256.LoadUnsafe(ref of, (nuint)(2 * lanes)) - own);
                d += Square(Vector256.LoadUnsafe(ref of, (nuint)(3 * lanes)) - own);
            }

            Look(a, first, ref nearest);
            Look(b, first + lanes, ref nearest);
            Look(c, first + (2 * lanes), ref nearest);
            Look(d, first + (3 * lanes), ref nearest);
        }

        for (; first < _stride; first += lanes)
        {
            var sum = Vector256<float>.Zero;
            for (var i = 0; i < point.Length; i++)
            {
                sum += Square(Vector256.LoadUnsafe(ref _inputs[(i * _stride) + first]) - Vector256.Create(point[i]));
            }

            Look(sum, first, ref nearest);
        }

        return nearest;
    }

    private static Vector256<float> Square(Vector256<float> apart) => apart * apart;

    private void Look(Vector256<float> squares, int first, ref (int Index, float Square) nearest)
    {
        if (!Vector256.LessThanAny(squares, Vector256.Create(nearest.Square)))
        {
            return;
        }

        for (var k = 0; k < Vector256<float>.Count && first + k < _count; k++)
        {
            if (squares[k] < nearest.Square)
            {
                nearest = (first + k, squares[k]);
            }
        }
    }
}
