using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Profiling;

/// <summary>
/// A proved bound on the Schmidt rank across every cut between qubits j and j + 1: 2^b, where b grows by the base-2 logarithm of the
/// operator-Schmidt rank of each gate across the cut, and stays below the size of either side and below the support bound.
/// </summary>
internal sealed class BondDimensionBound
{
    private readonly int _numQubits;
    private readonly byte[] _now;
    private readonly byte[] _peak;
    private readonly double[] _fullWork;
    private int _notFull;
    private int _passing;

    public BondDimensionBound(int numQubits)
    {
        _numQubits = numQubits;
        var cuts = Math.Max(0, numQubits - 1);
        _now = new byte[cuts];
        _peak = new byte[cuts];
        _fullWork = new double[cuts + 1];
        for (var cut = 0; cut < cuts; cut++)
        {
            _fullWork[cut + 1] = _fullWork[cut] + CutWork(2, Size(cut - 1), Size(cut + 1));
            _notFull += Size(cut) > 0 ? 1 : 0;
        }
    }

    /// <summary>The greatest b of each cut.</summary>
    public byte[] Peak => _peak;

    /// <summary>The greatest b of all.</summary>
    public int Greatest { get; private set; }

    /// <summary>The work of applying the gates so far: Σ 8 · χl · χr · min(2χl, 2χr) over the cuts that each gate spans.</summary>
    public double Work { get; private set; }

    /// <summary>Takes in a gate on two qubits or more.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="op">The gate.</param>
    /// <param name="support">The support bound after it, base-2 logarithm.</param>
    /// <param name="repeated">It may be executed any number of times: only the sizes of the sides bound it.</param>
    public void Apply(Circuit circuit, in Operation op, int support, bool repeated)
    {
        var qubits = circuit.QubitsOf(op);
        int low = qubits[0], high = qubits[0];
        foreach (var q in qubits)
        {
            low = Math.Min(low, q);
            high = Math.Max(high, q);
        }

        var targets = op.QubitCount - op.ControlCount;
        if (targets > 1 && op.QubitCount > 2)
        {
            _passing = Math.Max(_passing, 2 * (op.QubitCount / 2) - 2 + (op.ControlCount > 0 ? 1 : 0));
        }

        if (support == 0 && Greatest == 0)
        {
            // A single basis state.
            Work += (high - low) * CutWork(high - low, 0, 0);
            return;
        }

        if (_notFull == 0 && support >= _numQubits / 2)
        {
            // Every bond is as large as the smaller side and stays so: the work of a range of cuts is known.
            Work += (high - low == 1 ? 0.5 : 1) * (_fullWork[high] - _fullWork[low]);
            return;
        }

        var isPhaseOfOnePair = op.Kind == OperationKind.Gate && targets == 2 && op.ControlCount == 0 && IsPauliRotation(circuit.GateOf(op));
        for (var cut = low; cut < high; cut++)
        {
            int growth;
            if (repeated)
            {
                growth = byte.MaxValue;
            }
            else if (targets <= 1 || isPhaseOfOnePair)
            {
                growth = 1;
            }
            else
            {
                var left = 0;
                foreach (var q in qubits)
                {
                    left += q <= cut ? 1 : 0;
                }

                growth = 2 * Math.Min(left, qubits.Length - left);
            }

            Raise(cut, growth, support, high - low);
        }
    }

    /// <summary>
    /// The bytes of a matrix product state with the peak bonds: Σ 32 · χl · χr, enlarged by what gates on more than two qubits add to
    /// bonds in passing beyond the factor of four of one on two qubits.
    /// </summary>
    public double Bytes()
    {
        double bytes = 0;
        for (var q = 0; q < _numQubits; q++)
        {
            bytes += 32 * PowersOfTwo.Of((2 * _passing) + (q == 0 ? 0 : _peak[q - 1]) + (q == _numQubits - 1 ? 0 : _peak[q]));
        }

        return Math.Min(bytes, double.MaxValue);
    }

    private void Raise(int cut, int growth, int support, int span)
    {
        var size = Size(cut);
        var bound = Math.Min(_now[cut] + growth, Math.Min(size, support));
        if (span == 1)
        {
            // A qubit adds at most one bit between neighbouring cuts.
            bound = Math.Min(bound, 1 + (cut == 0 ? 0 : _now[cut - 1]));
            bound = Math.Min(bound, 1 + (cut == _numQubits - 2 ? 0 : _now[cut + 1]));
        }

        _notFull += (_now[cut] == size ? 1 : 0) - (bound == size ? 1 : 0);
        _now[cut] = (byte)bound;
        if (bound > _peak[cut])
        {
            _peak[cut] = (byte)bound;
            Greatest = Math.Max(Greatest, bound);
        }

        int left = cut == 0 ? 0 : _now[cut - 1], right = cut == _numQubits - 2 ? 0 : _now[cut + 1];
        Work += CutWork(span, left, right);
    }

    // The base-2 logarithm of the dimension of the smaller side; 0 beyond the ends.
    private int Size(int cut) => Math.Min(byte.MaxValue, Math.Min(cut + 1, _numQubits - 1 - cut));

    private static double CutWork(int span, int left, int right) =>
        (span == 1 ? 8 : 16) * PowersOfTwo.Of(left + right + 1 + Math.Min(left, right));

    private static bool IsPauliRotation(GateDefinition gate) =>
        gate == GateCatalog.RXX || gate == GateCatalog.RYY || gate == GateCatalog.RZZ || gate == GateCatalog.RZX;
}
