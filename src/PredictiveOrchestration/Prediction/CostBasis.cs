using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Prediction;

/// <summary>What a job asks of one kind of backend: the non-negative terms of its time, inputs of the residual model, and memory.</summary>
/// <param name="Terms">Counts of elementary work; time is their sum weighted by the backend's coefficients.</param>
/// <param name="LeastBytes">The memory that is surely needed.</param>
/// <param name="BoundBytes">The memory that is never exceeded.</param>
/// <param name="Looseness">The standard deviation of the natural logarithm of the time that comes from not knowing the drivers exactly.</param>
internal sealed record CostDrivers(double[] Terms, double LeastBytes, double BoundBytes, double Looseness)
{
    /// <summary>The bytes that the work goes over, for the speed of caches; the bound if it is not known better.</summary>
    public double WorkingBytes { get; init; } = BoundBytes;

    /// <summary>By how much the logarithm of the time is wrong besides, as a standard deviation, where amounts are those of <see cref="RoughChain"/>; 0 elsewhere.</summary>
    public double Roughness { get; init; }
}

/// <summary>
/// How the time and memory of one kind of backend depend on a job. Registered by name in <see cref="CostBasisCatalog"/>; a
/// backend names its basis in its descriptor.
/// </summary>
/// <param name="Name">The name.</param>
/// <param name="TermNames">What each term stands for.</param>
/// <param name="PriorSeconds">Seconds for each unit of a term before anything was measured: rough, and with a wide interval.</param>
/// <param name="Evaluate">The drivers of a job.</param>
internal sealed record CostBasis(string Name, string[] TermNames, double[] PriorSeconds, Func<WorkEstimate, JobShape, CostDrivers> Evaluate)
{
    /// <summary>The places of the terms that stream over the state, for <see cref="Breakpoints"/>.</summary>
    public int[] Streaming { get; } = Breakpoints.StreamingOf(TermNames);

    /// <summary>How much of what a profile leaves open a plan of the engine tells, 0 to 1: less where the profile has a sketch of what the engine would do.</summary>
    public double PlanTells { get; init; } = 1;

    /// <summary>Whether it goes by the sketch of a matrix product state, which a profile has only where that may change the choice.</summary>
    public bool IsSketched { get; init; }
}

/// <summary>The quantities that drive cost, taken from a circuit's features or estimated from the seven headline values.</summary>
internal sealed record WorkEstimate
{
    public required int Qubits { get; init; }

    /// <summary>The profile, for what backends planned.</summary>
    public required CircuitProfile Profile { get; init; }

    public required double Gates { get; init; }

    public required double FusedGates { get; init; }

    public required double DenseWork { get; init; }

    /// <summary>What passes over a fused state vector do: steps of kernels, amplitudes updated, multiplied by phases, exchanged, in passes in place and by copy, on small pages touched one by one, zeroed otherwise, measured in mid-circuit, read out.</summary>
    public required double[] FusedWork { get; init; }

    public required double SupportLog2 { get; init; }

    /// <summary>The base-2 logarithm of the bound on amplitudes that are stored where Hadamard gates are put off.</summary>
    public required double EntriesLog2 { get; init; }

    /// <summary>The base-2 logarithm of the bound on non-zero amplitudes at the end.</summary>
    public required double FinalSupportLog2 { get; init; }

    /// <summary>The base-2 logarithm of how many amplitudes are surely not zero at some time.</summary>
    public int SureSupportLog2 { get; init; }

    /// <summary>The bits of randomness in all results.</summary>
    public required double RandomBits { get; init; }

    public required double SparseWork { get; init; }

    public required double SparseBranchingWork { get; init; }

    /// <summary>The part of <see cref="SparseBranchingWork"/> of matrices on several targets.</summary>
    public required double SparseGroupWork { get; init; }

    /// <summary>The part of the rest of <see cref="SparseBranchingWork"/> where amplitudes stand in no order.</summary>
    public required double SparseUnorderedWork { get; init; }

    /// <summary>The part of what is left of it where amplitudes may cancel.</summary>
    public required double SparseCancellingWork { get; init; }

    /// <summary>What a matrix product state does: <see cref="ChainAmounts"/>.</summary>
    public required double[] ChainWork { get; init; }

    public required double BondLog2 { get; init; }

    public required double MatrixProductWork { get; init; }

    public required double MatrixProductBytes { get; init; }

    /// <summary>The cuts that gates span.</summary>
    public required double MatrixProductSteps { get; init; }

    /// <summary>The complex numbers of the state with typical bonds.</summary>
    public required double MatrixProductElements { get; init; }

    /// <summary>The base-2 logarithm of the greatest typical bond.</summary>
    public required double TypicalBondLog2 { get; init; }

    /// <summary>The columns of a tableau that random results multiply.</summary>
    public required double StabilizerWork { get; init; }

