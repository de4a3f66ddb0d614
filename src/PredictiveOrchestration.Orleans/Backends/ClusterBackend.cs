using System.Globalization;
using Orleans;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Orleans.Placement;
using PredictiveOrchestration.Orleans.Silos;
using PredictiveOrchestration.Orleans.Wire;

namespace PredictiveOrchestration.Orleans.Backends;

/// <summary>An engine of a silo as a backend of another orchestrator, with the silo's live load.</summary>
internal sealed class ClusterBackend(BackendDescriptor descriptor, string silo, string engine, SiloDirectory directory, IGrainFactory grains, string tenant, TimeProvider time) : IConditionalBackend, ILoadedBackend
{
    public BackendDescriptor Descriptor => descriptor;

    /// <summary>The silo's address.</summary>
    public string Silo => silo;

    public string? UnavailableReason => Report() is not { } report ? "its silo is gone or says nothing"
        : report.IsDraining ? "its silo is stopping"
        : report.Engine(engine) is not { } found ? "its silo does not offer it any more" : found.Reason;

    public TimeSpan? ExpectedWait
    {
        get
        {
            foreach (var place in directory.Places())
            {
                if (place.Report.Address == silo)
                {
                    return TimeSpan.FromSeconds(Math.Min(1e9, place.WaitSeconds));
                }
            }

            return null;
        }
    }

    public async Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var order = new RunOrder
        {
            Submission = SubmissionCodec.Write(request.Circuit, request, engine), Tenant = tenant, FirstShot = request.FirstShot, DefersReadout = request.DefersReadout, TraceParent = System.Diagnostics.Activity.Current?.Id,
        };
        directory.Sent(silo, 0);
        var name = string.Create(CultureInfo.InvariantCulture, $"{tenant}/direct/{Guid.CreateVersion7(time.GetUtcNow()):N}");
        var shots = request.Shots;
        var report = await RunDriver.TryAsync(
            grains, name, order, new RunNeeds { Silo = silo }, p => request.Progress?.Report(new ExecutionProgress((int)(p * request.Circuit.Operations.Length), request.Circuit.Operations.Length, (int)(p * shots), shots)),
            time, cancellationToken).ConfigureAwait(false);
        switch (report.Phase)
        {
            case RunPhase.Succeeded:
                var result = ResultCodec.Read(report.Result);
                return result with { BackendId = descriptor.Id, Timings = result.Timings with { Queue = result.Timings.Queue + report.Waited }, DeferredMisreads = MisreadCodec.Read(report.Misreads) };
            case RunPhase.Cancelled:
                throw new OperationCanceledException(cancellationToken);
            case RunPhase.Lost or RunPhase.Returned:
                throw new BackendException(BackendErrorKind.Unavailable, descriptor.Id, $"The silo of '{descriptor.Id}' was lost during the run.");
            case RunPhase.Refused:
                throw new BackendException(BackendErrorKind.Unavailable, descriptor.Id, string.Create(CultureInfo.InvariantCulture, $"The silo of '{descriptor.Id}' has no room; ask again in {report.RetryAfter.TotalSeconds:G3} s."));
            default:
                throw new BackendException(KindOf(report.FailureCode), descriptor.Id, report.FailureMessage ?? "The run failed.");
        }
    }

    private SiloReport? Report() => directory.View.Silos.FirstOrDefault(s => s.Address == silo);

    private static BackendErrorKind KindOf(string? code) => code switch
    {
        "unsupported" or "invalid_program" => BackendErrorKind.Unsupported,
        "out_of_memory" => BackendErrorKind.OutOfMemory,
        "time_limit" => BackendErrorKind.TimeLimit,
        _ => BackendErrorKind.Fault,
    };
}
