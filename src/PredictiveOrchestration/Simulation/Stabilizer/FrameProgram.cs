using System.Runtime.CompilerServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Noise;

namespace PredictiveOrchestration.Simulation.Stabilizer;

/// <summary>One instruction for Pauli frames.</summary>
internal enum FrameInstruction : byte
{
    H,
    S,
    CX,
    CZ,
    Swap,

    /// <summary>Measures qubit A into bit B; <see cref="FrameStep.Reference"/> is the result of the reference run.</summary>
    Measure,

    /// <summary>Returns qubit A to |0⟩.</summary>
    Reset,

    /// <summary>X on qubit A in the shots whose condition differs from that of the reference run: bit B, or its opposite.</summary>
    ConditionalX,

    /// <summary>The same with Z.</summary>
    ConditionalZ,

    /// <summary>A random Pauli, or a pair of them, in the shots that noise site B strikes.</summary>
    Strike,
}

/// <summary>An instruction with its operands.</summary>
/// <param name="Instruction">What.</param>
/// <param name="A">The first qubit.</param>
/// <param name="B">The second qubit, or the classical bit.</param>
/// <param name="Reference">The reference run's result or bit value.</param>
internal readonly record struct FrameStep(FrameInstruction Instruction, int A, int B, bool Reference);

/// <summary>
/// A circuit run once on the tableau (every random result taken as 0), as instructions for Pauli frames: what a shot differs by from
/// that reference run. Paulis of the circuit itself are in the reference run and cost frames nothing.
/// </summary>
internal sealed class FrameProgram
{
    private FrameProgram(Circuit circuit, List<FrameStep> steps, NoiseSite[] sites)
    {
        Circuit = circuit;
        Steps = steps;
        Sites = sites;
    }

    public Circuit Circuit { get; }

    public IReadOnlyList<FrameStep> Steps { get; }

    /// <summary>Where noise may strike.</summary>
    public NoiseSite[] Sites { get; }

    /// <summary>Whether frames are the better way: counts only, and shots that differ in mid-circuit.</summary>
    public static bool IsWorthwhile(ExecutionRequest request) =>
        request is { TopProbabilities: 0, Observables.Count: 0 } && (request.Shots > 1 || request is { Shots: 1, FirstShot: > 0 }) && new MeasurementPlan(request.Circuit).MidCircuitCount + Resets(request.Circuit) > 0;

    /// <summary>Runs the reference; null if the circuit has control flow, or noise, that frames cannot follow.</summary>
    /// <exception cref="BackendException">A gate is not Clifford, or a limit is reached.</exception>
    public static FrameProgram? TryCompile(Circuit circuit, RunContext context, NoisePlan? noise = null)
    {
        if (!CanFollow(circuit) || noise is { IsPauli: false } || (noise is not null && StrikesInside(circuit, noise.Sites)))
        {
            return null;
        }

        var bytes = StabilizerTableau.SizeBytes(circuit.NumQubits);
        context.Reserve(bytes, "the tableau");
        try
        {
            return new FrameProgram(circuit, new Compiler(circuit, context, noise?.Sites ?? []).Run(), noise?.Sites ?? []);
        }
        finally
        {
            context.Release(bytes);
        }
    }

    private static int Resets(Circuit circuit)
    {
        var count = 0;
        foreach (ref readonly var op in circuit.Operations)
        {
            count += op.Kind == OperationKind.Reset ? 1 : 0;
        }

        return count;
    }

    // Straight-line Clifford circuits with Paulis under single-bit conditions.
    private static bool CanFollow(Circuit circuit)
    {
        var inside = false;
        foreach (ref readonly var op in circuit.Operations)
        {
            switch (op.Kind)
            {
                case OperationKind.Gate or OperationKind.Unitary when inside:
                    if (op.HasDynamicParameters || op.ControlCount > 0 || op.Kind == OperationKind.Unitary || circuit.GateOf(op) is not { NumParameters: 0, Name: "x" or "y" or "z" or "id" })
                    {
                        return false;
                    }

                    break;
                case OperationKind.Gate or OperationKind.Unitary when !op.HasDynamicParameters:
                case OperationKind.Barrier:
                case OperationKind.Measure or OperationKind.Reset when !inside:
                    break;
                case OperationKind.If when !inside && BitOf(circuit.ConditionOf(op)) is not null:
                    inside = true;
                    break;
                case OperationKind.EndIf when inside:
                    inside = false;
                    break;
                default:
                    return false;
            }
        }

        return !inside;
    }

    // Frames know a condition for X and Z only, not for noise.
    private static bool StrikesInside(Circuit circuit, NoiseSite[] sites)
    {
        var inside = false;
        var at = 0;
        for (var i = 0; i < circuit.Operations.Length; i++)
        {
            for (; at < sites.Length && sites[at].Position <= i; at++)
            {
                if (inside)
                {
                    return true;
                }
            }

            inside = circuit.Operations[i].Kind switch { OperationKind.If => true, OperationKind.EndIf => false, _ => inside };
        }

        return false;
    }

