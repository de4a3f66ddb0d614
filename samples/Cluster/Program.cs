namespace Cluster;

/// <summary>Silos that work together on one machine or many, and a client that gives them work.</summary>
internal static class Program
{
    private const string Usage =
        """
        Usage: Cluster silo [options]              a silo: start as many as you like, here or on other machines
                 --name NAME          its name (its host and process)
                 --address IP         where the others reach it (127.0.0.1)
                 --ports SILO,GATE    its ports (two that are free)
                 --http URL           also tell the cluster's load at URL/cluster/load, and show it at URL/dashboard/
                 --concurrency N      runs at one time (one for each processor)
                 --checkpoints FOLDER a folder that all silos share, for the states of long runs
                 --state FOLDER       where it keeps what it learned of this machine (your local application data)
                 --budget AMOUNT      the most that all paid runs of the cluster may cost together (0)
                 --no-calibration     begin at once, with rougher predictions
               Cluster submit FILES… [options]     give OpenQASM files to the cluster, wait, and print the counts
                 --shots N  --seed S  --top N  --backend ID
                 --tenant NAME        whose jobs (default)
                 --key TEXT           an idempotency key for all of it: run the same command again after a failure, and nothing is done twice
                 --copies N           submit each file so often, with seeds S, S + 1, … (1)
                 --json               one line of JSON for each job
               Cluster load                        the load of the cluster
               Cluster prune [--hours N]           remove the results of jobs that ended N hours ago (24)

        All of them meet at --db FILE (a file in the temporary folder), or --postgres CONNECTION (or the environment variable CLUSTER_POSTGRES) for several machines.
        Exit status: 0 done, 1 it failed, 2 wrong usage.
        """;

    private static readonly string[] Meeting = ["--db", "--postgres"];

    private static async Task<int> Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            stop.Cancel();
        };
        try
        {
            return args switch
            {
                ["silo", .. var rest] => await SiloCommand.RunAsync(Arguments.Parse(rest, [.. Meeting, "--name", "--address", "--ports", "--http", "--concurrency", "--checkpoints", "--budget", "--state"], ["--no-calibration"]), stop.Token),
                ["submit", .. var rest] => await SubmitCommand.RunAsync(Arguments.Parse(rest, [.. Meeting, "--shots", "--seed", "--top", "--backend", "--tenant", "--key", "--copies"], ["--json"]), stop.Token),
                ["load", .. var rest] => await SubmitCommand.LoadAsync(Arguments.Parse(rest, Meeting, []), stop.Token),
                ["prune", .. var rest] => await PruneAsync(Arguments.Parse(rest, [.. Meeting, "--hours"], []), stop.Token),
                ["--help" or "-h"] => await PrintAsync(Console.Out, Usage, 0),
                _ => await PrintAsync(Console.Error, Usage, 2),
            };
        }
        catch (UsageException exception)
        {
            return await PrintAsync(Console.Error, $"{exception.Message}{Environment.NewLine}{Usage}", 2);
        }
        catch (OperationCanceledException)
        {
            return await PrintAsync(Console.Error, "Stopped. Jobs that were accepted go on.", 1);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return await PrintAsync(Console.Error, $"It failed: {exception.Message}", 1);
        }
    }

    private static async Task<int> PruneAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var removed = await arguments.Database().PruneAsync(DateTimeOffset.UtcNow.AddHours(-arguments.Integer("--hours", 24, 0, 1_000_000)), cancellationToken);
        return await PrintAsync(Console.Out, $"{removed} rows removed", 0);
    }

    private static async Task<int> PrintAsync(TextWriter writer, string text, int status)
    {
        await writer.WriteLineAsync(text);
        return status;
    }
}
