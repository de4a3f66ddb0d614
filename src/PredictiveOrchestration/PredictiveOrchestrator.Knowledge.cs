using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Integration.Knowledge;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration;

/// <content>What instances tell each other.</content>
public sealed partial class PredictiveOrchestrator
{
    /// <summary>Writes what this instance has learned into a store: its models with their runs, and the times of the structures among the kept records.</summary>
    /// <param name="store">The store.</param>
    /// <param name="instance">This instance's name, the same each time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidOperationException">The orchestrator is not started, or learning is off.</exception>
    public async Task ShareKnowledgeAsync(IKnowledgeStore store, string instance, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrEmpty(instance);
        var learning = LearningOrThrow();
        var now = _time.GetUtcNow();
        var models = await Task.Run(learning.Export, cancellationToken).ConfigureAwait(false);
        await store.PutAsync([new KnowledgeEntry(KnowledgeKinds.Models, "all", instance, now, models), .. CircuitPattern.Entries(_journal.Records(), instance, now)], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Learns from the runs that other instances wrote into a store. For each backend of the same id a model is fitted to all runs together; it is used only if it predicts this instance's own
    /// runs, each held out, no worse on average than one fitted without the others. Runs of faster or slower machines are brought to this one's level first. What other instances told is never
    /// written back as one's own; <see cref="RollBackModel"/> undoes it.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="instance">This instance's name: its own entries are left out.</param>
    /// <param name="cancellationToken">Gives up; nothing is changed then.</param>
    /// <returns>What was taken from whom, for each backend.</returns>
    /// <exception cref="InvalidDataException">An entry is damaged or of another form; nothing is changed then.</exception>
    /// <exception cref="InvalidOperationException">The orchestrator is not started, or learning is off.</exception>
    public async Task<IReadOnlyList<KnowledgeMerge>> LearnFromKnowledgeAsync(IKnowledgeStore store, string instance, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrEmpty(instance);
        var learning = LearningOrThrow();
        var entries = await store.FindAsync(KnowledgeKinds.Models, "all", cancellationToken).ConfigureAwait(false);
        return await Task.Run(
            IReadOnlyList<KnowledgeMerge> () =>
            {
                var others = entries.Where(e => e.Instance != instance).ToDictionary(e => e.Instance, e => (IReadOnlyDictionary<string, LearnedBackend>)Parse(e.Content.ToArray(), anyMachine: true), StringComparer.Ordinal);
                cancellationToken.ThrowIfCancellationRequested();
                return [.. learning.Merge(others, id => _registry.Current.Find(id) is not null).Select(m => new KnowledgeMerge(m.BackendId, m.Instances, m.Refusal is null, m.Refusal ?? string.Empty, m.Before, m.After))];
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Finds what all instances of a store together know of circuits of this structure, the fastest backend first.</summary>
    /// <param name="store">The store.</param>
    /// <param name="circuit">The circuit; angles do not count.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<CircuitPattern>> FindPatternsAsync(IKnowledgeStore store, Circuit circuit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(circuit);
        return CircuitPattern.Join(await store.FindAsync(KnowledgeKinds.Pattern, CircuitPattern.KeyOf(_circuits[circuit].Profile.Features!.StructuralHash), cancellationToken).ConfigureAwait(false));
    }
}
