namespace PredictiveOrchestration.Learning;

/// <summary>
/// Watches the errors of one backend's predictions for a lasting change: a two-sided Page-Hinkley test finds a sudden large step within a few runs, and
/// an adaptive window (ADWIN, Bifet and Gavaldà 2007) a smaller one. Errors are in units of their own scale, or near to that of their scatter lately, and held to ±4, so that single outliers are no alarm.
/// </summary>
internal sealed class DriftMonitor
{
    private const double Slack = 1, Threshold = 22, Confidence = 1e-7, Margin = 1.5;
    private const int Window = 256, Fresh = 30;
    private readonly List<(double Score, double Error)> _window = [];
    private double _up, _down;

    /// <summary>The number of alarms so far.</summary>
    public int Alarms { get; private set; }

    /// <summary>Takes an error; returns the level of errors since the change if one was found, else null.</summary>
    /// <param name="error">ln(observed / predicted).</param>
    /// <param name="scale">The scale it was predicted with, as a standard deviation.</param>
    public double? Add(double error, double scale)
    {
        if (!double.IsFinite(error))
        {
            return null;
        }

        var score = Math.Clamp(error / Math.Max(0.02, Scatter(scale)), -4, 4);
        _window.Add((score, error));
        if (_window.Count > Window)
        {
            _window.RemoveAt(0);
        }

        _up = Math.Max(0, _up + score - Slack);
        _down = Math.Max(0, _down - score - Slack);
        var since = Math.Max(_up, _down) > Threshold ? Math.Min(_window.Count, 10) : Cut();
        if (since == 0)
        {
            return null;
        }

        Alarms++;
        var recent = _window.TakeLast(since).Select(w => w.Error).Order().ToArray();
        var level = recent[recent.Length / 2];
        _window.RemoveRange(0, _window.Count - since);
        (_up, _down) = (0, 0);

        // What was predicted before the change would raise a second alarm.
        _window.Clear();
        return level;
    }

    // As predicted, but not far from what the latest errors show: wide intervals of a model with few rows would hide a change, and ones that are too narrow for some jobs would make one of them. By the median, which neither outliers nor the first runs after a change move much.
    private double Scatter(double predicted)
    {
        if (_window.Count < Fresh)
        {
            return predicted;
        }

        Span<double> sizes = stackalloc double[2 * Fresh];
        sizes = sizes[..Math.Min(sizes.Length, _window.Count)];
        for (var i = 0; i < sizes.Length; i++)
        {
            sizes[i] = Math.Abs(_window[_window.Count - 1 - i].Error);
        }

        sizes.Sort();
        var lately = 1.4826 * sizes[sizes.Length / 2];
        return Math.Clamp(predicted, lately / Margin, Margin * lately);
    }

    // The length of the newer part, if the means of an older and a newer part differ by more than chance allows (Bernstein); else 0.
    private int Cut()
    {
        var n = _window.Count;
        if (n < 2 * Fresh || n % 4 != 0)
        {
            return 0;
        }

        double total = 0, squares = 0;
        foreach (var (score, _) in _window)
        {
            total += score;
            squares += score * score;
        }

        var variance = Math.Max(0, (squares / n) - (total / n * (total / n)));
        var logarithm = Math.Log(2 * Math.Log(n) / Confidence);
        var newer = 0.0;
        for (var length = 1; length <= n - Fresh; length++)
        {
            newer += _window[n - length].Score;
            if (length < Fresh || length % 8 != 0)
            {
                continue;
            }

            var harmonic = 1.0 / ((1.0 / length) + (1.0 / (n - length)));
            var bound = Math.Sqrt(2 / harmonic * variance * logarithm) + (2 * 8 / (3 * harmonic) * logarithm / 4);
            if (Math.Abs((newer / length) - ((total - newer) / (n - length))) > bound)
            {
                return length;
            }
        }

        return 0;
    }
}
