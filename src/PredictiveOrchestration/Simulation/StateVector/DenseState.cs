using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Fusion;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.StateVector;

/// <summary>
/// All 2^n amplitudes in native memory. Qubit q is index bit <c>_bitOfQubit[q]</c>: swaps only relabel. Global phases are kept apart.
/// </summary>
internal sealed unsafe class DenseState : IQuantumState
{
    // Index bits below this are the lanes of the widest vector; smaller states are padded with zeros.
    private const int LeastBits = 4;
    private const int ParallelBits = 15;
    private const int ChunkBits = 16;
    private const int OperationsPerPlan = 4096;
    private readonly RunContext _context;
    private readonly DenseSettings _settings;
    private readonly DenseKernelSet _kernels;
    private readonly PlanCache _plans;
    private readonly AmplitudeMemory _amplitudes;
    private readonly PlanRunner _runner;
    private readonly int _threads;
    private readonly int _bits;
    private int[] _bitOfQubit;
    private long _live;
    private bool _isPrepared;
    private Complex _phase = Complex.One;

    /// <summary>Creates |0…0⟩.</summary>
    public DenseState(int numQubits, int threads, DenseSettings settings, PlanCache plans, RunContext context)
    {
        NumQubits = numQubits;
        _context = context;
        _threads = threads;
        _settings = settings;
        _kernels = settings.Kernels;
        _plans = plans;
        _bits = Math.Max(numQubits, LeastBits);
        MemoryBytes = SizeBytes(numQubits, threads, settings);
        context.Reserve(MemoryBytes, $"a state vector of {numQubits} qubits");
        try
        {
            _amplitudes = new AmplitudeMemory(_bits, _kernels.ElementBytes);
        }
        catch
        {
            context.Release(MemoryBytes);
            throw;
        }

        _runner = new PlanRunner(_amplitudes, _bits, threads, settings, context);
        _bitOfQubit = new int[numQubits];
        for (var q = 0; q < numQubits; q++)
        {
            _bitOfQubit[q] = q;
        }
    }

    private DenseState(DenseState other)
        : this(other.NumQubits, other._threads, other._settings, other._plans, other._context)
    {
        other.Prepare(other._live);
        AmplitudeMemory from = other._amplitudes, to = _amplitudes;
        _live = other._live;
        ForLive((first, count) =>
        {
            long start = first * _kernels.ElementBytes, bytes = count * _kernels.ElementBytes;
            Buffer.MemoryCopy(from.Re + start, to.Re + start, bytes, bytes);
            Buffer.MemoryCopy(from.Im + start, to.Im + start, bytes, bytes);
            return 0;
        });
        _bitOfQubit = other._bitOfQubit;
        _phase = other._phase;
    }

    public int NumQubits { get; }

    public long MemoryBytes { get; }

    public long NonZeros => 1L << NumQubits;

    public double DiscardedWeight => 0;

    // The probability of an amplitude that is nothing but rounding.
    private double Nothing => _kernels.ElementBytes == sizeof(double) ? 1e-30 : 1e-14 / (1L << NumQubits);

    /// <summary>The bytes of a state: 16 for each amplitude (8 in single precision), and the threads' blocks.</summary>
    public static long SizeBytes(int numQubits, int threads, DenseSettings settings)
    {
        var bits = Math.Max(numQubits, LeastBits);
        return (2L * settings.Kernels.ElementBytes << bits) + settings.ScratchBytes(bits) * PlanRunner.ThreadsOf(bits, threads, settings);
    }

