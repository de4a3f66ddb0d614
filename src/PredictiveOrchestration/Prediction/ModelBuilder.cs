using System.Runtime.InteropServices;

namespace PredictiveOrchestration.Prediction;

/// <summary>Parts of the models that can be left out, to measure what each is worth.</summary>
[Flags]
internal enum ModelParts
{
    None = 0,
    Forest = 1,
    Network = 2,
    Groups = 4,
    Censoring = 8,
    Boosted = 16,
    Default = Forest | Network | Groups | Censoring,
}

/// <summary>Fits per-backend models to calibration and observations.</summary>
internal static class ModelBuilder
{
    /// <summary>Observations of a backend from which its learned correction begins.</summary>
    public const int ForestRows = 50;

    private const int Folds = 2, KindFolds = 3, Kinds = 30;

    /// <summary>The models that calibration alone gives.</summary>
    public static IEnumerable<KeyValuePair<string, BackendModel>> Calibrated(IReadOnlyList<TrainingRow> calibration)
    {
        foreach (var group in calibration.GroupBy(r => (r.BackendId, r.Basis)))
        {
            var analytic = AnalyticCostModel.Fit(CostBasisCatalog.Get(group.Key.Basis), [.. group]);
            yield return new(group.Key.BackendId, new BackendModel(analytic, null, null, IntervalModel.Prior(BackendModel.PriorSigma(true)), default, [], 0));
        }
    }

    /// <summary>
    /// Fits a backend anew. Calibration rows stay in the analytic fit, so that terms no job has exercised keep their measured constants. Three sorts of
    /// held-out rows teach how the parts are put together and how wrong they are: rows at random (jobs like those seen), whole
    /// neighbourhoods of jobs alike in all but size (jobs of a new kind), and the largest jobs (sizes never seen).
    /// </summary>
    public static BackendModel Fit(
        string basisName, IReadOnlyList<TrainingRow> calibration, IReadOnlyList<TrainingRow> observed, double[] waits, int observations, int seed,
        ModelComplexity? complexity = null, ModelParts parts = ModelParts.Default)
    {
        complexity ??= ModelComplexity.Default;
        var basis = CostBasisCatalog.Get(basisName);
        if (!parts.HasFlag(ModelParts.Censoring))
        {
            observed = [.. observed.Where(r => !r.IsCensored)];
        }

        var complete = observed.Count(r => !r.IsCensored);
        if (complete < ForestRows * 3 / 4 || (parts & (ModelParts.Forest | ModelParts.Network)) == 0)
        {
            return FitAnalytic(basis, calibration, observed, waits, observations);
        }

        var whole = Train(basis, calibration, observed, complexity, parts, seed, null);
        var folds = FoldsOf(whole.Residual, observed, seed);
        var held = new List<Held>[folds.Count];
        var singly = new List<(TrainingRow Row, Held Held)>();
        for (var f = 0; f < folds.Count; f++)
        {
            var outside = folds[f].Rows;
            var model = Train(basis, calibration, [.. observed.Where((_, i) => !outside.Contains(i))], complexity, parts, seed, whole.Residual);
            held[f] = [.. outside.Select(i =>
            {
                var p = model.Residual.Evaluate(observed[i].Features, observed[i].Terms, model.Analytic);
                var kin = model.Kin.Find(observed[i].Kin);
                return new Held(Math.Log(observed[i].Seconds / model.Analytic.Predict(observed[i].Terms)), p with { Kin = kin, Cluster = whole.Residual.Clusters.Of(Standard(whole.Residual, observed[i])) }, folds[f].IsLarge, folds[f].IsRandom, observed[i].IsCensored) { Weight = Held.WeightOf(observed[i].Seconds) };
            })];
            if (folds[f].IsRandom)
            {
                singly.AddRange(outside.Select(i => observed[i]).Zip(held[f]).Where(r => !r.First.IsCensored));
            }
        }

        var all = held.SelectMany(h => h).ToList();
        var stack = StackFitter.Fit([.. all.Where(h => !h.IsCensored)], parts);
        List<HeldOutError> Errors(IEnumerable<Held> of) => [.. of.Select(h => new HeldOutError(Error(h, stack), stack.Scale(h.Parts)))];
        var intervals = IntervalModel.Fit(Errors(StackFitter.Fresh(all)), parts.HasFlag(ModelParts.Groups) ? ResidualStack.Groups : 1, 2);
        var again = Errors(all.Where(h => !double.IsNaN(h.Parts.Kin)));
        intervals = again.Count < StackFitter.LeastRows || intervals.Groups == 1 ? intervals : intervals.WithGroup(ResidualStack.RanBefore, IntervalModel.Fit(again, 1, 2));
        return new BackendModel(whole.Analytic, whole.Residual, stack, intervals, default, waits, observations)
        {
            Kin = whole.Kin, Quick = QuickRuns.Of(whole.Analytic, whole.Residual.Ceiling, observed), HeldOutError = Mean(Errors(all.Where(h => !h.IsCensored))), HeldOut = ByRow(singly.Select(s => (s.Row, s.Held.Error - stack.Correction(s.Held.Parts)))),
        };
    }

    // A stopped run says that the time was not shorter: at least twice what it had taken, or as predicted.
    private static double Error(in Held held, ResidualStack stack)
    {
        var error = held.Error - stack.Correction(held.Parts);
        return held.IsCensored ? Math.Max(0, error + Math.Log(2)) : error;
    }

    // Rows are told apart as objects: two runs may be alike in every value.
    private static Dictionary<TrainingRow, double> ByRow(IEnumerable<(TrainingRow Row, double Error)> errors)
    {
        var map = new Dictionary<TrainingRow, double>(ReferenceEqualityComparer.Instance);
        foreach (var (row, error) in errors)
        {
            map[row] = error;
        }

        return map;
    }

