using System.Numerics;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>Groups on one, two or three qubits, made anew from their matrices where that takes fewer gates; gates on several qubits count first.</summary>
internal static class Resynthesis
{
    private const int FewestForThree = 5;
    private const double Exact = 1e-11;

    /// <summary>Runs of gates on one qubit, as one.</summary>
    public static List<Step> Ones(IReadOnlyList<Step> steps)
    {
        var waiting = new Dictionary<int, List<Step>>();
        var result = new List<Step>();
        void Flush(int qubit)
        {
            if (waiting.Remove(qubit, out var run))
            {
                result.AddRange(run.Count == 1 ? Merging.IsNothing(run[0]) ? [] : run : Merging.OneQubit(Probe.MatrixOf(run, [qubit]), qubit) is { } one ? [one] : []);
            }
        }

        foreach (var step in steps)
        {
            if (!step.IsFixed && step.Controls == 0 && step.Targets == 1)
            {
                (waiting.TryGetValue(step.Qubits[0], out var run) ? run : waiting[step.Qubits[0]] = []).Add(step);
                continue;
            }

            Array.ForEach(step.Qubits, Flush);
            result.Add(step);
        }

        foreach (var qubit in waiting.Keys.Order().ToList())
        {
            Flush(qubit);
        }

        return result;
    }

    /// <summary>Groups on two qubits by Cartan's decomposition: into CX, or into rotations about XX, YY and ZZ.</summary>
    public static List<Step> Pairs(IReadOnlyList<Step> steps, bool rotations) => Replace(steps, 2, 2, (matrix, qubits) => Pair(matrix, qubits[0], qubits[1], rotations));

    /// <summary>Groups on three qubits by the quantum Shannon decomposition.</summary>
    public static List<Step> Triples(IReadOnlyList<Step> steps) => Replace(steps, 3, FewestForThree, (matrix, qubits) => ThreeQubitDecomposition.Of(matrix, qubits));

    /// <summary>A two-qubit unitary; the first qubit is the least significant bit.</summary>
    public static List<Step> Pair(Complex[] matrix, int low, int high, bool rotations)
    {
        var parts = TwoQubitDecomposition.Of(matrix);
        if (!rotations)
        {
            var builder = new CircuitBuilder();
            builder.AddQubits("q", 2);
            new GateEmitter(new DeviceModel { Name = "pair", NumQubits = 2, BasisGates = new HashSet<string> { "u", "cx" }, Couplings = [] }, builder).Emit([new Block(BlockKind.Two, [0, 1], matrix, -1)]);
            return Ones(StepReader.Plain(builder.Build(), q => q == 0 ? low : high));
        }

        var steps = new List<Step> { Step.Of(parts.Low0, 0, [low]), Step.Of(parts.High0, 0, [high]) };
        GateDefinition[] gates = [GateCatalog.RXX, GateCatalog.RYY, GateCatalog.RZZ];
        for (var axis = 0; axis < 3; axis++)
        {
            // exp(i a XX) is the rotation by -2a.
            if (Math.Abs(parts.Axes[axis]) > 1e-13)
            {
                steps.Add(Step.Of(gates[axis], 0, [-2 * parts.Axes[axis]], low, high));
            }
        }

        steps.Add(Step.Of(parts.Low1, 0, [low]));
        steps.Add(Step.Of(parts.High1, 0, [high]));
        return Named(steps);
    }

    /// <summary>Gates of one qubit, given as matrices too, under their names.</summary>
    public static List<Step> Named(List<Step> steps) => Ones([.. steps.SelectMany(s =>
        s.Gate is null && s.Targets == 1 && s.Controls == 0 ? Merging.OneQubit(s.Matrix, s.Qubits[0]) is { } one ? [one] : (Step[])[] : [s])]);

    private static List<Step> Replace(IReadOnlyList<Step> steps, int width, int fewest, Func<Complex[], int[], List<Step>> make)
    {
        var result = new List<Step>();
        foreach (var group in StepGroups.Of(steps, width, keepsFixed: false))
        {
            var several = group.Steps.Count(s => s.Qubits.Length > 1);
            if (group.IsFixed || group.Qubits.Length != width || several == 0 || group.Steps.Count < fewest)
            {
                result.AddRange(group.Steps);
                continue;
            }

            var matrix = Probe.MatrixOf(group.Steps, group.Qubits);
            var made = make(matrix, group.Qubits);
            var (before, after) = (Weight(group.Steps), Weight(made));
            result.AddRange(after.CompareTo(before) < 0 && Probe.Distance(matrix, Probe.MatrixOf(made, group.Qubits)) < Exact ? made : group.Steps);
        }

        return result;
    }

    private static (int Several, int All) Weight(List<Step> steps) => (steps.Sum(s => s.Qubits.Length <= 1 ? 0 : s.Qubits.Length == 2 ? 1 : 3), steps.Count);
}
