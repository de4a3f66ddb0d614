using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Runtime;
using PredictiveOrchestration.Integration.Knowledge;
using PredictiveOrchestration.Orleans.Wire;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Orleans.Knowledge;

/// <summary>
/// Each silo learns its own machine. Now and then it publishes what it has learned, and tries what others have: models count only if they predict this silo's own runs no worse, and the registry is
/// told. A new silo begins with the champion of its kind of machine, brought to its level by its first runs.
/// </summary>
internal sealed partial class KnowledgeSharer(
    IOptions<OrleansWorkerOptions> options, ILocalSiloDetails silo, IGrainFactory grains, PredictiveOrchestrator orchestrator, TimeProvider time, ILogger<KnowledgeSharer> logger) : BackgroundService
{
    /// <summary>The longest content, in bytes; less than Orleans' longest message.</summary>
    public const int MaxBytes = 48 << 20;

    private const int MostOthers = 4;
    private readonly Dictionary<string, long> _tried = new(StringComparer.Ordinal);
    private long _published = -1;

    private IModelRegistryGrain Registry => grains.GetGrain<IModelRegistryGrain>(0);

    /// <summary>Takes the best that there is to begin with, if nothing is learned here yet.</summary>
    /// <returns>The silo that it is of, or null.</returns>
    internal async Task<string?> BeginAsync(CancellationToken cancellationToken)
    {
        if (orchestrator.Models.HasLearned)
        {
            return null;
        }

        foreach (var release in await Registry.FindAsync(MachineFingerprint.Current, options.Value.ModelForm))
        {
            try
            {
                var content = await grains.GetGrain<IModelGrain>(release.Instance).GetAsync();
                await orchestrator.ImportModelsAsync(new MemoryStream(content, false), release.Machine != MachineFingerprint.Current, cancellationToken).ConfigureAwait(false);
                _published = Runs();
                Began(release.Instance, release.Version);
                return release.Instance;
            }
            catch (InvalidDataException exception)
            {
                NotUsed(release.Instance, release.Version, exception.Message);
            }
        }

        return null;
    }

    /// <summary>Publishes what is new here, and tries what is new elsewhere.</summary>
    internal async Task ShareAsync(CancellationToken cancellationToken)
    {
        var runs = Runs();
        if (runs > 0 && runs != _published)
        {
            using var models = new MemoryStream();
            await orchestrator.ExportModelsAsync(models, cancellationToken).ConfigureAwait(false);
            if (models.Length <= MaxBytes)
            {
                await grains.GetGrain<IModelGrain>(silo.Name).PutAsync(models.ToArray());
                await Registry.PublishAsync(new ModelRelease { Instance = silo.Name, Machine = MachineFingerprint.Current, Form = options.Value.ModelForm, Runs = runs });
                _published = runs;
            }
        }

        foreach (var release in (await Registry.FindAsync(MachineFingerprint.Current, options.Value.ModelForm)).Where(r => r.Instance != silo.Name && _tried.GetValueOrDefault(r.Instance) < r.Version).Take(MostOthers))
        {
            await TryAsync(release, cancellationToken).ConfigureAwait(false);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.KnowledgeInterval == TimeSpan.Zero)
        {
            return;
        }

        for (var begun = false; !stoppingToken.IsCancellationRequested;)
        {
            try
            {
                if (!begun)
                {
                    await BeginAsync(stoppingToken).ConfigureAwait(false);
                    begun = true;
                }

                await Task.Delay(options.Value.KnowledgeInterval, time, stoppingToken).ConfigureAwait(false);
                await ShareAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (RunDriver.IsTransient(exception) || exception is InvalidOperationException or ArgumentException)
            {
                NotShared(exception.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task TryAsync(ModelRelease release, CancellationToken cancellationToken)
    {
        _tried[release.Instance] = release.Version;
        var content = await grains.GetGrain<IModelGrain>(release.Instance).GetAsync();
        try
        {
            var merges = await orchestrator.LearnFromKnowledgeAsync(new OneRelease(release, content), silo.Name, cancellationToken).ConfigureAwait(false);

            // Without runs of its own a silo cannot judge.
            if (merges.Any(m => double.IsFinite(m.OwnErrorBefore)))
            {
                await Registry.JudgeAsync(release.Instance, release.Version, merges.Any(m => m.IsUsed));
            }
        }
        catch (InvalidDataException exception)
        {
            NotUsed(release.Instance, release.Version, exception.Message);
        }
    }

    private long Runs() => orchestrator.Models.RecordsLearned;

    [LoggerMessage(Level = LogLevel.Information, Message = "Predictions begin with release {Version} of silo '{Instance}'")]
    private partial void Began(string instance, long version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Release {Version} of silo '{Instance}' is not used: {Why}")]
    private partial void NotUsed(string instance, long version, string why);

    [LoggerMessage(Level = LogLevel.Debug, Message = "What was learned could not be shared now: {Why}")]
    private partial void NotShared(string why);

    // One release as a store of knowledge.
    private sealed class OneRelease(ModelRelease release, byte[] content) : IKnowledgeStore
    {
        public Task PutAsync(IReadOnlyList<KnowledgeEntry> entries, CancellationToken cancellationToken = default) => throw new NotSupportedException("A release is only read.");

        public Task<IReadOnlyList<KnowledgeEntry>> FindAsync(string kind, string? key = null, CancellationToken cancellationToken = default) =>
            Task.FromResult<IReadOnlyList<KnowledgeEntry>>(kind == KnowledgeKinds.Models ? [new KnowledgeEntry(kind, "all", release.Instance, release.At, content)] : []);
    }
}
