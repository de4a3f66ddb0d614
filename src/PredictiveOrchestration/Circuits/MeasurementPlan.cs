namespace PredictiveOrchestration.Circuits;

/// <summary>
/// Which measurements may wait until the end of the circuit and be sampled together: those outside control flow whose qubit is
/// used no more except by such measurements, and whose bit is neither read nor otherwise written later.
/// </summary>
internal sealed class MeasurementPlan
{
    private readonly bool[] _deferred;

    /// <summary>Walks the circuit from its end.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="first">The place of the first measurement, if known: what is before it is not looked at.</param>
    public MeasurementPlan(Circuit circuit, int first = 0)
    {
        var operations = circuit.Operations;
        _deferred = new bool[operations.Length];
        var depth = 0;
        var qubitUsed = new bool[circuit.NumQubits];
        var bitTaken = new bool[circuit.NumClbits + circuit.NumScratchBits];
        for (var i = operations.Length - 1; i >= first; i--)
        {
            ref readonly var op = ref operations[i];
            switch (op.Kind)
            {
                case OperationKind.Barrier:
                    break;
                case OperationKind.Measure:
                    HasMeasurements = true;
                    var qubit = circuit.QubitsOf(op)[0];
                    _deferred[i] = depth == 0 && !qubitUsed[qubit] && !bitTaken[op.Argument];
                    if (!_deferred[i])
                    {
                        MidCircuitCount++;
                        qubitUsed[qubit] = true;
                        bitTaken[op.Argument] = true;
                    }

                    break;
                case OperationKind.EndIf or OperationKind.EndWhile:
                    depth++;
                    break;
                case OperationKind.If or OperationKind.While:
                    depth--;
                    MarkReads(circuit.ConditionOf(op), bitTaken);
                    break;
                case OperationKind.Assign:
                    var assignment = circuit.AssignmentOf(op);
                    MarkReads(assignment.Value, bitTaken);
                    if (assignment.VariableIndex < 0)
                    {
                        bitTaken.AsSpan(assignment.FirstBit, assignment.BitCount).Fill(true);
                    }

                    break;
                default:
                    foreach (var q in circuit.QubitsOf(op))
                    {
                        qubitUsed[q] = true;
                    }

                    for (var p = 0; op.HasDynamicParameters && p < circuit.GateOf(op).NumParameters; p++)
                    {
                        MarkReads(circuit.ExpressionAt(op.Argument + p), bitTaken);
                    }

                    break;
            }
        }
    }

    /// <summary>Whether the circuit measures at all; if not, the outcome is over all qubits.</summary>
    public bool HasMeasurements { get; }

    /// <summary>The measurements that cannot wait: they divide the shots where they stand.</summary>
    public int MidCircuitCount { get; }

    public bool IsDeferred(int operation) => _deferred[operation];

    private static void MarkReads(ClassicalExpression expression, bool[] bits)
    {
        switch (expression)
        {
            case BitExpression bit:
                bits[bit.Bit] = true;
                break;
            case BitRangeExpression range:
                bits.AsSpan(range.Start, range.Length).Fill(true);
                break;
            default:
                foreach (var operand in expression.Operands)
                {
                    MarkReads(operand, bits);
                }

                break;
        }
    }
}
