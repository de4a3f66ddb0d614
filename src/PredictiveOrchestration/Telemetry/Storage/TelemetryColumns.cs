using System.Collections.Frozen;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Telemetry.Storage;

/// <summary>The columns of stored telemetry: from a record and back. Times are in seconds; written down in docs/telemetry.md. A change of them is a new schema version.</summary>
internal static class TelemetryColumns
{
    private const int LongestText = 1024;

    public static readonly IReadOnlyList<TelemetryColumn> All =
    [
        new("at", ColumnKind.Time, r => new DateTimeOffset(r.Timestamp.UtcTicks / 10 * 10, TimeSpan.Zero)),
        Text("run", r => r.RunId.ToString("N")),
        Integer("attempt", r => r.Attempt),
        Integer("swaps", r => r.Swaps),
        Text("backend", r => r.BackendId),
        Text("cost_model", r => r.CostModel),
        Text("strategy", r => r.Strategy),
        Text("outcome", r => OrchestrationMetrics.Outcome(r.Outcome)),
        Text("tag", r => r.Tag),
        Integer("shots", r => r.Shots),
        Integer("threads", r => r.Threads),
        Integer("observables", r => r.Observables),
        Integer("top_probabilities", r => r.TopProbabilities),
        Real("queue_seconds", r => r.QueueTime.TotalSeconds),
        Real("service_seconds", r => r.ServiceTime.TotalSeconds),
        Real("run_seconds", r => r.RunTime.TotalSeconds),
        Real("sample_seconds", r => r.SampleTime.TotalSeconds),
        Real("cpu_seconds", r => r.CpuTime?.TotalSeconds ?? double.NaN),
        Integer("peak_memory_bytes", r => r.PeakMemoryBytes),
        Integer("peak_nonzeros", r => r.PeakNonZeros),
        Money("cost", r => r.Cost),
        Money("list_cost", r => r.ListCost),
        Text("currency", r => r.Currency),
        Real("fidelity", r => r.Fidelity),
        Real("measured_fidelity", r => r.MeasuredFidelity ?? double.NaN),
        Real("expected_log_loss", r => r.ExpectedLogLoss),
        Real("predicted_seconds", r => r.PredictedSeconds),
        Real("predicted_lower_seconds", r => r.PredictedLowerSeconds),
        Real("predicted_upper_seconds", r => r.PredictedUpperSeconds),
        Real("predicted_queue_seconds", r => r.PredictedQueueSeconds),
        Real("predicted_peak_bytes", r => r.PredictedPeakBytes),
        Money("predicted_cost", r => r.PredictedCost),
        Real("prediction_error", r => r.PredictionError),
        Real("propensity", r => r.Propensity),
        new("is_exploration", ColumnKind.Flag, r => r.IsExploration),
        Integer("model_version", r => r.ModelVersion),
        Integer("qubits", r => r.Profile.NumQubits),
        Integer("depth", r => r.Profile.CircuitDepth),
        Integer("gates", r => r.Profile.GateCount),
        Real("entanglement", r => r.Profile.EntanglementComplexity),
        Integer("memory_requirement_bytes", r => r.Profile.MemoryRequirement),
    ];

    private static readonly FrozenDictionary<string, int> Index = All.Select((c, i) => KeyValuePair.Create(c.Name, i)).ToFrozenDictionary(StringComparer.Ordinal);
    private static readonly FrozenDictionary<string, ExecutionOutcome> Outcomes = Enum.GetValues<ExecutionOutcome>().ToFrozenDictionary(OrchestrationMetrics.Outcome, StringComparer.Ordinal);

    /// <summary>The column of a name.</summary>
    public static TelemetryColumn Of(string name) => All[Index[name]];

