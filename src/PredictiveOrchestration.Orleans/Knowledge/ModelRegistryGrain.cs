using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace PredictiveOrchestration.Orleans.Knowledge;

/// <summary>Keeps releases and verdicts. Silos that have not been heard of for a month go, and the oldest beyond a thousand.</summary>
internal sealed class ModelRegistryGrain([PersistentState("registry", OrleansWorkerOptions.StorageName)] IPersistentState<RegistryState> state, TimeProvider time) : Grain, IModelRegistryGrain
{
    private const int MostReleases = 1000;
    private const int MostAnswers = 16;
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    public async Task<long> PublishAsync(ModelRelease release)
    {
        var now = time.GetUtcNow();
        var version = ++state.State.LastVersion;
        state.State.Releases.RemoveAll(r => r.Instance == release.Instance || now - r.At > Kept);
        state.State.Releases.Add(release with { Version = version, At = now, Trials = 0, Successes = 0 });
        if (state.State.Releases.Count > MostReleases)
        {
            state.State.Releases.RemoveAt(0);
        }

        await state.WriteStateAsync();
        return version;
    }

    public Task<ModelRelease[]> FindAsync(string machine, int form) => Task.FromResult<ModelRelease[]>(
    [
        .. state.State.Releases.Where(r => r.Form == form).OrderByDescending(r => Alike(r.Machine, machine)).ThenByDescending(r => r.IsChampion).ThenByDescending(r => r.Successes).ThenByDescending(r => r.Version).Take(MostAnswers),
    ]);

    public async Task JudgeAsync(string instance, long version, bool wasOfUse)
    {
        // A verdict on an older release says nothing of this one.
        var index = state.State.Releases.FindIndex(r => r.Instance == instance && r.Version == version);
        if (index >= 0)
        {
            var release = state.State.Releases[index];
            state.State.Releases[index] = release with { Trials = release.Trials + 1, Successes = release.Successes + (wasOfUse ? 1 : 0) };
            await state.WriteStateAsync();
        }
    }

    /// <summary>How many of the parts of two machines' descriptions are the same.</summary>
    internal static int Alike(string one, string other)
    {
        var (a, b) = (one.Split('|'), other.Split('|'));
        return one == other ? int.MaxValue : a.Zip(b).Count(p => p.First == p.Second);
    }
}

/// <summary>Keeps one silo's models.</summary>
[CollectionAgeLimit(Minutes = 5)]
internal sealed class ModelGrain([PersistentState("models", OrleansWorkerOptions.StorageName)] IPersistentState<ModelContent> state) : Grain, IModelGrain
{
    public Task PutAsync(byte[] content)
    {
        if (content.Length > KnowledgeSharer.MaxBytes)
        {
            throw new ArgumentException($"The models take {content.Length} bytes; accepted are {KnowledgeSharer.MaxBytes}.", nameof(content));
        }

        state.State.Bytes = content;
        return state.WriteStateAsync();
    }

    public Task<byte[]> GetAsync() => Task.FromResult(state.State.Bytes);
}
