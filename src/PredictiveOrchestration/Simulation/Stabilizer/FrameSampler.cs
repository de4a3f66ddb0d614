using System.Runtime.CompilerServices;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Simulation.Kernels;

namespace PredictiveOrchestration.Simulation.Stabilizer;

/// <summary>
/// Runs a frame program for many shots, one bit for each in words side by side. A frame starts as a random product of Z on |0…0⟩ and gets
/// a random Z after each measurement and reset: that makes results random exactly where the tableau says so. Draw k of shot i is bit k of Philox
/// stream (seed, i), so that counts do not depend on how shots are batched.
/// </summary>
internal sealed class FrameSampler
{
    /// <summary>Words of shots worked on together: 1,024 shots, so that the frames of a few hundred qubits stay in the second-level cache.</summary>
    private const int MaxWords = 16;

    private readonly FrameProgram _program;
    private readonly ulong _seed;
    private readonly int _words;
    private readonly ulong[] _planes;
    private readonly ulong[] _bits;
    private readonly ulong[] _random;
    private readonly int[] _frameX;
    private readonly int[] _frameZ;
    private readonly StrikeStream[] _strikes;
    private long _firstShot;
    private long _draws;

    private FrameSampler(FrameProgram program, ulong seed, int words)
    {
        var circuit = program.Circuit;
        _program = program;
        _seed = seed;
        _words = words;
        _planes = new ulong[2L * circuit.NumQubits * words];
        _bits = new ulong[(long)(circuit.NumClbits + circuit.NumScratchBits) * words];
        _random = new ulong[64 * words];
        _frameX = new int[circuit.NumQubits];
        _frameZ = new int[circuit.NumQubits];
        _strikes = [.. program.Sites.Select((s, i) => new StrikeStream(ErrorDraws.SeedOf(seed), (ulong)i, s.Probability))];
    }

    /// <summary>Runs all shots.</summary>
    public static ExecutionResult Run(FrameProgram program, ExecutionRequest request, RunContext context, TimeProvider time)
    {
        var circuit = request.Circuit;
        var start = time.GetTimestamp();
        var words = WordsFor(request.Shots);
        var outcomeWords = (circuit.NumClbits + 63) / 64;
        var bytes = 8L * words * (2L * circuit.NumQubits + circuit.NumClbits + circuit.NumScratchBits + 64 + 64L * outcomeWords) + 32L * program.Steps.Count + 128L * program.Sites.Length;
        context.Reserve(bytes, "the frames");
        try
        {
            var collector = new OutcomeCollector(request, new MeasurementPlan(circuit), context);
            var sampler = new FrameSampler(program, request.Seed, words);
            sampler.SkipTo(request.FirstShot);
            var outcomes = new ulong[64L * words * outcomeWords];
            for (var first = 0L; first < request.Shots; first += 64L * words)
            {
                sampler.RunBatch(request.FirstShot + first, context);
                var count = (int)Math.Min(64L * words, request.Shots - first);
                sampler.WriteOutcomes(circuit.NumClbits, outcomes);
                collector.AddOutcomes(outcomes.AsSpan(0, count * outcomeWords), count);
            }

            var total = context.Elapsed;
            var sampling = time.GetElapsedTime(start);
            return new ExecutionResult
            {
                BackendId = context.BackendId,
                Shots = request.Shots,
                Seed = request.Seed,
                Counts = collector.Counts(),
                IsExact = true,
                Timings = new ExecutionTimings(TimeSpan.Zero, TimeSpan.Zero, total - sampling, sampling),
                PeakMemoryBytes = context.PeakBytes,
            };
        }
        finally
        {
            context.Release(bytes);
        }
    }

    /// <summary>The words that a number of shots takes in one batch, a multiple of the vector width.</summary>
    public static int WordsFor(int shots)
    {
        var alignment = TableauKernels.Alignment;
        var words = Math.Min(MaxWords, (shots + 63) / 64);
        return (words + alignment - 1) / alignment * alignment;
    }

