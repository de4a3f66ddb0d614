using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Conformance;

/// <summary>Circuits written by others, with exact results computed by others; a subclass is one line.</summary>
public abstract class ReferenceConformance(ITestOutputHelper output)
{
    protected abstract IQuantumBackend Create();

    protected abstract bool CanRun(ReferenceCircuit reference);

    // The references of circuits that measure into the same bit more than once hold the disjunction of the results (qb_bb84_n8: an x
    // between two measurements of a definite qubit must clear the bit, and the reference has it set). The later result replaces the
    // earlier one by the language, so the oracle is the truth there.
    private static bool WritesABitTwice(Circuit circuit)
    {
        var written = new HashSet<int>();
        foreach (var op in circuit.Operations)
        {
            if (op.Kind == OperationKind.Measure && circuit.NumQubits <= 8 && !circuit.IsDynamic && !written.Add(op.Argument))
            {
                return true;
            }
        }

        return false;
    }

    [SkippableFact]
    public async Task Execute_CircuitsWithReferences_AgreesToOneBillionth()
    {
        Skip.If(SharedFiles.CircuitsFolder is null, SharedFiles.SkipReason);
        var backend = Create();
        var wrong = new List<string>();
        int checkedCircuits = 0, all = 0;
        foreach (var reference in ReferenceCircuit.All(SharedFiles.CircuitsFolder))
        {
            all++;
            if (!CanRun(reference))
            {
                continue;
            }

            checkedCircuits++;
            var measures = reference.Circuit.Operations.ToArray().Any(o => o.Kind == OperationKind.Measure);
            var expected = WritesABitTwice(reference.Circuit) ? OracleSimulator.OutcomeDistribution(reference.Circuit)
                : measures ? reference.ClassicalProbabilities
                : reference.QubitProbabilities;
            var observables = reference.Marginals is null ? [] : Enumerable.Range(0, reference.Circuit.NumQubits).Select(q => new PauliSum([new PauliTerm(1, [(q, Pauli.Z)])])).ToArray();
            var result = await backend.ExecuteAsync(new ExecutionRequest
            {
                Circuit = reference.Circuit,
                Shots = 0,
                TopProbabilities = expected is null ? 0 : int.MaxValue,
                Observables = observables,
            });
            var found = result.Probabilities.ToDictionary(p => p.Outcome.ToString(), p => p.Probability);
            foreach (var (outcome, p) in expected ?? new Dictionary<string, double>())
            {
                if (Math.Abs(found.GetValueOrDefault(outcome) - p) > 1e-9)
                {
                    wrong.Add($"{reference.Name}: P({outcome}) = {found.GetValueOrDefault(outcome)}, expected {p}");
                    break;
                }
            }

            for (var q = 0; q < observables.Length; q++)
            {
                if (Math.Abs((1 - result.ExpectationValues[q]) / 2 - reference.Marginals![q]) > 1e-9)
                {
                    wrong.Add($"{reference.Name}: P(q{q} = 1) = {(1 - result.ExpectationValues[q]) / 2}, expected {reference.Marginals[q]}");
                    break;
                }
            }
        }

        output.WriteLine($"{checkedCircuits} of {all} circuits with a reference were run on {backend.Descriptor.Id}.");
        wrong.ForEach(output.WriteLine);
        wrong.Should().BeEmpty();
        checkedCircuits.Should().BeGreaterThan(0);
    }
}
