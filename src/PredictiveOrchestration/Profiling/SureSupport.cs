using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// How many amplitudes are surely not zero at some time: a gate that mixes the values of a qubit that has one value in all basis states makes twice as many of them, of which
/// none cancel. Counted until a gate mixes a qubit that has both values, or something is measured. Hadamard gates do not count: an engine may put them off, and often two of them cancel. Nor do
/// amplitudes that may be so small that an engine drops them.
/// </summary>
internal struct SureSupport()
{
    // What engines keep, by the base-2 logarithm of its probability: a little more than 10^-30.
    private const double Least = -96;

    // By how much the smaller amplitude of each qubit is below the greater one, and how small the product of the greater ones is: base-2 logarithms of probabilities.
    private List<double>? _steps;
    private double _greatest;
    private bool _isOver;

    /// <summary>Counts: the base-2 logarithm of how many, of qubits of which both amplitudes can be kept. Of those whose amplitudes are far apart the greater one alone counts.</summary>
    public readonly int CountLog2()
    {
        var (count, left) = (0, _greatest - Least);
        foreach (var step in _steps?.Order() ?? Enumerable.Empty<double>())
        {
            left -= step;
            count += left >= 0 ? 1 : 0;
        }

        return count;
    }

    /// <summary>Ends the count: from here on amplitudes may cancel, or go.</summary>
    public void End() => _isOver = true;

    /// <summary>Takes in a gate that mixes.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="op">The gate.</param>
    /// <param name="support">The bound before it.</param>
    public void Mix(Circuit circuit, in Operation op, AffineSupportBound support)
    {
        if (!_isOver)
        {
            Count(circuit, op, support);
        }
    }

    private void Count(Circuit circuit, in Operation op, AffineSupportBound support)
    {
        if (op.Kind != OperationKind.Gate || op.QubitCount != 1 || op.HasDynamicParameters || !support.IsKnown(circuit.QubitsOf(op)[0]))
        {
            _isOver = true;
            return;
        }

        var gate = circuit.GateOf(op);
        if (gate == GateCatalog.H)
        {
            return;
        }

        Span<Complex> matrix = stackalloc Complex[4];
        gate.WriteMatrix(circuit.ParametersOf(op), matrix);
        double stays = (matrix[0].Real * matrix[0].Real) + (matrix[0].Imaginary * matrix[0].Imaginary), share = Math.Min(stays, 1 - stays);
        if (share > 0)
        {
            _greatest += Math.Log2(1 - share);
            (_steps ??= []).Add(Math.Log2((1 - share) / share));
        }
    }
}