    // The bit that alone decides a condition, and the value at which it holds.
    private static (int Bit, bool Value)? BitOf(ClassicalExpression condition) => condition switch
    {
        BitExpression bit => (bit.Bit, true),
        BinaryExpression { Operator: ClassicalOperator.Equal, Left: BitExpression bit, Right: ConstantExpression constant } => (bit.Bit, constant.Value.ToBool()),
        UnaryExpression { Operator: ClassicalOperator.LogicalNot, Operand: BitExpression bit } => (bit.Bit, false),
        _ => null,
    };

    private sealed class Compiler(Circuit circuit, RunContext context, NoiseSite[] sites)
    {
        private readonly StabilizerTableau _tableau = new(circuit.NumQubits);
        private readonly CliffordProgram _program = new(context.BackendId);
        private readonly bool[] _bits = new bool[circuit.NumClbits + circuit.NumScratchBits];
        private readonly List<FrameStep> _steps = [];
        private (int Bit, bool Value)? _condition;
        private int _misread = -1;

        public List<FrameStep> Run()
        {
            var site = 0;
            for (var i = 0; i < circuit.Operations.Length; i++)
            {
                if ((i & 0xFF) == 0)
                {
                    context.Check(i);
                    context.ReportOperations(i);
                }

                for (; site < sites.Length && sites[site].Position <= i; site++)
                {
                    Strike(site);
                }

                Compile(i);
                if (_misread >= 0 && circuit.Operations[i].Kind == OperationKind.Measure)
                {
                    Strike(_misread);
                    _misread = -1;
                }
            }

            return _steps;
        }

        // A measurement is reported wrong where its bit is struck, after it; what strikes after the last operation changes nothing.
        private void Strike(int site)
        {
            if (sites[site].Channel == NoiseChannel.Misread && _misread < 0)
            {
                _misread = site;
                return;
            }

            _steps.Add(new FrameStep(FrameInstruction.Strike, _steps.Count > 0 && _steps[^1].Instruction == FrameInstruction.Measure ? _steps[^1].B : -1, site, false));
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Compile(int i)
        {
            ref readonly var op = ref circuit.Operations[i];
            switch (op.Kind)
            {
                case OperationKind.Gate when _condition is { } condition:
                    Conditional(circuit.GateOf(op).Name, circuit.QubitsOf(op)[0], condition);
                    break;
                case OperationKind.Gate or OperationKind.Unitary:
                    foreach (var step in _program.StepsOf(circuit, i, null))
                    {
                        Add(step.Gate, circuit.QubitsOf(op)[step.A], circuit.QubitsOf(op)[step.B]);
                    }

                    break;
                case OperationKind.Measure:
                    context.Check(i);
                    var qubit = circuit.QubitsOf(op)[0];
                    _bits[op.Argument] = Observe(qubit);
                    _steps.Add(new FrameStep(FrameInstruction.Measure, qubit, op.Argument, _bits[op.Argument]));
                    break;
                case OperationKind.Reset:
                    context.Check(i);
                    if (Observe(circuit.QubitsOf(op)[0]))
                    {
                        _tableau.PauliX(circuit.QubitsOf(op)[0]);
                    }

                    _steps.Add(new FrameStep(FrameInstruction.Reset, circuit.QubitsOf(op)[0], 0, false));
                    break;
                case OperationKind.If:
                    _condition = BitOf(circuit.ConditionOf(op));
                    break;
                case OperationKind.EndIf:
                    _condition = null;
                    break;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Add(CliffordPrimitive gate, int a, int b)
        {
            _tableau.Apply(gate, a, b);
            FrameInstruction? instruction = gate switch
            {
                CliffordPrimitive.H => FrameInstruction.H,
                CliffordPrimitive.S => FrameInstruction.S,
                CliffordPrimitive.CX => FrameInstruction.CX,
                CliffordPrimitive.CZ => FrameInstruction.CZ,
                CliffordPrimitive.Swap => FrameInstruction.Swap,
                _ => null,
            };
            if (instruction is { } i)
            {
                _steps.Add(new FrameStep(i, a, b, false));
            }
        }

        private void Conditional(string gate, int qubit, (int Bit, bool Value) condition)
        {
            var holds = _bits[condition.Bit] == condition.Value;
            foreach (var (isUsed, primitive, instruction) in ((bool, CliffordPrimitive, FrameInstruction)[])
                [(gate is "x" or "y", CliffordPrimitive.X, FrameInstruction.ConditionalX), (gate is "z" or "y", CliffordPrimitive.Z, FrameInstruction.ConditionalZ)])
            {
                if (!isUsed)
                {
                    continue;
                }

                if (holds)
                {
                    _tableau.Apply(primitive, qubit, qubit);
                }

                // A shot differs where its bit differs from the reference's, whatever the wanted value is.
                _steps.Add(new FrameStep(instruction, qubit, condition.Bit, _bits[condition.Bit]));
            }
        }

        private bool Observe(int qubit)
        {
            var row = _tableau.RandomRow(qubit);
            if (row < 0)
            {
                return _tableau.CertainOutcome(qubit);
            }

            _tableau.Project(qubit, row, false);
            return false;
        }
    }
}
