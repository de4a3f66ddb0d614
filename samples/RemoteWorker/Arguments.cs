using System.Globalization;

namespace RemoteWorker;

/// <summary>A command line: options with a value, options without, and the rest.</summary>
internal sealed class Arguments
{
    private readonly List<(string Name, string Value)> _values = [];
    private readonly HashSet<string> _flags = [];

    public List<string> Rest { get; } = [];

    public static Arguments Parse(string[] args, string[] withValue, string[] flags)
    {
        var parsed = new Arguments();
        for (var i = 0; i < args.Length; i++)
        {
            if (withValue.Contains(args[i]))
            {
                parsed._values.Add(i + 1 < args.Length ? (args[i], args[++i]) : throw new UsageException($"Option '{args[i]}' needs a value."));
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

    public string? Value(string name) => _values.LastOrDefault(v => v.Name == name).Value;

    public IEnumerable<string> Values(string name) => _values.Where(v => v.Name == name).Select(v => v.Value);

    public int Integer(string name, int otherwise, int least, int most) =>
        Value(name) is not { } text ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most ? value
        : throw new UsageException($"Option '{name}' has the value '{text}'; accepted: an integer from {least} to {most}.");

    public Uri Url(string name) =>
        Uri.TryCreate(Value(name), UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : throw new UsageException($"Option '{name}' has the value '{Value(name)}'; accepted: an address such as http://localhost:5005.");
}

/// <summary>The command line is wrong; the message says where.</summary>
internal sealed class UsageException(string message) : Exception(message);
