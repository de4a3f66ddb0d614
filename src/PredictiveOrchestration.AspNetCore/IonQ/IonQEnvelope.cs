namespace PredictiveOrchestration.AspNetCore.IonQ;

/// <summary>What a job said in IonQ's terms.</summary>
/// <param name="Type">Such as <c>ionq.circuit.v1</c>.</param>
/// <param name="Backend">Such as <c>simulator</c>.</param>
/// <param name="NoiseModel">The noise model, or null.</param>
/// <param name="Settings">The settings as JSON, or null.</param>
internal sealed record IonQEnvelope(string Type, string Backend, string? NoiseModel, string? Settings);
