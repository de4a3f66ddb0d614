using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Orleans.Wire;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>Programs are read once as long as they are remembered, and what is remembered is bounded.</summary>
public sealed class KnownProgramsTests
{
    [Fact]
    public void Read_AgainFromAnotherText_IsTheSameCircuit()
    {
        var programs = new KnownPrograms();
        var first = programs.Read(Source(0, 3));
        programs.Read(Source(0, 3)).Should().BeSameAs(first);
        programs.Read(Source(1, 3)).Should().NotBeSameAs(first);
        first.NumQubits.Should().Be(2);
        OpenQasmWriter.Write(first).Should().Be(OpenQasmWriter.Write(OpenQasmReader.Read(Source(0, 3)).GetCircuitOrThrow()));
    }

    [Fact]
    public void Read_MoreThanIsRemembered_ForgetsWhatWasUsedLeast()
    {
        // 100,000 operations are 2.4 million bytes of the 32 that are remembered.
        var programs = new KnownPrograms();
        var circuits = Enumerable.Range(0, 13).Select(i => programs.Read(Source(i, 100_000))).ToList();
        programs.Read(Source(0, 100_000)).Should().BeSameAs(circuits[0]);
        programs.Read(Source(13, 100_000));
        programs.Read(Source(0, 100_000)).Should().BeSameAs(circuits[0], "it was used after the others");
        programs.Read(Source(1, 100_000)).Should().NotBeSameAs(circuits[1], "it had not been used for longest");
    }

    [Fact]
    public void Read_TooLarge_IsNotRemembered()
    {
        // A short text of many operations.
        var programs = new KnownPrograms();
        var small = programs.Read(Source(0, 3));
        var large = programs.Read(Source(0, 200_000));
        large.Operations.Length.Should().BeGreaterThan(200_000);
        programs.Read(Source(0, 200_000)).Should().NotBeSameAs(large);
        programs.Read(Source(0, 3)).Should().BeSameAs(small, "nothing made room for it");
    }

    [Fact]
    public void Read_Wrong_SaysSoEachTime()
    {
        var programs = new KnownPrograms();
        for (var i = 0; i < 2; i++)
        {
            FluentActions.Invoking(() => programs.Read("OPENQASM 3.0; qubit q; nothing q;")).Should().Throw<OpenQasmException>();
        }
    }

    // So many gates that differ by the number.
    private static string Source(int number, int gates) => $"OPENQASM 3.0; include \"stdgates.inc\"; qubit[2] q; bit[2] c; for int i in [1:{gates}] {{ rz({number}.5) q[0]; }} c = measure q;";
}
