using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.TestKit.Fakes;

/// <summary>A backend that does as it is told.</summary>
public sealed class FakeBackend : IQuantumBackend
{
    private readonly Func<ExecutionRequest, CancellationToken, Task<ExecutionResult>> _behaviour;
    private int _calls;

    public FakeBackend(string id, Func<ExecutionRequest, CancellationToken, Task<ExecutionResult>>? behaviour = null, BackendCapabilities? capabilities = null, bool isLocal = false)
    {
        _behaviour = behaviour ?? ((request, _) => Task.FromResult(Result(id, request, Seconds)));
        Descriptor = new BackendDescriptor
        {
            Id = id,
            Type = BackendType.RemoteCloud,
            DisplayName = id,
            IsLocal = isLocal,
            Capabilities = capabilities ?? new BackendCapabilities { MaxQubits = 50, ExactProbabilities = true, ExpectationValues = true, IsExact = true },
        };
    }

    public BackendDescriptor Descriptor { get; }

    /// <summary>Gets how often it was asked to run.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>The seconds that a successful run claims to have taken.</summary>
    public double Seconds { get; init; } = 0.01;

    public Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _calls);
        return _behaviour(request, cancellationToken);
    }

    /// <summary>A backend that always fails.</summary>
    public static FakeBackend Failing(string id, BackendErrorKind kind = BackendErrorKind.Fault) =>
        new(id, (_, _) => throw new BackendException(kind, id, $"Backend '{id}' fails on purpose."));

    /// <summary>A backend that runs until it is cancelled.</summary>
    public static FakeBackend Hanging(string id, bool isLocal = false) => new(id, async (_, token) =>
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, token);
        throw new InvalidOperationException("unreachable");
    }, isLocal: isLocal);

    /// <summary>A plain result: every shot gives zero.</summary>
    public static ExecutionResult Result(string id, ExecutionRequest request, double seconds = 0.01) => new()
    {
        BackendId = id,
        Shots = request.Shots,
        Seed = request.Seed,
        IsExact = true,
        PeakMemoryBytes = 0,
        Counts = new Dictionary<BitString, long> { [new BitString(0, Math.Min(64, request.Circuit.NumQubits))] = request.Shots },
        Timings = new ExecutionTimings(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromSeconds(seconds), TimeSpan.Zero),
    };
}
