using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Integration.Advice;

/// <summary>A request in runs of the circuit's blocks, and their results joined as if it had run whole. Which runs there are depends on the request and the blocks alone.</summary>
internal sealed class BlockRuns
{
    // What joining results of blocks may take.
    private const long MostJoinedWords = 1 << 25;
    private const int MostJoinedProbabilities = 1 << 16;
    private readonly ExecutionRequest _request;
    private readonly IReadOnlyList<CircuitBlock> _blocks;
    private readonly bool _measures;
    private readonly double[] _values;
    private readonly List<Run> _runs = [];

    public BlockRuns(ExecutionRequest request, IReadOnlyList<CircuitBlock> blocks)
    {
        (_request, _blocks, _measures) = (request, blocks, Measures(request.Circuit));
        var terms = request.Observables.SelectMany(o => o.Terms).ToList();

        // A qubit that nothing acts on is |0⟩: Z is 1 there, X and Y are 0.
        var acted = blocks.SelectMany(b => b.Qubits).ToHashSet();
        _values = [.. terms.Select(t => t.Factors.Any(f => !acted.Contains(f.Qubit) && f.Operator != Pauli.Z) ? 0.0 : t.Coefficient)];
        for (var b = 0; b < blocks.Count; b++)
        {
            var block = blocks[b];
            var at = block.Qubits.Select((q, i) => (q, i)).ToDictionary(p => p.q, p => p.i);
            var own = terms.Select(t => new PauliTerm(1, t.Factors.Where(f => at.ContainsKey(f.Qubit)).Select(f => (at[f.Qubit], f.Operator)))).ToList();
            List<int> wanted = [.. Enumerable.Range(0, own.Count).Where(i => own[i].Factors.Count > 0 && _values[i] != 0)];
            var isSampled = !_measures || block.Clbits.Count > 0;
            if (wanted.Count > 0 || isSampled)
            {
                var part = request with
                {
                    Circuit = block.Circuit, Observables = [.. wanted.Select(i => new PauliSum([own[i]]))], Shots = isSampled ? request.Shots : 0,
                    TopProbabilities = isSampled ? request.TopProbabilities : 0, Seed = request.Seed + (ulong)b,
                };
                _runs.Add(new Run(b, wanted, isSampled, part));
            }
        }
    }

    /// <summary>The runs: the block of each, and its request.</summary>
    public IReadOnlyList<Run> Runs => _runs;

    /// <summary>Whether joining stays within 256 MiB of outcomes and 65,536 probabilities.</summary>
    public static bool CanJoin(ExecutionRequest request) =>
        request.Shots * (long)((Math.Max(request.Circuit.NumQubits, request.Circuit.NumClbits) / 64) + 1) <= MostJoinedWords && request.TopProbabilities <= MostJoinedProbabilities;

    /// <summary>Joins the results of the runs, in their order.</summary>
    public (IReadOnlyDictionary<BitString, long> Counts, IReadOnlyList<OutcomeProbability> Probabilities, IReadOnlyList<double> ExpectationValues) Join(IReadOnlyList<ExecutionResult> results)
    {
        var length = _measures ? _request.Circuit.NumClbits : _request.Circuit.NumQubits;
        var values = _values.ToArray();
        var counts = new List<(IReadOnlyDictionary<BitString, long>, IReadOnlyList<int>)>();
        var probabilities = new List<(IReadOnlyList<OutcomeProbability>, IReadOnlyList<int>)>();
        for (var r = 0; r < _runs.Count; r++)
        {
            var (run, result) = (_runs[r], results[r]);
            for (var i = 0; i < run.Wanted.Count; i++)
            {
                values[run.Wanted[i]] *= result.ExpectationValues[i];
            }

            if (run.IsSampled)
            {
                var bits = _measures ? _blocks[run.Block].Clbits : _blocks[run.Block].Qubits;
                counts.Add((result.Counts, bits));
                probabilities.Add((result.Probabilities, bits));
            }
        }

        var next = 0;
        return (
            _request.Shots == 0 ? new Dictionary<BitString, long>() : BlockResults.Counts(counts, _request.Shots, length, _request.Seed),
            _request.TopProbabilities == 0 ? [] : BlockResults.Probabilities(probabilities, _request.TopProbabilities, length),
            [.. _request.Observables.Select(o => values[next..(next += o.Terms.Count)].Sum())]);
    }

    /// <summary>Whether outcomes are over classical bits.</summary>
    public static bool Measures(Circuit circuit)
    {
        foreach (ref readonly var op in circuit.Operations)
        {
            if (op.Kind == OperationKind.Measure)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The run of one block.</summary>
    /// <param name="Block">The block's number.</param>
    /// <param name="Wanted">The Pauli terms of the whole request that its expectation values belong to.</param>
    /// <param name="IsSampled">Whether its outcomes are part of the whole one's.</param>
    /// <param name="Request">What to run.</param>
    public sealed record Run(int Block, IReadOnlyList<int> Wanted, bool IsSampled, ExecutionRequest Request);
}