    public required double DiagonalShare { get; init; }

    public required double TwoQubitShare { get; init; }

    /// <summary>The bits of an outcome.</summary>
    public required int OutcomeBits { get; init; }

    /// <summary>The measurements and resets, those at the end included.</summary>
    public required int Collapses { get; init; }

    /// <summary>The measurements and resets that may divide the shots.</summary>
    public required int Branchings { get; init; }

    /// <summary>The bits of randomness in their results.</summary>
    public required double BranchingBits { get; init; }

    /// <summary>Whether they may be met again and again, in loops.</summary>
    public required bool HasLoops { get; init; }

    /// <summary>Standard deviation of the logarithm of dense and of sparse work, 0 if they are known.</summary>
    public required double DenseUncertainty { get; init; }

    /// <summary>As <see cref="DenseUncertainty"/>, for work that depends on entanglement.</summary>
    public required double StructureUncertainty { get; init; }

    /// <summary>The shots whose outcomes are drawn from the state at the end: none where outcomes have no bits, as where all results go into variables of the circuit's own.</summary>
    public double Drawn(JobShape job) => OutcomeBits > 0 ? job.Shots : 0;

    /// <summary>The number of times that the circuit is walked: distinct measurement histories, at most the shots.</summary>
    public double Passes(JobShape job) => Branchings == 0 ? 1 : Math.Max(1, Math.Min(Math.Max(1, job.Shots), Math.Pow(2, Math.Min(HasLoops ? Branchings : BranchingBits, 60))));

    /// <summary>How often shots are divided at a random result.</summary>
    public double Divisions(JobShape job) => Branchings == 0 ? 0 : job.Shots * Math.Min(Math.Log2(1 + job.Shots), HasLoops ? Branchings : BranchingBits);

    /// <summary>The number of different outcomes that the shots are expected to have if all that are possible are equally likely: K (1 - e^(-shots / K)) of K.</summary>
    public double Outcomes(JobShape job)
    {
        var possible = Math.Pow(2, Math.Min(60, HasLoops ? OutcomeBits : Math.Min(OutcomeBits, RandomBits)));
        var each = job.Shots / possible;

        // 1 - e^-x, where x may be too small for a difference.
        return each < 1e-5 ? job.Shots : possible * (1 - Math.Exp(-each));
    }

    /// <summary>What sorting the shots' outcomes takes, for engines that draw them in no order: passes for each digit of one outcome, or comparisons of few.</summary>
    public double Sorting(JobShape job)
    {
        var bits = Math.Min(OutcomeBits, RandomBits);
        return job.Shots * (job.Shots < WordSort.LeastWords ? Math.Min(Math.Log2(1 + job.Shots), bits) : Math.Min(1, bits) * Math.Ceiling(Math.Min(64, OutcomeBits) / (double)WordSort.DigitBits));
    }

    /// <summary>The most bytes that the probabilities of outcomes take: a table where outcomes are few or most of them occur, else one entry for each that occurs.</summary>
    public double ReadoutBytes(JobShape job, double amplitudes) =>
        job.TopProbabilities == 0 ? 0 : 8192 + (Math.ScaleB(1, OutcomeBits) <= 4 * amplitudes ? 16 * Math.ScaleB(1, OutcomeBits) : (64 * amplitudes) + 262_144);

    /// <summary>The most bytes that waiting copies of a state of <paramref name="stateBytes"/> take.</summary>
    public double CopyBytes(double stateBytes) =>
        Branchings == 0 ? 0 : HistoryCopies.Bound(stateBytes, HasLoops ? double.PositiveInfinity : Branchings);

    public static WorkEstimate Of(CircuitProfile profile)
    {
        if (profile.Features is not { } f)
        {
            return OfHeadline(profile);
        }

        var gates = Math.Max(1, profile.GateCount);
        var branchings = f.IsDynamic || f.MidCircuitMeasurementCount > 0 || f.ResetCount > 0 ? Math.Max(1, f.MidCircuitMeasurementCount + f.ResetCount) : 0;
        return new WorkEstimate
        {
            Qubits = profile.NumQubits,
            Profile = profile,
            Gates = profile.GateCount,
            FusedGates = f.FusedGateCount,
            DenseWork = f.DenseWork,
            FusedWork = f.FusedWork is { Length: CircuitFeatures.FusedAmounts } fused ? fused : Fused(f.FusedGateCount, f.DenseWork, profile.NumQubits, branchings),
            SupportLog2 = f.PeakSupportLog2,
            EntriesLog2 = f.PeakEntriesLog2,
            FinalSupportLog2 = f.FinalSupportLog2,
            SureSupportLog2 = f.SureSupportLog2,
            RandomBits = f.RandomBits,
            SparseWork = f.SparseWork,
            SparseBranchingWork = f.SparseBranchingWork,
            SparseGroupWork = f.SparseGroupWork,
            SparseUnorderedWork = f.SparseUnorderedWork,
            SparseCancellingWork = f.SparseCancellingWork,
            ChainWork = f.ChainWork is { Length: ChainAmounts.Count } chain ? chain : Chain(f.MatrixProductSteps, f.MatrixProductWork, f.MatrixProductElements, profile.NumQubits, f.TypicalBondLog2),
            BondLog2 = f.PeakBondLog2,
            MatrixProductWork = f.MatrixProductWork,
            MatrixProductBytes = f.MatrixProductBytes,
            MatrixProductSteps = f.MatrixProductSteps,
            MatrixProductElements = f.MatrixProductElements,
            TypicalBondLog2 = f.TypicalBondLog2,
            StabilizerWork = f.StabilizerWork,
            DiagonalShare = (double)f.DiagonalCount / gates,
            TwoQubitShare = (double)f.TwoQubitGateCount / gates,
            Branchings = branchings,
            OutcomeBits = f.OutcomeBits,
            Collapses = f.MeasurementCount + f.ResetCount,
            BranchingBits = f.BranchingBits,
            HasLoops = f.IsDynamic,
            DenseUncertainty = f.IsDynamic ? 0.5 : 0,
            StructureUncertainty = f.IsDynamic ? 0.5 : 0,
        };
    }

