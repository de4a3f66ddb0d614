using CircuitRunner;
using PredictiveOrchestration;

// Reads a circuit, lets the orchestrator choose the simulator, and says why.
var file = args.Length > 0 ? args[0] : Path.Combine(AppContext.BaseDirectory, "phase-estimation.qasm");
await using var orchestrator = new PredictiveOrchestratorBuilder().Build();
await orchestrator.StartAsync();

// Long runs show how far they have come.
using var bar = new ProgressBar(Path.GetFileName(file), TimeProvider.System);
var result = await orchestrator.ExecuteAsync(await File.ReadAllTextAsync(file), new OrchestrationRequest { Progress = bar });
bar.Dispose();

Console.Write(result.Decision.Explain());
Console.WriteLine($"ran on {result.ActualBackend} in {result.Timings.Service.TotalMilliseconds:F2} ms, decided in {result.DecisionTime.TotalMilliseconds:F2} ms");
foreach (var (outcome, count) in result.Counts.OrderByDescending(c => c.Value).Take(5))
{
    Console.WriteLine($"{outcome}  {count}");
}
