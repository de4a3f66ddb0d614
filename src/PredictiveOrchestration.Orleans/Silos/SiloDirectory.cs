using PredictiveOrchestration.Orleans.Placement;

namespace PredictiveOrchestration.Orleans.Silos;

/// <summary>The cluster as this process knows it: the latest view, and what it sent itself since. Thread-safe.</summary>
internal sealed class SiloDirectory
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (double Seconds, int Runs)> _sent = new(StringComparer.Ordinal);
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

    /// <summary>Notes a run that is sent to a silo.</summary>
    public void Sent(string silo, double seconds)
    {
        lock (_lock)
        {
            var (before, runs) = _sent.GetValueOrDefault(silo);
            _sent[silo] = (before + seconds, runs + 1);
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