    /// <summary>Takes over amplitudes from a snapshot of the same number of qubits.</summary>
    public void Load(StateSnapshot snapshot)
    {
        _live = (1L << NumQubits) - 1;
        Prepare(_live);
        _bitOfQubit = snapshot.BitOfQubit is { } places && places.Length == NumQubits ? [.. places] : _bitOfQubit;
        var packer = BitPacker.Inverse(_bitOfQubit);
        var run = RunOfNeighbours();
        if (snapshot.Indices is null)
        {
            ParallelRange.Run(snapshot.Amplitudes.Length, 1L << ChunkBits, _threads, _context, snapshot.OperationIndex, (_, first, last) =>
            {
                for (var i = first; i < last; i += run)
                {
                    _kernels.Write(_amplitudes.Re, _amplitudes.Im, (long)packer.Pack(i), snapshot.Amplitudes.AsSpan((int)i, run));
                }
            });
            return;
        }

        _kernels.Write(_amplitudes.Re, _amplitudes.Im, 0, [Complex.Zero]);

        // Neighbours in the list are often neighbours in the state.
        var (amplitudes, indices) = (snapshot.Amplitudes, snapshot.Indices);
        long live = 0;
        ParallelRange.Run(amplitudes.Length, 1L << ChunkBits, _threads, _context, snapshot.OperationIndex, (_, first, last) =>
        {
            long bits = 0;
            for (int i = (int)first, end; i < last; i = end)
            {
                var start = (long)packer.Pack((long)indices[i]);
                for (end = i + 1; end < last && ((long)indices[end] & (run - 1)) != 0 && indices[end] == indices[end - 1] + 1; end++)
                {
                }

                bits |= start | (start + end - i - 1) | LowBits(end - i);
                _kernels.Write(_amplitudes.Re, _amplitudes.Im, start, amplitudes.AsSpan(i, end - i));
            }

            Interlocked.Or(ref live, bits);
        });
        _live = live;
    }

    public void Apply(Circuit circuit, int start, int end, ClassicalState? classical, RunContext context)
    {
        for (int first = start, last; first < end; first = last)
        {
            last = Math.Min(end, first + OperationsPerPlan);
            context.Check(first);
            using var plan = _plans.Get(circuit, first, last, classical, _bits, _bitOfQubit);
            if (!_isPrepared)
            {
                Prepare(plan.Passes.Aggregate(_live, static (live, pass) => live | pass.Moved));
            }

            _runner.Run(plan, ref _live, first, last);
            _bitOfQubit = plan.BitOfQubit;
            _phase *= plan.Phase;
        }
    }

    public double ProbabilityOfOne(int qubit)
    {
        var bit = 1L << _bitOfQubit[qubit];
        return (bit & _live) == 0 ? 0 : ForLive((first, count) => _kernels.Norm(_amplitudes.Re, _amplitudes.Im, first, count, bit));
    }

    public void Collapse(int qubit, bool outcome, double probability)
    {
        var bit = 1L << _bitOfQubit[qubit];
        var scale = 1 / Math.Sqrt(probability);
        var (whereZero, whereOne) = outcome ? (0.0, scale) : (scale, 0.0);
        ForLive((first, count) =>
        {
            _kernels.Scale(_amplitudes.Re, _amplitudes.Im, first, count, bit, whereZero, whereOne);
            return 0;
        });
        _live = outcome ? _live : _live & ~bit;
    }

    public void Flip(int qubit)
    {
        var flip = new CircuitBuilder(NumQubits).X(qubit).Build();
        using var plan = DensePlan.Create(flip, 0, 1, null, _bits, _bitOfQubit, _settings, keep: false);
        _runner.Run(plan, ref _live, 0, 0);
        _live &= ~(1L << _bitOfQubit[qubit]);
    }

    public IQuantumState Clone() => new DenseState(this);

    public void Sample(ReadOnlySpan<int> qubits, ReadOnlySpan<double> draws, Span<ulong> outcomes)
    {
        Prepare(_live);
        var blockBits = DenseSampler.BlockBitsOf(_bits);
        var tables = DenseSampler.TableBytes(1L << (_bits - blockBits), draws.Length);
        _context.Reserve(tables, "the tables of the sampler");
        try
        {
            var sums = new double[1L << (_bits - blockBits)];
            ParallelRange.Run(sums.Length, Math.Max(1, 1L << (ChunkBits - blockBits)), _bits < ParallelBits ? 1 : _threads, _context, _context.OperationCount, (_, first, last) =>
            {
                for (var block = first; block < last; block++)
                {
                    sums[block] = IsDead(block << blockBits, 1L << blockBits) ? 0 : _kernels.Norm(_amplitudes.Re, _amplitudes.Im, block << blockBits, 1L << blockBits, 0);
                }
            });
            new DenseSampler(_amplitudes, _kernels, blockBits, sums).Sample(new BitPacker(_bitOfQubit, qubits), draws, outcomes, _threads, _context);
        }
        finally
        {
            _context.Release(tables);
        }
    }

