using PredictiveOrchestration;

// Reads a circuit, lets the orchestrator choose the simulator, and says why.
var file = args.Length > 0 ? args[0] : Path.Combine(AppContext.BaseDirectory, "phase-estimation.qasm");
await using var orchestrator = new PredictiveOrchestratorBuilder().Build();
await orchestrator.StartAsync();

var result = await orchestrator.ExecuteAsync(await File.ReadAllTextAsync(file));

Console.Write(result.Decision.Explain());
Console.WriteLine($"ran on {result.ActualBackend} in {result.Timings.Service.TotalMilliseconds:F2} ms, decided in {result.DecisionTime.TotalMilliseconds:F2} ms");
foreach (var (outcome, count) in result.Counts.OrderByDescending(c => c.Value).Take(5))
{
    Console.WriteLine($"{outcome}  {count}");
}
