using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.Sparse;

/// <summary>
/// The non-zero amplitudes with their basis indices, in arrays side by side and in no order. Gates that only permute basis states or
/// give them phases wait in a queue and change the arrays in place, a cache-sized part at a time; only gates that mix basis states pair
/// amplitudes. A Hadamard gate on a qubit that has one value in all entries waits too (<see cref="GateTranslator"/>).
/// </summary>
internal sealed unsafe class SparseState : IQuantumState
{
    private readonly RunContext _context;
    private readonly double _threshold;
    private readonly SparseKernelSet _kernels;
    private readonly EntryStore _entries;
    private readonly EntryMixer _mixer;
    private readonly GateTranslator _translator;

    /// <summary>Creates |0…0⟩.</summary>
    /// <param name="numQubits">The number of qubits.</param>
    /// <param name="threshold">Probabilities below it are pruned.</param>
    /// <param name="kernels">The kernels.</param>
    /// <param name="context">Books memory.</param>
    public SparseState(int numQubits, double threshold, SparseKernelSet kernels, RunContext context)
        : this(numQubits, threshold, kernels, new EntryStore(numQubits > 64, 64, context), context)
    {
        _entries.Planes.Set(0, BasisIndex.Zero, 1, 0);
        _entries.SetCount(1);
    }

    private SparseState(int numQubits, double threshold, SparseKernelSet kernels, EntryStore entries, RunContext context)
    {
        NumQubits = numQubits;
        _threshold = threshold;
        _kernels = kernels;
        _context = context;
        _entries = entries;
        _mixer = new EntryMixer(entries, kernels, threshold, context);
        _translator = new GateTranslator(entries, _mixer, kernels, context);
    }

    public int NumQubits { get; }

    public long MemoryBytes => _entries.Bytes + _mixer.Bytes;

    public long NonZeros => _entries.Count;

    public double DiscardedWeight => _mixer.DiscardedWeight;

    /// <summary>Takes over amplitudes from a snapshot.</summary>
    public void Load(StateSnapshot snapshot)
    {
        var amplitudes = snapshot.Amplitudes;
        var count = 0;
        for (var i = 0; i < amplitudes.Length; i++)
        {
            Check(i);
            count += amplitudes[i] != Complex.Zero ? 1 : 0;
        }

        if (count == 0)
        {
            throw new ArgumentException("Every amplitude of the snapshot is zero; a state has at least one that is not.", nameof(snapshot));
        }

        _entries.SetCount(0);
        _entries.EnsureRoom(count, snapshot.OperationIndex);
        var planes = _entries.Planes;
        count = 0;
        for (var i = 0; i < amplitudes.Length; i++)
        {
            Check(i);
            var a = amplitudes[i];
            if (a != Complex.Zero)
            {
                var index = snapshot.Indices is { } indices ? new BasisIndex((ulong)indices[i], (ulong)(indices[i] >> 64)) : new BasisIndex((ulong)i, 0);
                planes.Set(count++, index, a.Real, a.Imaginary);
            }
        }

        _entries.SetCount(count);
        _translator.Invalidate();
    }

    public void Apply(Circuit circuit, int start, int end, ClassicalState? classical, RunContext context)
    {
        for (var i = start; i < end; i++)
        {
            if ((i & 0x3F) == 0)
            {
                context.Check(i);
                context.ReportOperations(i);
            }

            _translator.Apply(circuit, circuit.Operations[i], classical, i);
        }

        _translator.Finish(end);
    }

    public double ProbabilityOfOne(int qubit)
    {
        var bit = BasisIndex.Of(qubit);
        var planes = _entries.Planes;
        double one = 0, all = 0;
        for (var i = 0; i < _entries.Count; i++)
        {
            Check(i);
            var p = planes.Re[i] * planes.Re[i] + planes.Im[i] * planes.Im[i];
            all += p;
            one += planes.IndexAt(i).Has(bit) ? p : 0;
        }

        return one / all;
    }

    public void Collapse(int qubit, bool outcome, double probability)
    {
        var bit = BasisIndex.Of(qubit);
        var planes = _entries.Planes;
        var kept = 0;
        var norm = 0.0;
        for (var i = 0; i < _entries.Count; i++)
        {
            Check(i);
            var index = planes.IndexAt(i);
            if (index.Has(bit) == outcome)
            {
                var (re, im) = (planes.Re[i], planes.Im[i]);
                planes.Set(kept++, index, re, im);
                norm += re * re + im * im;
            }
        }

        var scale = 1 / Math.Sqrt(norm);
        for (var i = 0; i < kept; i++)
        {
            planes.Re[i] *= scale;
            planes.Im[i] *= scale;
        }

        _entries.SetCount(kept);
        _translator.Invalidate();
    }

