using PredictiveOrchestration.Integration.Knowledge;

namespace PredictiveOrchestration.Tests.Integration;

/// <summary>The knowledge store in SQLite.</summary>
public sealed class SqliteKnowledgeStoreTests : KnowledgeStoreTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("knowledge-").FullName;

    protected override string? SkipReason => null;

    [Fact]
    public async Task AnotherFile_IsRefusedAndLeftAlone()
    {
        var path = Path.Combine(_folder, "text.txt");
        await File.WriteAllTextAsync(path, new string('x', 5000));
        var open = () => new SqliteKnowledgeStore(path);
        open.Should().Throw<InvalidDataException>().WithMessage("*text.txt*");
        (await File.ReadAllTextAsync(path)).Should().Be(new string('x', 5000));
    }

    public override Task DisposeAsync()
    {
        Directory.Delete(_folder, true);
        return Task.CompletedTask;
    }

    protected override Task PrepareAsync() => Task.CompletedTask;

    protected override IKnowledgeStore Create() => new SqliteKnowledgeStore(Path.Combine(_folder, "k.db"));
}
