using System.Runtime.InteropServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Noise;

namespace PredictiveOrchestration.Simulation.Noisy;

/// <summary>
/// Quantum trajectories on any engine. Where errors strike each shot is drawn first; shots struck alike are one trajectory, and all that are not struck share the
/// ideal run. One state goes through the ideal circuit; each trajectory leaves it where its first error strikes and runs the rest with its errors put in as gates,
/// resets, and damping by one more qubit. Nothing depends on threads or on the order of trajectories.
/// </summary>
internal sealed class TrajectoryRunner
{
    /// <summary>Shots whose errors are kept at one time.</summary>
    private const int Batch = 1 << 16;

    private readonly LocalSimulator _engine;
    private readonly ExecutionRequest _request;
    private readonly NoisePlan _plan;
    private readonly Circuit _ideal;
    private readonly int _unitaryEnd;
    private readonly RunContext _context;
    private readonly Dictionary<BitString, long> _counts = [];
    private long _peakNonZeros;
    private double _discarded;

    public TrajectoryRunner(LocalSimulator engine, ExecutionRequest request, NoisePlan plan, CancellationToken cancellationToken)
    {
        _engine = engine;
        _request = request;
        _plan = plan;
        _ideal = plan.HasDamping ? plan.Circuit.Splice(0, 1, static (_, _) => { }) : plan.Circuit;
        _unitaryEnd = plan.Circuit.UnitaryEnd(0);
        _context = engine.ContextOf(request with { Circuit = _ideal, Progress = null }, cancellationToken);
    }

    /// <summary>How many different trajectories were run.</summary>
    public int Trajectories { get; private set; }

    public ExecutionResult Run()
    {
        var draws = new ErrorDraws(_plan.Sites.Select(s => s.Probability), ErrorDraws.SeedOf(_request.Seed));
        for (var first = 0; first < _request.Shots; first += Batch)
        {
            Run(_request.FirstShot + first, Math.Min(Batch, _request.Shots - first), draws);
        }

        var elapsed = _context.Elapsed;
        return new ExecutionResult
        {
            BackendId = _context.BackendId,
            Shots = _request.Shots,
            Seed = _request.Seed,
            Counts = _counts,
            IsExact = false,
            Timings = new ExecutionTimings(TimeSpan.Zero, TimeSpan.Zero, elapsed, TimeSpan.Zero),
            PeakMemoryBytes = _context.PeakBytes,
            PeakNonZeros = _peakNonZeros,
            DiscardedWeight = _discarded,
        };
    }

    private void Run(int firstShot, int count, ErrorDraws draws)
    {
        var bytes = 0L;
        try
        {
            var trajectories = Gather(firstShot, count, draws, ref bytes);
            using var ideal = _engine.Begin(_ideal.NumQubits, _request.Limits, _context);
            var position = 0;
            var done = 0;
            foreach (var (strikes, shots) in trajectories)
            {
                _context.Check(position);
                var fork = strikes.Length == 0 ? _unitaryEnd : Math.Min(_unitaryEnd, _plan.Sites[strikes[0].Site].Position);
                if (fork > position)
                {
                    ideal.Apply(_ideal, position, fork, null, _context);
                    position = fork;
                }

                Finish(ideal, fork, strikes, shots);
                done += shots.Count;
                _request.Progress?.Report(new ExecutionProgress(position, _ideal.Operations.Length, firstShot - _request.FirstShot + done, _request.Shots));
            }
        }
        finally
        {
            _context.Release(bytes);
        }
    }

