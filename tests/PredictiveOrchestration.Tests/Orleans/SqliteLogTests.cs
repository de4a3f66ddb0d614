using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization;
using PredictiveOrchestration.Orleans;
using PredictiveOrchestration.Orleans.Storage;

namespace PredictiveOrchestration.Tests.Orleans;

/// <summary>The write-ahead log of grain state is brought into the file beside the writes.</summary>
public sealed class SqliteLogTests
{
    [Fact]
    public async Task Write_ManyTransactions_ReachTheFileWhileItIsOpenAndShareTransactions()
    {
        var folder = Directory.CreateTempSubdirectory("log-").FullName;
        var path = Path.Combine(folder, "cluster.db");
        await ClusterDatabase.Sqlite(path).PrepareAsync();
        await using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        await using (var storage = new SqliteGrainStorage(path, services.GetRequiredService<Serializer>()))
        {
            using var guard = new CancellationTokenSource(TimeSpan.FromMinutes(10));
            var written = 0;
            for (; written % 100 != 0 || InFile(path) == 0; written++)
            {
                guard.Token.ThrowIfCancellationRequested();
                await storage.WriteStateAsync("text", GrainId.Create("test", $"{written}"), new GrainState<string>(new string('x', 1000)));
            }

            storage.Writes.Should().Be(written);
            storage.Commits.Should().Be(written, "each was waited for");
            await Task.WhenAll(Enumerable.Range(0, 400).Select(i => storage.WriteStateAsync("text", GrainId.Create("other", $"{i}"), new GrainState<string>("y"))));
            storage.Writes.Should().Be(written + 400);
            storage.Commits.Should().BeLessThan(written + 400, "what is asked at one time is written together");
        }

        Directory.Delete(folder, true);
    }

    // The rows in the file itself, without what is only in its log.
    private static long InFile(string path)
    {
        var copy = $"{path}.copy";
        File.Copy(path, copy, true);
        using var connection = new SqliteConnection($"Data Source={copy};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT COUNT(*) FROM grains";
        try
        {
            return (long)command.ExecuteScalar()!;
        }
        catch (SqliteException)
        {
            // Copied in the middle of a checkpoint.
            return 0;
        }
    }
}
