using System.Numerics;

namespace PredictiveOrchestration.Simulation.Fusion;

/// <content>Measurements and resets.</content>
internal sealed partial class FusionSketch<TPlaces>
{
    // Measurements and resets, and those that may be able to wait for the end: the bits, and for each its measurement.
    private Result[] _results = new Result[4];
    private readonly int[] _resultOf = new int[MostQubits];
    private int _resultCount;
    private uint _mayWait;

    /// <summary>Takes in a measurement, which waits for the end unless something is done with its qubit.</summary>
    public void Measure(int qubit)
    {
        Flush();
        GoOn([qubit]);
        var bit = _place[qubit];
        _mayWait |= 1u << bit;
        _resultOf[bit] = _resultCount;
        AddResult(bit, false);
    }

    /// <summary>Takes in a reset.</summary>
    public void Reset(int qubit)
    {
        Flush();
        GoOn([qubit]);
        AddResult(_place[qubit], true);
    }

    /// <summary>Ends a run of gates before control flow, which may look at any result.</summary>
    public void Branch()
    {
        Flush();
        for (; _mayWait != 0; _mayWait &= _mayWait - 1)
        {
            _results[_resultOf[BitOperations.TrailingZeroCount(_mayWait)]].IsSure = true;
        }
    }

    // What is measured before a pass.
    private void Measure(ref FusedWork work, ref int next, int pass, double[] sums, Span<double> places)
    {
        for (; next < _resultCount && _results[next].Pass <= pass; next++)
        {
            var result = _results[next];
            var gone = result.IsSure ? work.Measure(result.Bit) : 0;
            sums[FusedWork.Measured] += gone;
            if (places.Length > 0)
            {
                places[(result.At * FusedWork.Count) + FusedWork.Measured] += gone;
            }
        }
    }

    // Something is done with qubits: their measurements cannot wait.
    private void GoOn(ReadOnlySpan<int> qubits)
    {
        foreach (var qubit in qubits)
        {
            var bit = _place[qubit];
            if ((_mayWait >> bit & 1) != 0)
            {
                _results[_resultOf[bit]].IsSure = true;
                _mayWait &= ~(1u << bit);
            }
        }
    }

    private void AddResult(int bit, bool isSure)
    {
        if (_resultCount == _results.Length)
        {
            Array.Resize(ref _results, 2 * _resultCount);
        }

        _results[_resultCount++] = new Result { Pass = _passCount, Bit = bit, At = _at, IsSure = isSure };
    }

    private struct Result
    {
        /// <summary>The pass that comes after it, and its place in the circuit.</summary>
        public int Pass, At;
        public int Bit;

        /// <summary>Whether it cannot wait for the end.</summary>
        public bool IsSure;
    }
}