    public void VisitProbabilities(ReadOnlySpan<int> qubits, ProbabilityVisitor visit)
    {
        Prepare(_live);
        var packer = new BitPacker(_bitOfQubit, qubits);
        Span<ulong> outcome = stackalloc ulong[1];
        Span<double> probabilities = stackalloc double[1 << LeastBits];
        for (long first = 0; first < 1L << _bits; first += probabilities.Length)
        {
            if ((first & 0xFFFF) == 0)
            {
                _context.Check(_context.OperationCount);
            }

            if (IsDead(first, probabilities.Length))
            {
                continue;
            }

            _kernels.Probabilities(_amplitudes.Re, _amplitudes.Im, first, probabilities);
            for (var k = 0; k < probabilities.Length; k++)
            {
                if (probabilities[k] > 0)
                {
                    outcome[0] = packer.Pack(first + k);
                    visit(outcome, probabilities[k]);
                }
            }
        }
    }

    public double ExpectationValue(PauliTerm term)
    {
        // ⟨ψ|P|ψ⟩ = Σ_i conj(ψ[i ^ x]) · i^{|x∧z|} (-1)^{z·i} · ψ[i]; of the complex sum the number of Ys picks a part.
        long x = 0, z = 0;
        foreach (var (qubit, op) in term.Factors)
        {
            x |= (op & Pauli.X) != 0 ? 1L << _bitOfQubit[qubit] : 0;
            z |= (op & Pauli.Z) != 0 ? 1L << _bitOfQubit[qubit] : 0;
        }

        var ys = BitOperations.PopCount((ulong)(x & z)) & 3;
        var sum = ForLive((first, count) =>
        {
            var (re, im) = _kernels.Correlation(_amplitudes.Re, _amplitudes.Im, first, count, x, z);
            return ys switch { 0 => re, 1 => -im, 2 => -re, _ => im };
        });
        return term.Coefficient * sum;
    }

    public StateSnapshot ToSnapshot(int operationIndex)
    {
        Prepare(_live);
        _context.Reserve(16L << NumQubits, "a snapshot of the state");
        var amplitudes = GC.AllocateUninitializedArray<Complex>(1 << NumQubits);
        var packer = BitPacker.Inverse(_bitOfQubit);
        var run = RunOfNeighbours();
        ParallelRange.Run(amplitudes.Length, 1L << ChunkBits, _threads, _context, operationIndex, (_, first, last) =>
        {
            for (var i = first; i < last; i += run)
            {
                _kernels.Read(_amplitudes.Re, _amplitudes.Im, (long)packer.Pack(i), _phase, amplitudes.AsSpan((int)i, run));
            }
        });
        return StateSnapshot.Dense(NumQubits, operationIndex, amplitudes).With(Places());
    }

    // Pages are chosen once, by the first that is known of the state, and before any is written: one small page that is would make 2 MB around it small pages.
    private void Prepare(long live)
    {
        if (!_isPrepared)
        {
            _isPrepared = true;
            _amplitudes.Prepare(live);
            _kernels.Write(_amplitudes.Re, _amplitudes.Im, 0, [Complex.One]);
        }
    }

    // Qubits that lie where their numbers say make runs of neighbours.
    private int RunOfNeighbours()
    {
        var run = 1;
        for (var q = 0; q < Math.Min(NumQubits, ChunkBits) && _bitOfQubit[q] == q; q++)
        {
            run *= 2;
        }

        return run;
    }

    // Swaps have moved qubits.
    private int[]? Places()
    {
        for (var q = 0; q < NumQubits; q++)
        {
            if (_bitOfQubit[q] != q)
            {
                return _bitOfQubit[..NumQubits];
            }
        }

        return null;
    }

    public long CountNonZeros()
    {
        // Whoever asks wants to know whether few are left: mostly they are not, which a part of the state shows. If many of it are not zero, so is at least a 64th of all.
        const int runs = 64, sixteenth = 16, many = 4;
        if (_bits > ChunkBits)
        {
            var (apart, length) = ((1L << _bits) / runs, (int)((1L << _bits) / runs / sixteenth));
            var seen = Count(runs, apart, length).Sum(count => (long)count);
            if (many * seen >= (long)runs * length)
            {
                return sixteenth * seen;
            }
        }

        return CountChunks().Sum(count => (long)count);
    }

