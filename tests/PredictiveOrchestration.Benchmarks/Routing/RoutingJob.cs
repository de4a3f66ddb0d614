using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Benchmarks.Routing;

/// <summary>One job of the table: the same circuit each time it is made.</summary>
/// <param name="Id">A name without commas that says everything about the job.</param>
/// <param name="Family">The family that whole-family splits hold out.</param>
/// <param name="Make">Makes the circuit.</param>
/// <param name="Shots">The shots.</param>
internal sealed record RoutingJob(string Id, string Family, Func<Circuit> Make, int Shots);