    private static double Mean(List<HeldOutError> errors) => errors.Count == 0 ? double.NaN : errors.Average(e => Math.Min(3, Math.Abs(e.Error)));

    private static BackendModel FitAnalytic(CostBasis basis, IReadOnlyList<TrainingRow> calibration, IReadOnlyList<TrainingRow> observed, double[] waits, int observations)
    {
        var errors = new List<HeldOutError>();
        var singly = new List<(TrainingRow, double)>();
        for (var fold = 0; fold < 4 && observed.Count >= 8; fold++)
        {
            var part = AnalyticCostModel.Fit(basis, [.. calibration, .. observed.Where((_, i) => i % 4 != fold)], calibration.Count);
            singly.AddRange(observed.Where((r, i) => i % 4 == fold && !r.IsCensored).Select(r => (r, Math.Log(r.Seconds / part.Predict(r.Terms)))));
        }

        errors.AddRange(singly.Select(s => new HeldOutError(s.Item2, 1)));
        return new BackendModel(
            AnalyticCostModel.Fit(basis, [.. calibration, .. observed], calibration.Count), null, null, IntervalModel.Fit(errors, 1, BackendModel.PriorSigma(true)), default, waits, observations)
        {
            HeldOutError = Mean(errors), HeldOut = ByRow(singly),
        };
    }

    private static (AnalyticCostModel Analytic, ResidualModel Residual, StructureErrors Kin) Train(
        CostBasis basis, IReadOnlyList<TrainingRow> calibration, IReadOnlyList<TrainingRow> rows, ModelComplexity complexity, ModelParts parts, int seed, ResidualModel? whole)
    {
        var analytic = AnalyticCostModel.Fit(basis, [.. calibration, .. rows], calibration.Count);

        // A stopped run would have taken longer: twice its time stands in for the truth, if the analytic model does not say more.
        List<float[]> inputs = [.. rows.Select(r => r.Features)];
        List<float> targets = [.. rows.Select(r =>
        {
            var predicted = analytic.Predict(r.Terms);
            var residual = r.IsCensored ? Math.Max(0, Math.Log(2 * r.Seconds / predicted)) : Math.Log(r.Seconds / predicted);
            return (float)Math.Clamp(residual, -ResidualModel.Reach, ResidualModel.Reach);
        })];
        var scale = new FeatureScale(inputs);
        var forest = parts.HasFlag(ModelParts.Boosted) ? FlatForest.TrainBoosted(inputs, targets, complexity, seed) : FlatForest.Train(inputs, targets, complexity, seed);
        var network = parts.HasFlag(ModelParts.Network) && complexity.HiddenUnits > 0 ? NetworkTrainer.Train(scale, inputs, targets, complexity.HiddenUnits, seed) : null;
        var examples = ExampleSet.Choose(scale, rows);
        return (analytic, new ResidualModel(scale, TermRange.Of(rows), 1 + Math.Log(rows.Max(r => r.Seconds)), forest, network, whole?.Clusters ?? CircuitClusters.Fit(scale, rows, examples, seed), examples, JobKinds.Of(scale, rows, seed)), StructureErrors.Of(analytic, rows));
    }

    private static List<(HashSet<int> Rows, bool IsLarge, bool IsRandom)> FoldsOf(ResidualModel residual, IReadOnlyList<TrainingRow> rows, int seed)
    {
        var folds = new List<(HashSet<int>, bool, bool)>();
        for (var f = 0; f < Folds; f++)
        {
            folds.Add(([.. Enumerable.Range(0, rows.Count).Where(i => i % Folds == f)], false, true));
        }

        // Kinds of jobs, the largest first, each to the fold that has the fewest jobs.
        var sets = Enumerable.Range(0, KindFolds).Select(_ => new HashSet<int>()).ToArray();
        foreach (var kind in KindsOf(residual, rows, seed).OrderByDescending(g => g.Count()).ThenBy(g => g.Key))
        {
            sets.MinBy(s => s.Count)!.UnionWith(kind);
        }

        folds.AddRange(sets.Select(s => (s, false, false)));

        // The number of qubits is the first input behind the terms.
        var qubits = rows.Select(r => r.Features[^ResidualFeatures.Common]).Order().ToArray();
        var large = qubits[(int)(0.75 * (qubits.Length - 1))];
        folds.Add(([.. Enumerable.Range(0, rows.Count).Where(i => rows[i].Features[^ResidualFeatures.Common] > large)], true, false));
        return [.. folds.Where(f => f.Item1.Count > 0 && rows.Count - f.Item1.Count >= ForestRows / 2)];
    }

    // The jobs nearest to each of some taken at random; where there are but a few different jobs each is a kind of its own.
    private static IEnumerable<IGrouping<int, int>> KindsOf(ResidualModel residual, IReadOnlyList<TrainingRow> rows, int seed)
    {
        var points = rows.Select(r => JobKinds.PointOf(residual.Scale, r.Features)).ToList();
        var different = points.DistinctBy(p => Convert.ToHexString(MemoryMarshal.AsBytes<float>(p)), StringComparer.Ordinal).ToArray();
        new Random(seed).Shuffle(different);
        var centres = new PointColumns([.. different.Take(Kinds).SelectMany(p => p)], points[0].Length);
        return Enumerable.Range(0, rows.Count).GroupBy(i => centres.Nearest(points[i]).Index);
    }

    private static float[] Standard(ResidualModel residual, TrainingRow row)
    {
        var z = new float[residual.Scale.Count];
        residual.Scale.Apply(row.Features, z);
        return z;
    }
}
