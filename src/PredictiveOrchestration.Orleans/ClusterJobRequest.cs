using System.Globalization;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;

namespace PredictiveOrchestration.Orleans;

/// <summary>A job for the cluster: one program or a batch of them, each for all given values of its inputs.</summary>
public sealed record ClusterJobRequest
{
    /// <summary>The most runs that a job may ask for: programs times bindings.</summary>
    public const int MaxRuns = 10_000;

    /// <summary>The longest tenant, name and key, in characters.</summary>
    public const int MaxNameLength = 150;

    /// <summary>Gets the OpenQASM 2 or 3 sources; at least one.</summary>
    public required IReadOnlyList<string> Programs { get; init; }

    /// <summary>Gets the values of the programs' OpenQASM 3 <c>input</c> declarations, one set for each point of a sweep; empty (default) to run each program once.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, double>> Bindings { get; init; } = [];

    /// <summary>
    /// Gets shots, seed, what to return and limits, the same for each run; default 1,000 shots. With a <see cref="OrchestrationRequest.CostThreshold"/> of more than 0 the job may use paid backends of
    /// the silos; by default it may not. Progress and swap control are not used.
    /// </summary>
    public OrchestrationRequest Request { get; init; } = OrchestrationRequest.Default;

    /// <summary>Gets whose job it is; default <c>default</c>. Costs are booked under it.</summary>
    public string Tenant { get; init; } = "default";

    /// <summary>Gets a name for people, or null.</summary>
    public string? Name { get; init; }

    /// <summary>Gets a value indicating whether a long run may be shared among silos: its shots, and the parts of its circuit that never meet. Default true.</summary>
    public bool AllowSplit { get; init; } = true;

    /// <summary>A job of one circuit.</summary>
    /// <exception cref="OpenQasmException">The circuit has no OpenQASM form.</exception>
    public static ClusterJobRequest Of(Circuit circuit, OrchestrationRequest? request = null) => Of([circuit], request);

    /// <summary>A batch of circuits.</summary>
    /// <exception cref="OpenQasmException">A circuit has no OpenQASM form.</exception>
    public static ClusterJobRequest Of(IEnumerable<Circuit> circuits, OrchestrationRequest? request = null)
    {
        ArgumentNullException.ThrowIfNull(circuits);
        return new ClusterJobRequest { Programs = [.. circuits.Select(c => OpenQasmWriter.Write(c))], Request = request ?? OrchestrationRequest.Default };
    }

    /// <summary>Checks the numbers and lengths.</summary>
    /// <exception cref="ArgumentException">Something is wrong; all failures are named.</exception>
    internal void Check()
    {
        var failures = new List<string>();
        void Require(bool valid, string failure)
        {
            if (!valid)
            {
                failures.Add(failure);
            }
        }

        Require(Programs is { Count: > 0 } && Programs.All(p => !string.IsNullOrEmpty(p)), "Programs: at least one source text, none empty");
        Require(Bindings is not null, "Bindings: null");
        var runs = (long)(Programs?.Count ?? 0) * Math.Max(1, Bindings?.Count ?? 0);
        Require(runs <= MaxRuns, string.Create(CultureInfo.InvariantCulture, $"{runs} runs are asked for; accepted are at most {MaxRuns}"));
        Require(Programs is null || Programs.Sum(p => (long)(p?.Length ?? 0)) <= Wire.SubmissionCodec.MaxBytes / 4, $"Programs: at most {Wire.SubmissionCodec.MaxBytes / 4} characters together");
        Require(Tenant is { Length: > 0 and <= MaxNameLength } && !Tenant.Contains('/', StringComparison.Ordinal), $"Tenant: 1 to {MaxNameLength} characters, no '/'");
        Require(Name is null or { Length: <= MaxNameLength }, $"Name: at most {MaxNameLength} characters");
        Require(Request is { Shots: >= 0, TopProbabilities: >= 0, FirstShot: 0 }, "Request: shots and probabilities of 0 or more, the first shot 0");
        if (failures.Count > 0)
        {
            throw new ArgumentException($"The job is wrong: {string.Join("; ", failures)}.");
        }
    }
}
