using System.Numerics;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>
/// A chain without tensors that counts what the engine would do. Bonds grow and are taken down exactly as in a run, but for the ranks that compressions find:
/// they are taken to be what is typical for the gates so far.
/// </summary>
internal sealed class CountingChain(int numQubits, TruncationPolicy policy, BondDimensionBound bound) : BondChain(numQubits, policy)
{
    /// <summary>All multiply-adds.</summary>
    public double Work => Moved + Factored + Multiplied;

    /// <summary>Tensors touched.</summary>
    public double Calls { get; private set; }

    /// <summary>Numbers combined or moved.</summary>
    public double Moved { get; private set; }

    /// <summary>Multiply-adds of orthogonal factorisations, m · n · min(m, n).</summary>
    public double Factored { get; private set; }

    /// <summary>Multiply-adds of products.</summary>
    public double Multiplied { get; private set; }

    protected override void ApplySingle(int qubit, ReadOnlySpan<Complex> matrix)
    {
        Calls++;
        Moved += 4.0 * Bonds[qubit] * Bonds[qubit + 1];
    }

    protected override void Expand(int qubit, OperatorCore core)
    {
        Calls++;
        double elements = (double)Bonds[qubit] * Bonds[qubit + 1];
        Moved += elements * (core.Rows + (2.0 * core.Left * core.Right));
    }

    protected override void HandOn(int qubit, int factor)
    {
        if (factor > 1)
        {
            Calls++;
            Moved += 2.0 * factor * (1 + factor) * Bonds[qubit] * Bonds[qubit + 1];
        }
    }

    protected override void ShiftRight(int qubit)
    {
        double left = Bonds[qubit], right = Bonds[qubit + 1], kept = Math.Max(1, Math.Min(Math.Min(right, 2 * left), Proved(qubit)));
        Count(2 * left, right);
        Bonds[qubit + 1] = (int)kept;
        Multiplied += 2 * kept * right * (qubit + 2 <= NumQubits ? Bonds[qubit + 2] : 1);
    }

    protected override void ShiftLeft(int qubit) => TakeLeft(qubit, Proved(qubit - 1));

    protected override double Truncate(int qubit)
    {
        var rank = qubit == 0 ? 0 : bound[qubit - 1].Typical;
        var most = Policy is { RequireExact: false, MaxBondDimension: { } m } ? m : double.PositiveInfinity;
        TakeLeft(qubit, Math.Min(most, Math.Pow(2, Math.Min(rank, 30))));
        return 0;
    }

    protected override void Lose(double share)
    {
    }

    protected override void Renormalise(int centre)
    {
    }

    // Right of a site; where nothing is small by chance, only what cannot be otherwise is cut.
    private double Proved(int cut) => cut < 0 || cut >= NumQubits - 1 ? 1 : PowersOfTwo.Of(Math.Min(30, bound[cut].Proved));

    private void TakeLeft(int qubit, double rank)
    {
        double left = Bonds[qubit], right = Bonds[qubit + 1], kept = Math.Max(1, Math.Min(Math.Min(left, 2 * right), Math.Round(rank)));
        Count(left, 2 * right);
        Bonds[qubit] = (int)kept;
        Multiplied += 2 * kept * left * (qubit > 0 ? Bonds[qubit - 1] : 1);
    }

    private void Count(double rows, double columns)
    {
        Calls++;
        Moved += rows * columns;
        Factored += rows * columns * Math.Min(rows, columns);
    }
}
