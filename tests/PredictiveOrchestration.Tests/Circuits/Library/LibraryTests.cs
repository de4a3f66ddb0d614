using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Circuits.Library;

/// <summary>Generators against closed formulas, through the oracle.</summary>
public sealed class LibraryTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(6)]
    public void Ghz_AnySize_HasTwoEqualAmplitudes(int n)
    {
        var state = OracleSimulator.FinalState(States.Ghz(n));
        state[0].Real.Should().BeApproximately(Math.Sqrt(0.5), 1e-12);
        state[^1].Real.Should().BeApproximately(Math.Sqrt(0.5), 1e-12);
        state.Count(a => a.Magnitude > 1e-12).Should().Be(2);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public void W_AnySize_IsTheEqualSuperpositionOfWeightOne(int n)
    {
        var state = OracleSimulator.FinalState(States.W(n));
        for (var i = 0; i < state.Length; i++)
        {
            var expected = BitOperations.PopCount((uint)i) == 1 ? 1 / Math.Sqrt(n) : 0;
            state[i].Magnitude.Should().BeApproximately(expected, 1e-12);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public void Qft_BasisStates_GivesTheFourierMatrix(int n)
    {
        var size = 1 << n;
        for (var x = 0; x < size; x++)
        {
            var state = OracleSimulator.FinalState(Basis(n, x).Compose(Fourier.Qft(n)));
            var expected = Enumerable.Range(0, size).Select(y => Complex.Exp(2 * Math.PI * Complex.ImaginaryOne * x * y / size) / Math.Sqrt(size)).ToArray();
            StateComparison.Distance(state, expected).Should().BeLessThan(1e-12);
        }
    }

    [Fact]
    public void Qft_ThenInverse_IsTheIdentity()
    {
        var circuit = Basis(5, 19).Compose(Fourier.Qft(5)).Compose(Fourier.Qft(5, inverse: true));
        OracleSimulator.FinalState(circuit)[19].Magnitude.Should().BeApproximately(1, 1e-12);
    }

    [Theory]
    [InlineData(5, 11)]
    [InlineData(6, 0)]
    [InlineData(4, 15)]
    public void PhaseEstimation_ExactPhase_IsReadWithCertainty(int counting, int y)
    {
        var outcome = OracleSimulator.OutcomeDistribution(Fourier.PhaseEstimation(counting, y / Math.ScaleB(1, counting)));
        outcome[Convert.ToString(y, 2).PadLeft(counting, '0')].Should().BeApproximately(1, 1e-12);
    }

    [Fact]
    public void BernsteinVazirani_AnySecret_IsFoundWithCertainty()
    {
        foreach (var secret in new[] { "1", "10110", "000", "1111111" })
        {
            OracleSimulator.OutcomeDistribution(Oracles.BernsteinVazirani(BitString.Parse(secret)))[secret].Should().BeApproximately(1, 1e-12);
        }
    }

    [Fact]
    public void DeutschJozsa_ConstantOrBalanced_IsToldApartWithCertainty()
    {
        for (var seed = 0UL; seed < 6; seed++)
        {
            OracleSimulator.OutcomeDistribution(Oracles.DeutschJozsa(4, false, seed))["0000"].Should().BeApproximately(1, 1e-12);
            OracleSimulator.OutcomeDistribution(Oracles.DeutschJozsa(4, true, seed)).GetValueOrDefault("0000").Should().BeApproximately(0, 1e-12);
        }
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    [InlineData(6, null)]
    public void Grover_AnyRounds_SucceedsAsTheFormulaSays(int n, int? rounds)
    {
        ulong[] marked = [1, 5];
        var circuit = Oracles.Grover(n, marked, rounds);
        var theta = Math.Asin(Math.Sqrt(marked.Length / Math.ScaleB(1, n)));
        var k = rounds ?? (int)Math.Round(Math.PI / (4 * theta) - 0.5);
        var distribution = OracleSimulator.OutcomeDistribution(circuit);
        marked.Sum(m => distribution[Convert.ToString((long)m, 2).PadLeft(n, '0')]).Should().BeApproximately(Math.Pow(Math.Sin((2 * k + 1) * theta), 2), 1e-12);
    }

    [Fact]
    public void Cuccaro_AllSmallNumbers_Adds()
    {
        const int n = 3;
        for (var a = 0; a < 1 << n; a++)
        {
            for (var b = 0; b < 1 << n; b++)
            {
                var state = OracleSimulator.FinalState(Basis(2 * n + 2, a << 1 | b << (n + 1)).Compose(Adders.Cuccaro(n)));
                var sum = a + b;
                state[a << 1 | (sum & ((1 << n) - 1)) << (n + 1) | (sum >> n) << (2 * n + 1)].Magnitude.Should().BeApproximately(1, 1e-12);
            }
        }
    }

    [Fact]
    public void Draper_AllSmallNumbers_AddsModulo()
    {
        const int n = 3;
        for (var a = 0; a < 1 << n; a++)
        {
            for (var b = 0; b < 1 << n; b++)
            {
                var state = OracleSimulator.FinalState(Basis(2 * n, a | b << n).Compose(Adders.Draper(n)));
                state[a | ((a + b) & ((1 << n) - 1)) << n].Magnitude.Should().BeApproximately(1, 1e-12);
            }
        }
    }

    [Fact]
    public void Ising_OneSpinWithoutCoupling_RotatesAboutX()
    {
        // e^{ihXt} on |0⟩: probability of 1 is sin²(ht).
        var state = OracleSimulator.FinalState(Dynamics.Ising(1, 7, time: 0.6, field: 1.3));
        state[1].Magnitude.Should().BeApproximately(Math.Sin(0.6 * 1.3), 1e-12);
    }

    [Fact]
    public void Heisenberg_TwoSpins_OscillatesExactly()
    {
        // For two spins one Trotter step is exact: |01⟩ returns with amplitude cos(2Jt).
        var state = OracleSimulator.FinalState(Dynamics.Heisenberg(2, 1, time: 0.37));
        state[1].Magnitude.Should().BeApproximately(Math.Abs(Math.Cos(2 * 0.37)), 1e-12);
    }

    [Fact]
    public void QuantumWalk_ThreeSteps_IsTheKnownDistribution()
    {
        // Hadamard walk from |0⟩ coin 0, three steps: positions -3, -1, 1, 3 with 1/8, 5/8, 1/8, 1/8 (mirrored by the coin convention).
        var state = OracleSimulator.FinalState(Dynamics.QuantumWalk(4, 3));
        double At(int position) => Math.Pow(state[position & 15].Magnitude, 2) + Math.Pow(state[(position & 15) | 16].Magnitude, 2);
        new[] { At(-3), At(-1), At(1), At(3) }.Order().Should().Equal(new[] { 0.125, 0.125, 0.125, 0.625 }, (x, y) => Math.Abs(x - y) < 1e-12);
        At(-1).Should().BeApproximately(0.625, 1e-12);
    }

    [Fact]
    public void Qaoa_OneEdge_HasTheKnownCut()
    {
        // For one edge and p = 1: ⟨cut⟩ = 1/2 + 1/2 sin(4β) sin(2γ) with e^{-iγZZ}, e^{-iβX}; sign by convention of γ.
        double gamma = 0.4, beta = 0.3;
        var circuit = Variational.Qaoa(2, [(0, 1)], [gamma], [beta]);
        var zz = OracleSimulator.ExpectationValue(circuit, PauliSum.Parse("ZZ"));
        Math.Abs(zz).Should().BeApproximately(Math.Abs(Math.Sin(4 * beta) * Math.Sin(2 * gamma)), 1e-12);
    }

    [Fact]
    public void RandomRegular_AnySeed_HasTheDegreeEverywhere()
    {
        var edges = Variational.RandomRegular(12, 3, 5);
        edges.Should().OnlyHaveUniqueItems().And.HaveCount(18);
        Enumerable.Range(0, 12).Should().OnlyContain(v => edges.Count(e => e.A == v || e.B == v) == 3);
    }

    [Fact]
    public void RandomFamilies_SameSeed_GivesTheSameCircuit()
    {
        RandomFamilies.QuantumVolume(5, 3, 9).StructurallyEquals(RandomFamilies.QuantumVolume(5, 3, 9)).Should().BeTrue();
        RandomFamilies.Random(5, 3, 9).StructurallyEquals(RandomFamilies.Random(5, 3, 10)).Should().BeFalse();
        RandomFamilies.Brickwork(4, 2, 1).StructurallyEquals(RandomFamilies.Brickwork(4, 2, 1)).Should().BeTrue();
        var clifford = RandomFamilies.RandomClifford(4, 100, 3);
        clifford.Operations.ToArray().Should().OnlyContain(op => clifford.IsClifford(op));
    }

    [Fact]
    public void Ansatz_ZeroAngles_LeavesZero()
    {
        OracleSimulator.FinalState(Variational.RealAmplitudes(3, 2, new double[9], Entanglement.Full))[0].Magnitude.Should().BeApproximately(1, 1e-12);
        OracleSimulator.FinalState(Variational.EfficientSU2(3, 2, new double[18], Entanglement.Circular))[0].Magnitude.Should().BeApproximately(1, 1e-12);
        var act = () => Variational.EfficientSU2(3, 2, new double[17]);
        act.Should().Throw<ArgumentException>().WithMessage("*18 are needed*");
    }

    [Fact]
    public void Repetition_FlippedQubit_ShowsInTheNeighbouringParities()
    {
        // Data 1 of 4 flipped: parities 0 and 1 fire in both rounds.
        var outcome = OracleSimulator.OutcomeDistribution(ErrorCorrection.Repetition(4, 2, 1)).Should().ContainSingle().Which.Key;
        outcome.Should().Be("0010" + "011" + "011");
    }

    [Fact]
    public async Task SurfaceCode_WithAndWithoutError_GivesTheRightSyndromes()
    {
        var (x, z) = ErrorCorrection.Checks(3);
        x.Should().HaveCount(4);
        z.Should().HaveCount(4);
        x.SelectMany(_ => z, (a, b) => a.Intersect(b).Count() % 2).Should().OnlyContain(overlap => overlap == 0, "checks commute");
        var backend = new PredictiveOrchestration.Simulation.Sparse.SparseStateSimulator();
        var clean = await backend.ExecuteAsync(new() { Circuit = ErrorCorrection.SurfaceCode(3, 2), Shots = 50 });
        clean.Counts.Keys.Should().OnlyContain(outcome => Enumerable.Range(0, 4).All(i => outcome[i] == outcome[8 + i]) && Enumerable.Range(4, 4).All(i => !outcome[i] && !outcome[8 + i]));
        var broken = await backend.ExecuteAsync(new() { Circuit = ErrorCorrection.SurfaceCode(3, 2, 4), Shots = 50 });
        broken.Counts.Keys.Should().OnlyContain(outcome => Enumerable.Range(0, 4).All(i => outcome[12 + i] == z[i].Contains(4)));
    }

    private static Circuit Basis(int n, int value)
    {
        var builder = new CircuitBuilder(n);
        for (var q = 0; q < n; q++)
        {
            if ((value >> q & 1) == 1)
            {
                builder.X(q);
            }
        }

        return builder.Build();
    }
}
