using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// How many basis states have amplitudes while gates keep the number of ones: XX and YY rotations by one angle on a pair exchange its values, and what one of them brings about besides the
/// other takes away again. Of m qubits that are not known, k of them one, there are at most as many as ways to choose k of m, which no affine space says. How quickly that many are reached is
/// estimated, from the share of ones on each qubit as if qubits were independent.
/// </summary>
internal sealed class KeptOnes(int numQubits)
{
    private readonly double[] _ones = new double[numQubits];
    private readonly bool[] _varies = new bool[numQubits];
    private int _unknown;
    private double _count = 1, _sum;
    private bool _isHalfWay;

    /// <summary>How many amplitudes the gate taken in last went over, if it was one of such rotations; else 0.</summary>
    public double Mixed { get; private set; }

    /// <summary>How many there are.</summary>
    public double Count => _isHalfWay ? Mixed : _count;

    /// <summary>The base-2 logarithm of how many there are at most, rounded up; between two rotations nothing is known.</summary>
    public int MostLog2 { get; private set; }

    /// <summary>Takes in a gate that is surely executed.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="at">Which of its operations.</param>
    /// <returns>Whether the number is kept, and so whether to go on.</returns>
    public bool Apply(Circuit circuit, int at)
    {
        ref readonly var op = ref circuit.Operations[at];
        Mixed = _isHalfWay ? Mixed : 0;
        if (op.Kind != OperationKind.Gate)
        {
            return false;
        }

        var gate = circuit.GateOf(op);
        if (_isHalfWay)
        {
            _isHalfWay = false;
            MostLog2 = (int)Math.Ceiling(Math.Log2(Ways(_unknown, (int)_sum)) - 1e-9);
            return true;
        }

        if (gate.Structure == GateStructure.Diagonal || gate == GateCatalog.Id)
        {
            return true;
        }

        if (op.ControlCount > 0)
        {
            return false;
        }

        var targets = circuit.TargetsOf(op);
        if (TakenBackPermutations.IsSwap(gate))
        {
            (_ones[targets[0]], _ones[targets[1]]) = (_ones[targets[1]], _ones[targets[0]]);
            (_varies[targets[0]], _varies[targets[1]]) = (_varies[targets[1]], _varies[targets[0]]);
            return true;
        }

        if (gate == GateCatalog.X && !_varies[targets[0]])
        {
            _ones[targets[0]] = 1 - _ones[targets[0]];
            return true;
        }

        _isHalfWay = IsExchange(circuit, at);
        if (_isHalfWay)
        {
            MostLog2 = int.MaxValue;
            Exchange(targets[0], targets[1]);
        }

        return _isHalfWay;
    }

    // XX and YY rotations by one angle on one pair, in either order.
    private static bool IsExchange(Circuit circuit, int at)
    {
        var operations = circuit.Operations;
        if (at + 1 == operations.Length || operations[at + 1] is not { Kind: OperationKind.Gate, ControlCount: 0, HasDynamicParameters: false } || operations[at].HasDynamicParameters)
        {
            return false;
        }

        GateDefinition first = circuit.GateOf(operations[at]), second = circuit.GateOf(operations[at + 1]);
        if ((first != GateCatalog.RXX || second != GateCatalog.RYY) && (first != GateCatalog.RYY || second != GateCatalog.RXX))
        {
            return false;
        }

        ReadOnlySpan<int> pair = circuit.QubitsOf(operations[at]), other = circuit.QubitsOf(operations[at + 1]);
        return ((pair[0] == other[0] && pair[1] == other[1]) || (pair[0] == other[1] && pair[1] == other[0])) && circuit.ParametersOf(operations[at])[0] == circuit.ParametersOf(operations[at + 1])[0];
    }

    private void Exchange(int a, int b)
    {
        ref double first = ref _ones[a], second = ref _ones[b];
        double onlyFirst = first * (1 - second), onlySecond = second * (1 - first), differing = onlyFirst + onlySecond;
        var isFresh = !_varies[a] || !_varies[b];
        if (differing == 0)
        {
            Mixed = 2 * _count;
            return;
        }

        foreach (var q in (ReadOnlySpan<int>)[a, b])
        {
            (_unknown, _sum) = _varies[q] ? (_unknown, _sum) : (_unknown + 1, _sum + _ones[q]);
            _varies[q] = true;
        }

        // Of those whose values differ, the ones without a partner bring it about: all where one of the qubits was known, else as many as there is room for.
        var most = Ways(_unknown, (int)_sum);
        var added = Math.Min(differing * (isFresh ? 1 : Math.Max(0, 1 - (_count / most))), Math.Max(0, (most / _count) - 1));

        // Each rotation goes over the partners of those with equal values too, which the first one brings about and the second one takes away.
        Mixed = _count * (2 - differing + added);
        first = (first + (added * onlySecond / differing)) / (1 + added);
        second = (second + (added * onlyFirst / differing)) / (1 + added);
        _count *= 1 + added;
    }

    // m choose k.
    private static double Ways(int m, int k)
    {
        var ways = 1.0;
        for (var i = 1; i <= Math.Min(k, m - k); i++)
        {
            ways *= (m - i + 1.0) / i;
        }

        return ways;
    }
}
