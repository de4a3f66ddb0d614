using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Prediction;

/// <summary>The cost bases by name. Adding one is adding an entry.</summary>
internal static class CostBasisCatalog
{
    private static readonly Dictionary<string, CostBasis> ByName = new(StringComparer.Ordinal);

    static CostBasisCatalog()
    {
        Add(new CostBasis(
            "dense",
            [
                "call", "gate overhead", "step overhead", "kernel steps", "updates", "phase ladders", "exchanges", "passes in place", "passes by copy", "touched small pages", "zeroed memory",
                "results in mid-circuit", "measured amplitudes", "readout", "sampled blocks", "shots", "divided shots", "outcomes",
            ],
            [2e-5, 1e-6, 1e-6, 5e-8, 5e-10, 3e-10, 1.5e-10, 3e-10, 1e-9, 1e-8, 1e-9, 4e-6, 3e-10, 3e-10, 5e-10, 1e-7, 5e-8, 1e-7],
            static (work, job) =>
            {
                // Finite, so that none of them is none.
                var amplitudes = Math.ScaleB(1, Math.Min(1000, work.Qubits));
                var planned = work.Profile.PlannedFor("dense") is { Length: CircuitFeatures.FusedAmounts } made ? made : null;
                var passes = planned is null ? work.Passes(job) : 1;
                var amounts = planned ?? work.FusedWork;
                var read = amounts[^1];

                // Gates are fused and spread over passes in each run; of small circuits, which run again and again, that is kept.
                var planning = work.Qubits > 14 ? passes : 0.02 * passes;
                var drawn = work.Drawn(job);
                var evaluations = (drawn > 0 ? passes : 0) + (job.TopProbabilities > 0 ? 4 : 0) + job.Observables;

                // The state, and each thread's block, rows of phases and coefficients.
                var bytes = 16 * Math.Max(16, amplitudes) + 400_000.0 * (work.Qubits <= 14 ? 0.1 : job.Threads);

                // The sampler keeps a key and a block for each shot, and sums of blocks of 2^11 amplitudes; it walks each block that a shot falls into, once: those of a GHZ state fall into two.
                var sampling = job.Shots == 0 ? 0 : (12.0 * job.Shots) + (20 * Math.Max(1, amplitudes / 2048));
                var blocks = Math.Max(1, read / 2048);
                var fallen = Math.Min(drawn / passes, Math.Pow(2, work.FinalSupportLog2));
                var walked = read * (1 - Math.Pow(1 - (1 / blocks), fallen));
                return new CostDrivers(
                    Finite([
                        1, work.Gates * planning, amounts[0] * planning, amounts[0] * passes, amounts[1] * passes, amounts[2] * passes, amounts[3] * passes, amounts[4] * passes,
                        amounts[5] * passes, amounts[6] * passes, amounts[7] * passes,
                        work.Branchings * passes, amounts[8] * passes, read * evaluations, walked * passes, drawn, work.Divisions(job), work.Outcomes(job),
                    ]),
                    bytes, bytes + (planned is null ? work.CopyBytes(bytes) : 0) + work.ReadoutBytes(job, amplitudes) + sampling, planned is null ? work.DenseUncertainty : 0)
                {
                    WorkingBytes = 16 * read,
                };
            })
        {
            // Half of what is sketched is what would be planned, to the last digit.
            PlanTells = 0,
        });
        Add(new CostBasis(
            "gpu",
            ["call", "gate overhead", "launches", "updates on the device", "passes on the device", "initialisation", "sums on the device", "transfer", "shots"],
            [5e-4, 2e-6, 2e-5, 2e-11, 6e-11, 6e-11, 6e-11, 2e-9, 2e-7],
            static (work, job) =>
            {
                // A tile of 2^10 amplitudes takes a whole small circuit in one launch.
                const int tile = 10;
                var amplitudes = Math.ScaleB(1, work.Qubits);
                var passes = work.Passes(job);
                var launches = work.Qubits <= tile ? 1 : 1 + work.FusedGates;
                var evaluations = (job.Shots > 0 ? passes : 0) + (job.TopProbabilities > 0 ? 1 : 0) + job.Observables;
                var copied = (job.TopProbabilities > 0 ? amplitudes * passes : 0) + (job.Shots > 0 ? amplitudes / 1024 * passes : 0);

                // The state; for each operation of a part a table and its numbers; sums and draws, the room for what is copied out.
                var bytes = 16 * amplitudes;
                var tables = Math.Min(1024, work.Gates + 1) * (1.5 * 16 * Math.Min(1024, amplitudes) + 16_384) + 65_536;
                var sampling = job.Shots == 0 ? 0 : (12.0 * job.Shots) + amplitudes / 16;
                var readout = work.ReadoutBytes(job, amplitudes) + (8 * Math.Min(1 << 20, amplitudes)) + sampling;
                return new CostDrivers(
                    Finite([
                        1 + (3 * (passes - 1)), work.Gates * passes, launches * passes, work.DenseWork * passes, work.FusedGates * amplitudes * passes, amplitudes * passes,
                        amplitudes * evaluations, copied, job.Shots,
                    ]),
                    bytes, bytes + tables + work.CopyBytes(bytes) + readout, work.DenseUncertainty);
            }));
        Add(new CostBasis(
            "sparse",
            ["call", "gate overhead", "permutations and phases", "mixing", "mixing without order", "mixing that cancels", "mixing of groups", "results in mid-circuit", "measured amplitudes", "readout", "shots", "divided shots", "lookups", "sorting", "outcomes"],
            [1e-5, 1e-7, 3e-10, 1e-9, 1e-8, 2e-9, 1.5e-8, 1e-6, 2e-9, 1e-8, 5e-8, 5e-8, 2e-7, 3e-9, 5e-8],
            static (work, job) =>
            {
                // In pieces, Hadamard gates that were put off are made good between them: that is memory, not time.
                var amplitudes = Math.Pow(2, Math.Min(1000, work.SupportLog2));
                var entries = Math.Pow(2, Math.Min(1000, work.EntriesLog2));
                var passes = work.Passes(job);
                var entry = work.Qubits > 64 ? 32 : 24;
                var drawn = work.Drawn(job);
                var evaluations = (drawn > 0 ? passes : 0) + (job.TopProbabilities > 0 ? 4 : 0) + job.Observables;

                // Outcomes of one word are gathered at once, sorted and counted in runs; others are gathered bit by bit and looked up shot by shot.
                var isWide = work.OutcomeBits > 64;

                var bytes = 32.0 * entry * amplitudes;

                // While a gate mixes k qubits, old and new entries, groups and the table are held: at most about thirty entries for each one.
                return new CostDrivers(
                    Finite([
                        1, work.Gates * passes, (work.SparseWork - work.SparseBranchingWork) * passes,
                        Math.Max(0, work.SparseBranchingWork - work.SparseGroupWork - work.SparseUnorderedWork - work.SparseCancellingWork) * passes, work.SparseUnorderedWork * passes, work.SparseCancellingWork * passes, work.SparseGroupWork * passes,
                        work.Branchings * passes, entries * work.Branchings * passes, Math.Pow(2, Math.Min(1000, work.FinalSupportLog2)) * evaluations, drawn, work.Divisions(job), isWide ? drawn : 0, isWide ? 0 : work.Sorting(job), work.Outcomes(job),
                    ]),
                    entry * Math.ScaleB(1, work.SureSupportLog2), 16384 + bytes + work.CopyBytes(16384 + bytes) + work.ReadoutBytes(job, amplitudes),
                    work.StructureUncertainty + 0.05 * Math.Min(30, work.SupportLog2))
                {
                    WorkingBytes = entry * entries,
                };
            }));
        // An engine that drops more than rounding leaves may hold fewer amplitudes than are not zero.
        Add(ByName["sparse"] with { Name = "sparse, pruned", Evaluate = static (work, job) => ByName["sparse"].Evaluate(work, job) with { LeastBytes = work.Qubits > 64 ? 32 : 24 } });
        Add(new CostBasis(
            "mps",
            [
                "call", "gate overhead", "tensors", "rows", "reflections", "factorisations", "products", "sites read", "values read", "sampling", "random bits of shots", "shots", "sorting", "outcomes",
            ],
            [5e-5, 2e-7, 7e-7, 2e-8, 4e-9, 2.5e-10, 7e-11, 1e-7, 5e-8, 1.7e-10, 6e-9, 8e-9, 1e-8, 1e-8],
            static (work, job) =>
            {
                var planned = work.Profile.PlannedFor("mps") is { Length: ChainAmounts.Count } made ? made : null;
                var passes = planned is null ? work.Passes(job) : 1;
                var amounts = planned ?? work.ChainWork;
                var bond = Math.Pow(2, Math.Min(300, work.BondLog2));
                return new CostDrivers(
                    Finite([
                        1, (work.Gates + work.Qubits) * passes, amounts[ChainAmounts.Tensors] * passes, amounts[ChainAmounts.Rows] * passes, amounts[ChainAmounts.Reflected] * passes,
                        amounts[ChainAmounts.Factored] * passes, amounts[ChainAmounts.Multiplied] * passes, work.Qubits * ChainAmounts.Batches(job.Shots),
                        ChainAmounts.ReadoutRows(work.Qubits, work.FinalSupportLog2, job.Shots), ChainAmounts.ReadoutProducts(amounts, job.Shots), Math.Min(work.FinalSupportLog2, work.Qubits) * job.Shots, job.Shots, work.Sorting(job), work.Outcomes(job),
                    ]),
                    64.0 * work.Qubits, MatrixProductBytes(work, job, bond),
                    planned is null ? work.StructureUncertainty + (0.1 * Math.Min(30, work.BondLog2)) : 0.05 * Math.Min(30, work.TypicalBondLog2))
                {
                    Roughness = planned is null && work.Profile.IsChainRough ? RoughChain.LogSigma : 0,
                };
            })
        {
            PlanTells = 0.2,
            IsSketched = true,
        });
        Add(new CostBasis(
            "stabilizer",
            [
                "call", "gate overhead", "columns", "columns looked at", "columns multiplied", "gates of frames", "draws of frames", "shots of frames",
                "draws", "words added up", "lookups", "sorting", "outcomes",
            ],
            [1e-5, 4e-8, 1e-9, 7e-9, 1e-8, 1e-7, 1e-8, 1e-8, 2e-8, 7e-10, 5e-8, 5e-9, 2e-8],
            static (work, job) =>
            {
                // A column has a bit for each of 2n rows, each half of them padded to vectors.
                var vectors = Math.Ceiling(work.Qubits / (64.0 * Vector<ulong>.Count));
                var tableau = 8.0 * (4 * work.Qubits + 16) * (Math.Ceiling(work.Qubits / 64.0) + 8) + 8.0 * work.Qubits;
                var isFramed = work.Branchings > 0 && !work.HasLoops && job is { Shots: > 1, TopProbabilities: 0, Observables: 0 };
                var passes = isFramed ? 1 : work.Passes(job);
                var words = Math.Ceiling(work.OutcomeBits / 64.0);

                // A random result looks at each column, and multiplies those where the generator that it takes out of others acts. A result that is certain
                // looks at each where one that was random came before it. Nothing is measured at the end where neither shots nor probabilities are asked for.
                var random = work.RandomBits;
                var measured = job is { Shots: 0, TopProbabilities: 0 } ? Math.Min(random, work.BranchingBits) : random;
                var looks = measured + Math.Clamp(work.OutcomeBits - random, 0, measured);

                // Frames go through the circuit in batches of up to 1,024 shots, whole vectors of them, with a draw for each qubit at the start and for each measurement and reset, 64 at once.
                var batch = Math.Ceiling(Math.Min(16, Math.Ceiling(job.Shots / 64.0)) / Vector<ulong>.Count) * Vector<ulong>.Count;
                var batches = isFramed ? Math.Ceiling(job.Shots / (64.0 * batch)) : 0;

                // Each shot adds up a direction for each of its random bits; the first draw has 53 of them, each further one 64.
                var sampled = isFramed ? 0 : job.Shots;
                var draws = sampled * (1 + Math.Ceiling(Math.Max(0, random - 53) / 64));

                // Outcomes of one word are sorted and counted in runs, those of frames batch by batch; others are looked up shot by shot.
                var (sorted, times) = isFramed ? (job with { Shots = (int)Math.Min(job.Shots, 64 * batch) }, batches) : (job, 1);
                var sorting = words > 1 ? 0 : work.Sorting(sorted) * times;
                var distinct = words > 1 ? work.Outcomes(job) : work.Outcomes(sorted) * times;
                var outcomes = work.OutcomeBits * (32.0 + 8 * words) + 1024 + 608 * words;
                var sampling = 8.0 * 24 * (2 * work.Qubits + work.OutcomeBits + work.Branchings + 128 + 64 * words) + 832 * work.Gates + 96 * (work.Branchings + work.OutcomeBits) + 65_536;
                return new CostDrivers(
                    Finite([
                        1, (work.Gates + Math.Max(work.Collapses, work.OutcomeBits)) * passes, work.Gates * vectors * passes, looks * work.Qubits * passes, work.StabilizerWork * (measured / Math.Max(1, random)) * (1 + vectors) * passes,
                        work.Gates * batches, 64 * Math.Ceiling((work.Qubits + work.Collapses) / 64.0) * batch * batches, isFramed ? job.Shots * words : 0,
                        draws, sampled * random * words, words > 1 ? job.Shots : 0, sorting, distinct,
                    ]),
                    8.0 * work.Qubits, 4096 + 2 * tableau + (job.TopProbabilities == 0 ? 1 : 2) * outcomes + (isFramed ? sampling : 0) + work.CopyBytes(tableau) + work.ReadoutBytes(job, Math.Pow(2, Math.Min(24, work.SupportLog2))),
                    work.DenseUncertainty);
            }));
        Add(new CostBasis(
            "noisy",
            ["call", "gate overhead", "ideal run", "trajectories", "gates of trajectories", "shots"],
            [1e-4, 1e-6, 5e-10, 5e-11, 1e-8, 2e-6],
            static (work, job) =>
            {
                // How many of the shots are trajectories of their own is learned: the errors are the device's. Beyond the state vector the tableau or a chain of
                // tensors runs, which is smaller.
                const int largest = 30;
                var isDense = work.Qubits <= largest;
                var run = isDense ? work.DenseWork : work.Gates * work.Qubits;

                // The ideal state and a trajectory's, with one qubit more for damping; those that wait behind a reset; blocks of the threads, and strikes of 2^16 shots.
                var state = isDense ? 32 * Math.ScaleB(1, Math.Max(4, work.Qubits)) : 1.0 * work.Qubits * work.Qubits;
                var strikes = Math.Min(1 << 16, job.Shots) * (120 + (8 * Math.Min(64, 3 * work.Gates)));
                return new CostDrivers(
                    Finite([1, work.Gates, run, run * job.Shots, work.Gates * job.Shots, job.Shots]),
                    0, (2 * state) + HistoryCopies.Bound(state, double.PositiveInfinity) + (800_000.0 * job.Threads) + strikes + (40.0 * job.Shots), work.DenseUncertainty);
            }));
        Add(new CostBasis(
            "generic",
            ["call", "gates", "qubits times gates", "shots"],
            [0.01, 1e-6, 1e-7, 1e-5],
            static (work, job) => new CostDrivers(Finite([1, work.Gates, work.Gates * work.Qubits, job.Shots]), 0, 0, 1)));
    }

