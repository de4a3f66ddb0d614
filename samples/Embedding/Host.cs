namespace Embedding;

/// <summary>A circuit as some other library has it: names and qubits.</summary>
internal sealed record HostCircuit(int Qubits, IReadOnlyList<(string Gate, int[] On)> Steps);

/// <summary>That library's own simulator: it knows reversible gates only, and one basis state.</summary>
internal static class HostSimulator
{
    public static ulong Run(HostCircuit circuit) => circuit.Steps.Aggregate(0UL, (state, step) =>
        step.On[..^1].All(q => (state >> q & 1) == 1) ? state ^ (1UL << step.On[^1]) : state);
}
