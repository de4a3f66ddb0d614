using PredictiveOrchestration.Learning;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Prediction.Forecasting;

namespace PredictiveOrchestration;

/// <content>What was learned: taken along, brought in, undone.</content>
public sealed partial class PredictiveOrchestrator
{
    /// <summary>
    /// Writes what was learned so far: for each backend the model, the latest ones before it, and at most <see cref="ModelComplexity.TrainingRows"/> runs (about half a
    /// kilobyte each; no circuits), behind a version and a checksum.
    /// </summary>
    /// <param name="destination">Where to; it stays open.</param>
    /// <param name="cancellationToken">Gives up; what was written so far is of no use.</param>
    /// <exception cref="InvalidOperationException">The orchestrator is not started, or learning is off.</exception>
    public async Task ExportModelsAsync(Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var learning = LearningOrThrow();
        var bytes = await Task.Run(learning.Export, cancellationToken).ConfigureAwait(false);
        await destination.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Takes what <see cref="ExportModelsAsync"/> wrote: its models replace those of the same backends at once, its runs are added to theirs. Either all of it counts or
    /// nothing. <see cref="RollBackModel"/> undoes it for a backend.
    /// </summary>
    /// <param name="source">Where from; read to its end, at most 1 GiB.</param>
    /// <param name="anyMachine">Whether to take what another machine or version of the library learned; its times are corrected by the first runs here.</param>
    /// <param name="cancellationToken">Gives up; nothing is changed then.</param>
    /// <exception cref="InvalidDataException">It is damaged, of another form, or of another machine or library.</exception>
    /// <exception cref="InvalidOperationException">The orchestrator is not started, or learning is off.</exception>
    public async Task ImportModelsAsync(Stream source, bool anyMachine = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        var learning = LearningOrThrow();
        var bytes = await ReadAsync(source, cancellationToken).ConfigureAwait(false);
        await Task.Run(() => learning.Import(Parse(bytes, anyMachine)), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Goes back to the model of a backend that the latest fit or import replaced; up to four steps are kept, over restarts too. The next fit is judged against it.</summary>
    /// <param name="backendId">The backend.</param>
    /// <returns>Whether there was one; if not, nothing is changed.</returns>
    /// <exception cref="InvalidOperationException">The orchestrator is not started, or learning is off.</exception>
    public bool RollBackModel(string backendId)
    {
        ArgumentNullException.ThrowIfNull(backendId);
        return LearningOrThrow().RollBack(backendId);
    }

    /// <summary>Forecasts load, wait, execution time and cost of a backend over the next <c>PredictionHorizon</c> telemetry intervals; null if it has run nothing that is still kept.</summary>
    /// <param name="backendId">The backend.</param>
    public BackendForecast? GetForecast(string backendId)
    {
        ArgumentNullException.ThrowIfNull(backendId);
        return _journal.Forecasts(_options.PredictionHorizon).GetValueOrDefault(backendId);
    }

    /// <summary>The number of runs learned from since the start.</summary>
    internal long RecordsLearned => _learning?.RecordsLearned ?? 0;

    /// <summary>Whether any model rests on runs, of this process or an earlier one.</summary>
    internal bool HasLearned => _publisher.Current.Models.Any(m => m.Value.Observations > 0);

    /// <summary>The models in use, without their runs: what a machine elsewhere begins its predictions of this one with.</summary>
    internal byte[] ModelsInUse() => LearnedState.Write(_publisher.Current.Models.ToDictionary(m => m.Key, m => new LearnedBackend(0, m.Value, [], []), StringComparer.Ordinal));

    /// <summary>Uses models for backends of which nothing is known yet.</summary>
    internal void Adopt(IEnumerable<KeyValuePair<string, BackendModel>> models)
    {
        var known = _publisher.Current.Models.Select(m => m.Key).ToHashSet(StringComparer.Ordinal);
        var news = models.Where(m => !known.Contains(m.Key)).ToList();
        if (news.Count > 0)
        {
            _publisher.Update(news);
        }
    }

    private LearningLoop LearningOrThrow()
    {
        ObjectDisposedException.ThrowIf(_stopped, this);
        return _learning ?? throw new InvalidOperationException("There are no learned models: the orchestrator is not started, or its option Learning is off.");
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
