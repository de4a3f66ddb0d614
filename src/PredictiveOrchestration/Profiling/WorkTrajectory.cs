using System.Runtime.CompilerServices;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Simulation.Fusion;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// What each kind of engine has to do for any part of a circuit: running sums over the operations, and the bounds on support and bonds after each.
/// </summary>
internal sealed class WorkTrajectory
{
    // The weights of amounts of fused work that count amplitudes once in each pass.
    private static readonly double[] InPasses = [.. Enumerable.Range(0, FusedWork.Count).Select(k => k is FusedWork.InPlace or FusedWork.Copied ? 1.0 : 0)];
    private readonly int _numQubits;
    private readonly double[] _dense;
    private readonly double[] _bondWork;
    private readonly int[] _gates;
    private readonly int[] _mixing;
    private readonly int[] _nonClifford;
    private readonly byte[] _mixes;

    /// <summary>Walks the circuit.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="features">Its profile, whose bounds after each operation are taken; null to find some here.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public WorkTrajectory(Circuit circuit, CircuitFeatures? features = null)
    {
        ReadOnlySpan<byte> support = features is null ? default : features.SupportTrajectory.Span, bonds = features is null ? default : features.BondTrajectory.Span;
        var bondWork = features is null ? default : features.BondWorkTrajectory.Span;
        var operations = circuit.Operations;
        var count = operations.Length;
        _numQubits = circuit.NumQubits;
        (_dense, _bondWork) = (new double[count + 1], new double[count + 1]);
        (_gates, _mixing, _nonClifford) = (new int[count + 1], new int[count + 1], new int[count + 1]);
        _mixes = new byte[count];
        (Support, Bond) = (new byte[count + 1], new byte[count + 1]);
        var affine = support.Length == count ? null : new AffineSupportBound(circuit.NumQubits);
        var bond = support.Length == count && bonds.Length == count && bondWork.Length == count ? null : new BondDimensionBound(circuit.NumQubits);
        var sketch = FusionSketch<Noted>.Begin(circuit.NumQubits);
        var fused = new PlannedProgress(count, FusedWork.Count);
        var (nesting, place) = (0, -1);
        for (var i = 0; i < count; i++)
        {
            ref readonly var op = ref operations[i];
            if (fused.PlaceAt(i) is var here && here != place)
            {
                place = here;
                sketch?.At(place);
            }

            double dense = 0;
            var (isGate, isClifford) = (false, true);
            switch (op.Kind)
            {
                case OperationKind.Gate or OperationKind.Unitary:
                    isGate = true;
                    isClifford = CliffordCheck.IsClifford(circuit, op);
                    var structure = GateKinds.StructureOf(op);
                    var targets = op.QubitCount - op.ControlCount;
                    var weight = structure == GateStructure.Diagonal ? 0.5 : PowersOfTwo.Of(Math.Max(1, targets) - 1);
                    dense = weight * PowersOfTwo.Of(circuit.NumQubits - op.ControlCount);
                    _mixes[i] = (byte)(structure == GateStructure.Generic ? targets : 0);
                    affine?.Apply(circuit, op, nesting > 0);
                    bond?.Apply(circuit, op, Math.Max(Support[i], After(affine, support, i)), nesting > 0, nesting > 0);
                    sketch?.Apply(circuit, op, circuit.QubitsOf(op));
                    break;
                case OperationKind.Reset:
                    sketch?.Reset(circuit.QubitsOf(op)[0]);
                    affine?.Reset(circuit.QubitsOf(op)[0], nesting > 0);
                    bond?.Project(circuit.QubitsOf(op)[0], true, nesting > 0);
                    break;
                case OperationKind.Measure:
                    sketch?.Measure(circuit.QubitsOf(op)[0]);
                    bond?.Project(circuit.QubitsOf(op)[0], false, nesting > 0);
                    break;
                case OperationKind.Barrier:
                    break;
                default:
                    sketch?.Branch();
                    nesting += op.NestingStep;
                    break;
            }

            _dense[i + 1] = Math.Min(1e290, _dense[i] + dense);
            _bondWork[i + 1] = Math.Min(1e290, bond is null ? _bondWork[i] + bondWork[i] : bond.Work);
            _gates[i + 1] = _gates[i] + (isGate ? 1 : 0);
            _mixing[i + 1] = _mixing[i] + _mixes[i];
            _nonClifford[i + 1] = _nonClifford[i] + (isClifford ? 0 : 1);
            Support[i + 1] = After(affine, support, i);
            Bond[i + 1] = bond is null ? bonds[i] : (byte)Math.Min(bond.Greatest, byte.MaxValue);
        }

        UnitaryEnd = circuit.UnitaryEnd(0);
        if (sketch is not null)
        {
            sketch.Finish(fused.Places);
            Fused = fused.Sum();
        }
    }

    /// <summary>What a state vector does where, as amounts of fused work; null where there are too many qubits for one.</summary>
    public PlannedProgress? Fused { get; }

    /// <summary>The base-2 logarithm of the support bound before each operation, and after the last.</summary>
    public byte[] Support { get; }

    /// <summary>The base-2 logarithm of the bound on the greatest bond so far, as <see cref="Support"/>.</summary>
    public byte[] Bond { get; }

    /// <summary>The number of operations.</summary>
    public int Length => _mixes.Length;

    /// <summary>The first operation that measures, resets or depends on a measurement.</summary>
    public int UnitaryEnd { get; }

    /// <summary>The passes over a state vector that a part takes, as many as would visit all its amplitudes; 0 where that is not known or all is one block.</summary>
    public double Passes(int start, int end) => Fused is null ? 0 : Math.ScaleB(Fused.Part(start, end, InPasses), -_numQubits);

    public int Gates(int start, int end) => _gates[end] - _gates[start];

    public double DenseWork(int start, int end) => _dense[end] - _dense[start];

    public double BondWork(int start, int end) => _bondWork[end] - _bondWork[start];

    public bool IsClifford(int start, int end) => _nonClifford[end] == _nonClifford[start];

    /// <summary>The targets, in a part, of gates that mix basis states: no more can the logarithm of the support grow.</summary>
    public int Mixing(int start, int end) => _mixing[end] - _mixing[start];

    public int Mixes(int operation) => _mixes[operation];

    public bool IsGate(int operation) => _gates[operation + 1] > _gates[operation];

    // After an operation that has been taken in.
    private static byte After(AffineSupportBound? affine, ReadOnlySpan<byte> support, int operation) => affine is null ? support[operation] : (byte)Math.Min(affine.Dimension, byte.MaxValue);
}
