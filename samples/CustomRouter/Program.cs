using CustomRouter;
using PredictiveOrchestration;
using PredictiveOrchestration.Circuits.Library;

// A router is one class: register it, and choose it by its name.
await using var orchestrator = new PredictiveOrchestratorBuilder().AddRouter(new LeastMemoryRouter()).Build();
await orchestrator.StartAsync();
orchestrator.SetRoutingStrategy("least-memory");
foreach (var circuit in new[] { States.Ghz(20), Fourier.Qft(14), RandomFamilies.Random(16, 8) })
{
    Console.Write(orchestrator.GetRoutingRecommendation(circuit).Decision.Explain());
}