    // Where nothing else is known: an update costs about a third of what reading and writing amplitudes would, and groups of gates share passes.
    private static double[] Fused(double groups, double work, int qubits, int measured)
    {
        var amplitudes = Math.ScaleB(1, Math.Min(1000, qubits));
        return [groups, Math.Min(1e300, work / 3), 0, 0, 0, qubits > 14 ? Math.Min(1e300, groups / 4 * amplitudes) : 0, 0, amplitudes, measured * amplitudes, amplitudes];
    }

    // Where nothing else is known: half of the work is factorisations, with as many rows as the typical bond has.
    private static double[] Chain(double steps, double work, double elements, int qubits, double bondLog2)
    {
        double bond = Math.Pow(2, Math.Min(300, bondLog2)), half = Math.Min(1e300, work / 2);
        var amounts = new double[ChainAmounts.Count];
        (amounts[ChainAmounts.Tensors], amounts[ChainAmounts.Rows], amounts[ChainAmounts.Reflected]) = (2 * steps, Math.Min(1e300, 4 * steps * bond), half / bond);
        (amounts[ChainAmounts.Factored], amounts[ChainAmounts.Multiplied]) = (half, half);
        var sites = new double[Math.Clamp(qubits, 1, ChainSketch.MostQubits)];
        Array.Fill(sites, Math.Min(1e150, elements) / sites.Length);
        ChainAmounts.AddReadout(amounts, sites, qubits);
        return amounts;
    }

    // From the seven values alone: entanglement stands for the share of qubits that end in superposition and of the largest bond.
    private static WorkEstimate OfHeadline(CircuitProfile profile)
    {
        int n = profile.NumQubits, gates = profile.GateCount;
        var support = profile.EntanglementComplexity * n;
        var bond = profile.EntanglementComplexity * (n / 2);
        return new WorkEstimate
        {
            Qubits = n,
            Profile = profile,
            Gates = gates,
            FusedGates = gates / 2.0,
            DenseWork = Math.Min(double.MaxValue, gates * 0.6 * Math.ScaleB(1, n)),
            FusedWork = Fused(gates / 2.0, gates * 0.6 * Math.ScaleB(1, n), n, 0),
            SupportLog2 = support,
            EntriesLog2 = support,
            FinalSupportLog2 = support,
            RandomBits = support,
            SparseWork = gates * Math.Pow(2, support) / 2,
            SparseBranchingWork = gates * Math.Pow(2, support) / 6,
            SparseGroupWork = 0,
            SparseUnorderedWork = 0,
            SparseCancellingWork = 0,
            ChainWork = Chain(gates * 0.4 * Math.Max(1, n / 3.0), gates * 8 * Math.Pow(2, 3 * bond) / 2, n * 2 * Math.Pow(2, 2 * bond), n, bond),
            BondLog2 = bond,
            MatrixProductWork = gates * 8 * Math.Pow(2, 3 * bond) / 2,
            MatrixProductBytes = n * 32 * Math.Pow(2, 2 * bond),
            MatrixProductSteps = gates * 0.4 * Math.Max(1, n / 3.0),
            MatrixProductElements = n * 2 * Math.Pow(2, 2 * bond),
            TypicalBondLog2 = bond,
            StabilizerWork = 0.75 * support * n,
            DiagonalShare = 0.3,
            TwoQubitShare = 0.4,
            Branchings = 0,
            BranchingBits = 0,
            OutcomeBits = n,
            Collapses = 0,
            HasLoops = false,
            DenseUncertainty = 0.7,
            StructureUncertainty = 2,
        };
    }
}
