namespace PredictiveOrchestration.Telemetry.Storage;

/// <summary>What a column holds; any of them may be null.</summary>
internal enum ColumnKind
{
    /// <summary>A string.</summary>
    Text,

    /// <summary>A <see cref="long"/>.</summary>
    Integer,

    /// <summary>A <see cref="double"/>; not a number is null.</summary>
    Real,

    /// <summary>A <see cref="decimal"/>.</summary>
    Money,

    /// <summary>A <see cref="bool"/>.</summary>
    Flag,

    /// <summary>A <see cref="DateTimeOffset"/> in UTC, in whole microseconds.</summary>
    Time,
}

/// <summary>One column of stored telemetry.</summary>
/// <param name="Name">Its name, the same in databases and exported files.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Get">Its value in a record.</param>
internal sealed record TelemetryColumn(string Name, ColumnKind Kind, Func<ExecutionRecord, object?> Get);