    public StateSnapshot ToCompactSnapshot(int operationIndex)
    {
        var counts = CountChunks();
        var entries = counts.Sum(count => (long)count);
        if (2 * entries >= 1L << NumQubits)
        {
            return ToSnapshot(operationIndex);
        }

        _context.Reserve(32 * entries, "a snapshot of the state");
        try
        {
            var indices = GC.AllocateUninitializedArray<UInt128>((int)entries);
            var amplitudes = GC.AllocateUninitializedArray<Complex>((int)entries);
            var starts = new int[counts.Length];
            for (var chunk = 1; chunk < starts.Length; chunk++)
            {
                starts[chunk] = starts[chunk - 1] + counts[chunk - 1];
            }

            var qubits = new int[NumQubits];
            for (var q = 0; q < qubits.Length; q++)
            {
                qubits[q] = q;
            }

            var packer = new BitPacker(_bitOfQubit, qubits);
            ParallelRange.Run(counts.Length, 1, _bits < ParallelBits ? 1 : _threads, _context, operationIndex, (_, first, last) =>
            {
                for (var chunk = (int)first; chunk < last; chunk++)
                {
                    if (counts[chunk] > 0)
                    {
                        Pick(chunk, packer, indices.AsSpan(starts[chunk], counts[chunk]), amplitudes.AsSpan(starts[chunk], counts[chunk]));
                    }
                }
            });
            return StateSnapshot.Sparse(NumQubits, operationIndex, indices, amplitudes).With(Places());
        }
        finally
        {
            _context.Release(32 * entries);
        }
    }

    public void Dispose()
    {
        if (!_amplitudes.IsDisposed)
        {
            _amplitudes.Dispose();
            _runner.Dispose();
            _context.Release(MemoryBytes);
        }
    }

    // The amplitudes of each chunk that are more than rounding, which leaves some 1e-32 of probability where amplitudes cancel, in single
    // precision 1e-15.
    private int[] CountChunks()
    {
        var size = (int)Math.Min(1L << ChunkBits, 1L << _bits);
        return Count((int)((1L << _bits) / size), size, size);
    }

    // The same of runs of indices, so far apart from each other.
    private int[] Count(int runs, long apart, int length)
    {
        Prepare(_live);
        var counts = new int[runs];
        ParallelRange.Run(runs, 1, _bits < ParallelBits ? 1 : _threads, _context, _context.OperationCount, (_, first, last) =>
        {
            for (var run = first; run < last; run++)
            {
                counts[run] = IsDead(run * apart, length) ? 0 : _kernels.CountAbove(_amplitudes.Re, _amplitudes.Im, run * apart, length, Nothing);
            }
        });
        return counts;
    }

    // Copies out the amplitudes of a chunk that are more than rounding.
    private void Pick(int chunk, BitPacker packer, Span<UInt128> indices, Span<Complex> amplitudes)
    {
        const int part = 1024;
        Span<ushort> positions = stackalloc ushort[part];
        long start = (long)chunk << ChunkBits, end = Math.Min(start + (1L << ChunkBits), 1L << _bits);
        for (var filled = 0; start < end && filled < amplitudes.Length; start += part)
        {
            positions = positions[..(int)Math.Min(part, end - start)];
            var found = IsDead(start, positions.Length) ? 0 : _kernels.SelectAbove(_amplitudes.Re, _amplitudes.Im, start, Nothing, positions);
            for (int k = 0, next; k < found; k = next)
            {
                for (next = k + 1; next < found && positions[next] == positions[k] + next - k; next++)
                {
                }

                _kernels.Read(_amplitudes.Re, _amplitudes.Im, start + positions[k], _phase, amplitudes.Slice(filled, next - k));
                for (var i = k; i < next; i++)
                {
                    indices[filled++] = packer.Pack(start + positions[i]);
                }
            }
        }
    }

    // Every bit in which numbers of a run of this length can differ from the ends of the run.
    private static long LowBits(int length) => (1L << (32 - BitOperations.LeadingZeroCount((uint)(length - 1)))) - 1;

    // Whether an aligned range of indices has a bit that no amplitude has.
    private bool IsDead(long first, long count) => (first & ~_live & -count) != 0;

    // Sums a function of index ranges that is 0 where all amplitudes are; ranges are summed in their order, so that the result does not depend on the threads.
    private double ForLive(Func<long, long, double> body)
    {
        Prepare(_live);
        var runBits = FusedWork.RunBits(_bits, _live);
        var (count, outer) = (1L << runBits, _live >> runBits << runBits);
        var sums = new double[1L << BitOperations.PopCount((ulong)outer)];
        ParallelRange.Run(sums.Length, Math.Max(1, (1L << ChunkBits) / count), sums.Length * count < 1L << ParallelBits ? 1 : _threads, _context, _context.OperationCount, (_, first, last) =>
        {
            for (var run = first; run < last; run++)
            {
                sums[run] = body(PlanRunner.Deposit(run, outer), count);
            }
        });
        return sums.Sum();
    }
}
