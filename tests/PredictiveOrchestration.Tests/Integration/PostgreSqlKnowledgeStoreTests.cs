using Npgsql;
using PredictiveOrchestration.Integration.Knowledge;
using PredictiveOrchestration.PostgreSql;

namespace PredictiveOrchestration.Tests.Integration;

/// <summary>The knowledge store in PostgreSQL: each test in a schema of its own, on the server that the environment names.</summary>
public sealed class PostgreSqlKnowledgeStoreTests : KnowledgeStoreTests
{
    private const string Variable = "PREDICTIVE_ORCHESTRATION_POSTGRES";
    private static readonly string? Server = Environment.GetEnvironmentVariable(Variable);
    private readonly string _schema = $"k{Guid.NewGuid():N}";

    protected override string? SkipReason => string.IsNullOrEmpty(Server) ? $"No PostgreSQL server: {Variable} has no connection string (.ci/run starts one)." : null;

    private NpgsqlConnectionStringBuilder Settings => new(Server) { SearchPath = _schema, Pooling = false };

    [Fact]
    public async Task Server_NotThere_TellsNoSecret()
    {
        // A socket that does not exist fails at once.
        await using var store = new PostgreSqlKnowledgeStore("Host=/nowhere/at/all;Username=u;Password=secret-7;Database=d");
        var error = await FluentActions.Awaiting(() => store.FindAsync("k")).Should().ThrowAsync<NpgsqlException>();
        error.Which.ToString().Should().NotContain("secret-7");
        ((Action)(() => _ = new PostgreSqlKnowledgeStore("Username=u"))).Should().Throw<ArgumentException>().WithMessage("*no host*");
    }

    [SkippableFact]
    public async Task AnotherVersion_IsRefusedAndLeftAlone()
    {
        var store = Open();
        await store.PutAsync([new("k", "a", "x", DateTimeOffset.UnixEpoch, ReadOnlyMemory<byte>.Empty)]);
        await RunAsync("UPDATE orchestration_knowledge_schema SET version = 7");
        await using var later = (PostgreSqlKnowledgeStore)Open();
        await FluentActions.Awaiting(() => later.FindAsync("k")).Should().ThrowAsync<InvalidDataException>().WithMessage("*another version*");
        await RunAsync("UPDATE orchestration_knowledge_schema SET version = 1");
        (await later.FindAsync("k")).Should().ContainSingle();
        await ((PostgreSqlKnowledgeStore)store).DisposeAsync();
    }

    public override async Task DisposeAsync()
    {
        if (SkipReason is null)
        {
            await RunAsync($"DROP SCHEMA {_schema} CASCADE");
        }
    }

    protected override Task PrepareAsync() => RunAsync($"CREATE SCHEMA {_schema}");

    protected override IKnowledgeStore Create() => new PostgreSqlKnowledgeStore(Settings.ConnectionString);

    private async Task RunAsync(string statement)
    {
        await using var connection = new NpgsqlConnection(Settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }
}
