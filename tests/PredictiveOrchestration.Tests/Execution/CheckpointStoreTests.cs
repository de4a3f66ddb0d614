using System.Numerics;
using Microsoft.Extensions.Logging;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Execution;

namespace PredictiveOrchestration.Tests.Execution;

/// <summary>The folder of checkpoints: what is written is read, what is damaged or another's never, and it stays within its bounds.</summary>
public sealed class CheckpointStoreTests : IDisposable
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly byte[] Another = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private readonly string _folder = Directory.CreateTempSubdirectory("checkpoints-").FullName;
    private readonly Messages _log = new();

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Load_WhatWasSaved_IsTheSame(bool dense)
    {
        var saved = dense ? Dense(3) : Sparse(100);
        using (var slot = Store().Claim(Key)!)
        {
            slot.Save(saved, CancellationToken.None).Should().BeTrue();
        }

        using var next = Store().Claim(Key)!;
        var loaded = next.Load(1e9)!;
        loaded.Snapshot.Amplitudes.Should().Equal(saved.Snapshot.Amplitudes);
        (loaded.Snapshot.Indices ?? []).Should().Equal(saved.Snapshot.Indices ?? []);
        (loaded.BackendId, loaded.DiscardedWeight, loaded.FidelityLowerBound, loaded.IsExact).Should().Be((saved.BackendId, saved.DiscardedWeight, saved.FidelityLowerBound, saved.IsExact));
        (loaded.Snapshot.NumQubits, loaded.Snapshot.OperationIndex).Should().Be((saved.Snapshot.NumQubits, saved.Snapshot.OperationIndex));
        _log.Warnings.Should().BeEmpty();
        next.Delete();
        next.Load(1e9).Should().BeNull();
    }

    [Fact]
    public void Load_AnyByteChangedOrAnyEndCutOff_IsSetAsideWithAWarning()
    {
        Save(Key, Sparse(3));
        var path = Only();
        var whole = File.ReadAllBytes(path);
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[at] ^= 0x10;
            MustSetAside(path, damaged, $"byte {at}");
            MustSetAside(path, whole[..at], $"cut off at {at}");
        }

        MustSetAside(path, [.. whole, 0], "too long");
        File.WriteAllBytes(path, whole);
        Load(Key).Should().NotBeNull("the undamaged file is read");
    }

    [Fact]
    public void Load_FileOfAnotherRun_IsSetAside()
    {
        Save(Another, Sparse(3));
        File.Move(Only(), Path.Combine(_folder, Convert.ToHexStringLower(Key) + ".checkpoint"));
        Load(Key).Should().BeNull();
        _log.Warnings.Should().ContainSingle().Which.Should().Contain("another run");
    }

    [Fact]
    public void Load_StateAboveTheMemoryLimit_IsNotLoaded()
    {
        Save(Key, Sparse(100));
        using var slot = Store().Claim(Key)!;
        slot.Load(100 * 32 - 1).Should().BeNull();
    }

    [Fact]
    public void Claim_SameRunTwice_GivesItToOne()
    {
        using var first = Store().Claim(Key)!;
        Store().Claim(Key).Should().BeNull();
        using (Store().Claim(Another))
        {
        }

        first.Dispose();
        using var again = Store().Claim(Key);
        again.Should().NotBeNull();
    }

    [Fact]
    public void Save_FolderFull_RemovesTheOldestThatNobodyOwns()
    {
        var size = CheckpointFormat.SizeOf(Sparse(400).Snapshot);
        var policy = new CheckpointPolicy { MaxFileBytes = size, MaxDirectoryBytes = 3 * size };
        byte[][] keys = [Key, Another, [.. Key.Reverse()], [.. Another.Reverse()]];
        using var owned = Store(policy).Claim(keys[0])!;
        owned.Save(Sparse(400), CancellationToken.None).Should().BeTrue();
        for (var i = 1; i < keys.Length; i++)
        {
            File.SetLastWriteTimeUtc(Path.Combine(_folder, Convert.ToHexStringLower(keys[0]) + ".checkpoint"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
            using var slot = Store(policy).Claim(keys[i])!;
            slot.Save(Sparse(400), CancellationToken.None).Should().BeTrue();
            File.SetLastWriteTimeUtc(Path.Combine(_folder, Convert.ToHexStringLower(keys[i]) + ".checkpoint"), new DateTime(2021, 1, i, 0, 0, 0, DateTimeKind.Utc));
        }

        Directory.GetFiles(_folder, "*.checkpoint").Sum(f => new FileInfo(f).Length).Should().BeLessThanOrEqualTo(policy.MaxDirectoryBytes);
        File.Exists(Path.Combine(_folder, Convert.ToHexStringLower(keys[0]) + ".checkpoint")).Should().BeTrue("a running job's file stays, however old");
        File.Exists(Path.Combine(_folder, Convert.ToHexStringLower(keys[1]) + ".checkpoint")).Should().BeFalse("it was the oldest that nobody owned");
        File.Exists(Path.Combine(_folder, Convert.ToHexStringLower(keys[3]) + ".checkpoint")).Should().BeTrue();
    }

    [Fact]
    public void Save_StateAboveTheFileLimit_WritesNothing()
    {
        using var slot = Store(new CheckpointPolicy { MaxFileBytes = 8192 }).Claim(Key)!;
        slot.Save(Sparse(400), CancellationToken.None).Should().BeFalse();
        Directory.GetFiles(_folder, "*.checkpoint*").Should().OnlyContain(f => f.EndsWith(".lock"));
    }

    [Fact]
    public void Save_Cancelled_LeavesTheOneBefore()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        using var slot = Store().Claim(Key)!;
        slot.Save(Sparse(3), CancellationToken.None);
        slot.Invoking(s => s.Save(Sparse(4), cancelled.Token)).Should().Throw<OperationCanceledException>();
        slot.Load(1e9)!.Snapshot.Amplitudes.Should().HaveCount(3);
        Directory.GetFiles(_folder, "*.tmp").Should().BeEmpty();
    }

    [Fact]
    public void Prune_OldFiles_GoUnlessTheyAreOwned()
    {
        Save(Another, Sparse(3));
        File.WriteAllText(Path.Combine(_folder, "aa.checkpoint.tmp"), "left by a process that was killed");
        using var owned = Store().Claim(Key)!;
        owned.Save(Sparse(3), CancellationToken.None);
        foreach (var file in Directory.GetFiles(_folder, "*.checkpoint*").Where(f => !f.EndsWith(".lock")))
        {
            File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        }

        Store().Prune();
        Directory.GetFiles(_folder).Select(Path.GetFileName).Where(f => !f!.EndsWith(".lock")).Should().Equal(Convert.ToHexStringLower(Key) + ".checkpoint");
    }

    [Fact]
    public void KeyOf_AnythingThatChangesTheAnswer_ChangesIt()
    {
        static Circuit Build(Action<CircuitBuilder> rest, int qubits = 3)
        {
            var builder = new CircuitBuilder(qubits, 2).H(0);
            rest(builder);
            return builder.Build();
        }

        var circuit = Build(b => b.RX(0.5, 1).CX(0, 1));
        var request = new ExecutionRequest { Circuit = circuit };
        CheckpointStore.KeyOf(request, null).Should().Equal(CheckpointStore.KeyOf(new ExecutionRequest { Circuit = Build(b => b.RX(0.5, 1).CX(0, 1)) }, null), "built alike");
        byte[][] keys =
        [
            CheckpointStore.KeyOf(request, null),
            CheckpointStore.KeyOf(request, "local-dense"),
            CheckpointStore.KeyOf(request with { Seed = 1 }, null),
            CheckpointStore.KeyOf(request with { Shots = 5 }, null),
            CheckpointStore.KeyOf(request with { TopProbabilities = 5 }, null),
            CheckpointStore.KeyOf(request with { RequireExact = false }, null),
            CheckpointStore.KeyOf(request with { Observables = [PauliSum.Parse("ZZI")] }, null),
            CheckpointStore.KeyOf(request with { Observables = [PauliSum.Parse("ZIZ")] }, null),
            .. new[]
            {
                Build(b => b.RX(0.5000000000000001, 1).CX(0, 1)), Build(b => b.RY(0.5, 1).CX(0, 1)), Build(b => b.RX(0.5, 1).CX(1, 0)), Build(b => b.CX(0, 1).RX(0.5, 1)),
                Build(b => b.RX(0.5, 1).CX(0, 1), 4), Build(b => b.RX(0.5, 1).CX(0, 1).Measure(0, 0)), Build(b => b.RX(0.5, 1).CX(0, 1).Measure(0, 1)),
                Build(b => b.Measure(0, 0).If(ClassicalExpression.RegisterEquals(0, 2, 1)).X(1).EndIf()),
                Build(b => b.Measure(0, 0).If(ClassicalExpression.RegisterEquals(0, 2, 2)).X(1).EndIf()),
                Build(b => b.Measure(0, 0).If(ClassicalExpression.RegisterEquals(0, 1, 1)).X(1).EndIf()),
            }.Select(c => CheckpointStore.KeyOf(new ExecutionRequest { Circuit = c }, null)),
        ];
        keys.Select(Convert.ToHexString).Should().OnlyHaveUniqueItems();
    }

    private static Checkpoint Sparse(int count) => new(
        "local-sparse",
        StateSnapshot.Sparse(70, 17, [.. Enumerable.Range(0, count).Select(i => ((UInt128)1 << 69) + (UInt128)i)], [.. Enumerable.Range(0, count).Select(i => new Complex(i + 0.25, -i))]),
        0.125, 0.75, false);

    private static Checkpoint Dense(int qubits) =>
        new("local-dense", StateSnapshot.Dense(qubits, 5, [.. Enumerable.Range(0, 1 << qubits).Select(i => new Complex(i, 0.1))]), 0, 1, true);

    private CheckpointStore Store(CheckpointPolicy? policy = null) => new(_folder, policy ?? new CheckpointPolicy(), TimeProvider.System, _log);

    private void Save(byte[] key, Checkpoint checkpoint)
    {
        using var slot = Store().Claim(key)!;
        slot.Save(checkpoint, CancellationToken.None).Should().BeTrue();
    }

    private Checkpoint? Load(byte[] key)
    {
        using var slot = Store().Claim(key)!;
        return slot.Load(1e9);
    }

    private string Only() => Directory.GetFiles(_folder, "*.checkpoint").Should().ContainSingle().Subject;

    private void MustSetAside(string path, byte[] content, string what)
    {
        File.WriteAllBytes(path, content);
        _log.Warnings.Clear();
        Load(Key).Should().BeNull(what);
        _log.Warnings.Should().ContainSingle(what).Which.Should().Contain("set aside");
        File.Exists(path).Should().BeFalse(what);
    }

    private sealed class Messages : ILogger
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Warnings.Add(formatter(state, exception));
    }
}
