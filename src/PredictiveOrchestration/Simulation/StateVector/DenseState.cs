using System.Numerics;
using System.Runtime.Intrinsics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// All 2^n amplitudes, real and imaginary parts apart, in native memory. Qubit q is index bit <c>_bitOfQubit[q]</c>: swaps only
/// relabel. Runs of operations that stay below bit 14 are applied block by block, so that a block is in the cache for all of them.
/// </summary>
internal sealed unsafe class DenseState : IQuantumState
{
    private const int BlockBits = 14;
    private const int ParallelBits = 15;
    private const long ChunkAmplitudes = 1 << 18;
    private readonly RunContext _context;
    private readonly int _threads;
    private readonly bool _accelerated;
    private readonly AlignedBuffer _re;
    private readonly AlignedBuffer _im;
    private readonly int _bits;
    private readonly int[] _bitOfQubit;
    private Complex _phase = Complex.One;

    /// <summary>Creates |0…0⟩.</summary>
    public DenseState(int numQubits, int threads, bool accelerated, RunContext context)
    {
        NumQubits = numQubits;
        _context = context;
        _threads = threads;
        _accelerated = accelerated;
        _bits = Math.Max(numQubits, 2);
        context.Reserve(SizeBytes(numQubits), $"a state vector of {numQubits} qubits");
        _re = new AlignedBuffer(1L << _bits);
        _im = new AlignedBuffer(1L << _bits);
        _re.Pointer[0] = 1;
        _bitOfQubit = new int[numQubits];
        for (var q = 0; q < numQubits; q++)
        {
            _bitOfQubit[q] = q;
        }
    }

    private DenseState(DenseState other)
        : this(other.NumQubits, other._threads, other._accelerated, other._context)
    {
        other._re.CopyTo(_re);
        other._im.CopyTo(_im);
        other._bitOfQubit.CopyTo(_bitOfQubit, 0);
        _phase = other._phase;
    }

    public int NumQubits { get; }

    public long MemoryBytes => SizeBytes(NumQubits);

    public long NonZeros => 1L << NumQubits;

    public double DiscardedWeight => 0;

    public static long SizeBytes(int numQubits) => 16L << Math.Max(numQubits, 2);

    /// <summary>Takes over amplitudes from a snapshot of the same number of qubits.</summary>
    public void Load(StateSnapshot snapshot)
    {
        _re.Pointer[0] = 0;
        for (var i = 0; i < snapshot.Amplitudes.Length; i++)
        {
            var index = snapshot.Indices is { } indices ? (long)indices[i] : i;
            _re.Pointer[index] = snapshot.Amplitudes[i].Real;
            _im.Pointer[index] = snapshot.Amplitudes[i].Imaginary;
        }
    }

    public void Apply(Circuit circuit, int start, int end, ClassicalState? classical, RunContext context)
    {
        var operations = DenseCompiler.Compile(circuit, start, end, classical, _bitOfQubit, ref _phase);
        var steps = new List<DenseStep>();
        for (var i = 0; i < operations.Count;)
        {
            context.Check(start);
            var next = i;
            while (next < operations.Count && operations[next].HighestMovedBit < BlockBits)
            {
                next++;
            }

            steps.Clear();
            if (_bits > BlockBits && next - i >= 2)
            {
                for (; i < next; i++)
                {
                    DenseStep.Prepare(operations[i], BlockBits, _accelerated, steps);
                }

                RunBlocked(steps);
            }
            else
            {
                for (next = Math.Max(next, i + 1); i < next; i++)
                {
                    DenseStep.Prepare(operations[i], _bits, _accelerated, steps);
                }

                foreach (var step in steps)
                {
                    RunWhole(step);
                }
            }

            context.ReportOperations(start + (int)((long)(end - start) * i / operations.Count));
        }
    }

    public double ProbabilityOfOne(int qubit)
    {
        var runs = Runs(_bitOfQubit[qubit], true, out var lanes);
        var total = 0.0;
        var gate = new Lock();
        ForChunks(runs.RunCount, runs.RunLength, (first, last) =>
        {
            var part = Sum(runs, lanes, first, last);
            lock (gate)
            {
                total += part;
            }
        });
        return total;
    }

    public void Collapse(int qubit, bool outcome, double probability)
    {
        var scale = 1 / Math.Sqrt(probability);
        var bit = _bitOfQubit[qubit];
        Complex[] matrix = outcome ? [0, 0, 0, scale] : [scale, 0, 0, 0];
        Run(new DenseOperation([], [bit], matrix));
    }

    public void Flip(int qubit) => Run(new DenseOperation([], [_bitOfQubit[qubit]], [0, 1, 1, 0]));

