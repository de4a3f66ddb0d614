using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Simulation;

/// <summary>Gathers counts, exact probabilities and expectation values from the groups of shots that reach the end.</summary>
internal sealed class OutcomeCollector
{
    private const int DirectBits = 10;
    private readonly ExecutionRequest _request;
    private readonly Circuit _circuit;
    private readonly RunContext _context;
    private readonly bool _overQubits;
    private readonly int _length;
    private readonly Dictionary<BitString, long> _counts = [];
    private readonly double[] _expectations;
    private double[]? _direct;
    private Dictionary<BitString, double>? _sparse;
    private ulong[] _room = [];
    private int _shotsDone;

    public OutcomeCollector(ExecutionRequest request, MeasurementPlan plan, RunContext context)
    {
        _request = request;
        _circuit = request.Circuit;
        _context = context;
        _overQubits = !plan.HasMeasurements;
        _length = _overQubits ? _circuit.NumQubits : _circuit.NumClbits;
        _expectations = new double[request.Observables.Count];
    }

    public IReadOnlyList<double> ExpectationValues => _expectations;

    public IReadOnlyDictionary<BitString, long> Counts() => _counts;

    /// <summary>Takes in a group at the end of the circuit.</summary>
    public void Add(ShotGroup group)
    {
        var readout = _overQubits ? Readout.OfAllQubits(_circuit.NumQubits) : Readout.Of(_circuit, group);
        if (group.Shots.Length > 0)
        {
            AddShots(group, readout);
        }

        if (_request.TopProbabilities > 0)
        {
            AddProbabilities(group, readout);
        }

        if (_expectations.Length > 0)
        {
            AddExpectations(group);
        }
    }

    // A measurement put off to the end has not dephased its qubit in the state: X and Y average to zero there.
    private void AddExpectations(ShotGroup group)
    {
        var measured = new HashSet<int>();
        foreach (var index in group.Pending)
        {
            measured.Add(_circuit.QubitsOf(_circuit.Operations[index])[0]);
        }

        for (var i = 0; i < _expectations.Length; i++)
        {
            foreach (var term in _request.Observables[i].Terms)
            {
                _context.Check(_circuit.Operations.Length);
                if (!term.Factors.Any(f => (f.Operator & Pauli.X) != 0 && measured.Contains(f.Qubit)))
                {
                    _expectations[i] += group.Weight * group.State!.ExpectationValue(term);
                }
            }
        }
    }

