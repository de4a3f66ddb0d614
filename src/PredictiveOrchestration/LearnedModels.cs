using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Integration.Knowledge;
using PredictiveOrchestration.Learning;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration;

/// <summary>The models, the records on their way to them, and what is exchanged with files and other instances. Thread-safe.</summary>
/// <param name="options">The options.</param>
/// <param name="registry">The backends that there are.</param>
/// <param name="isBusy">Whether any job is under way.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where warnings go.</param>
internal sealed class LearnedModels(PredictiveOrchestratorOptions options, BackendRegistry registry, Func<bool> isBusy, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    // About what a fit to a thousand runs takes.
    private static readonly TimeSpan LeastFit = TimeSpan.FromSeconds(1);
    private readonly TelemetryRingBuffer _ring = new(options.TelemetryRetention);
    private LearningLoop? _loop;
    private bool _isDisposed;

    /// <summary>Where the model in use is.</summary>
    public ModelPublisher Publisher { get; } = new(new PerformancePredictor(0, []));

    public PerformancePredictor Current => Publisher.Current;

    /// <summary>The number of records lost because learning was behind.</summary>
    public long Dropped => _ring.Dropped;

    public int ModelsTrained => _loop?.ModelsTrained ?? 0;

    public long RecordsLearned => _loop?.RecordsLearned ?? 0;

    public IReadOnlyDictionary<string, ModelStatus> Status => _loop?.Status ?? new Dictionary<string, ModelStatus>();

    /// <summary>Whether any model rests on runs, of this process or an earlier one.</summary>
    public bool HasLearned => Current.Models.Any(m => m.Value.Observations > 0);

    /// <summary>Begins to learn, if the options say so.</summary>
    /// <param name="calibration">What was measured at the start.</param>
    /// <param name="directory">Where what is learned is kept, or null.</param>
    public void Start(IReadOnlyList<TrainingRow> calibration, string? directory)
    {
        if (options.Learning && _loop is null)
        {
            var learning = new LearningOptions { ModelUpdateFrequency = options.ModelUpdateFrequency, Complexity = options.ModelComplexity, ReservoirSize = options.ModelComplexity.TrainingRows, KeptRows = options.TelemetryRetention };
            _loop = new LearningLoop(_ring, Publisher, calibration, learning, directory, logger, new FitPace(time, isBusy, LeastFit));
            _loop.Start();
        }
    }

    /// <summary>Hands a record to learning; never waits.</summary>
    public void Learn(ExecutionRecord record)
    {
        if (options.Learning && _ring.TryWrite(record))
        {
            _loop!.Wake();
        }
    }

    /// <summary>Learns from everything handed over so far before it returns.</summary>
    public Task FlushAsync() => _loop?.FlushAsync() ?? Task.CompletedTask;

    /// <summary>Everything learned, as <see cref="ImportAsync"/> reads it.</summary>
    public Task<byte[]> ExportAsync(CancellationToken cancellationToken) => Task.Run(Loop().Export, cancellationToken);

    /// <summary>Takes what was exported.</summary>
    public async Task ImportAsync(Stream source, bool anyMachine, CancellationToken cancellationToken)
    {
        var loop = Loop();
        var bytes = await ReadAsync(source, cancellationToken).ConfigureAwait(false);
        await Task.Run(() => loop.Import(Parse(bytes, anyMachine)), cancellationToken).ConfigureAwait(false);
    }

    public bool RollBack(string backendId) => Loop().RollBack(backendId);

    /// <summary>The models in use, without their runs: what a machine elsewhere begins its predictions of this one with.</summary>
    public byte[] InUse() => LearnedState.Write(Current.Models.ToDictionary(m => m.Key, m => new LearnedBackend(0, m.Value, [], []), StringComparer.Ordinal));

    /// <summary>Uses models for backends of which nothing is known yet.</summary>
    public void Adopt(IEnumerable<KeyValuePair<string, BackendModel>> models)
    {
        var known = Current.Models.Select(m => m.Key).ToHashSet(StringComparer.Ordinal);
        var news = models.Where(m => !known.Contains(m.Key)).ToList();
        if (news.Count > 0)
        {
            Publisher.Update(news);
        }
    }

    /// <summary>Writes models and the times of structures into a store.</summary>
    public async Task ShareAsync(IKnowledgeStore store, string instance, IEnumerable<ExecutionRecord> records, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var models = await ExportAsync(cancellationToken).ConfigureAwait(false);
        await store.PutAsync([new KnowledgeEntry(KnowledgeKinds.Models, "all", instance, now, models), .. CircuitPattern.Entries(records, instance, now)], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Merges what other instances wrote into a store.</summary>
    public async Task<IReadOnlyList<KnowledgeMerge>> MergeAsync(IKnowledgeStore store, string instance, CancellationToken cancellationToken)
    {
        var loop = Loop();
        var entries = await store.FindAsync(KnowledgeKinds.Models, "all", cancellationToken).ConfigureAwait(false);
        return await Task.Run(
            IReadOnlyList<KnowledgeMerge> () =>
            {
                var others = entries.Where(e => e.Instance != instance).ToDictionary(e => e.Instance, e => (IReadOnlyDictionary<string, LearnedBackend>)Parse(e.Content.ToArray(), anyMachine: true), StringComparer.Ordinal);
                cancellationToken.ThrowIfCancellationRequested();
                return [.. loop.Merge(others, id => registry.Current.Find(id) is not null).Select(m => new KnowledgeMerge(m.BackendId, m.Instances, m.Refusal is null, m.Refusal ?? string.Empty, m.Before, m.After))];
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Learns from every record, and ends; what was learned stays in use.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_loop is not null && !_isDisposed)
        {
            await _loop.DisposeAsync().ConfigureAwait(false);
        }

        _isDisposed = true;
    }

    private LearningLoop Loop()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, typeof(PredictiveOrchestrator));
        return _loop ?? throw new InvalidOperationException("There are no learned models: the orchestrator is not started, or its option Learning is off.");
    }

    private static Dictionary<string, LearnedBackend> Parse(byte[] bytes, bool anyMachine)
    {
        try
        {
            return LearnedState.Read(bytes, anyMachine);
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"The models cannot be imported: {exception.Message}.", exception);
        }
    }

    private static async Task<byte[]> ReadAsync(Stream source, CancellationToken cancellationToken)
    {
        using var copy = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int read; (read = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            copy.Write(buffer, 0, read);
            if (copy.Length > LearnedState.MaxBytes)
            {
                throw new InvalidDataException($"The models cannot be imported: there are more than {LearnedState.MaxBytes} bytes.");
            }
        }

        return copy.ToArray();
    }
}
