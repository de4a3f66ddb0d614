using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.TestKit;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Conformance;

/// <summary>Circuits written by others, with exact results computed by others; a subclass is one line.</summary>
public abstract class ReferenceConformance(ITestOutputHelper output)
{
    protected abstract ISnapshotBackend Create();

    /// <summary>Why a circuit is not run, or null if it is.</summary>
    protected abstract string? ReasonNotToRun(ReferenceCircuit reference);

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
        var skipped = new List<string>();
        int all = 0, states = 0;
        foreach (var reference in ReferenceCircuit.All(SharedFiles.CircuitsFolder))
        {
            all++;
            if (ReasonNotToRun(reference) is { } reason)
            {
                skipped.Add($"{reference.Name}: {reason}");
                continue;
            }

            var difference = await OutcomesAsync(backend, reference);
            if (difference is null && reference.HasPureState && EndsWithMeasurements(reference.Circuit))
            {
                states++;
                difference = await StateAsync(backend, reference);
            }

            if (difference is not null)
            {
                wrong.Add($"{reference.Name}: {difference}");
            }
        }

        output.WriteLine($"{all - skipped.Count} of {all} circuits with a reference were run on {backend.Descriptor.Id}, of {states} the state was compared. Not run:");
        skipped.ForEach(output.WriteLine);
        wrong.Should().BeEmpty();
        states.Should().BeGreaterThan(0);
    }

    private static async Task<string?> OutcomesAsync(IQuantumBackend backend, ReferenceCircuit reference)
    {
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
        for (var q = 0; q < observables.Length; q++)
        {
            if (Math.Abs((1 - result.ExpectationValues[q]) / 2 - reference.Marginals![q]) > 1e-9)
            {
                return $"P(q{q} = 1) = {(1 - result.ExpectationValues[q]) / 2}, expected {reference.Marginals[q]}";
            }
        }

        return Differing(expected ?? new Dictionary<string, double>(), result.Probabilities);
    }

    // The state before the measurements: some amplitudes, and the probabilities of basis states.
    private static async Task<string?> StateAsync(ISnapshotBackend backend, ReferenceCircuit reference)
    {
        var circuit = reference.Circuit;
        var snapshot = await backend.RunToSnapshotAsync(new ExecutionRequest { Circuit = circuit, Shots = 0 }, null, circuit.UnitaryEnd(0));
        var position = snapshot.Indices?.Select((index, i) => (index, i)).ToDictionary(e => e.index, e => e.i);
        Complex At(UInt128 index) => position is null ? snapshot.Amplitudes[(int)index] : position.TryGetValue(index, out var i) ? snapshot.Amplitudes[i] : Complex.Zero;

        foreach (var (index, p) in reference.QubitProbabilitiesByIndex)
        {
            var a = At(index);
            if (Math.Abs(a.Real * a.Real + a.Imaginary * a.Imaginary - p) > 1e-9)
            {
                return $"P({index}) = {a.Real * a.Real + a.Imaginary * a.Imaginary}, expected {p}";
            }
        }

        var (real, amplitudes) = reference.Amplitudes;
        var phase = amplitudes.Count == 0 ? Complex.One : Complex.Conjugate(At(real)) / At(real).Magnitude;
        foreach (var (index, expected) in amplitudes)
        {
            var found = At(index) * phase;
            if ((found - expected).Magnitude > 1e-9)
            {
                return $"amplitude {index} is {found}, expected {expected}";
            }
        }

        return null;
    }

    // Of millions of outcomes some are listed: the others are not written out.
    private static string? Differing(IReadOnlyDictionary<string, double> expected, IReadOnlyList<OutcomeProbability> all)
    {
        var listed = expected.Keys.Select(BitString.Parse).ToHashSet();
        var found = all.Where(p => listed.Contains(p.Outcome)).ToDictionary(p => p.Outcome.ToString(), p => p.Probability);
        foreach (var (outcome, p) in expected)
        {
            if (Math.Abs(found.GetValueOrDefault(outcome) - p) > 1e-9)
            {
                return $"P({outcome}) = {found.GetValueOrDefault(outcome)}, expected {p}";
            }
        }

        return null;
    }

    private static bool EndsWithMeasurements(Circuit circuit)
    {
        foreach (ref readonly var op in circuit.Operations[circuit.UnitaryEnd(0)..])
        {
            if (op.Kind is not (OperationKind.Measure or OperationKind.Barrier))
            {
                return false;
            }
        }

        return true;
    }
}