    /// <summary>Finds a basis; a name that is not registered gives the generic one, which is fitted from observations alone.</summary>
    public static CostBasis Get(string name) => ByName.GetValueOrDefault(name) ?? ByName["generic"];

    private static void Add(CostBasis basis) => ByName.Add(basis.Name, basis);

    // A bond is at most 64, or four times what the state needs while a gate passes. A tensor's rows are padded by at most 15 elements. Some six
    // matrices of the size of the largest tensor are in use besides. Blocks below 1 MiB have sizes of powers of two and are kept: four
    // times, or 4 MiB more for each. Outcomes hold rows of the bond for 2,048 shots, or for the branch that is read.
    private static double MatrixProductBytes(WorkEstimate work, JobShape job, double bond)
    {
        const double Free = 64, Padding = 15, Block = 4 << 20;
        var largest = Math.Max(Free, 4 * bond);
        var tensors = (32 * Free * (Free + Padding) * work.Qubits) + (16 * (1 + (Padding / Free)) * work.MatrixProductBytes);
        var scratch = 6 * 32 * largest * (largest + Padding) + (8 * 256 * (largest * 2 + 16));
        var rows = job.Shots == 0 ? 0 : 4 * 16.0 * Math.Min(job.Shots, 2048) * (largest + Padding);
        var branch = job.TopProbabilities == 0 ? 0 : 2 * tensors;
        var state = Math.Min(4 * (tensors + scratch), tensors + scratch + (Block * (work.Qubits + 7)));

        // Probabilities: a table where the numbers stored are many, else an entry for each outcome that occurs.
        var outcomes = Math.ScaleB(1, Math.Min(1000, work.OutcomeBits));
        var readout = job.TopProbabilities == 0 ? 0 : 270_336 + (64 * Math.Min(outcomes, Math.Pow(2, Math.Min(1000, work.SupportLog2))));
        return state + (4 * (rows + branch)) + work.CopyBytes(state) + Math.Max(readout, job.TopProbabilities == 0 ? 0 : 8 * Math.Min(outcomes, tensors));
    }

    // Changes what it is given.
    private static double[] Finite(double[] terms)
    {
        foreach (ref var term in terms.AsSpan())
        {
            term = Math.Min(term, 1e290);
        }

        return terms;
    }
}
