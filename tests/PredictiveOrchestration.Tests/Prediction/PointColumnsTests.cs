using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Tests.Prediction;

public sealed class PointColumnsTests
{
    [Fact]
    public void Nearest_AnyNumberOfPoints_IsTheFirstOfThoseWithTheLeastDistance()
    {
        var random = new Random(5);
        for (var count = 1; count <= 100; count++)
        {
            // Few values, so that many points are as near.
            var points = Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, 7).Select(_ => (float)random.Next(3)).ToArray()).ToArray();
            var columns = new PointColumns(points.SelectMany(p => p).ToArray(), 7);
            for (var i = 0; i < 20; i++)
            {
                var point = Enumerable.Range(0, 7).Select(_ => (float)random.Next(3)).ToArray();
                var squares = points.Select(p => p.Zip(point, (a, b) => (a - b) * (a - b)).Sum()).ToList();
                columns.Nearest(point).Should().Be((squares.IndexOf(squares.Min()), squares.Min()));
            }
        }
    }
}