    public void Flip(int qubit) => _translator.Flip(qubit);

    public IQuantumState Clone()
    {
        var copy = new SparseState(NumQubits, _threshold, _kernels, _entries.Clone(), _context);
        copy._mixer.DiscardedWeight = DiscardedWeight;
        copy._translator.Phase = _translator.Phase;
        return copy;
    }

    public void Sample(ReadOnlySpan<int> qubits, ReadOnlySpan<double> draws, Span<ulong> outcomes)
    {
        using var sampler = new EntrySampler(_entries, _context);
        sampler.Sample(new IndexPacker(qubits), draws, outcomes);
    }

    public void VisitProbabilities(ReadOnlySpan<int> qubits, ProbabilityVisitor visit)
    {
        Span<ulong> outcome = stackalloc ulong[2];
        outcome = outcome[..((qubits.Length + 63) / 64)];
        var packer = new IndexPacker(qubits);
        var planes = _entries.Planes;
        for (var i = 0; i < _entries.Count; i++)
        {
            Check(i);
            packer.Pack(planes.IndexAt(i), outcome);
            visit(outcome, planes.Re[i] * planes.Re[i] + planes.Im[i] * planes.Im[i]);
        }
    }

    public double ExpectationValue(PauliTerm term)
    {
        // ⟨ψ|P|ψ⟩ = Σ_i conj(ψ[i ^ x]) · i^{|x∧z|} (-1)^{z·i} · ψ[i].
        BasisIndex x = BasisIndex.Zero, z = BasisIndex.Zero;
        var ys = 0;
        foreach (var (qubit, op) in term.Factors)
        {
            var bit = BasisIndex.Of(qubit);
            x |= (op & Pauli.X) != 0 ? bit : BasisIndex.Zero;
            z |= (op & Pauli.Z) != 0 ? bit : BasisIndex.Zero;
            ys += op == Pauli.Y ? 1 : 0;
        }

        int* partners = null;
        if (!x.IsZero)
        {
            if (_mixer.Table.FindPairs(_entries, BasisIndex.Zero, x.Lowest, x, _context.OperationCount).Paired == 0)
            {
                return 0;
            }

            partners = _mixer.Table.Result;
        }

        double re = 0, im = 0;
        var planes = _entries.Planes;
        for (var i = 0; i < _entries.Count; i++)
        {
            Check(i);
            var partner = partners == null ? i : partners[i];
            if (partner >= 0)
            {
                var index = planes.IndexAt(i) & z;
                var sign = 1 - 2 * (BitOperations.PopCount(index.Low ^ index.High) & 1);
                re += sign * (planes.Re[partner] * planes.Re[i] + planes.Im[partner] * planes.Im[i]);
                im += sign * (planes.Re[partner] * planes.Im[i] - planes.Im[partner] * planes.Re[i]);
            }
        }

        var value = (ys & 3) switch { 0 => re, 1 => -im, 2 => -re, _ => im };
        return term.Coefficient * value;
    }

    public StateSnapshot ToSnapshot(int operationIndex)
    {
        var count = _entries.Count;
        _context.Reserve(32L * count, "the snapshot");
        try
        {
            var indices = GC.AllocateUninitializedArray<UInt128>(count);
            var amplitudes = GC.AllocateUninitializedArray<Complex>(count);
            var planes = _entries.Planes;
            var phase = _translator.Phase;
            for (var i = 0; i < count; i++)
            {
                Check(i);
                var index = planes.IndexAt(i);
                indices[i] = new UInt128(index.High, index.Low);
                amplitudes[i] = phase == Complex.One ? new Complex(planes.Re[i], planes.Im[i]) : phase * new Complex(planes.Re[i], planes.Im[i]);
            }

            return StateSnapshot.Sparse(NumQubits, operationIndex, indices, amplitudes);
        }
        finally
        {
            _context.Release(32L * count);
        }
    }

    public void Dispose()
    {
        _mixer.Dispose();
        _entries.Dispose();
    }

    private void Check(int i)
    {
        if ((i & (EntryStore.CheckInterval - 1)) == 0)
        {
            _context.Check(_context.OperationCount);
        }
    }
}
