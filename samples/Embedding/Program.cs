using Embedding;
using PredictiveOrchestration;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

// A host with its own circuits, simulator and scheduler plugs them in, and uses the parts that it wants.
var circuit = Converter.ToCircuit(new HostCircuit(3, [("not", [0]), ("cnot", [0, 1]), ("toffoli", [0, 1, 2])]));

// Profile only.
var profile = CircuitProfiler.Profile(circuit);
Console.WriteLine($"profile: {profile.GateCount} gates, at most 2^{profile.Features!.PeakSupportLog2} amplitudes");

// No container, no log, no file: nothing is calibrated, and what is learned stays in memory. The host's scheduler has the last word, however slow its choice.
var host = new HostBackend();
await using var orchestrator = new PredictiveOrchestratorBuilder().AddBackend(host).AddRouter(new HostScheduler())
    .Configure(o => { o.StateDirectory = string.Empty; o.CalibrationBudget = TimeSpan.Zero; o.PerformanceThreshold = 0; }).Build();

// Predict only: the orchestrator is not even started.
var prediction = orchestrator.Predictor.Predict(host.Descriptor, profile, new JobShape(Shots: 100, Threads: 1, Observables: 0, TopProbabilities: 0));
Console.WriteLine($"predict: {prediction.Seconds.Median:G2} s by {prediction.Source}");

// Route only: the host runs what was chosen itself.
await orchestrator.StartAsync();
orchestrator.SetRoutingStrategy("host");
Console.WriteLine($"route: {orchestrator.GetRoutingRecommendation(circuit).Backend.Id}");

// Or all of it.
var result = await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Shots = 100 });
Console.WriteLine($"run: {result.Counts.Keys.Single()} on {result.ActualBackend}");
