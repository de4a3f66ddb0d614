using PredictiveOrchestration;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Integration.Analytics;
using PredictiveOrchestration.Integration.Knowledge;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;
using PredictiveOrchestration.Telemetry;
using Tour;

// Every member of the orchestrator, once. Nothing is left on disk but a folder for temporary files, which is deleted.
var folder = Directory.CreateTempSubdirectory("tour-");
var analytics = new RunAnalytics();
var records = new RecordList();
await using (var orchestrator = new PredictiveOrchestratorBuilder().UseOptimizer().AddAnalyticsSink(analytics).AddAnalyticsSink(records)
    .Configure(o => { o.StateDirectory = string.Empty; o.CalibrationBudget = TimeSpan.FromMilliseconds(300); o.TelemetryStorePath = Path.Combine(folder.FullName, "telemetry.db"); }).Build())
{
    using var alerts = orchestrator.Monitor.Subscribe(alert => Console.WriteLine($"alert: {alert.Text}"));
    var finished = 0;
    using var events = orchestrator.Subscribe(happened => finished += happened is JobFinished ? 1 : 0);
    await orchestrator.StartAsync();
    Console.WriteLine($"running: {orchestrator.IsRunning}, {orchestrator.Backends.Current.Backends.Length} backends");
    foreach (var backend in orchestrator.GetAvailableBackends())
    {
        Console.WriteLine($"  {backend.Descriptor.DisplayName}: {(backend.IsAvailable ? "ready" : backend.Reason)}");
    }

    // Decide without running, and choose otherwise.
    var circuit = Fourier.Qft(10);
    var recommendation = orchestrator.GetRoutingRecommendation(circuit);
    Console.Write(recommendation.Decision.Explain());
    Console.WriteLine($"the same decision again: {orchestrator.Replay(recommendation.Decision).Chosen.Candidate.Backend.Id}");
    orchestrator.SetRoutingStrategy(RoutingStrategy.PerformanceOptimized);
    var descriptor = recommendation.Backend;
    Console.WriteLine($"predicted: {orchestrator.Predictor.Predict(descriptor, CircuitProfiler.Profile(circuit), new JobShape(1000, 1, 0, 0)).Seconds.Median:G3} s on {descriptor.Id}");

    // Run; the optimizer looks where a run is long enough for that to pay.
    // The first is sent to a backend by name, and so is not divided: only whole runs tell how long a backend takes.
    for (var i = 0; i < 20; i++)
    {
        await orchestrator.ExecuteAsync(RandomFamilies.Random(8, 10, (ulong)i), new OrchestrationRequest { Tag = "tour", Seed = (ulong)i, Backend = i == 0 ? descriptor.Id : null });
    }

    var doubled = RandomFamilies.Random(18, 30).Compose(RandomFamilies.Random(18, 30).Inverse());
    var optimized = await orchestrator.ExecuteAsync(doubled, new OrchestrationRequest { Shots = 10 });
    Console.WriteLine(optimized.Optimization is { } found ? $"optimizer: {found.GatesBefore} gates to {found.GatesAfter}, used: {found.IsUsed}" : "optimizer: not worth a look");

    // Advice: two halves that never meet run apart.
    var halves = new CircuitBuilder(20).H(0).Build().Compose(RandomFamilies.Random(10, 8, 1), [.. Enumerable.Range(0, 10)]).Compose(RandomFamilies.Random(10, 8, 2), [.. Enumerable.Range(10, 10)]);
    var advice = orchestrator.GetStrategyAdvice(halves);
    foreach (var advisory in advice.Advisories)
    {
        Console.WriteLine($"advice on {advisory.Subject}: {advisory.Text}");
    }

    var advised = await orchestrator.ExecuteAdvisedAsync(halves, advice with { RequireExact = true });
    Console.WriteLine($"as advised: {advised.Runs.Count} runs, {advised.Counts.Count} outcomes");

    // What happened, what it cost, what is to be expected.
    Console.WriteLine($"decisions: {orchestrator.GetRoutingStatistics().TotalRoutingDecisions}, cost: {orchestrator.GetCostAnalysis().TotalCost}");
    Console.WriteLine($"response: {orchestrator.GetRealTimeMetrics().ResponseTimeP95.TotalMilliseconds:F2} ms in 95 % of runs, model version {orchestrator.GetDebugInfo().ModelVersion}");
    Console.WriteLine($"what if: {orchestrator.WhatIf(RoutingStrategy.Balanced, records.All).Seconds.Median:G3} s by 'balanced'");
    var used = optimized.ActualBackend;
    Console.WriteLine($"forecast: {orchestrator.GetForecast(used)?.ExecutionSeconds[0].Median:G3} s for the next run on {used}");
    foreach (var insight in analytics.GetInsights().Backends)
    {
        Console.WriteLine($"insight: {insight.BackendId} ran {insight.Runs} times, health {insight.Health:P0}");
    }

    Console.WriteLine($"told of {finished} finished jobs, {orchestrator.TelemetryStore?.Status.Dropped ?? 0} records dropped on the way to the store");

    // What was learned: taken along as a stream, shared through a store.
    using var models = new MemoryStream();
    await orchestrator.ExportModelsAsync(models);
    models.Position = 0;
    await orchestrator.ImportModelsAsync(models);
    Console.WriteLine($"undone: {orchestrator.RollBackModel(used)}");
    await using var store = new SqliteKnowledgeStore(Path.Combine(folder.FullName, "knowledge.db"));
    await orchestrator.ShareKnowledgeAsync(store, "tour");
    foreach (var pattern in await orchestrator.FindPatternsAsync(store, RandomFamilies.Random(8, 10, 0)))
    {
        Console.WriteLine($"pattern: {pattern.TypicalSeconds:G3} s on {pattern.BackendId}");
    }

    Console.WriteLine($"learned from {(await orchestrator.LearnFromKnowledgeAsync(store, "tour")).Count} others");
    await orchestrator.StopAsync();
}

// Another one, with everything set by hand: a priced engine, the host's own purse, store, log and meters.
await using (var telemetry = new TelemetryStore(Path.Combine(folder.FullName, "lab.db")))
await using (var purse = new BudgetLedger("EUR", [new BudgetCap(BudgetScope.Total, 1)]))
using (var meters = new OwnMeters())
await using (var lab = EverySetting.Lab(folder.FullName, telemetry, purse, new ConsoleLog(), meters).Build())
{
    await lab.StartAsync();
    Console.WriteLine($"backends: {string.Join(", ", lab.Backends.Current.Backends.Select(b => b.Descriptor.Id))}");
    var paid = await lab.ExecuteAsync(Fourier.Qft(8), new OrchestrationRequest { Backend = "lab" });
    await telemetry.FlushAsync();
    Console.WriteLine(FormattableString.Invariant($"paid {paid.Cost:F2} EUR, {(await purse.GetBalanceAsync()).Spent:F2} in all, {telemetry.Status.Written} record kept"));
}

folder.Delete(recursive: true);

namespace Tour
{
    /// <summary>Keeps all records.</summary>
    internal sealed class RecordList : IAnalyticsSink
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<ExecutionRecord> _records = new();

        public IReadOnlyList<ExecutionRecord> All => [.. _records];

        public void Record(ExecutionRecord record) => _records.Enqueue(record);
    }
}
