using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Orleans.Wire;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>Programs are read once from being planned to being run, and once for all if they come again; what is kept is bounded.</summary>
public sealed class KnownProgramsTests
{
    [Fact]
    public void Run_OfWhatWasPlanned_IsTheSameCircuitAndIsForgottenThen()
    {
        var programs = new KnownPrograms();
        var planned = programs.Plan(Source(0, 3));
        OpenQasmWriter.Write(planned).Should().Be(OpenQasmWriter.Write(OpenQasmReader.Read(Source(0, 3)).GetCircuitOrThrow()));
        programs.Plan(Source(1, 3)).Should().NotBeSameAs(planned);
        programs.Run(Source(0, 3)).Should().BeSameAs(planned);
        programs.Run(Source(0, 3)).Should().NotBeSameAs(planned);
    }

    [Fact]
    public void Plan_WhatComesAgain_IsTheSameCircuitFromThenOn()
    {
        var programs = new KnownPrograms();
        programs.Plan(Source(0, 3));
        programs.Run(Source(0, 3));
        var again = programs.Plan(Source(0, 3));
        for (var i = 0; i < 3; i++)
        {
            programs.Run(Source(0, 3)).Should().BeSameAs(again);
            programs.Plan(Source(0, 3)).Should().BeSameAs(again);
        }

        // All runs of a batch, of which none has begun.
        var first = programs.Plan(Source(1, 3));
        programs.Plan(Source(1, 3)).Should().BeSameAs(first);
        programs.Run(Source(1, 3)).Should().BeSameAs(first);
        programs.Run(Source(1, 3)).Should().BeSameAs(first);

        // Planned by other silos.
        programs.Run(Source(2, 3));
        programs.Run(Source(2, 3)).Should().BeSameAs(programs.Run(Source(2, 3)));
    }

    [Fact]
    public void Plan_MoreThanIsKept_ForgetsWhatWasUsedLeast()
    {
        // 40,000 operations are 3.6 million bytes of the 33.5 that are kept: nine programs.
        var programs = new KnownPrograms();
        var circuits = Enumerable.Range(0, 9).Select(i => programs.Plan(Source(i, 40_000))).ToList();
        programs.Plan(Source(0, 40_000)).Should().BeSameAs(circuits[0]);
        programs.Plan(Source(9, 40_000));
        programs.Plan(Source(0, 40_000)).Should().BeSameAs(circuits[0], "it was used after the others");
        programs.Plan(Source(1, 40_000)).Should().NotBeSameAs(circuits[1], "it had not been used for longest");
    }

    [Fact]
    public void Plan_TooLarge_IsNotKept()
    {
        // A short text of many operations.
        var programs = new KnownPrograms();
        var small = programs.Plan(Source(0, 3));
        var large = programs.Plan(Source(0, 50_000));
        large.Operations.Length.Should().BeGreaterThanOrEqualTo(50_000);
        programs.Plan(Source(0, 50_000)).Should().NotBeSameAs(large);
        programs.Run(Source(0, 3)).Should().BeSameAs(small, "nothing made room for it");
    }

    [Fact]
    public void Plan_Wrong_SaysSoEachTime()
    {
        var programs = new KnownPrograms();
        for (var i = 0; i < 2; i++)
        {
            FluentActions.Invoking(() => programs.Plan("OPENQASM 3.0; qubit q; nothing q;")).Should().Throw<OpenQasmException>();
        }
    }

    // So many gates that differ by the number.
    private static string Source(int number, int gates) => $"OPENQASM 3.0; include \"stdgates.inc\"; qubit[2] q; bit[2] c; for int i in [1:{gates}] {{ rz({number}.5) q[0]; }} c = measure q;";
}
