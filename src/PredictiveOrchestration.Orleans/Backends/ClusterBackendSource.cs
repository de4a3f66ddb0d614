using Microsoft.Extensions.Logging;
using Orleans;
using PredictiveOrchestration.Orleans.Silos;
using PredictiveOrchestration.Orleans.Wire;
using PredictiveOrchestration.Prediction;

namespace PredictiveOrchestration.Orleans.Backends;

/// <summary>Keeps the engines of a cluster's silos in an orchestrator's registry while they are there, and begins predicting each with what its own silo has learned.</summary>
internal sealed partial class ClusterBackendSource(IGrainFactory grains, OrleansClusterOptions options, TimeProvider time, ILogger logger) : IBackendSource
{
    private ClusterView _view = ClusterView.Empty;

    /// <summary>The cluster as it was seen last.</summary>
    public ClusterView View => Volatile.Read(ref _view);

    public async ValueTask<IAsyncDisposable> StartAsync(BackendSourceContext context, CancellationToken cancellationToken = default)
    {
        var sync = new Sync(this, context);
        await sync.OnceAsync(cancellationToken).ConfigureAwait(false);
        sync.Begin();
        return sync;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cluster cannot be asked for its silos now: {Why}")]
    private partial void NotAsked(string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "Backend '{Id}' of the cluster {What}")]
    private partial void Changed(string id, string what);

    private sealed class Sync(ClusterBackendSource source, BackendSourceContext context) : IAsyncDisposable
    {
        private readonly SiloDirectory _directory = new(false, 0);
        private readonly Dictionary<string, ClusterBackend> _backends = new(StringComparer.Ordinal);
        private readonly CancellationTokenSource _stop = new();
        private Task _loop = Task.CompletedTask;

        public void Begin() => _loop = Task.Run(LoopAsync);

        public async Task OnceAsync(CancellationToken cancellationToken)
        {
            ClusterView view;
            try
            {
                view = await source.Grains.GetGrain<ICatalogGrain>(0).GetAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (RunDriver.IsTransient(exception))
            {
                // What was told last is forgotten: nothing is sent to where nothing is known of.
                source.NotAsked(exception.Message);
                view = ClusterView.Empty;
            }

            _directory.Update(view);
            Volatile.Write(ref source._view, view);
            var offered = view.Silos.Where(s => !s.IsDraining).SelectMany(s => s.Engines.Select(e => (Silo: s, Engine: e, Descriptor: e.ToDescriptor(s)))).Where(e => source.Options.Includes(e.Silo.Name, e.Engine.Id)).ToDictionary(e => e.Descriptor.Id, StringComparer.Ordinal);
            foreach (var (id, backend) in _backends.Where(b => !offered.TryGetValue(b.Key, out var still) || still.Silo.Address != b.Value.Silo).ToList())
            {
                context.Backends.Unregister(id);
                _backends.Remove(id);
                source.Changed(id, "is gone");
            }

            foreach (var silo in offered.Values.Where(o => !_backends.ContainsKey(o.Descriptor.Id)).GroupBy(o => o.Silo))
            {
                await AdoptAsync(silo.Key, cancellationToken).ConfigureAwait(false);
                foreach (var (_, engine, descriptor) in silo)
                {
                    if (context.Backends.Current.Find(descriptor.Id) is null)
                    {
                        var backend = new ClusterBackend(descriptor, silo.Key.Address, engine.Id, _directory, source.Grains, source.Options.Tenant, source.Time);
                        context.Backends.Register(backend);
                        _backends.Add(descriptor.Id, backend);
                        source.Changed(descriptor.Id, "is there");
                    }
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync().ConfigureAwait(false);
            await _loop.ConfigureAwait(false);
            foreach (var id in _backends.Keys)
            {
                context.Backends.Unregister(id);
            }

            _stop.Dispose();
        }

        // Each silo has measured its machine; without its models the first predictions would be anybody's.
        private async Task AdoptAsync(SiloReport silo, CancellationToken cancellationToken)
        {
            try
            {
                var bytes = await source.Grains.GetGrain<ISiloGrain>(silo.Address).GetModelsAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
                context.Adopt(LearnedState.Read(bytes, anyMachine: true).Select(m => new KeyValuePair<string, BackendModel>($"{silo.Name}/{m.Key}", m.Value.Model)));
            }
            catch (Exception exception) when (RunDriver.IsTransient(exception) || exception is InvalidDataException)
            {
                source.NotAsked(exception.Message);
            }
        }

        private async Task LoopAsync()
        {
            while (true)
            {
                try
                {
                    await Task.Delay(source.Options.Interval, source.Time, _stop.Token).ConfigureAwait(false);
                    await OnceAsync(_stop.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (_stop.IsCancellationRequested)
                {
                    return;
                }
            }
        }
    }

    private IGrainFactory Grains => grains;

    private OrleansClusterOptions Options => options;

    private TimeProvider Time => time;
}
