using System.Globalization;
using System.Text.Json;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Remote;

namespace PredictiveOrchestration.Aws;

/// <summary>Reads the answer to GetDevice, whose capabilities are a JSON text in a JSON text. What is unknown is ignored.</summary>
internal sealed record BraketDevice
{
    private readonly JsonElement _json;
    private readonly JsonElement _capabilities;

    public BraketDevice(JsonElement json)
    {
        _json = json;
        _capabilities = json.Get("deviceCapabilities").Text() is { Length: > 0 } text ? JsonReading.Parse(text) : default;
        Operations = _capabilities.Get("action", "braket.ir.openqasm.program", "supportedOperations").Items()
            .Select(o => o.ValueKind == JsonValueKind.String ? o.GetString()!.ToLowerInvariant() : string.Empty).Where(o => o.Length > 0).ToHashSet(StringComparer.Ordinal);
    }

    public string Status => _json.Get("deviceStatus").Text() ?? "unknown";

    public IReadOnlySet<string> Operations { get; }

    public int? Qubits => Count(_capabilities.Get("paradigm", "qubitCount"));

    public int? MaxShots => _capabilities.Get("service", "shotsRange").Items().Select(s => Count(s)).LastOrDefault();

    /// <summary>The spacing of questions that the service suggests.</summary>
    public TimeSpan? PollInterval => _capabilities.Get("service", "getTaskPollIntervalMillis").Number() is { } ms and > 0 and < 1e7 ? TimeSpan.FromMilliseconds(ms) : null;

    /// <summary>The hours in which tasks run; empty for always.</summary>
    public IReadOnlyList<AvailabilityWindow> Windows => [.. _capabilities.Get("service", "executionWindows").Items().Select(Window).OfType<AvailabilityWindow>()];

