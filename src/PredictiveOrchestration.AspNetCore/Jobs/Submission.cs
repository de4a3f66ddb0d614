using PredictiveOrchestration.AspNetCore.Http;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Remote.Worker;

namespace PredictiveOrchestration.AspNetCore.Jobs;

/// <summary>A job as it comes in, by whichever protocol.</summary>
/// <param name="Wire">What is asked for.</param>
/// <param name="Circuit">The circuit.</param>
/// <param name="Request">What is written down, to be read by <see cref="SubmissionReader"/> after a restart.</param>
/// <param name="IonQ">What the façade needs, or null.</param>
internal sealed record Submission(WireSubmission Wire, Circuit Circuit, byte[] Request, IonQ.IonQEnvelope? IonQ = null);

/// <summary>Checks what callers send against the worker's limits, and turns it into what the orchestrator takes.</summary>
internal sealed class SubmissionReader(WorkerOptions options)
{
    private const int MaxNameLength = 200;
    private const int MaxMetadata = 32;
    private const int MaxMetadataLength = 40_000;
    private const int MaxObservables = 10_000;
    private const int MaxTerms = 100_000;
    private readonly OpenQasmReaderOptions _reading = new() { MaxBits = options.MaxQubits, MaxSourceLength = options.MaxRequestBytes, MaxUnrolledOperations = 2_000_000, MaxSteps = 2_000_000, MaxErrors = 20 };

    /// <summary>Checks a submission and reads its circuit.</summary>
    /// <exception cref="ProblemException">400: a field is wrong; 422: the program has errors.</exception>
    public Circuit Read(WireSubmission wire)
    {
        var errors = new List<string>();
        void Check(bool valid, string error)
        {
            if (!valid)
            {
                errors.Add(error);
            }
        }

        Check(wire.Program is { Format: WorkerProtocol.OpenQasm2 or WorkerProtocol.OpenQasm3, Data.Length: > 0 }, $"program: accepted are formats '{WorkerProtocol.OpenQasm2}' and '{WorkerProtocol.OpenQasm3}' with a source text");
        Check(wire.Device is { Length: > 0 and <= 200 }, "device: a device's id or 'auto'");
        Check(wire.Shots >= 0 && wire.Shots <= options.MaxShots, $"shots: {wire.Shots}; accepted are 0 to {options.MaxShots}");
        Check(wire.TopProbabilities >= 0, $"topProbabilities: {wire.TopProbabilities}; accepted is 0 or more");
        Check(wire.Name is null or { Length: <= MaxNameLength }, $"name: at most {MaxNameLength} characters");
        Check(wire.Metadata is null || (wire.Metadata.Count <= MaxMetadata && wire.Metadata.All(m => m is { Key.Length: <= 200, Value: not null }) && wire.Metadata.Sum(m => m.Key.Length + m.Value.Length) <= MaxMetadataLength), $"metadata: at most {MaxMetadata} entries of together {MaxMetadataLength} characters");
        Check(wire.Observables is null || (wire.Observables.Count <= MaxObservables && wire.Observables.All(o => o?.All(t => t?.Label is not null && double.IsFinite(t.Coefficient)) == true) && wire.Observables.Sum(o => o.Count) <= MaxTerms), $"observables: at most {MaxObservables} with together {MaxTerms} terms of finite coefficients");
        Check(wire.Limits is null or { Seconds: null or > 0, MemoryBytes: null or > 0, Cost: null or >= 0 }, "limits: seconds and memoryBytes above 0, cost of 0 or more");
        if (errors.Count > 0)
        {
            throw ProblemException.Invalid($"{errors.Count} field(s) of the job are wrong.", errors);
        }

        var read = OpenQasmReader.Read(wire.Program!.Data, _reading);
        if (read.Circuit is not { } circuit)
        {
            throw new ProblemException(422, "invalid-program", "The program has errors.")
            {
                Errors = [.. read.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.ToString())],
                IonQCode = "InvalidInput",
            };
        }

        foreach (var term in (wire.Observables ?? []).SelectMany(o => o))
        {
            if (term.Label.Length > circuit.NumQubits || term.Label.AsSpan().ContainsAnyExcept("IXYZ"))
            {
                throw ProblemException.Invalid($"The observable '{(term.Label.Length > 40 ? term.Label[..40] + "…" : term.Label)}' is no string of at most {circuit.NumQubits} of the letters I, X, Y and Z.");
            }
        }

        return circuit;
    }

    /// <summary>What the orchestrator is asked for.</summary>
    public OrchestrationRequest Request(WireSubmission wire, string owner) => new()
    {
        Shots = wire.Shots,
        Seed = wire.Seed,
        TopProbabilities = Math.Min(wire.TopProbabilities, options.MaxProbabilities),
        Observables = [.. (wire.Observables ?? []).Select(o => new PauliSum([.. o.Select(t => PauliTerm.Parse(t.Label, t.Coefficient))]))],
        RequireExact = wire.RequireExact,
        Backend = wire.Device == WorkerProtocol.AutoDevice ? null : wire.Device,
        CostThreshold = wire.Limits?.Cost,
        Tag = owner,
        Limits = new ExecutionLimits
        {
            Time = wire.Limits?.Seconds is { } seconds && seconds < options.MaxRunTime.TotalSeconds ? TimeSpan.FromSeconds(seconds) : options.MaxRunTime,
            MemoryBytes = wire.Limits?.MemoryBytes,
        },
    };
}
