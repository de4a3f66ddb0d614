namespace PredictiveOrchestration.Prediction;

/// <summary>The cost bases by name. Adding one is adding an entry.</summary>
internal static class CostBasisCatalog
{
    private static readonly Dictionary<string, CostBasis> ByName = new(StringComparer.Ordinal);

    static CostBasisCatalog()
    {
        Add(new CostBasis(
            "dense",
            ["call", "gate overhead", "amplitude updates", "initialisation", "readout", "shots", "fused passes"],
            [2e-5, 1e-6, 5e-10, 5e-10, 5e-10, 2e-7, 5e-10],
            static (work, job) =>
            {
                var amplitudes = Math.ScaleB(1, work.Qubits);
                var passes = work.Passes(job);
                var evaluations = (job.Shots > 0 ? passes : 0) + (job.TopProbabilities > 0 ? 4 : 0) + job.Observables;

                // The state, and each thread's block, rows of phases and coefficients.
                var bytes = 16 * Math.Max(8, amplitudes) + 400_000.0 * (work.Qubits <= 14 ? 0.1 : job.Threads);
                var readout = work.ReadoutBytes(job, amplitudes);
                return new CostDrivers(
                    Finite([1, work.Gates * passes, work.DenseWork * passes, amplitudes * passes, amplitudes * evaluations, job.Shots, work.FusedGates * amplitudes * passes]),
                    bytes, bytes + work.CopyBytes(bytes) + readout, work.DenseUncertainty);
            }));
        Add(new CostBasis(
            "sparse",
            ["call", "gate overhead", "permutations and phases", "mixing", "readout", "shots"],
            [1e-5, 1e-7, 2e-9, 3e-8, 2e-8, 2e-7],
            static (work, job) =>
            {
                var amplitudes = Math.Pow(2, Math.Min(1000, work.SupportLog2));
                var passes = work.Passes(job);
                var entry = work.Qubits > 64 ? 32 : 24;
                var evaluations = (job.Shots > 0 ? passes : 0) + (job.TopProbabilities > 0 ? 4 : 0) + job.Observables;

                var bytes = 32.0 * entry * amplitudes;

                // While a gate mixes k qubits, old and new entries, groups and the table are held: at most about thirty entries for each one.
                return new CostDrivers(
                    Finite([1, work.Gates * passes, (work.SparseWork - work.SparseBranchingWork) * passes, work.SparseBranchingWork * passes, amplitudes * evaluations, job.Shots]),
                    entry, 16384 + bytes + work.CopyBytes(16384 + bytes) + work.ReadoutBytes(job, amplitudes),
                    work.StructureUncertainty + 0.05 * Math.Min(30, work.SupportLog2));
            }));
        Add(new CostBasis(
            "mps",
            ["call", "gate overhead", "contractions", "shots"],
            [5e-5, 1e-6, 1e-9, 2e-6],
            static (work, job) => new CostDrivers(
                Finite([1, work.Gates, work.MatrixProductWork, (double)job.Shots * work.Qubits]),
                64.0 * work.Qubits, 4 * work.MatrixProductBytes, work.StructureUncertainty + 0.1 * Math.Min(30, work.BondLog2))));
        Add(new CostBasis(
            "stabilizer",
            ["call", "gate overhead", "columns", "measurements", "frames", "shots"],
            [2e-5, 5e-8, 3e-9, 3e-9, 2e-9, 1e-7],
            static (work, job) =>
            {
                // Columns of bits for 2n rows, padded to a vector.
                var columns = (Math.Ceiling(work.Qubits / 64.0) + 7) / 8;
                var tableau = 8.0 * (4 * work.Qubits + 16) * (Math.Ceiling(work.Qubits / 64.0) + 8) + 8.0 * work.Qubits;
                var isFramed = work.Branchings > 0 && !work.HasLoops && job is { Shots: > 1, TopProbabilities: 0, Observables: 0 };
                var passes = isFramed ? 1 : work.Passes(job);
                var words = Math.Ceiling(work.OutcomeBits / 64.0);

                // Random results cost a sweep of the tableau; at most the support's dimension of them are.
                var random = Math.Min(work.Qubits, work.SupportLog2) + work.Branchings;
                var frames = isFramed ? (work.Gates + 20 * (work.Branchings + work.OutcomeBits)) * Math.Ceiling(job.Shots / 64.0) : 0;
                var outcomes = work.OutcomeBits * (32.0 + 8 * words) + 1024;
                var sampling = 8.0 * 24 * (2 * work.Qubits + work.OutcomeBits + work.Branchings + 128 + 64 * words) + 832 * work.Gates + 96 * (work.Branchings + work.OutcomeBits) + 65_536;
                return new CostDrivers(
                    Finite([
                        1, (work.Gates + work.OutcomeBits) * passes, work.Gates * columns * passes, random * work.Qubits * columns * passes, frames,
                        (double)job.Shots * (1 + words * (1 + random / 8)),
                    ]),
                    8.0 * work.Qubits, 4096 + 2 * tableau + outcomes + (isFramed ? sampling : 0) + work.CopyBytes(tableau) + work.ReadoutBytes(job, Math.Pow(2, Math.Min(24, work.SupportLog2))),
                    work.DenseUncertainty);
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

    private static double[] Finite(double[] terms) => Array.ConvertAll(terms, t => Math.Min(t, 1e290));
}
