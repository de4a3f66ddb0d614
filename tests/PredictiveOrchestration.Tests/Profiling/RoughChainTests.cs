using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using Xunit.Abstractions;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>A profile may leave out the sketch of a matrix product state, until it is asked for.</summary>
public sealed class RoughChainTests(ITestOutputHelper output)
{
    [Fact]
    public void WithChain_AtOnceOrLater_IsTheSketchOfTheWholeProfile()
    {
        (Circuit Circuit, CircuitProfile Begun)? latest = null;
        foreach (var circuit in Circuits())
        {
            var whole = CircuitProfiler.Profile(circuit).Features!.ChainWork;
            var begun = CircuitProfiler.Begin(circuit);
            begun.Features!.IsChainRough.Should().BeTrue(circuit.Name);
            if (latest is { } before)
            {
                // Another circuit has taken its place on this thread.
                ShouldBeWhole(before.Circuit, before.Begun);
                begun = CircuitProfiler.Begin(circuit);
            }

            CircuitProfiler.WithChain(circuit, begun).Features!.ChainWork.Should().Equal(whole, circuit.Name);
            CircuitProfiler.WithChain(circuit, begun).Features!.ChainWork.Should().Equal(whole, "what was gone on with once is made anew");
            latest = (circuit, begun);
        }

        static void ShouldBeWhole(Circuit circuit, CircuitProfile begun)
        {
            var later = CircuitProfiler.WithChain(circuit, begun);
            later.Features!.IsChainRough.Should().BeFalse();
            later.Features.ChainWork.Should().Equal(CircuitProfiler.Profile(circuit).Features!.ChainWork, circuit.Name);
            CircuitProfiler.WithChain(circuit, later).Should().BeSameAs(later);
        }
    }

    [Fact]
    public void Begin_InputsOfTheEstimate_AreThoseOfTheProfile()
    {
        foreach (var circuit in Circuits())
        {
            var whole = CircuitProfiler.Profile(circuit);
            CircuitProfiler.Begin(circuit).Features!.ChainWork.Should().Equal(RoughChain.Amounts(RoughChain.Of(whole)), circuit.Name);
        }
    }

    [Fact]
    public void Amounts_TimeAgainstTheSketch_IsAsWrongAsItSays()
    {
        var prices = CostBasisCatalog.Get("mps").PriorSeconds;
        double Seconds(double[] amounts) => prices[0] + amounts.Take(ChainAmounts.Read).Select((a, k) => a * prices[2 + k]).Sum();
        var errors = Circuits().Select(c => Math.Log(Seconds(CircuitProfiler.Profile(c).Features!.ChainWork) / Seconds(CircuitProfiler.Begin(c).Features!.ChainWork))).ToList();
        var off = Math.Sqrt(errors.Average(e => e * e));
        output.WriteLine($"log time off by {off:F2}, at most {errors.Max(Math.Abs):F1}, over {errors.Count} circuits");
        off.Should().BeInRange(RoughChain.LogSigma / 3, 1.3 * RoughChain.LogSigma);
    }

    [Fact]
    public void Begin_LargerThanWhatWasFitted_IsSketchedAtOnce()
    {
        CircuitProfiler.Begin(States.Ghz(128)).Features!.IsChainRough.Should().BeTrue();
        var wide = CircuitProfiler.Begin(States.Ghz(129)).Features!;
        wide.IsChainRough.Should().BeFalse();
        wide.ChainWork.Should().Equal(CircuitProfiler.Profile(States.Ghz(129)).Features!.ChainWork);
        CircuitProfiler.Begin(new CircuitBuilder(0).Build()).Features!.IsChainRough.Should().BeFalse();
    }

    private static IEnumerable<Circuit> Circuits()
    {
        foreach (var n in new[] { 5, 9, 14, 20 })
        {
            yield return States.Ghz(n);
            yield return States.W(n);
            yield return Fourier.Qft(n);
            yield return Dynamics.Ising(n, 4, 0.7);
            yield return Dynamics.Heisenberg(n, 3, 1);
            yield return RandomFamilies.Random(n, 8, (ulong)n);
            yield return RandomFamilies.QuantumVolume(n, 3, (ulong)n);
            yield return RandomFamilies.RandomClifford(n, 12 * n, (ulong)n);
            yield return Oracles.BernsteinVazirani(BitString.Parse(new string('1', n)));
        }
    }
}