    /// <summary>The most probable outcomes, most probable first, equal ones by ascending outcome.</summary>
    public IReadOnlyList<OutcomeProbability> TopProbabilities()
    {
        if (_request.TopProbabilities == 0)
        {
            return [];
        }

        IEnumerable<OutcomeProbability> all = _direct is { } direct
            ? direct.Select((p, i) => (p, i)).Where(e => e.p > 0).Select(e => new OutcomeProbability(new BitString((ulong)e.i, _length), e.p))
            : (_sparse ?? []).Where(e => e.Value > 0).Select(e => new OutcomeProbability(e.Key, e.Value));
        return TopOutcomes.Select(all, _request.TopProbabilities);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddShots(ShotGroup group, Readout readout)
    {
        var shots = group.Shots;
        var words = Math.Max(1, (readout.Qubits.Length + 63) / 64);
        if (readout.Qubits.Length == 0)
        {
            Increment(readout.Fixed, shots.Length);
        }
        else
        {
            var draws = new double[shots.Length];
            for (var i = 0; i < shots.Length; i++)
            {
                draws[i] = Philox.Double(_request.Seed, (ulong)shots[i], (ulong)group.Used);
            }

            var outcomes = new ulong[(long)words * shots.Length];
            group.State!.Sample(readout.Qubits, draws, outcomes);
            if (words == 1)
            {
                // The draws are used up.
                CountRuns(outcomes, MemoryMarshal.Cast<double, ulong>(draws.AsSpan()), readout);
            }
            else
            {
                for (var i = 0; i < shots.Length; i++)
                {
                    Increment(readout.Combine(outcomes.AsSpan(i * words, words)), 1);
                }
            }
        }

        _shotsDone += shots.Length;
        _context.ReportShots(_shotsDone);
    }

    /// <summary>Takes in the classical bits of finished shots, one outcome after the other in whole words.</summary>
    public void AddOutcomes(Span<ulong> outcomes, int shots)
    {
        var readout = Readout.OfAllQubits(_length);
        var words = (_length + 63) / 64;
        if (words == 1)
        {
            _room = _room.Length < shots ? new ulong[shots] : _room;
            CountRuns(outcomes, _room, readout);
        }
        else
        {
            for (var i = 0; i < shots; i++)
            {
                Increment(words == 0 ? readout.Fixed : readout.Combine(outcomes.Slice(i * words, words)), 1);
            }
        }

        _shotsDone += shots;
        _context.ReportShots(_shotsDone);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CountRuns(Span<ulong> outcomes, Span<ulong> room, Readout readout)
    {
        // Some engines give outcomes in order.
        var distinct = 1;
        var isSorted = true;
        for (var i = 1; i < outcomes.Length && isSorted; i++)
        {
            isSorted = outcomes[i - 1] <= outcomes[i];
        }

        if (!isSorted)
        {
            WordSort.Sort(outcomes, room);
        }

        for (var i = 1; i < outcomes.Length; i++)
        {
            distinct += outcomes[i] != outcomes[i - 1] ? 1 : 0;
        }

        _counts.EnsureCapacity(_counts.Count == 0 ? distinct : 0);
        for (int i = 0, next; i < outcomes.Length; i = next)
        {
            for (next = i + 1; next < outcomes.Length && outcomes[next] == outcomes[i]; next++)
            {
            }

            Increment(readout.Combine(outcomes.Slice(i, 1)), next - i);
        }
    }

    private void Increment(BitString outcome, long by) =>
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, outcome, out _) += by;

    private void AddProbabilities(ShotGroup group, Readout readout)
    {
        // Where all shots share one history, no other group adds to an outcome: those that come first are enough.
        if (group.Weight == 1 && readout.Qubits.Length > 0 && _request.TopProbabilities < int.MaxValue)
        {
            _sparse = [];
            if (group.State!.TryVisitFirst(readout.Qubits, _request.TopProbabilities, (outcome, p) => AddProbability(readout.Combine(outcome), p)))
            {
                return;
            }

            _sparse = null;
        }

        if (_direct is null && _sparse is null)
        {
            var dense = _length <= DirectBits || (_length < 40 && 1L << _length <= 4 * group.State!.NonZeros);
            if (dense)
            {
                _context.Reserve(8L << _length, "the outcome probabilities");
                _direct = new double[1L << _length];
            }
            else
            {
                _sparse = [];
            }
        }

        if (readout.Qubits.Length == 0)
        {
            AddProbability(readout.Fixed, group.Weight);
            return;
        }

        var weight = group.Weight;
        if (_direct is { } direct)
        {
            group.State!.VisitProbabilities(readout.Qubits, (outcome, p) => direct[readout.CombineWord(outcome[0])] += weight * p);
        }
        else
        {
            group.State!.VisitProbabilities(readout.Qubits, (outcome, p) => AddProbability(readout.Combine(outcome), weight * p));
        }
    }

    private void AddProbability(BitString outcome, double p)
    {
        if (_direct is { } direct)
        {
            direct[outcome.ToUInt64()] += p;
            return;
        }

        ref var slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_sparse!, outcome, out var known);
        slot += p;
        if (!known && (_sparse!.Count & 0xFFF) == 0)
        {
            _context.Check(_circuit.Operations.Length);
            _context.Reserve(0x1000 * 64, "the outcome probabilities");
        }
    }
}
