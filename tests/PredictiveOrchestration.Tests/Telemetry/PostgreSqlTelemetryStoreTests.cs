using Npgsql;
using PredictiveOrchestration.PostgreSql;
using PredictiveOrchestration.Telemetry;
using PredictiveOrchestration.Telemetry.Storage;

namespace PredictiveOrchestration.Tests.Telemetry;

/// <summary>The store in PostgreSQL: each test in a schema of its own, on the server that the environment names.</summary>
public sealed class PostgreSqlTelemetryStoreTests : TelemetryStoreTests
{
    private const string Variable = "PREDICTIVE_ORCHESTRATION_POSTGRES";
    private static readonly string? Server = Environment.GetEnvironmentVariable(Variable);
    private readonly string _schema = $"t{Guid.NewGuid():N}";

    protected override string? SkipReason => string.IsNullOrEmpty(Server) ? $"No PostgreSQL server: {Variable} has no connection string (.ci/run starts one)." : null;

    private NpgsqlConnectionStringBuilder Settings => new(Server) { SearchPath = _schema, Pooling = false };

    [Theory]
    [InlineData("Host=db.example.org;Username=u", SslMode.VerifyFull)]
    [InlineData("Host=db.example.org;Username=u;SSL Mode=Require", SslMode.Require)]
    [InlineData("Host=localhost,db.example.org;Username=u", SslMode.VerifyFull)]
    [InlineData("Host=localhost;Username=u", SslMode.Prefer)]
    [InlineData("Host=127.0.0.1;Username=u", SslMode.Prefer)]
    [InlineData("Host=/run/postgresql;Username=u", SslMode.Prefer)]
    public void ConnectionString_OfAnotherMachine_ChecksTheCertificateUnlessItSaysOtherwise(string text, SslMode expected) =>
        PostgreSqlTelemetry.Secured(text).SslMode.Should().Be(expected);

    [Fact]
    public async Task Server_NotThere_DropsNothingUntilTheQueueIsFullAndTellsNoSecret()
    {
        // A socket that does not exist fails at once.
        await using var store = PostgreSqlTelemetry.CreateStore("Host=/nowhere/at/all;Username=u;Password=secret-7;Database=d", new TelemetryStoreOptions { QueueCapacity = 4 });
        Enumerable.Range(0, 6).Select(i => store.TryWrite(Full(i))).Count(taken => taken).Should().BeGreaterThanOrEqualTo(4);
        var error = await FluentActions.Awaiting(() => store.FlushAsync()).Should().ThrowAsync<NpgsqlException>();
        error.Which.ToString().Should().NotContain("secret-7");
        (store.Status.Written, store.Status.Dropped + store.Status.Waiting).Should().Be((0, 6));
    }

    public override async Task DisposeAsync()
    {
        if (SkipReason is null)
        {
            await RunAsync($"DROP SCHEMA {_schema} CASCADE");
        }
    }

    internal override TelemetryDatabase Database() => new PostgreSqlTelemetryDatabase(Settings);

    protected override Task PrepareAsync() => RunAsync($"CREATE SCHEMA {_schema}");

    protected override Task ExecuteAsync(string statement) => RunAsync(statement);

    // A fresh copy of the table has no holes.
    protected override async Task<long> StoredBytesAsync()
    {
        await RunAsync($"CREATE TABLE copied (LIKE {TelemetryDatabase.Table} INCLUDING INDEXES); INSERT INTO copied SELECT * FROM {TelemetryDatabase.Table}");
        await using var connection = new NpgsqlConnection(Settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT pg_total_relation_size('copied')", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task RunAsync(string statement)
    {
        await using var connection = new NpgsqlConnection(Settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }
}
