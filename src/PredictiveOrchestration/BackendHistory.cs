using PredictiveOrchestration.Prediction.Forecasting;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>From records to the series that are forecast: one value for each telemetry interval, the last of which ends now.</summary>
internal static class BackendHistory
{
    /// <summary>The most intervals looked at.</summary>
    public const int Intervals = 240;

    /// <summary>Forecasts one backend from its records.</summary>
    public static BackendForecast Forecast(string backendId, IReadOnlyCollection<ExecutionRecord> records, DateTimeOffset now, TimeSpan interval, int horizon)
    {
        var length = Length(records, now, interval);
        var (load, cost) = (new double[length], new double[length]);
        var (wait, service, runs) = (new double[length], new double[length], new int[length]);
        foreach (var record in records)
        {
            var end = End(record, length, now, interval);
            var begin = end - (record.ServiceTime / interval);
            for (var i = Math.Max(0, (int)Math.Floor(begin)); i < Math.Min(length, (int)Math.Ceiling(end)); i++)
            {
                load[i] += Math.Max(0, Math.Min(end, i + 1) - Math.Max(begin, i));
            }

            var at = (int)Math.Ceiling(end) - 1;
            if (at < 0)
            {
                continue;
            }

            cost[at] += (double)record.Cost;
            if (record.Outcome == ExecutionOutcome.Completed)
            {
                wait[at] += record.QueueTime.TotalSeconds;
                service[at] += record.ServiceTime.TotalSeconds;
                runs[at]++;
            }
        }

        SeriesForecast[] series = [Of(load, horizon), Of(Means(wait, runs), horizon), Of(Means(service, runs), horizon), Of(cost, horizon)];
        return new BackendForecast
        {
            BackendId = backendId, Step = interval, Load = series[0].Steps, WaitSeconds = series[1].Steps, ExecutionSeconds = series[2].Steps, Cost = series[3].Steps,
            Methods = [.. series.Select(s => s.Method)],
        };
    }

    /// <summary>Forecasts what records cost together.</summary>
    public static SeriesForecast Cost(IReadOnlyCollection<ExecutionRecord> records, DateTimeOffset now, TimeSpan interval, int horizon)
    {
        var cost = new double[Length(records, now, interval)];
        foreach (var record in records)
        {
            if ((int)Math.Ceiling(End(record, cost.Length, now, interval)) - 1 is >= 0 and var at)
            {
                cost[at] += (double)record.Cost;
            }
        }

        return Of(cost, horizon);
    }

    private static int Length(IReadOnlyCollection<ExecutionRecord> records, DateTimeOffset now, TimeSpan interval) =>
        records.Count == 0 ? 0 : (int)Math.Clamp(Math.Ceiling(records.Max(r => now - r.Timestamp + r.ServiceTime) / interval), 1, Intervals);

    // The end of a record in intervals since the beginning of history; a clock that ran backwards puts it at the end.
    private static double End(ExecutionRecord record, int length, DateTimeOffset now, TimeSpan interval) => Math.Min(length, length - ((now - record.Timestamp) / interval));

    private static SeriesForecast Of(double[] history, int horizon) => SeriesForecaster.Forecast(history.Length == 0 ? [0] : history, horizon);

    // An interval without runs says nothing: the last one with runs stands in, at the beginning the first.
    private static double[] Means(double[] sums, int[] runs)
    {
        var first = Array.FindIndex(runs, r => r > 0);
        if (first < 0)
        {
            return [];
        }

        var last = sums[first] / runs[first];
        return [.. sums.Select((sum, i) => runs[i] == 0 ? last : last = sum / runs[i])];
    }
}
