namespace PredictiveOrchestration.Costs;

/// <summary>How much of an allowance is left in its rolling window. Not thread-safe.</summary>
internal sealed class AllowanceWindow(PriceAllowance allowance)
{
    private readonly Queue<(DateTimeOffset At, decimal Quantity)> _used = new();
    private decimal _sum;

    /// <summary>What is left now, and when the next part of it comes back.</summary>
    public (decimal Left, DateTimeOffset? Next) Left(DateTimeOffset now)
    {
        while (_used.TryPeek(out var oldest) && now - oldest.At >= allowance.Window)
        {
            _sum -= oldest.Quantity;
            _used.Dequeue();
        }

        return (Math.Max(0, allowance.Quantity - _sum), _used.TryPeek(out var first) ? first.At + allowance.Window : null);
    }

    /// <summary>Takes a quantity out.</summary>
    public void Use(DateTimeOffset now, decimal quantity)
    {
        _used.Enqueue((now, quantity));
        _sum += quantity;
    }
}