    public RemoteQueue Queue(DateTimeOffset now)
    {
        // "17", or ">4000" where it is longer than is counted; hybrid jobs wait in a queue of their own.
        var lengths = _json.Get("deviceQueueInfo").Items().Where(q => q.Get("queue").Text() is "QUANTUM_TASKS_QUEUE")
            .Select(q => int.TryParse(q.Get("queueSize").Text()?.TrimStart('>'), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : (int?)null).OfType<int>().ToList();
        return new RemoteQueue(Status == "ONLINE", Status, lengths.Count == 0 ? null : lengths.Sum(), null, now);
    }

    /// <summary>The calibration: of single qubits and pairs (standardized properties, versions 1 and 2), of the whole device (version 3), or IonQ's own; null if there is none.</summary>
    public DeviceCalibration? Calibration(string name)
    {
        var (standard, provider) = (_capabilities.Get("standardized"), _capabilities.Get("provider"));
        var own = provider?.Get("fidelity");
        if (standard is null && own is null)
        {
            return null;
        }

        var s = standard ?? default;
        var qubits = s.Get("oneQubitProperties").Members().Where(m => IsQubit(m.Name)).Select(m => (Qubit: int.Parse(m.Name, CultureInfo.InvariantCulture), m.Value)).ToList();
        var one = Errors(qubits.Select(q => (q.Qubit, Error(q.Value.Get("oneQubitFidelity"), readout: false))));
        var readout = Errors(qubits.Select(q => (q.Qubit, Error(q.Value.Get("oneQubitFidelity"), readout: true))));
        var pairs = s.Get("twoQubitProperties").Members().Select(m => (Pair: Pair(m.Name), m.Value)).Where(p => p.Pair is not null).ToList();
        var two = Errors(pairs.Select(p => (p.Pair!.Value, Error(p.Value.Get("twoQubitGateFidelity"), readout: false))));
        double? Own(string kind) => own?.Get(kind, "mean").Number() is { } f and >= 0 and <= 1 ? 1 - f : null;
        double? Timing(string kind) => provider?.Get("timing", kind).Number() is { } t and > 0 ? t : null;
        return new DeviceCalibration
        {
            Device = name,
            MeasuredAt = s.Get("updatedAt").Moment() ?? _capabilities.Get("service", "updatedAt").Moment(),
            NumQubits = Qubits ?? qubits.Count,
            Couplings = [.. Couplings(pairs.Select(p => p.Pair!.Value))],
            OneQubitErrors = one,
            TwoQubitErrors = two,
            ReadoutErrors = readout,
            OneQubitError = Median(one.Values) ?? Error(s.Get("singleQubitFidelity"), readout: false) ?? Own("1Q"),
            TwoQubitError = Median(two.Values) ?? Error(s.Get("twoQubitGateFidelity"), readout: false) ?? Own("2Q"),
            ReadoutError = Median(readout.Values) ?? Error(s.Get("readoutFidelity"), readout: null) ?? Own("spam"),
            T1 = Median(qubits.Select(q => Time(q.Value.Get("T1"))).OfType<double>()) ?? Time(s.Get("T1")) ?? Timing("T1"),
            T2 = Median(qubits.Select(q => Time(q.Value.Get("T2"))).OfType<double>()) ?? Time(s.Get("T2")) ?? Timing("T2"),
            OneQubitTime = Time(s.Get("singleQubitGateDuration")) ?? Timing("1Q"),
            TwoQubitTime = Time(s.Get("twoQubitGateDuration")) ?? Timing("2Q"),
            ReadoutTime = Time(s.Get("readoutDuration")) ?? Timing("readout"),
        };
    }

    // The connectivity where it is given, else the pairs that were measured.
    private IEnumerable<(int, int)> Couplings(IEnumerable<(int, int)> measured)
    {
        var connectivity = _capabilities.Get("paradigm", "connectivity");
        if (connectivity?.Get("fullyConnected") is { ValueKind: JsonValueKind.True })
        {
            return [];
        }

        var graph = connectivity?.Get("connectivityGraph").Members().Where(m => IsQubit(m.Name))
            .SelectMany(m => ((JsonElement?)m.Value).Items().Select(t => (int.Parse(m.Name, CultureInfo.InvariantCulture), Count(t) ?? -1))).Where(p => p.Item2 >= 0).ToList();
        return (graph is { Count: > 0 } ? graph : measured).Select(p => (Math.Min(p.Item1, p.Item2), Math.Max(p.Item1, p.Item2))).Distinct();
    }

    // The best gate of a pair, as a compiler would choose; readout entries are told by their name, and null takes all.
    private static double? Error(JsonElement? fidelities, bool? readout)
    {
        var known = fidelities.Items()
            .Where(f => readout is null || (f.Get("fidelityType", "name").Text() ?? string.Empty).StartsWith("READOUT", StringComparison.Ordinal) == readout)
            .Select(f => f.Get("fidelity").Number()).Where(f => f is >= 0 and <= 1).ToList();
        return known.Count == 0 ? null : 1 - known.Max();
    }

    private static double? Time(JsonElement? time) => time?.Get("value").Number() is { } value and > 0
        ? value * (time?.Get("unit").Text() switch { "ns" => 1e-9, "us" => 1e-6, "ms" => 1e-3, _ => 1 })
        : null;

    private static AvailabilityWindow? Window(JsonElement json)
    {
        DayOfWeek[]? days = json.Get("executionDay").Text()?.ToLowerInvariant() switch
        {
            "everyday" => [],
            "weekdays" => [DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday],
            "weekend" or "weekends" => [DayOfWeek.Saturday, DayOfWeek.Sunday],
            { } day => Enum.TryParse<DayOfWeek>(day, true, out var known) && Enum.IsDefined(known) ? [known] : null,
            null => null,
        };
        return days is not null && Hour(json.Get("windowStartHour")) is { } start && Hour(json.Get("windowEndHour")) is { } end
            ? new AvailabilityWindow(days, start, IsLastSecond(end) ? TimeOnly.MinValue : end)
            : null;
    }

    private static TimeOnly? Hour(JsonElement? json) => TimeOnly.TryParse(json.Text(), CultureInfo.InvariantCulture, out var time) ? time : null;

    // 23:59 and 23:59:59 mean midnight.
    private static bool IsLastSecond(TimeOnly time) => time >= new TimeOnly(23, 59);

    private static (int First, int Second)? Pair(string name) => name.Split('-') is [var a, var b] && IsQubit(a) && IsQubit(b)
        ? (Math.Min(int.Parse(a, CultureInfo.InvariantCulture), int.Parse(b, CultureInfo.InvariantCulture)), Math.Max(int.Parse(a, CultureInfo.InvariantCulture), int.Parse(b, CultureInfo.InvariantCulture)))
        : null;

    private static bool IsQubit(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static int? Count(JsonElement? json) => json.Number() is { } n and >= 0 and <= 1_000_000_000 ? (int)n : null;

    private static Dictionary<T, double> Errors<T>(IEnumerable<(T Place, double? Error)> values)
        where T : notnull
    {
        var errors = new Dictionary<T, double>();
        foreach (var (place, error) in values)
        {
            if (error is { } e)
            {
                errors[place] = errors.TryGetValue(place, out var other) ? Math.Min(other, e) : e;
            }
        }

        return errors;
    }

    private static double? Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
