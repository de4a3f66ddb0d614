using System.Numerics;
using PredictiveOrchestration.Simulation.Fusion;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>Prepares a <see cref="PhasePolynomial"/> for the blocks of a pass.</summary>
internal static class PhaseProgramBuilder
{
    /// <summary>Prepares the polynomial.</summary>
    /// <param name="polynomial">The factors, on global index bits.</param>
    /// <param name="blockMask">The global bits within a block.</param>
    /// <param name="local">The bit within the block of each global bit, -1 outside.</param>
    /// <param name="blockBits">The number of bits within a block.</param>
    /// <param name="kernels">The kernels that will run it.</param>
    /// <returns>The program, and the bits outside the block that must be 1 for it to run.</returns>
    public static (PhaseProgram Program, long Condition) Create(PhasePolynomial polynomial, long blockMask, int[] local, int blockBits, DenseKernelSet kernels)
    {
        var rowBits = Math.Min(PhaseProgram.LongestRowBits, blockBits);
        var rowLength = 1 << rowBits;
        var highBits = blockBits - rowBits;

        // A bit that every factor looks at halves the work if it is not within a row; its own factor joins the constant.
        var common = CommonBit(polynomial, local, rowBits);
        long condition = 0;
        var commonLocal = -1;
        if (common >= 0)
        {
            condition = (blockMask >> common & 1) == 0 ? 1L << common : 0;
            commonLocal = condition == 0 ? local[common] : -1;
        }

        var tables = new Tables(rowLength, highBits);
        foreach (var (first, second, factor) in polynomial.Factors)
        {
            if (common >= 0)
            {
                var other = first == common ? second : first;
                tables.Add(other == common ? -1 : other, -1, factor, local, rowBits);
            }
            else
            {
                tables.Add(first, first == second ? -1 : second, factor, local, rowBits);
            }
        }

        return (tables.ToProgram(blockBits, rowBits, commonLocal, kernels), condition);
    }

    private static int CommonBit(PhasePolynomial polynomial, int[] local, int rowBits)
    {
        var bits = polynomial.Bits;
        foreach (var (first, second, _) in polynomial.Factors)
        {
            bits &= 1L << first | 1L << second;
        }

        for (; bits != 0; bits &= bits - 1)
        {
            var bit = BitOperations.TrailingZeroCount(bits);
            if (local[bit] < 0 || local[bit] >= rowBits)
            {
                return bit;
            }
        }

        return -1;
    }

    private sealed class Tables
    {
        private readonly int _rowLength;
        private readonly int _highBits;
        private readonly double[] _baseRow;
        private readonly double[]?[] _highRows;
        private readonly Complex[] _highFactors;
        private readonly Complex[] _highPairs;
        private readonly SortedDictionary<int, Outer> _outer = [];
        private readonly List<(long Mask, double Re, double Im)> _outerPairs = [];

        public Tables(int rowLength, int highBits)
        {
            _rowLength = rowLength;
            _highBits = highBits;
            _baseRow = Ones();
            _highRows = new double[]?[highBits];
            _highFactors = new Complex[highBits];
            _highPairs = new Complex[highBits * highBits];
            Array.Fill(_highFactors, Complex.One);
            Array.Fill(_highPairs, Complex.One);
        }

        // Adds a factor of no bit (both -1), one bit or two bits.
        public void Add(int first, int second, Complex factor, int[] local, int rowBits)
        {
            int a = Rank(first), b = Rank(second);
            if (a > b)
            {
                (a, b, first, second) = (b, a, second, first);
            }

            // Ranks: 0 no bit, 1 within the row, 2 above the row, 3 outside the block; now a is the lower.
            switch (a, b)
            {
                case (0, 0):
                    MultiplyRow(_baseRow, 0, factor);
                    break;
                case (0, 1):
                    MultiplyRow(_baseRow, 1 << local[second], factor);
                    break;
                case (0, 2):
                    _highFactors[local[second] - rowBits] *= factor;
                    break;
                case (0, 3):
                    OuterOf(second).Factor *= factor;
                    break;
                case (1, 1):
                    MultiplyRow(_baseRow, 1 << local[first] | 1 << local[second], factor);
                    break;
                case (1, 2):
                    MultiplyRow(_highRows[local[second] - rowBits] ??= Ones(), 1 << local[first], factor);
                    break;
                case (1, 3):
                    MultiplyRow(OuterOf(second).Row ??= Ones(), 1 << local[first], factor);
                    break;
                case (2, 2):
                    int x = local[first] - rowBits, y = local[second] - rowBits;
                    _highPairs[x * _highBits + y] *= factor;
                    _highPairs[y * _highBits + x] *= factor;
                    break;
                case (2, 3):
                    var outer = OuterOf(second);
                    if (outer.High is null)
                    {
                        outer.High = new Complex[_highBits];
                        Array.Fill(outer.High, Complex.One);
                    }

                    outer.High[local[first] - rowBits] *= factor;
                    break;
                default:
                    _outerPairs.Add((1L << first | 1L << second, factor.Real, factor.Imaginary));
                    break;
            }

            int Rank(int bit) => bit < 0 ? 0 : local[bit] < 0 ? 3 : local[bit] < rowBits ? 1 : 2;
        }

        public PhaseProgram ToProgram(int blockBits, int rowBits, int commonBit, DenseKernelSet kernels)
        {
            List<double> rows = [.. _baseRow];
            return new PhaseProgram
            {
                BlockBits = blockBits,
                RowBits = rowBits,
                CommonBit = commonBit,
                HighRows = Array.ConvertAll(_highRows, Position),
                HighFactors = Interleave(_highFactors),
                HighPairs = Interleave(_highPairs),
                Outer = [.. _outer.Select(o => new PhaseProgram.OuterBit(
                    1L << o.Key, o.Value.Factor.Real, o.Value.Factor.Imaginary, Position(o.Value.Row), o.Value.High is { } high ? Interleave(high) : null))],
                OuterPairs = [.. _outerPairs],
                Tables = kernels.Table(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(rows)),
            };

            int Position(double[]? row)
            {
                if (row is null)
                {
                    return 0;
                }

                rows.AddRange(row);
                return rows.Count - row.Length;
            }
        }

        private Outer OuterOf(int bit)
        {
            if (!_outer.TryGetValue(bit, out var outer))
            {
                _outer[bit] = outer = new Outer();
            }

            return outer;
        }

        private double[] Ones()
        {
            var row = new double[2 * _rowLength];
            row.AsSpan(0, _rowLength).Fill(1);
            return row;
        }

        private void MultiplyRow(double[] row, int mask, Complex factor)
        {
            for (var k = 0; k < _rowLength; k++)
            {
                if ((k & mask) == mask)
                {
                    var value = new Complex(row[k], row[_rowLength + k]) * factor;
                    (row[k], row[_rowLength + k]) = (value.Real, value.Imaginary);
                }
            }
        }

        private static double[] Interleave(Complex[] values)
        {
            var result = new double[2 * values.Length];
            for (var i = 0; i < values.Length; i++)
            {
                (result[2 * i], result[2 * i + 1]) = (values[i].Real, values[i].Imaginary);
            }

            return result;
        }

        private sealed class Outer
        {
            public Complex Factor { get; set; } = Complex.One;

            public double[]? Row { get; set; }

            public Complex[]? High { get; set; }
        }
    }
}
