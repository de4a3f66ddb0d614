using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>A part of a circuit without control flow inside.</summary>
/// <param name="Qubits">The qubits, ascending.</param>
/// <param name="Steps">The steps.</param>
internal sealed record Region(int[] Qubits, IReadOnlyList<Step> Steps)
{
    public int Gates => Steps.Count(s => !s.IsFixed);
}

/// <summary>Takes circuits apart into regions of so few qubits that each can be checked whole, and puts regions together again.</summary>
internal static class StepReader
{
    /// <summary>The most qubits of a region of more than one step.</summary>
    public const int MostQubits = 14;

    // Wider blocks than this are regions of their own only where the check takes few steps; else they are taken apart.
    private const int Narrow = 9;
    private const double CheckedAmplitudes = 1 << 21;

    /// <summary>The blocks of a circuit in order, however wide, between one piece of control flow and the next; what is control flow is a block of its own.</summary>
    public static List<Region> Blocks(Circuit circuit)
    {
        var blocks = new List<Region>();
        var block = new List<Step>();
        void Flush()
        {
            if (block.Count > 0)
            {
                blocks.Add(new Region([.. block.SelectMany(s => s.Qubits).Distinct().Order()], block));
                block = [];
            }
        }

        for (var i = 0; i < circuit.Operations.Length; i++)
        {
            if (circuit.Operations[i].Kind is >= OperationKind.If)
            {
                Flush();
                blocks.Add(new Region([], [Step.Kept(i, [], isClassical: true)]));
                continue;
            }

            block.Add(Read(circuit, i, q => q));
        }

        Flush();
        return blocks;
    }

    /// <summary>The regions of a circuit in order: its blocks, where they are few qubits wide, or parts of them.</summary>
    public static List<Region> Regions(Circuit circuit) =>
    [
        .. Blocks(circuit).SelectMany(b => b.Qubits.Length <= Narrow || (b.Qubits.Length <= MostQubits && Math.ScaleB(b.Steps.Count, b.Qubits.Length) <= CheckedAmplitudes) ? [b]
            : StepGroups.Of(b.Steps, Narrow, keepsFixed: true).Select(g => new Region(g.Qubits, g.Steps))),
    ];

    /// <summary>The steps of a circuit without control flow, on other qubits.</summary>
    public static List<Step> Plain(Circuit circuit, Func<int, int> qubit) => [.. Enumerable.Range(0, circuit.Operations.Length).Select(i => Read(circuit, i, qubit))];

    /// <summary>The circuit with these regions instead of its own.</summary>
    public static Circuit Write(Circuit circuit, IEnumerable<IReadOnlyList<Step>> regions) => circuit.Rewritten((copier, builder) =>
    {
        foreach (var step in regions.SelectMany(r => r))
        {
            if (step.IsFixed)
            {
                copier.Append(step.Source);
            }
            else if (step.Gate is not null)
            {
                builder.Gate(step.Gate, step.Controls, step.Parameters, step.Qubits);
            }
            else
            {
                builder.Unitary(step.Matrix, step.Qubits, step.Controls);
            }
        }
    });

    private static Step Read(Circuit circuit, int index, Func<int, int> qubit)
    {
        ref readonly var op = ref circuit.Operations[index];
        var qubits = Array.ConvertAll(circuit.QubitsOf(op).ToArray(), q => qubit(q));
        return op.Kind switch
        {
            OperationKind.Gate when !op.HasDynamicParameters => Step.Of(circuit.GateOf(op), op.ControlCount, circuit.ParametersOf(op).ToArray(), qubits),
            OperationKind.Unitary => Step.Of(circuit.MatrixOf(op).ToArray(), op.ControlCount, qubits),
            var kind => Step.Kept(index, qubits, kind is OperationKind.Measure or OperationKind.Assign or OperationKind.Gate),
        };
    }
}
