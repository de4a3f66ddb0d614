using PredictiveOrchestration.Common;
using PredictiveOrchestration.Orleans.Placement;

namespace PredictiveOrchestration.Orleans.Silos;

/// <summary>
/// The cluster as this process knows it: the latest view, and what was sent since. Thread-safe. What one silo sends, all others are taken to send as well, for jobs are spread over silos by chance: else
/// all would send to the same until the next view. For the same reason a run chooses among a few silos by chance where there are many.
/// </summary>
/// <param name="isOneOfMany">Whether every silo sends as this process does.</param>
/// <param name="seed">The seed of chance.</param>
internal sealed class SiloDirectory(bool isOneOfMany, ulong seed)
{
    private readonly SeededRandom _random = new(seed, 0x706c616365UL);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (double Seconds, int Runs)> _sent = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _runs = new(StringComparer.Ordinal);
    private ClusterView _view = ClusterView.Empty;

    /// <summary>The latest view.</summary>
    public ClusterView View
    {
        get
        {
            lock (_lock)
            {
                return _view;
            }
        }
    }

    /// <summary>Takes a view; what was sent before is in it.</summary>
    public void Update(ClusterView view)
    {
        lock (_lock)
        {
            _view = view;
            _sent.Clear();
        }
    }

    /// <summary>The silos, with what was sent there since the view was taken.</summary>
    public List<Place> Places()
    {
        lock (_lock)
        {
            var places = new List<Place>(_view.Silos.Length);
            foreach (var silo in _view.Silos)
            {
                var (seconds, runs) = _sent.GetValueOrDefault(silo.Address);
                places.Add(new Place(silo, seconds, runs));
            }

            return places;
        }
    }

    /// <summary>Some of the silos by chance: all of a few, about the square root of many and at least four.</summary>
    public List<Place> Choices()
    {
        var places = Places();
        lock (_lock)
        {
            var count = Math.Min(places.Count, Math.Max(4, (int)Math.Ceiling(Math.Sqrt(places.Count))));
            for (var i = 0; i < count; i++)
            {
                var j = i + _random.Next(places.Count - i);
                (places[i], places[j]) = (places[j], places[i]);
            }

            return places.GetRange(0, count);
        }
    }

    /// <summary>Notes a run that is sent to a silo.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="seconds">What it is predicted to take there.</param>
    /// <param name="run">The name of a run that this process follows, and will <see cref="Forget"/>; or null.</param>
    public void Sent(string silo, double seconds, string? run = null)
    {
        lock (_lock)
        {
            if (run is not null)
            {
                // Whoever asks for a run that is lost asks a second place, which never had it.
                _runs.TryAdd(run, silo);
            }

            var (before, runs) = _sent.GetValueOrDefault(silo);
            var many = isOneOfMany ? Math.Max(1, _view.SiloCount) : 1;
            _sent[silo] = (before + (many * seconds), runs + many);
        }
    }

    /// <summary>Forgets a run that is followed no more, and tells where it was sent.</summary>
    public string? Forget(string run)
    {
        lock (_lock)
        {
            return _runs.Remove(run, out var silo) ? silo : null;
        }
    }

    /// <summary>Forgets a silo that is gone.</summary>
    public void Remove(string silo)
    {
        lock (_lock)
        {
            _view = _view with { Silos = [.. _view.Silos.Where(s => s.Address != silo)] };
        }
    }
}
