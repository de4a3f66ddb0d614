using System.Globalization;
using PredictiveOrchestration.Orleans;

namespace Cluster;

/// <summary>A command line: options with a value, options without, and the rest.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = [];
    private readonly HashSet<string> _flags = [];

    public List<string> Rest { get; } = [];

    public static Arguments Parse(string[] args, string[] withValue, string[] flags)
    {
        var parsed = new Arguments();
        for (var i = 0; i < args.Length; i++)
        {
            if (withValue.Contains(args[i]))
            {
                var name = args[i];
                parsed._values[name] = ++i < args.Length ? args[i] : throw new UsageException($"Option '{name}' needs a value.");
            }
            else if (flags.Contains(args[i]))
            {
                parsed._flags.Add(args[i]);
            }
            else
            {
                parsed.Rest.Add(args[i].StartsWith('-') ? throw new UsageException($"Option '{args[i]}' is not known.") : args[i]);
            }
        }

        return parsed;
    }

    public bool Has(string flag) => _flags.Contains(flag);

    public string? Value(string name) => _values.GetValueOrDefault(name);

    public int Integer(string name, int otherwise, int least, int most) =>
        Value(name) is not { } text ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most ? value
        : throw new UsageException($"Option '{name}' has the value '{text}'; accepted: an integer from {least} to {most}.");

    /// <summary>Where the cluster meets: PostgreSQL if it is named, here or by the environment; else a file that all on this machine share.</summary>
    public ClusterDatabase Database() => (Value("--postgres") ?? Environment.GetEnvironmentVariable("CLUSTER_POSTGRES")) is { Length: > 0 } connection
        ? ClusterDatabase.PostgreSql(connection)
        : ClusterDatabase.Sqlite(Value("--db") ?? Path.Combine(Path.GetTempPath(), $"predictive-orchestration-{Environment.UserName}", "cluster.db"));
}

/// <summary>The command line is wrong; the message says where.</summary>
internal sealed class UsageException(string message) : Exception(message);