    /// <summary>A record of the values of all columns, in their order; the profile has its headline values only.</summary>
    /// <exception cref="InvalidDataException">They are no record's.</exception>
    public static ExecutionRecord ToRecord(object?[] values)
    {
        object? At(string name) => values[Index[name]];
        string Text(string name) => At(name) as string ?? throw new InvalidDataException($"Stored telemetry has no '{name}'.");
        long Long(string name) => At(name) as long? ?? 0;
        int Int(string name) => (int)Math.Clamp(Long(name), int.MinValue, int.MaxValue);
        double Real(string name) => At(name) as double? ?? double.NaN;
        TimeSpan Span(string name) => ToTimeSpan(Real(name));
        decimal Money(string name) => At(name) as decimal? ?? 0;
        return new ExecutionRecord
        {
            Timestamp = At("at") as DateTimeOffset? ?? throw new InvalidDataException("Stored telemetry has no 'at'."),
            RunId = Guid.TryParse(Text("run"), out var run) ? run : throw new InvalidDataException($"Stored telemetry has the run '{Text("run")}', which is no identifier."),
            Attempt = Int("attempt"), Swaps = Int("swaps"), BackendId = Text("backend"), CostModel = Text("cost_model"), Strategy = Text("strategy"),
            Outcome = Outcomes.TryGetValue(Text("outcome"), out var outcome) ? outcome : throw new InvalidDataException($"Stored telemetry has the outcome '{Text("outcome")}', which is none."),
            Tag = At("tag") as string, Shots = Int("shots"), Threads = Int("threads"), Observables = Int("observables"), TopProbabilities = Int("top_probabilities"),
            QueueTime = Span("queue_seconds"), ServiceTime = Span("service_seconds"), RunTime = Span("run_seconds"), SampleTime = Span("sample_seconds"),
            CpuTime = At("cpu_seconds") is null ? null : Span("cpu_seconds"), PeakMemoryBytes = Long("peak_memory_bytes"), PeakNonZeros = At("peak_nonzeros") as long?,
            Cost = Money("cost"), ListCost = Money("list_cost"), Currency = Text("currency"), Fidelity = Real("fidelity"), MeasuredFidelity = At("measured_fidelity") as double?,
            ExpectedLogLoss = Real("expected_log_loss"), PredictedSeconds = Real("predicted_seconds"), PredictedLowerSeconds = Real("predicted_lower_seconds"),
            PredictedUpperSeconds = Real("predicted_upper_seconds"), PredictedQueueSeconds = Real("predicted_queue_seconds"), PredictedPeakBytes = Real("predicted_peak_bytes"),
            PredictedCost = Money("predicted_cost"), Propensity = Real("propensity"), IsExploration = At("is_exploration") is true, ModelVersion = Int("model_version"),
            Profile = new CircuitProfile
            {
                NumQubits = Int("qubits"), CircuitDepth = Int("depth"), GateCount = Int("gates"), EntanglementComplexity = Real("entanglement"), MemoryRequirement = Long("memory_requirement_bytes"),
            },
        };
    }

    /// <summary>A text that every database takes: no zeros, no halves of surrogate pairs, not longer than what is kept.</summary>
    public static string? Clean(string? text)
    {
        if (text is null)
        {
            return null;
        }

        text = text.Length > LongestText ? text[..LongestText] : text;
        var isClean = !text.Contains('\0', StringComparison.Ordinal);
        for (var i = 0; isClean && i < text.Length; i++)
        {
            isClean = !char.IsSurrogate(text[i]) || (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i]));
        }

        // Encoding puts U+FFFD where there is half a pair.
        return isClean ? text : System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');
    }

    private static TimeSpan ToTimeSpan(double seconds) => double.IsNaN(seconds) ? TimeSpan.Zero : new TimeSpan((long)Math.Round(Math.Clamp(seconds * TimeSpan.TicksPerSecond, -9e18, 9e18)));

    private static TelemetryColumn Text(string name, Func<ExecutionRecord, string?> get) => new(name, ColumnKind.Text, r => Clean(get(r)));

    private static TelemetryColumn Integer(string name, Func<ExecutionRecord, long?> get) => new(name, ColumnKind.Integer, r => get(r));

    private static TelemetryColumn Real(string name, Func<ExecutionRecord, double> get) => new(name, ColumnKind.Real, r => get(r) is var value && double.IsNaN(value) ? null : value);

    private static TelemetryColumn Money(string name, Func<ExecutionRecord, decimal> get) => new(name, ColumnKind.Money, r => get(r));
}