    public IQuantumState Clone() => new DenseState(this);

    public void Sample(ReadOnlySpan<int> qubits, ReadOnlySpan<double> draws, Span<ulong> outcomes)
    {
        // Two levels: the weight of each block, then a walk through the blocks that are drawn from, in the order of the draws.
        var order = new int[draws.Length];
        var keys = draws.ToArray();
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Array.Sort(keys, order);
        var blockLength = Math.Min(1L << _bits, 4096);
        var sums = new double[(1L << _bits) / blockLength];
        ForChunks(sums.Length, (int)blockLength, (first, last) =>
        {
            for (var b = first; b < last; b++)
            {
                double* r = _re.Pointer + b * blockLength, m = _im.Pointer + b * blockLength;
                var sum = 0.0;
                for (var k = 0; k < blockLength; k++)
                {
                    sum += r[k] * r[k] + m[k] * m[k];
                }

                sums[b] = sum;
            }
        });
        var total = sums.Sum();
        var identity = IsIdentity(qubits);
        double before = 0;
        var next = 0;
        for (long b = 0; b < sums.Length && next < keys.Length; before += sums[b], b++)
        {
            if (keys[next] * total >= before + sums[b] && b < sums.Length - 1)
            {
                continue;
            }

            double* r = _re.Pointer + b * blockLength, m = _im.Pointer + b * blockLength;
            var cumulative = before;
            long lastNonZero = -1;
            for (var k = 0; k < blockLength && next < keys.Length; k++)
            {
                var p = r[k] * r[k] + m[k] * m[k];
                if (p == 0)
                {
                    continue;
                }

                cumulative += p;
                lastNonZero = b * blockLength + k;
                for (; next < keys.Length && keys[next] * total < cumulative; next++)
                {
                    outcomes[order[next]] = Pack(lastNonZero, qubits, identity);
                }
            }

            // Rounding may leave draws just above the block's weight: they belong to its last basis state.
            for (; next < keys.Length && lastNonZero >= 0 && (keys[next] * total < before + sums[b] || b == sums.Length - 1); next++)
            {
                outcomes[order[next]] = Pack(lastNonZero, qubits, identity);
            }
        }

        if (next < keys.Length)
        {
            var index = LastNonZero();
            for (; next < keys.Length; next++)
            {
                outcomes[order[next]] = Pack(index, qubits, identity);
            }
        }
    }

    public void VisitProbabilities(ReadOnlySpan<int> qubits, ProbabilityVisitor visit)
    {
        var identity = IsIdentity(qubits);
        Span<ulong> outcome = stackalloc ulong[1];
        for (long i = 0; i < 1L << _bits; i++)
        {
            if ((i & 0xFFFFF) == 0)
            {
                _context.Check(0);
            }

            var p = _re.Pointer[i] * _re.Pointer[i] + _im.Pointer[i] * _im.Pointer[i];
            if (p > 0)
            {
                outcome[0] = Pack(i, qubits, identity);
                visit(outcome, p);
            }
        }
    }

    public double ExpectationValue(PauliTerm term)
    {
        // ⟨ψ|P|ψ⟩ = Σ_i conj(ψ[i ^ x]) · i^{|x∧z|} (-1)^{z·i} · ψ[i].
        long x = 0, z = 0;
        foreach (var (qubit, op) in term.Factors)
        {
            x |= (op & Pauli.X) != 0 ? 1L << _bitOfQubit[qubit] : 0;
            z |= (op & Pauli.Z) != 0 ? 1L << _bitOfQubit[qubit] : 0;
        }

        Complex sum = 0;
        var gate = new Lock();
        ForChunks(1L << _bits, 1, (first, last) =>
        {
            double re = 0, im = 0;
            for (var i = first; i < last; i++)
            {
                double ar = _re.Pointer[i], ai = _im.Pointer[i], br = _re.Pointer[i ^ x], bi = _im.Pointer[i ^ x];
                var sign = (BitOperations.PopCount((ulong)(i & z)) & 1) == 0 ? 1 : -1;
                re += sign * (br * ar + bi * ai);
                im += sign * (br * ai - bi * ar);
            }

            lock (gate)
            {
                sum += new Complex(re, im);
            }
        });
        var ys = BitOperations.PopCount((ulong)(x & z)) & 3;
        var value = ys switch { 0 => sum.Real, 1 => -sum.Imaginary, 2 => -sum.Real, _ => sum.Imaginary };
        return term.Coefficient * value;
    }