    // Errors before the first shot are drawn and dropped, so that those after it are the same.
    private void SkipTo(long firstShot)
    {
        foreach (ref var strikes in _strikes.AsSpan())
        {
            while (strikes.Next < firstShot)
            {
                strikes.Uniform();
                strikes.Advance();
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunBatch(long firstShot, RunContext context)
    {
        (_firstShot, _draws) = (firstShot, 0);
        Array.Clear(_planes);
        Array.Clear(_bits);
        for (var q = 0; q < _frameX.Length; q++)
        {
            (_frameX[q], _frameZ[q]) = (2 * q, 2 * q + 1);
            NextRandom().CopyTo(Z(q));
        }

        var steps = _program.Steps;
        for (var i = 0; i < steps.Count; i++)
        {
            if ((i & 0xFFF) == 0)
            {
                context.Check(context.OperationCount);
            }

            Apply(steps[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Apply(FrameStep step)
    {
        switch (step.Instruction)
        {
            case FrameInstruction.H:
                (_frameX[step.A], _frameZ[step.A]) = (_frameZ[step.A], _frameX[step.A]);
                break;
            case FrameInstruction.S:
                TableauKernels.Xor(X(step.A), Z(step.A));
                break;
            case FrameInstruction.CX:
                TableauKernels.Xor(X(step.A), X(step.B));
                TableauKernels.Xor(Z(step.B), Z(step.A));
                break;
            case FrameInstruction.CZ:
                TableauKernels.Xor(X(step.A), Z(step.B));
                TableauKernels.Xor(X(step.B), Z(step.A));
                break;
            case FrameInstruction.Swap:
                (_frameX[step.A], _frameX[step.B]) = (_frameX[step.B], _frameX[step.A]);
                (_frameZ[step.A], _frameZ[step.B]) = (_frameZ[step.B], _frameZ[step.A]);
                break;
            case FrameInstruction.Measure:
                TableauKernels.CopyFlipped(X(step.A), step.Reference, Bit(step.B));
                TableauKernels.Xor(NextRandom(), Z(step.A));
                break;
            case FrameInstruction.Reset:
                X(step.A).Clear();
                NextRandom().CopyTo(Z(step.A));
                break;
            case FrameInstruction.ConditionalX:
                TableauKernels.XorFlipped(Bit(step.B), step.Reference, X(step.A));
                break;
            case FrameInstruction.Strike:
                Strike(step);
                break;
            default:
                TableauKernels.XorFlipped(Bit(step.B), step.Reference, Z(step.A));
                break;
        }
    }

    private void Strike(FrameStep step)
    {
        ref readonly var site = ref _program.Sites[step.B];
        ref var strikes = ref _strikes[step.B];
        while (strikes.Next < _firstShot + (64L * _words))
        {
            var shot = (int)(strikes.Next - _firstShot);
            var (word, bit) = (shot >> 6, 1UL << shot);
            var choice = site.Choose(strikes.Uniform());
            if (site.Channel == NoiseChannel.Misread)
            {
                Bit(step.A)[word] ^= bit;
            }
            else
            {
                Pauli(site.A, choice & 3, word, bit);
                if (site.B >= 0)
                {
                    Pauli(site.B, choice >> 2, word, bit);
                }
            }

            strikes.Advance();
        }
    }

    // 1 is X, 2 is Y, 3 is Z.
    private void Pauli(int qubit, int which, int word, ulong bit)
    {
        X(qubit)[word] ^= which is 1 or 2 ? bit : 0;
        Z(qubit)[word] ^= which is 2 or 3 ? bit : 0;
    }

    // One random bit for each shot. 64 draws of 64 shots are 64 numbers, turned on their side.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ReadOnlySpan<ulong> NextRandom()
    {
        var within = (int)(_draws & 63);
        if (within == 0)
        {
            Span<ulong> square = stackalloc ulong[64];
            for (var w = 0; w < _words; w++)
            {
                for (var s = 0; s < 64; s++)
                {
                    square[s] = Philox.UInt64(_seed, (ulong)(_firstShot + 64L * w + s), (ulong)(_draws >> 6));
                }

                BitSquare.Transpose(square);
                for (var d = 0; d < 64; d++)
                {
                    _random[d * _words + w] = square[d];
                }
            }
        }

        _draws++;
        return _random.AsSpan(within * _words, _words);
    }

    // From one plane a bit to one outcome a shot.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void WriteOutcomes(int numClbits, Span<ulong> outcomes)
    {
        var outcomeWords = (numClbits + 63) / 64;
        Span<ulong> square = stackalloc ulong[64];
        for (var group = 0; group < outcomeWords; group++)
        {
            var rows = Math.Min(64, numClbits - 64 * group);
            for (var w = 0; w < _words; w++)
            {
                for (var b = 0; b < 64; b++)
                {
                    square[b] = b < rows ? _bits[(long)(64 * group + b) * _words + w] : 0;
                }

                BitSquare.Transpose(square);
                for (var s = 0; s < 64; s++)
                {
                    outcomes[(64 * w + s) * outcomeWords + group] = square[s];
                }
            }
        }
    }

    private Span<ulong> X(int qubit) => _planes.AsSpan(_frameX[qubit] * _words, _words);

    private Span<ulong> Z(int qubit) => _planes.AsSpan(_frameZ[qubit] * _words, _words);

    private Span<ulong> Bit(int bit) => _bits.AsSpan(bit * _words, _words);
}
