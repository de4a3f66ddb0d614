using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Tests.Profiling;

/// <summary>Wide Clifford circuits that no state vector, sparse or chain engine can hold are not followed to the end: what is told of them stays true, and what is exact stays exact.</summary>
public sealed class GivenUpTests
{
    [Theory]
    [InlineData(64, 1)]
    [InlineData(100, 2)]
    [InlineData(200, 3)]
    public void Profile_WideCliffordAndItsInverse_EndsInOneBasisState(int qubits, ulong seed)
    {
        var there = RandomFamilies.RandomClifford(qubits, 24 * qubits, seed);
        var features = CircuitProfiler.Profile(there.Compose(there.Inverse())).Features!;
        features.PeakSupportLog2.Should().Be(qubits, "as many as that are told of as soon as no engine can hold them");
        features.RandomBits.Should().Be(0);
        features.FinalSupportLog2.Should().Be(0);
        features.PeakBondLog2.Should().Be(qubits / 2);
        features.CliffordPrefixLength.Should().Be(features.CliffordCount).And.Be(48 * qubits);
    }

    [Fact]
    public void Profile_ResetsAfterwards_WhatComesThenIsFollowedAgain()
    {
        const int qubits = 80;
        var builder = new CircuitBuilder(qubits);
        for (var q = 0; q < qubits; q++)
        {
            builder.Reset(q);
        }

        // T gates on qubits that are known, and three qubits of which two tell each other.
        var circuit = RandomFamilies.RandomClifford(qubits, 24 * qubits, 4).Compose(builder.T(5).H(0).H(7).CX(0, 1).T(0).Build());
        var features = CircuitProfiler.Profile(circuit).Features!;
        var support = features.SupportTrajectory.Span;
        support[24 * qubits].Should().Be(qubits - 1);
        support[^1].Should().Be(2);
        features.FinalSupportLog2.Should().Be(2);
    }

    [Fact]
    public void ChainWork_TwiceAsManyGates_IsTwiceAsMuch()
    {
        const int qubits = 120;
        // Of fewer gates much of what is seen is the beginning, on qubits that have one value.
        var (few, many) = (Work(24), Work(48));
        for (var k = 0; k < ChainAmounts.Read; k++)
        {
            (many[k] / few[k]).Should().BeInRange(1.5, 3.5, "amount {0}: a little more of it is seen where a tableau takes longer", k);
        }

        static double[] Work(int depth) => CircuitProfiler.Profile(RandomFamilies.RandomClifford(qubits, depth * qubits, 5)).Features!.ChainWork;
    }
}
