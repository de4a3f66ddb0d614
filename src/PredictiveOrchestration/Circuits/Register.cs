namespace PredictiveOrchestration.Circuits;

/// <summary>A named run of consecutive qubits or classical bits.</summary>
/// <param name="Name">The name, unique within the circuit.</param>
/// <param name="Start">The index of element 0 in the circuit.</param>
/// <param name="Size">The number of elements.</param>
public sealed record Register(string Name, int Start, int Size);

/// <summary>A note kept from the source, such as an OpenQASM 3 annotation or pragma.</summary>
/// <param name="OperationIndex">The index of the operation that it precedes.</param>
/// <param name="Text">The whole line as written, without the line end.</param>
public sealed record CircuitAnnotation(int OperationIndex, string Text);
