using System.Collections.Concurrent;

namespace PredictiveOrchestration.Prediction;

/// <summary>A time in log seconds, before and after the correction by recent errors, and how wrong it may be.</summary>
internal readonly record struct LogTime(double Raw, double Median, double Scale, int Group, bool IsBeyond = false);

/// <summary>What is known about one backend's time. Immutable; a record makes the next one from it in constant time.</summary>
/// <param name="Analytic">The sum of terms.</param>
/// <param name="Residual">What the terms leave unexplained, or null while there is too little data.</param>
/// <param name="Stack">How the parts are put together, or null.</param>
/// <param name="Intervals">The errors of held-out predictions.</param>
/// <param name="Bias">The systematic error lately.</param>
/// <param name="Waits">Observed waits in seconds, latest last.</param>
/// <param name="Observations">The number of runs learned from.</param>
internal sealed record BackendModel(
    AnalyticCostModel Analytic, ResidualModel? Residual, ResidualStack? Stack, IntervalModel Intervals, RunningBias Bias, double[] Waits, int Observations)
{
    // The same object each time: what was predicted from it can be kept.
    private static readonly ConcurrentDictionary<CostBasis, BackendModel> Priors = new(ReferenceEqualityComparer.Instance);

    // Boxed: whoever reads it sees all of it or nothing.
    private object? _waitSeconds;

    public double[] Waits { get; init => (field, _waitSeconds) = (value, null); } = Waits;

    /// <summary>What the observed waits say of the next one: 90 % of them were between its ends. Sorted once, not for each prediction; two threads find the same.</summary>
    public Estimate WaitSeconds => (Estimate)(_waitSeconds ??= WaitOf(Waits));

    /// <summary>The mean absolute error in log time on rows that were held out when it was fitted; not a number if there were none.</summary>
    public double HeldOutError { get; init; } = double.NaN;

    /// <summary>What measured fidelities say.</summary>
    public FidelityModel Fidelity { get; init; }

    /// <summary>The logarithm of what the provider charges over what the price list says.</summary>
    public RunningBias Charges { get; init; }

    /// <summary>No rows.</summary>
    public static readonly IReadOnlyDictionary<TrainingRow, double> NoRows = new Dictionary<TrainingRow, double>();

    /// <summary>The errors on single rows, each held out once; for the contest, not kept.</summary>
    public IReadOnlyDictionary<TrainingRow, double> HeldOut { get; init; } = NoRows;

    /// <summary>The times of structures that ran before.</summary>
    public RepeatedTimes Repeats { get; init; } = RepeatedTimes.Empty;

    /// <summary>The width before anything was learned, as a standard deviation in log time: a factor of 1.6 once calibrated, of 10 if not.</summary>
    public static double PriorSigma(bool isCalibrated) => isCalibrated ? 0.5 : 2.3;

    public static BackendModel Prior(CostBasis basis) => Priors.GetOrAdd(basis, static b =>
        new BackendModel(AnalyticCostModel.Prior(b), null, null, IntervalModel.Prior(PriorSigma(false)), default, [], 0));

    /// <summary>What the analytic model leaves unexplained, for structures that ran before.</summary>
    public StructureErrors Kin { get; init; } = StructureErrors.Empty;

    /// <summary>What became of runs that the terms said to be longer than any.</summary>
    public QuickRuns Quick { get; init; }

    /// <summary>Writes the model; it is read back bit for bit.</summary>
    public void Write(BinaryWriter writer)
    {
        writer.Write(Analytic.Basis.Name);
        Analytic.Write(writer);
        writer.Write(Residual is not null);
        if (Residual is not null)
        {
            Residual.Write(writer);
            Stack!.Write(writer);
        }

        Intervals.Write(writer);
        writer.Write(Bias.Fast);
        writer.Write(Bias.Slow);
        writer.Write(Bias.Count);
        writer.WriteArray(Waits);
        writer.Write(Observations);
        writer.Write(HeldOutError);
        Quick.Write(writer);
        Repeats.Write(writer);
        Kin.Write(writer);
        Fidelity.Write(writer);
        writer.Write(Charges.Fast);
        writer.Write(Charges.Slow);
        writer.Write(Charges.Count);
    }

    /// <exception cref="InvalidDataException">What is there is no model.</exception>
    public static BackendModel Read(BinaryReader reader)
    {
        var name = reader.ReadString();
        var basis = CostBasisCatalog.Get(name);
        BinaryParts.Require(basis.Name == name);
        var analytic = AnalyticCostModel.Read(reader, basis);
        var isLearned = reader.ReadBoolean();
        var residual = isLearned ? ResidualModel.Read(reader, basis.TermNames.Length + ResidualFeatures.Common, analytic.Coefficients.Length) : null;
        var stack = isLearned ? ResidualStack.Read(reader) : null;
        var intervals = IntervalModel.Read(reader);
        BinaryParts.Require(intervals.Groups is 1 or ResidualStack.Groups);
        var bias = ReadBias(reader);
        var waits = reader.ReadDoubles();
        var observations = reader.ReadInt32();
        BinaryParts.Require(observations >= 0 && Array.TrueForAll(waits, w => w >= 0));
        return new BackendModel(analytic, residual, stack, intervals, bias, waits, observations) { HeldOutError = reader.ReadDouble(), Quick = QuickRuns.Read(reader), Repeats = RepeatedTimes.Read(reader), Kin = StructureErrors.Read(reader), Fidelity = FidelityModel.Read(reader), Charges = ReadBias(reader) };
    }

    private static Estimate WaitOf(double[] waits)
    {
        if (waits.Length == 0)
        {
            return new Estimate(1, 0, 3600);
        }

        var sorted = waits.Order().ToArray();
        double At(double level) => sorted[(int)Math.Clamp(Math.Round(level * (sorted.Length + 1)) - 1, 0, sorted.Length - 1)];
        return new Estimate(At(0.5), At(0.05), At(0.95));
    }

    private static RunningBias ReadBias(BinaryReader reader)
    {
        var bias = new RunningBias(reader.ReadFinite(), reader.ReadFinite(), reader.ReadInt32());
        BinaryParts.Require(bias.Count >= 0);
        return bias;
    }

    /// <summary>Predicts without allocation.</summary>
    public LogTime Predict(ReadOnlySpan<double> terms, ReadOnlySpan<float> features, JobKin kin = default)
    {
        if (Residual is null || Stack is null)
        {
            return PredictRoughly(terms);
        }

        var parts = Residual.Evaluate(features, terms, Analytic) with { Kin = Kin.Find(kin) };
        var raw = Math.Log(Analytic.Predict(terms)) + Stack.Correction(parts);
        return new LogTime(raw, raw + Bias.Value, Stack.Scale(parts), Stack.Group(parts), parts.IsBeyond);
    }

    /// <summary>Predicts from the terms alone.</summary>
    public LogTime PredictRoughly(ReadOnlySpan<double> terms)
    {
        var raw = Math.Log(Analytic.Predict(terms));
        return new LogTime(raw, raw + Bias.Value, 1, 0);
    }

    /// <summary>The model after one more run.</summary>
    public BackendModel With(TrainingRow row)
    {
        var time = Predict(row.Terms, row.Features, row.Kin);
        var error = Math.Log(row.Seconds) - time.Median;
        var isNews = !row.IsCensored || error > 0;
        return this with
        {
            Intervals = Intervals.With(time.Group, error / time.Scale, row.IsCensored),
            Stack = isNews && Residual is not null ? Stack?.With(Residual.Evaluate(row.Features, row.Terms, Analytic), Math.Log(row.Seconds / Analytic.Predict(row.Terms)) - Bias.Value) : Stack,
            Bias = isNews ? Bias.With(Math.Log(row.Seconds) - time.Raw) : Bias,
            Repeats = row.IsCensored ? Repeats : Repeats.With(JobDrivers.StructureOf(row.Kin), Math.Log(row.Seconds)),
            Kin = row.IsCensored ? Kin : Kin.With(row.Kin, Math.Log(row.Seconds / Analytic.Predict(row.Terms)) - Bias.Value),
            Observations = Observations + 1,
        };
    }
}

/// <summary>
/// The mean error over about the last two hundred runs, or over the last twenty where the two differ by more than a quarter. An error counts up to a factor of e²; once
/// forty are known up to one of 1.6, as in a median: the few that are far off say nothing of the others.
/// </summary>
/// <param name="Fast">The mean with a half-life of 20.</param>
/// <param name="Slow">The mean with a half-life of 200.</param>
/// <param name="Count">The number of errors.</param>
internal readonly record struct RunningBias(double Fast, double Slow, int Count)
{
    private const int Prior = 12, Enough = 40;

    public double Value => Math.Abs(Fast - Slow) > 0.25 ? Fast : Slow;

    /// <summary>The means after one more error.</summary>
    /// <param name="error">The error in log time.</param>
    public RunningBias With(double error)
    {
        var (own, most) = (1.0 / (Count + Prior + 1), Count < Enough ? 2 : 0.5);
        double At(double mean, double rate) => mean + Math.Max(own, rate) * Math.Clamp(error - mean, -most, most);
        return new RunningBias(At(Fast, 0.0341), At(Slow, 0.00346), Count + 1);
    }

    /// <summary>Jumps to a level, as after a change that was detected.</summary>
    public static RunningBias At(double level) => new(level, level, Enough);
}
