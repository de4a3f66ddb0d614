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
        var (best, at) = (float.MaxValue, 0);
        Span<float> squares = stackalloc float[Vector256<float>.Count];
        for (var first = 0; first < _stride; first += squares.Length)
        {
            var sum = Vector256<float>.Zero;
            for (var i = 0; i < _width; i++)
            {
                var apart = Vector256.LoadUnsafe(ref _inputs[(i * _stride) + first]) - Vector256.Create(point[i]);
                sum += apart * apart;
            }

            sum.CopyTo(squares);
            for (var k = 0; k < squares.Length && first + k < _count; k++)
            {
                if (squares[k] < best)
                {
                    (best, at) = (squares[k], first + k);
                }
            }
        }

        return (at, best);
    }
}
