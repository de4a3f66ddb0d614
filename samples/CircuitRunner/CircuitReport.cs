using PredictiveOrchestration;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;

namespace CircuitRunner;

/// <summary>Everything that is known about one file when it is done.</summary>
internal sealed record CircuitReport(string File)
{
    public RunError? Error { get; set; }

    /// <summary>All that the reader found wrong; the first error is also <see cref="Error"/>.</summary>
    public IReadOnlyList<OpenQasmDiagnostic> Diagnostics { get; set; } = [];

    public Circuit? Circuit { get; set; }

    public CircuitProfile? Profile { get; set; }

    public RoutingDecision? Decision { get; set; }

    public IReadOnlyList<RefusedBackend> Refused { get; set; } = [];

    public TimeSpan DecisionTime { get; set; }

    public List<CircuitRun> Runs { get; } = [];

    public bool Ok => Error is null && Runs.TrueForAll(r => r.Error is null);
}

/// <summary>One run on one backend.</summary>
internal sealed record CircuitRun(string Backend, OrchestrationResult? Result, RunError? Error);

/// <summary>What went wrong, with a stable code.</summary>
internal sealed record RunError(string Code, string Message, int? Line = null, int? Column = null);
