using PredictiveOrchestration;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Remote;
using PredictiveOrchestration.Remote.Worker;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Simulation.Gpu;

namespace CircuitRunner;

/// <summary>Profiles, predicts, routes and runs OpenQASM files.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        RunnerOptions options;
        try
        {
            options = RunnerOptions.Parse(args);
        }
        catch (UsageException exception)
        {
            await Console.Error.WriteLineAsync($"{exception.Message}{Environment.NewLine}{RunnerOptions.Usage}");
            return 2;
        }

        if (options.Help)
        {
            Console.WriteLine(RunnerOptions.Usage);
            return 0;
        }

        using var interrupt = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            interrupt.Cancel();
        };
        try
        {
            return await RunAsync(options, interrupt.Token);
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("Interrupted.");
            return 1;
        }
    }

    private static async Task<int> RunAsync(RunnerOptions options, CancellationToken cancellationToken)
    {
        var builder = new PredictiveOrchestratorBuilder().Configure(o =>
        {
            o.StateDirectory = options.StateDirectory;
            o.Learning = options.Learning;
            o.CheckpointDirectory = options.CheckpointDirectory;
            o.Checkpoints = o.Checkpoints with { Interval = options.CheckpointInterval };
        });
        if (options.Gpu)
        {
            builder.AddGpu(new GpuStateVectorOptions { AllowCpuOpenCl = options.AllowCpuOpenCl });
        }

        RemoteBackend? worker = null;
        try
        {
            worker = await WorkerAsync(options, cancellationToken);
        }
        catch (Exception exception) when (exception is BackendException or ArgumentException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 2;
        }

        await using var held = worker;
        if (worker is not null)
        {
            builder.AddBackend(worker);
        }

        await using var orchestrator = builder.Build();
        orchestrator.SetRoutingStrategy(options.Strategy);
        var known = orchestrator.GetAvailableBackends().Select(b => b.Descriptor.Id).ToList();
        if (options.Backend is not ("auto" or "all") && !known.Contains(options.Backend))
        {
            await Console.Error.WriteLineAsync($"Option '--backend' has the value '{options.Backend}'; accepted: auto, all, {string.Join(", ", known)}, or the address of a worker.");
            return 2;
        }

        if (!options.ProfileOnly)
        {
            await orchestrator.StartAsync(cancellationToken);
        }

        var ok = true;
        foreach (var file in options.Files)
        {
            var report = new CircuitReport(file);
            await ProcessAsync(report, options, orchestrator, cancellationToken);
            ok &= report.Ok;
            if (options.JsonLines)
            {
                Console.WriteLine(JsonReport.Write(report, options));
            }
            else
            {
                TableReport.Write(report, options, Console.Out);
            }

            await ReportErrorsAsync(report);
        }

        return ok ? 0 : 1;
    }

    // A worker is a backend whose id is its address.
    private static async Task<RemoteBackend?> WorkerAsync(RunnerOptions options, CancellationToken cancellationToken) =>
        Uri.TryCreate(options.Backend, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? await WorkerBackend.ConnectAsync(
                new WorkerBackendOptions
                {
                    Id = options.Backend,
                    Endpoint = address,
                    Credential = Environment.GetEnvironmentVariable("WORKER_API_KEY") is { Length: > 0 } ? RemoteCredential.FromEnvironment("WORKER_API_KEY") : null,
                },
                cancellationToken)
            : null;

    private static async Task ReportErrorsAsync(CircuitReport report)
    {
        foreach (var diagnostic in report.Diagnostics)
        {
            await Console.Error.WriteLineAsync($"{report.File}({diagnostic.Line},{diagnostic.Column}): {diagnostic.Code}: {diagnostic.Message} {diagnostic.Remedy}");
        }

        if (report.Error is { Line: null } error)
        {
            await Console.Error.WriteLineAsync($"{report.File}: {error.Code}: {error.Message}");
        }

        foreach (var run in report.Runs)
        {
            if (run.Error is { } failure)
            {
                await Console.Error.WriteLineAsync($"{report.File}: {run.Backend}: {failure.Code}: {failure.Message}");
            }
        }
    }

    private static async Task ProcessAsync(CircuitReport report, RunnerOptions options, PredictiveOrchestrator orchestrator, CancellationToken cancellationToken)
    {
        try
        {
            if (Directory.Exists(report.File))
            {
                report.Error = new RunError("file-unreadable", $"'{report.File}' is a folder. Name files.");
                return;
            }

            var read = await OpenQasmReader.ReadFileAsync(report.File, null, cancellationToken);
            report.Diagnostics = read.Diagnostics;
            if (!read.Success)
            {
                var first = read.Diagnostics.First(d => d.Severity == DiagnosticSeverity.Error);
                report.Error = new RunError(first.Code, $"{first.Message} {first.Remedy}", first.Line, first.Column);
                return;
            }

            report.Circuit = read.Circuit;
            report.Profile = CircuitProfiler.Profile(read.Circuit!);
            if (options.ProfileOnly)
            {
                return;
            }

            await RecommendAndRunAsync(report, options, orchestrator, cancellationToken);
        }
        catch (Exception exception) when (Describe(exception) is { } error)
        {
            report.Error = error;
        }
    }

    private static async Task RecommendAndRunAsync(CircuitReport report, RunnerOptions options, PredictiveOrchestrator orchestrator, CancellationToken cancellationToken)
    {
        var request = new OrchestrationRequest
        {
            Shots = options.Shots,
            Seed = options.Seed,
            TopProbabilities = options.Probabilities ? options.Top : 0,
            Limits = new ExecutionLimits { Time = options.Timeout },
            Backend = options.Backend is "auto" or "all" ? null : options.Backend,
        };
        var start = TimeProvider.System.GetTimestamp();
        try
        {
            report.Decision = orchestrator.GetRoutingRecommendation(report.Circuit!, request).Decision;
            report.Refused = report.Decision.Refused;
        }
        catch (NoFeasibleBackendException exception)
        {
            report.Refused = exception.Refused;
            throw;
        }
        finally
        {
            report.DecisionTime = TimeProvider.System.GetElapsedTime(start);
        }

        if (options.RecommendOnly)
        {
            return;
        }

        var backends = options.Backend == "all" ? report.Decision.Ranked.Select(r => (string?)r.Candidate.Backend.Id).ToList() : [request.Backend];
        for (var repeat = 0; repeat < options.Repeat; repeat++)
        {
            foreach (var backend in backends)
            {
                await RunOneAsync(report, request with { Backend = backend }, orchestrator, cancellationToken);
            }
        }
    }

    private static async Task RunOneAsync(CircuitReport report, OrchestrationRequest request, PredictiveOrchestrator orchestrator, CancellationToken cancellationToken)
    {
        using var bar = new ProgressBar(Path.GetFileName(report.File), TimeProvider.System);
        try
        {
            var result = await orchestrator.ExecuteAsync(report.Circuit!, request with { Progress = bar }, cancellationToken);
            report.Runs.Add(new CircuitRun(result.ActualBackend, result, null));
        }
        catch (Exception exception) when (Describe(exception) is { } error)
        {
            report.Runs.Add(new CircuitRun((exception as BackendException)?.BackendId ?? request.Backend ?? report.Decision!.Chosen.Candidate.Backend.Id, null, error));
        }
    }

    // What can go wrong in a known way; anything else is a bug and may be seen as one.
    private static RunError? Describe(Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => new RunError("file-not-found", exception.Message),
        IOException or UnauthorizedAccessException => new RunError("file-unreadable", exception.Message),
        NoFeasibleBackendException => new RunError("no-feasible-backend", exception.Message),
        QueueFullException => new RunError("queue-full", exception.Message),
        BackendException backend => new RunError(backend.Kind switch
        {
            BackendErrorKind.TimeLimit => "time-limit",
            BackendErrorKind.OutOfMemory => "out-of-memory",
            BackendErrorKind.Unsupported => "unsupported",
            BackendErrorKind.BudgetRefused => "budget-refused",
            BackendErrorKind.Unavailable => "unavailable",
            _ => "backend-fault",
        }, backend.Message),
        _ => null,
    };
}
