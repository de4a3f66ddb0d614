namespace PredictiveOrchestration.Common;

/// <summary>A sequential view of one <see cref="Philox"/> stream, for generators and shuffles. Not thread-safe.</summary>
internal sealed class SeededRandom(ulong seed, ulong stream = 0)
{
    private ulong _index;

    public ulong NextUInt64() => Philox.UInt64(seed, stream, _index++);

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => Philox.ToUnitInterval(NextUInt64());

    /// <summary>Uniform in [0, <paramref name="exclusiveMaximum"/>), without modulo bias beyond 2^-32.</summary>
    public int Next(int exclusiveMaximum) => (int)((UInt128)NextUInt64() * (ulong)exclusiveMaximum >> 64);

    /// <summary>Standard normal, by Box and Muller.</summary>
    public double NextGaussian()
    {
        var radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return radius * Math.Cos(2 * Math.PI * NextDouble());
    }

    /// <summary>Fisher-Yates.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