    public StateSnapshot ToSnapshot(int operationIndex)
    {
        var amplitudes = new Complex[1L << NumQubits];
        var identity = true;
        for (var q = 0; q < NumQubits; q++)
        {
            identity &= _bitOfQubit[q] == q;
        }

        for (long i = 0; i < amplitudes.Length; i++)
        {
            var index = i;
            if (!identity)
            {
                index = 0;
                for (var q = 0; q < NumQubits; q++)
                {
                    index |= (i >> q & 1) << _bitOfQubit[q];
                }
            }

            amplitudes[i] = _phase * new Complex(_re.Pointer[index], _im.Pointer[index]);
        }

        return StateSnapshot.Dense(NumQubits, operationIndex, amplitudes);
    }

    public void Dispose()
    {
        if (_re.Pointer is not null)
        {
            _re.Dispose();
            _im.Dispose();
            _context.Release(MemoryBytes);
        }
    }

    private void Run(DenseOperation operation)
    {
        var steps = new List<DenseStep>();
        DenseStep.Prepare(operation, _bits, _accelerated, steps);
        foreach (var step in steps)
        {
            RunWhole(step);
        }
    }

    private void RunWhole(DenseStep step)
    {
        var perUnit = Math.Max(1, (1L << _bits) / step.Units);
        ForChunks(step.Units, (int)Math.Min(perUnit, int.MaxValue), (first, last) => step.Run(_re.Pointer, _im.Pointer, first, last));
    }

    private void RunBlocked(List<DenseStep> steps) => ForChunks(1L << (_bits - BlockBits), 1 << BlockBits, (first, last) =>
    {
        for (var block = first; block < last; block++)
        {
            var start = block << BlockBits;
            foreach (var step in steps)
            {
                if ((start & step.OutMask) == step.OutValue)
                {
                    step.Run(_re.Pointer + start, _im.Pointer + start, 0, step.Units);
                }
            }
        }
    });

    // Splits units over threads, in chunks short enough to notice a cancellation.
    private void ForChunks(long units, int amplitudesPerUnit, Action<long, long> body)
    {
        if (_bits < ParallelBits || _threads < 2)
        {
            for (long first = 0, step = Math.Max(1, 4 * ChunkAmplitudes / amplitudesPerUnit); first < units; first += step)
            {
                _context.CancellationToken.ThrowIfCancellationRequested();
                body(first, Math.Min(units, first + step));
            }

            return;
        }

        var chunk = Math.Max(1, Math.Min(units / _threads, ChunkAmplitudes / amplitudesPerUnit));
        var chunks = (units + chunk - 1) / chunk;
        var options = new ParallelOptions { MaxDegreeOfParallelism = _threads, CancellationToken = _context.CancellationToken };
        Parallel.For(0, chunks, options, c => body(c * chunk, Math.Min(units, (c + 1) * chunk)));
    }

    private RunLayout Runs(int bit, bool value, out Vector256<double> lanes)
    {
        if (bit >= 2)
        {
            lanes = Vector256<double>.One;
            return new RunLayout(_bits, [bit], value ? 1L << bit : 0);
        }

        lanes = bit == 0 ? Vector256.Create(0.0, 1, 0, 1) : Vector256.Create(0.0, 0, 1, 1);
        lanes = value ? lanes : Vector256<double>.One - lanes;
        return new RunLayout(_bits, [], 0);
    }

    private double Sum(in RunLayout runs, Vector256<double> lanes, long first, long last)
    {
        if (_accelerated)
        {
            return DenseKernels.Norm(_re.Pointer, _im.Pointer, runs, first, last, lanes);
        }

        var sum = 0.0;
        for (var run = first; run < last; run++)
        {
            var start = runs.Start(run);
            for (var k = start; k < start + runs.RunLength; k++)
            {
                sum += lanes.GetElement((int)(k & 3)) * (_re.Pointer[k] * _re.Pointer[k] + _im.Pointer[k] * _im.Pointer[k]);
            }
        }

        return sum;
    }

    private bool IsIdentity(ReadOnlySpan<int> qubits)
    {
        for (var i = 0; i < qubits.Length; i++)
        {
            if (_bitOfQubit[qubits[i]] != i)
            {
                return false;
            }
        }

        return qubits.Length == NumQubits;
    }

    private ulong Pack(long index, ReadOnlySpan<int> qubits, bool identity)
    {
        if (identity)
        {
            return (ulong)index;
        }

        ulong outcome = 0;
        for (var i = 0; i < qubits.Length; i++)
        {
            outcome |= (ulong)(index >> _bitOfQubit[qubits[i]] & 1) << i;
        }

        return outcome;
    }

    private long LastNonZero()
    {
        var i = (1L << _bits) - 1;
        while (i > 0 && _re.Pointer[i] == 0 && _im.Pointer[i] == 0)
        {
            i--;
        }

        return i;
    }
}
