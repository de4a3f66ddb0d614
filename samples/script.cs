#:project ../src/PredictiveOrchestration/PredictiveOrchestration.csproj

// A C# script: dotnet run samples/script.cs
using PredictiveOrchestration;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.Library;

await using var orchestrator = new PredictiveOrchestratorBuilder().Build();
await orchestrator.StartAsync();

// The energy of a ring of eight spins after two rounds of QAOA, and where it would run.
var edges = Variational.Ring(8);
var circuit = Variational.Qaoa(8, edges, [0.4, 0.7], [0.6, 0.3]);
var energy = new PauliSum([.. edges.Select(e => new PauliTerm(1, [(e.A, Pauli.Z), (e.B, Pauli.Z)]))]);
var result = await orchestrator.ExecuteAsync(circuit, new OrchestrationRequest { Shots = 0, Observables = [energy] });

Console.WriteLine($"energy {result.ExpectationValues[0]:F6} on {result.ActualBackend}");
Console.Write(result.Decision.Explain());
