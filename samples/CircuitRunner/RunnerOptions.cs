using System.Globalization;

namespace CircuitRunner;

/// <summary>What the command line asked for.</summary>
internal sealed record RunnerOptions
{
    public const string Usage =
        """
        Usage: CircuitRunner FILES… [options]

          --shots N              shots per circuit (1000)
          --seed S               seed of the shots (0)
          --strategy NAME        predictive | adaptive | cost | performance | balanced (predictive)
          --backend auto|all|ID  let the router choose, run every feasible backend, or one by its id (auto)
          --gpu                  also offer the GPU; '--backend gpu' implies it
          --allow-cpu-opencl     also offer the GPU, and let the processor stand in for it through OpenCL
          --backend URL          a worker by its address; its key is taken from the environment variable WORKER_API_KEY
          --profile-only         print the profile, run nothing
          --recommend-only       print profile and recommendation, run nothing
          --probabilities        also return exact probabilities
          --top K                exact probabilities returned, and outcomes listed in the table (16)
          --timeout SECONDS      time limit of each run
          --state-dir DIR        where calibration and what was learned are kept
          --checkpoints DIR      write the state of long runs down there; a killed run goes on from it when it is started again
          --checkpoint-interval SECONDS
                                 least time between two (30)
          --no-learning          do not learn from these runs
          --repeat R             run each circuit R times (1)
          --jsonl                one JSON object per file on standard output

        Exit status: 0 all ran, 1 a circuit failed, 2 wrong usage.
        """;

    private static readonly string[] Strategies = ["predictive", "adaptive", "cost", "performance", "balanced"];

    public List<string> Files { get; } = [];

    public int Shots { get; private set; } = 1000;

    public ulong Seed { get; private set; }

    public string Strategy { get; private set; } = "predictive";

    public string Backend { get; private set; } = "auto";

    public bool Gpu { get; private set; }

    public bool AllowCpuOpenCl { get; private set; }

    public bool ProfileOnly { get; private set; }

    public bool RecommendOnly { get; private set; }

    public bool Probabilities { get; private set; }

    public int Top { get; private set; } = 16;

    public TimeSpan? Timeout { get; private set; }

    public string? StateDirectory { get; private set; }

    public string? CheckpointDirectory { get; private set; }

    public TimeSpan CheckpointInterval { get; private set; } = TimeSpan.FromSeconds(30);

    public bool Learning { get; private set; } = true;

    public int Repeat { get; private set; } = 1;

    public bool JsonLines { get; private set; }

    public bool Help { get; private set; }

    /// <summary>Reads the command line.</summary>
    /// <exception cref="UsageException">An option is unknown or its value wrong.</exception>
    public static RunnerOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new RunnerOptions();
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            string Value() => ++i < arguments.Count ? arguments[i] : throw new UsageException($"Option '{argument}' needs a value.");
            switch (argument)
            {
                case "--shots": options.Shots = Integer(argument, Value(), 0, int.MaxValue); break;
                case "--seed": options.Seed = ulong.TryParse(Value(), NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed : throw Wrong(argument, arguments[i], "an integer from 0 to 2^64 - 1"); break;
                case "--strategy": options.Strategy = OneOf(argument, Value(), Strategies); break;
                case "--backend":
                    options.Backend = Value();
                    options.Gpu |= options.Backend == "gpu";
                    break;
                case "--gpu": options.Gpu = true; break;
                case "--allow-cpu-opencl": options.Gpu = options.AllowCpuOpenCl = true; break;
                case "--profile-only": options.ProfileOnly = true; break;
                case "--recommend-only": options.RecommendOnly = true; break;
                case "--probabilities": options.Probabilities = true; break;
                case "--top": options.Top = Integer(argument, Value(), 1, int.MaxValue); break;
                case "--timeout": options.Timeout = Seconds(argument, Value()); break;
                case "--state-dir": options.StateDirectory = Value(); break;
                case "--checkpoints": options.CheckpointDirectory = Value(); break;
                case "--checkpoint-interval": options.CheckpointInterval = Seconds(argument, Value()); break;
                case "--no-learning": options.Learning = false; break;
                case "--repeat": options.Repeat = Integer(argument, Value(), 1, 1_000_000); break;
                case "--jsonl": options.JsonLines = true; break;
                case "--help" or "-h": options.Help = true; break;
                default:
                    if (argument.StartsWith("--", StringComparison.Ordinal))
                    {
                        throw new UsageException($"Option '{argument}' is unknown.");
                    }

                    options.Files.Add(argument);
                    break;
            }
        }

        return options.Files.Count == 0 && !options.Help ? throw new UsageException("No file is given.") : options;
    }

    private static int Integer(string option, string text, int minimum, int maximum) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum
            ? value
            : throw Wrong(option, text, $"an integer from {minimum} to {maximum}");

    private static TimeSpan Seconds(string option, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is > 0 and <= 1e8
            ? TimeSpan.FromSeconds(value)
            : throw Wrong(option, text, "a positive number of seconds");

    private static string OneOf(string option, string text, string[] accepted) =>
        Array.IndexOf(accepted, text) >= 0 ? text : throw Wrong(option, text, string.Join(", ", accepted));

    private static UsageException Wrong(string option, string text, string accepted) =>
        new($"Option '{option}' has the value '{text}'; accepted: {accepted}.");
}

/// <summary>The command line is wrong; the message says where.</summary>
internal sealed class UsageException(string message) : Exception(message);
