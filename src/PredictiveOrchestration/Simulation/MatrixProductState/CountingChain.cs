using System.Numerics;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// A chain without tensors that counts what the engine would do, as <see cref="ChainAmounts"/>. Bonds grow and are taken down exactly as in a run, but for the ranks that compressions
/// find: they are taken to be what is typical for the gates that were applied, and for the circuit so far.
/// </summary>
internal sealed class CountingChain(int numQubits, TruncationPolicy policy, BondDimensionBound bound) : BondChain(numQubits, policy)
{
    private const int Both = -1;

    private readonly double[] _amounts = new double[ChainAmounts.Count];

    // The base-2 logarithm of what each bond needs after the gates that were applied.
    private readonly double[] _need = new double[numQubits + 1];

    // The value of each site that has one yet, so that half of its tensor is zero.
    private readonly int[] _value = new int[numQubits];

    /// <summary>The counts so far.</summary>
    public ReadOnlySpan<double> Amounts => _amounts;

    /// <summary>All multiply-adds.</summary>
    public double Work => Moved + _amounts[ChainAmounts.Factored] + _amounts[ChainAmounts.Multiplied];

    /// <summary>Tensors touched.</summary>
    public double Calls => _amounts[ChainAmounts.Tensors];

    /// <summary>Numbers combined or moved.</summary>
    public double Moved { get; private set; }

    /// <summary>Counts what a readout goes over.</summary>
    /// <param name="supportLog2">The base-2 logarithm of the number of outcomes, at most.</param>
    public void AddReadout(int supportLog2)
    {
        var elements = new double[NumQubits];
        for (var q = 0; q < NumQubits; q++)
        {
            elements[q] = 2.0 * Bonds[q] * Bonds[q + 1];
        }

        ChainAmounts.AddReadout(_amounts, elements, supportLog2);
    }

    protected override void ApplySingle(int qubit, ReadOnlySpan<Complex> matrix)
    {
        _amounts[ChainAmounts.Tensors]++;
        _amounts[ChainAmounts.Rows]++;
        Moved += 4.0 * Bonds[qubit] * Bonds[qubit + 1];
        _value[qubit] = ValueAfter(_value[qubit], matrix);
    }

    protected override void Expand(int qubit, OperatorCore core)
    {
        _amounts[ChainAmounts.Tensors]++;
        _amounts[ChainAmounts.Rows] += (double)Bonds[qubit] * core.Rows;
        Moved += (double)Bonds[qubit] * Bonds[qubit + 1] * (core.Rows + (2.0 * core.Left * core.Right));
        _value[qubit] = core.IsMade ? ValueAfter(_value[qubit], core.Elements) : Both;
    }

    protected override void Enlarge(int cut, OperatorCore core) => _need[cut] = Math.Min(_need[cut] + core.Growth, Math.Min(cut, NumQubits - cut));

    protected override void HandOn(int qubit, int factor)
    {
        if (factor > 1)
        {
            _amounts[ChainAmounts.Tensors]++;
            _amounts[ChainAmounts.Rows] += 2.0 * Bonds[qubit] * factor;
            Moved += 2.0 * factor * (1 + factor) * Bonds[qubit] * Bonds[qubit + 1];
        }
    }

    // While the state is not canonical nothing is cut but what cannot be there.
    protected override void ShiftRight(int qubit)
    {
        double rows = Bonds[qubit + 1], columns = 2.0 * Bonds[qubit], rank = Math.Min(rows, Values(qubit) * Bonds[qubit]);
        Count(rows, columns, rank, qubit + 2 <= NumQubits ? Bonds[qubit + 2] : 1);
        Bonds[qubit + 1] = (int)rank;
    }

    protected override void ShiftLeft(int qubit) => TakeLeft(qubit, double.PositiveInfinity);

    protected override double Truncate(int qubit)
    {
        var need = Math.Min(_need[qubit], 1 + Math.Min(_need[qubit - 1], _need[qubit + 1]));
        var most = Policy is { RequireExact: false, MaxBondDimension: { } m } ? m : double.PositiveInfinity;
        TakeLeft(qubit, Math.Min(most, Math.Pow(2, Math.Min(Math.Min(need, bound[qubit - 1].Typical), 30))));
        return 0;
    }

    protected override void Lose(double share)
    {
    }

    protected override void Renormalise(int centre)
    {
    }

    private double Values(int qubit) => _value[qubit] == Both ? 2 : 1;

    // Of operators that all take a value to one and the same, that one.
    private static int ValueAfter(int value, ReadOnlySpan<Complex> operators)
    {
        if (value == Both)
        {
            return Both;
        }

        bool isZero = false, isOne = false;
        for (var i = 0; i < operators.Length; i += 4)
        {
            isZero |= operators[i + value] != Complex.Zero;
            isOne |= operators[i + 2 + value] != Complex.Zero;
        }

        return isZero && isOne ? Both : isOne ? 1 : 0;
    }

    private void TakeLeft(int qubit, double need)
    {
        double rows = Bonds[qubit], columns = 2.0 * Bonds[qubit + 1], rank = Math.Max(1, Math.Min(Math.Min(rows, Values(qubit) * Bonds[qubit + 1]), Math.Round(need)));
        Count(rows, columns, rank, qubit > 0 ? Bonds[qubit - 1] : 1);
        Bonds[qubit] = (int)rank;
    }

    private void Count(double rows, double columns, double rank, double beside)
    {
        _amounts[ChainAmounts.Tensors]++;
        _amounts[ChainAmounts.Reflected] += rows * rank;
        _amounts[ChainAmounts.Factored] += rows * columns * rank;
        _amounts[ChainAmounts.Multiplied] += 2 * rank * rows * beside;
        Moved += rows * columns;
    }
}
