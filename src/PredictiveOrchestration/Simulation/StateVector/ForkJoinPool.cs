namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// Threads that help with short parallel parts. A helper spins briefly for the next part and then sleeps, so that idle runs cost
/// nothing. One part runs at a time: a caller that finds the helpers busy, or a helper that comes late, changes only the speed,
/// since a part hands out its own work and is complete whoever takes part.
/// </summary>
internal sealed class ForkJoinPool
{
    private const int SpinRounds = 200;
    private const int MostHelpers = 63;
    private readonly List<Helper> _helpers = [];
    private int _busy;

    /// <summary>The helpers of this process.</summary>
    public static ForkJoinPool Shared { get; } = new();

    /// <summary>
    /// Calls <paramref name="part"/> with 0 on this thread and with other numbers below <paramref name="threads"/> on helpers, and returns
    /// when all calls that began have ended. The part must do all the work whichever numbers are called, and must not throw.
    /// </summary>
    public void Run(int threads, Action<int> part)
    {
        threads = Math.Min(threads, MostHelpers + 1);
        if (threads < 2 || Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            part(0);
            return;
        }

        try
        {
            while (_helpers.Count < threads - 1)
            {
                _helpers.Add(new Helper(_helpers.Count + 1));
            }

            for (var i = 0; i < threads - 1; i++)
            {
                _helpers[i].Begin(part);
            }

            part(0);
            for (var i = 0; i < threads - 1; i++)
            {
                _helpers[i].Join();
            }
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    private sealed class Helper
    {
        private readonly AutoResetEvent _wake = new(false);
        private readonly int _number;
        private Action<int>? _part;
        private int _asleep;
        private int _working;

        public Helper(int number)
        {
            _number = number;
            new Thread(Work) { IsBackground = true, Name = $"PredictiveOrchestration helper {number}" }.Start();
        }

        public void Begin(Action<int> part)
        {
            Volatile.Write(ref _working, 1);
            Interlocked.Exchange(ref _part, part);
            if (Volatile.Read(ref _asleep) != 0)
            {
                _wake.Set();
            }
        }

        /// <summary>Waits for the part to end, or takes it back if the helper has not begun it.</summary>
        public void Join()
        {
            if (Interlocked.Exchange(ref _part, null) is not null)
            {
                return;
            }

            var spin = default(SpinWait);
            while (Volatile.Read(ref _working) != 0)
            {
                spin.SpinOnce(sleep1Threshold: -1);
            }
        }

        private void Work()
        {
            while (true)
            {
                var part = Next();
                part(_number);
                Volatile.Write(ref _working, 0);
            }
        }

        private Action<int> Next()
        {
            for (var round = 0; round < SpinRounds; round++)
            {
                if (Volatile.Read(ref _part) is not null && Interlocked.Exchange(ref _part, null) is { } part)
                {
                    return part;
                }

                Thread.SpinWait(20);
            }

            while (true)
            {
                // Announced before the last look, so that a part given in between is either seen here or wakes the helper.
                Interlocked.Exchange(ref _asleep, 1);
                if (Interlocked.Exchange(ref _part, null) is { } part)
                {
                    Volatile.Write(ref _asleep, 0);
                    return part;
                }

                _wake.WaitOne();
                Volatile.Write(ref _asleep, 0);
            }
        }
    }
}
