using System.Diagnostics;
using System.Globalization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Execution;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Routing;

namespace PredictiveOrchestration.Benchmarks.HotSwap;

/// <summary>
/// What a run that is looked at pays where nothing is swapped, piece by piece and job by job: planning the first time, the engine by itself, the same in a session, and the run with
/// its looks at the state. In turn, in one process, the least of each.
/// </summary>
internal static class OverheadBenchmark
{
    private const double Allowed = 0.05;

    /// <summary>Runs the table.</summary>
    /// <param name="args">[--corpus FOLDER] [--filter TEXT] [--turns S: the most seconds for a circuit].</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var filter = Option(args, "--filter") ?? string.Empty;
        var turns = double.Parse(Option(args, "--turns") ?? "0.5", CultureInfo.InvariantCulture);
        await using var orchestrator = new PredictiveOrchestratorBuilder()
            .Configure(o => (o.StateDirectory, o.Learning, o.RoutingStrategy) = (string.Empty, false, RoutingStrategy.PerformanceOptimized)).Build();
        await orchestrator.StartAsync();
        var backends = orchestrator.Backends.Current;
        var conversions = new ConversionCosts(TimeProvider.System);
        await conversions.CalibrateAsync(backends.Backends, CancellationToken.None);
        Console.WriteLine("| circuit | engine | predicted, ms | alone, ms | in a session | with looks | before the first gate, µs | of it | a plan, µs |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        var (all, planned, dear, slow) = (0, 0, 0, 0);
        foreach (var (name, circuit) in HotSwapCircuits.All(Option(args, "--corpus")).Where(c => c.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)))
        {
            RoutingDecision decision;
            try
            {
                decision = orchestrator.GetRoutingRecommendation(circuit, new OrchestrationRequest { Shots = 100 }).Decision;
            }
            catch (NoFeasibleBackendException)
            {
                continue;
            }

            all++;
            var chosen = decision.Chosen.Candidate;
            var parts = Job(decision);
            if (chosen.Prediction.Seconds.Median < 2e-3 || parts is { Plan.IsSingle: false } || backends.Find(chosen.Backend.Id) is not ISegmentedBackend engine)
            {
                continue;
            }

            planned++;
            var request = new ExecutionRequest { Circuit = circuit, Shots = 100, Limits = new ExecutionLimits { Time = TimeSpan.FromSeconds(10) } };
            var swaps = 0;
            double[] best = [double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity];
            try
            {
                var begin = Stopwatch.GetTimestamp();
                for (var i = 0; i < 15 || (Stopwatch.GetElapsedTime(begin).TotalSeconds < turns && i < 2000); i++)
                {
                    var start = Stopwatch.GetTimestamp();
                    switch (i % 5)
                    {
                        case 0:
                            await engine.ExecuteAsync(request);
                            break;
                        case 1:
                            await Task.Run(() =>
                            {
                                using var session = engine.OpenAsync(request, null).GetAwaiter().GetResult();
                                session.Finish();
                            });
                            break;
                        case 2 when parts is not null:
                            var run = new SegmentedRun(parts.Planner, conversions, new SwapPolicy(), request, null, 2e9, TimeProvider.System);
                            swaps = (await Task.Run(() => run.Run(parts.Plan, CancellationToken.None, null, parts.Unplanned))).Swaps.Count;
                            break;
                        case 3:
                            Job(decision);
                            break;
                        case 4:
                            Job(decision)?.Unplanned?.Plan();
                            break;
                        default:
                            await engine.ExecuteAsync(request);
                            break;
                    }

                    best[i % 5] = Math.Min(best[i % 5], Stopwatch.GetElapsedTime(start).TotalSeconds);
                }
            }
            catch (BackendException)
            {
                continue;
            }

            dear += best[3] > Allowed * best[0] ? 1 : 0;
            slow += swaps == 0 && best[2] > (1 + Allowed) * best[0] ? 1 : 0;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {engine.Descriptor.Id} | {1e3 * chosen.Prediction.Seconds.Median:G3} | {1e3 * best[0]:G4} | {1e3 * best[1]:G4} | {1e3 * best[2]:G4}{(parts is null ? " (none)" : swaps > 0 ? " (swaps)" : "")} | {1e6 * best[3]:F1} | {best[3] / best[0]:P1} | {1e6 * best[4]:F0} |"));

            PlannedJob? Job(RoutingDecision made)
            {
                var model = (PerformancePredictor)orchestrator.Predictor;
                var profile = made.Inputs!.Job.Profile;
                var job = new HotSwapJob(
                    new SwapPolicy(), conversions, new PlanningCost(), work => new SegmentCostModel(model, profile, new JobShape(100, Environment.ProcessorCount, 0, 0), work.Fused), profile, 2e9, _ => true, null);
                return job.Plan(made, backends, new ExecutionRequest { Circuit = circuit, Shots = 100 }, TimeProvider.System);
            }
        }

        Console.WriteLine($"\n{all} circuits; {planned} are long enough by prediction and begin on the engine chosen: what comes before the first gate takes more than {Allowed:P0} of {dear}, all that comes after and is not the engine more than {Allowed:P0} of {slow}");
        return 0;
    }

    private static string? Option(string[] args, string name)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }
}
