using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Tests.Routing;

namespace PredictiveOrchestration.Tests.Execution;

/// <summary>What planning may take: a share of the run, and more where the beginning of the circuit would cost another engine next to nothing.</summary>
public sealed class PlanningBudgetTests
{
    private const double OfRun = 0.02, OfShortRun = 0.05, OfSaving = 0.05;
    private const int Qubits = 16;

    [Fact]
    public void Of_FewAmplitudesForThreeTenths_IsAShareOfWhatTheyTake()
    {
        // 300 gates on two amplitudes, then 700 of which the first few make them many.
        var circuit = Chain(b => Phases(b.H(0), 299), b => Rotations(b, 700));
        var budget = Of(CircuitProfiler.Profile(circuit), Decide(Candidate(BackendType.LocalDenseTensor, 1.5e-3), Candidate(BackendType.LocalSparseTensor, 9e-3)));

        // Eight rotations keep them to 2^8.
        budget.ForSaving.Should().BeInRange(OfSaving * 0.3 * 1.5e-3, OfSaving * 0.32 * 1.5e-3);
        budget.Most.Should().Be(budget.ForSaving);
    }

    [Fact]
    public void Of_FewAmplitudesForNineTenths_IsNoMoreThanTwoPercentOfTheRun()
    {
        // Four and a half percent of the run are a twentieth of what may be saved.
        var circuit = Chain(b => Phases(b.H(0), 899), b => Rotations(b, 100));
        var budget = Of(CircuitProfiler.Profile(circuit), Decide(Candidate(BackendType.LocalDenseTensor, 2e-3)));
        budget.ForSaving.Should().BeApproximately(OfRun * 2e-3, 1e-12);
        budget.Most.Should().Be(budget.ForSaving);
    }

    [Fact]
    public void Of_CliffordPrefix_IsAShareOfWhatItTakes()
    {
        var circuit = Chain(b => Cliffords(b, 200), b => Rotations(b, 600));
        var budget = Of(CircuitProfiler.Profile(circuit), Decide(Candidate(BackendType.LocalDenseTensor, 2e-3)));
        budget.ForSaving.Should().BeApproximately(OfSaving * 0.25 * 2e-3, 1e-12);
    }

    [Fact]
    public void Of_SparseEngine_SavesNothingByItself()
    {
        // What it takes is the amplitudes' at the end; another engine would take a tenth of 9 ms for them, or of 16.
        var profile = CircuitProfiler.Profile(Chain(b => Phases(b.H(0), 899), b => Rotations(b, 100)));
        Of(profile, Decide(Candidate(BackendType.LocalSparseTensor, 2e-3))).ForSaving.Should().Be(0);
        Of(profile, Decide(Candidate(BackendType.LocalSparseTensor, 2e-3), Candidate(BackendType.LocalDenseTensor, 9e-3))).ForSaving
            .Should().BeApproximately(OfRun * 2e-3, 1e-12);
        Of(profile, Decide(Candidate(BackendType.LocalSparseTensor, 2e-3), Candidate(BackendType.LocalDenseTensor, 16e-3))).ForSaving
            .Should().BeInRange(OfSaving * (2e-3 - (0.1 * 16e-3)), OfSaving * (2e-3 - (0.08 * 16e-3)));
    }

    [Fact]
    public void Of_ManyAmplitudesFromTheBeginning_IsTwoPercentOfTheRunOrFiveOfTheShortest()
    {
        var profile = CircuitProfiler.Profile(Chain(b => Rotations(b, 1000)));
        Of(profile, Decide(Candidate(BackendType.LocalDenseTensor, 2e-3))).Most.Should().BeApproximately(OfRun * 2e-3, 1e-12);

        // Where it may take a tenth of that, that counts.
        var doubtful = Candidate(BackendType.LocalDenseTensor, 2e-3, sigma: Math.Log(10) / 1.645);
        Of(profile, Decide(doubtful)).Most.Should().BeApproximately(OfShortRun * 2e-4, 1e-9);
    }

    [Fact]
    public void Of_ShortRuns_IsForSavingsAloneAndThenNothing()
    {
        var profile = CircuitProfiler.Profile(Chain(b => Phases(b.H(0), 899), b => Rotations(b, 100)));
        var budget = Of(profile, Decide(Candidate(BackendType.LocalDenseTensor, 1.5e-3)));
        budget.Most.Should().Be(budget.ForSaving).And.BeGreaterThan(0);
        Of(CircuitProfiler.Profile(Chain(b => Rotations(b, 1000))), Decide(Candidate(BackendType.LocalDenseTensor, 1.5e-3))).Most.Should().BeLessThan(0.1 * OfRun * 1.5e-3);
        Of(profile, Decide(Candidate(BackendType.LocalDenseTensor, 0.9e-3))).Should().Be(default(PlanningBudget));
    }

    private static PlanningBudget Of(CircuitProfile profile, RoutingDecision decision) => PlanningBudget.Of(profile, decision, TimeSpan.FromMilliseconds(2));

    private static RoutingCandidate Candidate(BackendType type, double seconds, double sigma = 0.1)
    {
        var candidate = Given.Candidate(type.ToString(), seconds, sigma);
        return candidate with { Prediction = candidate.Prediction with { Backend = candidate.Backend with { IsLocal = true, Type = type } } };
    }

    // The first is chosen, whatever the others take.
    private static RoutingDecision Decide(params RoutingCandidate[] candidates)
    {
        var decision = DecisionMaker.Decide(Given.Inputs(new PerformanceOptimizedRouter(), candidates, threshold: 0), 1, 1);
        return decision with { Ranked = [.. candidates.Select(c => decision.Ranked.Single(r => r.Candidate.Backend.Id == c.Backend.Id))] };
    }

    private static Circuit Chain(params Action<CircuitBuilder>[] parts)
    {
        var builder = new CircuitBuilder(Qubits);
        foreach (var part in parts)
        {
            part(builder);
        }

        return builder.Build();
    }

    // Not Clifford, and no amplitude more.
    private static void Phases(CircuitBuilder b, int gates)
    {
        for (var i = 0; i < gates; i++)
        {
            b.RZ(0.1 + (0.01 * i), i % Qubits);
        }
    }

    private static void Rotations(CircuitBuilder b, int gates)
    {
        for (var i = 0; i < gates; i++)
        {
            b.RY(0.1 + (0.01 * i), i % Qubits);
        }
    }

    private static void Cliffords(CircuitBuilder b, int gates)
    {
        for (var i = 0; i < gates; i++)
        {
            b.H(i % Qubits);
        }
    }
}