    // Trajectories by the place of their first error, the one without errors last.
    private List<(Strike[] Strikes, List<int> Shots)> Gather(int firstShot, int count, ErrorDraws draws, ref long bytes)
    {
        var found = new Dictionary<Strike[], List<int>>(StrikesComparer.Instance);
        var places = new List<(int Place, double Uniform)>();
        for (var shot = firstShot; shot < firstShot + count; shot++)
        {
            draws.Of(shot, places);
            var strikes = new Strike[places.Count];
            for (var i = 0; i < strikes.Length; i++)
            {
                strikes[i] = new Strike(places[i].Place, _plan.Sites[places[i].Place].Choose(places[i].Uniform));
            }

            ref var shots = ref CollectionsMarshal.GetValueRefOrAddDefault(found, strikes, out var known);
            if (!known)
            {
                shots = [];
                var more = 120 + (8L * strikes.Length);
                _context.Reserve(more, "the errors of shots");
                bytes += more;
            }

            shots!.Add(shot);
            if ((shot & 0xFFF) == 0)
            {
                _context.Check(0);
            }
        }

        List<(Strike[] Strikes, List<int> Shots)> sorted = [.. found.Select(f => (f.Key, f.Value))];
        sorted.Sort(static (a, b) =>
        {
            var (x, y) = (a.Strikes.Length == 0 ? int.MaxValue : a.Strikes[0].Site, b.Strikes.Length == 0 ? int.MaxValue : b.Strikes[0].Site);
            return x != y ? x.CompareTo(y) : a.Shots[0].CompareTo(b.Shots[0]);
        });
        return sorted;
    }

    private void Finish(IQuantumState ideal, int fork, Strike[] strikes, List<int> shots)
    {
        Trajectories++;
        var next = 0;
        var ancilla = _ideal.NumQubits - 1;
        var misread = -1;
        var (report, reported) = (-1, 0);
        var rest = _ideal.Splice(fork, 0, (builder, position) =>
        {
            if (misread >= 0)
            {
                builder.X(misread);
                misread = -1;
            }

            if (report >= 0)
            {
                builder.AssignBits(report, 1, new ConstantExpression(ClassicalValue.Of(reported == 1)));
                report = -1;
            }

            for (; next < strikes.Length && _plan.Sites[strikes[next].Site].Position <= position; next++)
            {
                var site = _plan.Sites[strikes[next].Site];
                if (site.Channel == NoiseChannel.Misread && strikes[next].Choice > 0)
                {
                    // The bit is set behind the measurement, whatever it was.
                    (report, reported) = (_ideal.Operations[site.Position].Argument, strikes[next].Choice - 1);
                }
                else if (site.Channel == NoiseChannel.Misread)
                {
                    // Flipped before and after: the bit is wrong, the qubit is not.
                    builder.X(misread = site.A);
                }
                else
                {
                    Put(builder, site, strikes[next].Choice, ancilla);
                }
            }
        });
        var request = _request with { Circuit = rest, Shots = shots.Count, Progress = null };
        var result = new ShotRunner(request, _context, ideal.Clone, _engine.Time, shots: [.. shots]).Run(false);
        foreach (var (outcome, n) in result.Counts)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, outcome, out _) += n;
        }

        _peakNonZeros = Math.Max(_peakNonZeros, result.PeakNonZeros ?? 0);
        _discarded = Math.Max(_discarded, result.DiscardedWeight);
    }

    private static void Put(CircuitBuilder builder, NoiseSite site, int choice, int ancilla)
    {
        switch (site.Channel)
        {
            case NoiseChannel.ResetOrZ when choice == 0:
                builder.Reset(site.A);
                break;
            case NoiseChannel.Damping:
                // The ancilla takes the excitation over with probability γ, and is emptied.
                builder.CRY(2 * Math.Asin(Math.Sqrt(site.Share)), site.A, ancilla).CX(ancilla, site.A).Reset(ancilla);
                break;
            default:
                Pauli(builder, site.A, choice & 3);
                if (site.B >= 0)
                {
                    Pauli(builder, site.B, choice >> 2);
                }

                break;
        }
    }

    private static void Pauli(CircuitBuilder builder, int qubit, int which) =>
        _ = which switch { 1 => builder.X(qubit), 2 => builder.Y(qubit), 3 => builder.Z(qubit), _ => builder };

    private readonly record struct Strike(int Site, int Choice);

    private sealed class StrikesComparer : IEqualityComparer<Strike[]>
    {
        public static StrikesComparer Instance { get; } = new();

        public bool Equals(Strike[]? x, Strike[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(Strike[] strikes)
        {
            var hash = default(HashCode);
            hash.AddBytes(MemoryMarshal.AsBytes(strikes.AsSpan()));
            return hash.ToHashCode();
        }
    }
}
