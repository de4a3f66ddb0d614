using System.Text.Json;
using System.Text.Json.Serialization;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Routing;

/// <summary>A decision's inputs as JSON: numbers are written so that they read back bit for bit. Backends are named, the model is given by its version.</summary>
internal sealed record DecisionFile
{
    private const int Format = 1;

    public int Version { get; init; }

    public string Strategy { get; init; } = string.Empty;

    public int RegistryVersion { get; init; }

    public int ModelVersion { get; init; }

    public string Chosen { get; init; } = string.Empty;

    public CircuitProfile? Profile { get; init; }

    public double[]? UnreadChain { get; init; }

    public List<string>? GateNames { get; init; }

    public int Shots { get; init; }

    public bool NeedsProbabilities { get; init; }

    public bool NeedsExpectations { get; init; }

    public bool RequireExact { get; init; }

    public bool IsShotRange { get; init; }

    public long AvailableBytes { get; init; }

    public decimal JobCostThreshold { get; init; }

    public TimeSpan? Deadline { get; init; }

    public double CostWeight { get; init; }

    public double PerformanceWeight { get; init; }

    public decimal CostThreshold { get; init; }

    public double PerformanceThreshold { get; init; }

    public string? Incumbent { get; init; }

    public double HysteresisMargin { get; init; }

    public bool HasChance { get; init; }

    public ulong Draw { get; init; }

    public double StakeSeconds { get; init; }

    public decimal StakeMoney { get; init; }

    public Dictionary<string, string>? Unavailable { get; init; }

    public List<CandidateFile>? Candidates { get; init; }

    /// <summary>Writes a decision.</summary>
    public static string Write(RoutingDecision decision)
    {
        var i = decision.Inputs ?? throw new InvalidOperationException("The decision was not made by an orchestrator: what it was made from is not known.");
        return JsonSerializer.Serialize(
            new DecisionFile
            {
                Version = Format, Strategy = decision.Strategy, RegistryVersion = decision.RegistryVersion, ModelVersion = decision.ModelVersion, Chosen = decision.Chosen.Candidate.Backend.Id,
                Profile = i.Job.Profile, UnreadChain = i.Unread?.Chain(i.Job.Profile), GateNames = i.Job.GateNames is null ? null : [.. i.Job.GateNames], Shots = i.Job.Shots, NeedsProbabilities = i.Job.NeedsProbabilities,
                NeedsExpectations = i.Job.NeedsExpectations, RequireExact = i.Job.RequireExact, IsShotRange = i.Job.IsShotRange, AvailableBytes = i.Job.AvailableBytes, JobCostThreshold = i.Job.CostThreshold, Deadline = i.Job.Deadline,
                CostWeight = i.Preferences.CostWeight, PerformanceWeight = i.Preferences.PerformanceWeight, CostThreshold = i.Preferences.CostThreshold, PerformanceThreshold = i.PerformanceThreshold,
                Incumbent = i.Incumbent, HysteresisMargin = i.HysteresisMargin, HasChance = i.Chance is not null, Draw = i.Chance?.Draw ?? 0, StakeSeconds = i.Chance?.StakeSeconds ?? 0,
                StakeMoney = i.Chance?.StakeMoney ?? 0, Unavailable = new Dictionary<string, string>(i.Unavailable), Candidates = [.. i.Candidates.Select(CandidateFile.Of)],
            },
            DecisionFileJson.Default.DecisionFile);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="FormatException">The text is not a decision.</exception>
    public static DecisionFile Read(string json)
    {
        DecisionFile? file;
        try
        {
            file = JsonSerializer.Deserialize(json, DecisionFileJson.Default.DecisionFile);
        }
        catch (JsonException exception)
        {
            throw new FormatException($"The decision cannot be read: {exception.Message}", exception);
        }

        return file is { Version: Format, Profile: not null, Candidates: not null } ? file
            : throw new FormatException($"The decision cannot be read: it is of version {file?.Version ?? 0} or incomplete; version {Format} is read.");
    }

    /// <summary>The inputs, with predictions of the model.</summary>
    /// <exception cref="InvalidOperationException">A backend of the decision is not registered any more.</exception>
    public DecisionInputs ToInputs(BackendSet backends, PerformancePredictor model, IBackendRouter router)
    {
        var candidates = Candidates!.Select(c => c.ToCandidate(
            backends.Find(c.Backend)?.Descriptor ?? throw new InvalidOperationException($"The decision cannot be made again: its backend '{c.Backend}' is not registered any more."), Profile!, model));
        return new DecisionInputs(
            [.. candidates],
            new JobRequirements
            {
                Profile = Profile!, GateNames = GateNames, Shots = Shots, NeedsProbabilities = NeedsProbabilities, NeedsExpectations = NeedsExpectations, RequireExact = RequireExact, IsShotRange = IsShotRange,
                AvailableBytes = AvailableBytes, CostThreshold = JobCostThreshold, Deadline = Deadline,
            },
            Unavailable ?? [],
            new RoutingContext { Candidates = [], CostWeight = CostWeight, PerformanceWeight = PerformanceWeight, CostThreshold = CostThreshold, Deadline = Deadline },
            PerformanceThreshold,
            router)
        {
            Incumbent = Incumbent, HysteresisMargin = HysteresisMargin, Chance = HasChance ? new Chance(Draw, StakeSeconds, StakeMoney) : null,
            Unread = UnreadChain is { } chain && Profile!.Features is not null ? new UnreadPredictions(chain, model) : null,
        };
    }
}

/// <summary>One backend's part of a <see cref="DecisionFile"/>.</summary>
internal sealed record CandidateFile(
    string Backend, int Shots, int Threads, int Observables, int TopProbabilities, decimal Cost, decimal CostLower, decimal CostUpper, string Currency, double SuccessRate, int InFlight, double Pressure,
    double DriftDiscount)
{
    public static CandidateFile Of(RoutingCandidate c) => new(
        c.Backend.Id, c.Shape.Shots, c.Shape.Threads, c.Shape.Observables, c.Shape.TopProbabilities, c.Cost.Median, c.Cost.Lower, c.Cost.Upper, c.Cost.Currency, c.SuccessRate, c.InFlight, c.Pressure,
        c.DriftDiscount);

    public RoutingCandidate ToCandidate(BackendDescriptor descriptor, CircuitProfile profile, PerformancePredictor model)
    {
        var shape = new JobShape(Shots, Threads, Observables, TopProbabilities);
        return new RoutingCandidate
        {
            Prediction = model.Predict(descriptor, profile, shape), Cost = new CostEstimate(Cost, CostLower, CostUpper, Currency), SuccessRate = SuccessRate, InFlight = InFlight,
            Pressure = Pressure, DriftDiscount = DriftDiscount, Shape = shape,
        };
    }
}

/// <summary>Generated code, so that it works trimmed.</summary>
[JsonSourceGenerationOptions(NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, MaxDepth = 16)]
[JsonSerializable(typeof(DecisionFile))]
internal sealed partial class DecisionFileJson : JsonSerializerContext;
