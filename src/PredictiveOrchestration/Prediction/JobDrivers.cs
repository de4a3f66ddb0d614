using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Prediction;

/// <summary>What one job asks of one kind of backend, as models see it: terms split at machine thresholds, and inputs of the residual models.</summary>
/// <param name="Terms">The terms of the basis, then those of its <see cref="Breakpoints"/>.</param>
/// <param name="Features">Inputs of the residual models.</param>
/// <param name="Costs">Memory and uncertainty.</param>
/// <param name="Kin">What the job has in common with runs of the same circuit.</param>
internal sealed record JobDrivers(double[] Terms, float[] Features, CostDrivers Costs, JobKin Kin)
{
    /// <summary>What the job has in common with its repeats: structure, shots, threads and what is returned; 0 for a profile made by hand.</summary>
    public ulong Structure => StructureOf(Kin);

    public static JobDrivers Of(CostBasis basis, CircuitProfile profile, JobShape job) => Of(basis, new SharedDrivers(profile, job.Shots), job);

    /// <summary>The drivers on one of several backends.</summary>
    public static JobDrivers Of(CostBasis basis, SharedDrivers shared, JobShape job)
    {
        var profile = shared.Profile;
        var costs = basis.Evaluate(shared.Work, job);
        var terms = Breakpoints.Split(basis, costs, shared.Work, job);
        return new JobDrivers(terms, ResidualFeatures.Of(costs.Terms, shared.Features), costs, profile.PlannedFor(basis.Name) is null ? KinOf(profile, job) : Planned(KinOf(profile, job)));
    }

    /// <summary>The key of exact repeats.</summary>
    public static ulong StructureOf(JobKin kin) => kin.Circuit == 0 ? 0 : Math.Max(1, Mix(kin.Circuit, kin.Shots));

    /// <summary>The structure whatever the threads, which each backend has its own number of.</summary>
    public static ulong JobOf(CircuitProfile profile, JobShape job) => StructureOf(KinOf(profile, job with { Threads = 0 }));

    // What the analytic model leaves unexplained is another thing where it counts what was planned.
    private static JobKin Planned(JobKin kin) => kin.Circuit == 0 ? kin : kin with { Circuit = Math.Max(1, Mix(kin.Circuit, 1)) };

    private static JobKin KinOf(CircuitProfile profile, JobShape job)
    {
        if (profile.Features is not { } features)
        {
            return new JobKin(0, job.Shots);
        }

        // The same structure with other angles may be Clifford or not.
        var hash = features.StructuralHash ^ ((ulong)(uint)features.CliffordCount << 32);
        foreach (var part in (ReadOnlySpan<int>)[job.Threads, job.Observables, job.TopProbabilities])
        {
            hash = Mix(hash, part);
        }

        return new JobKin(Math.Max(1, hash), job.Shots);
    }

    private static ulong Mix(ulong hash, int part)
    {
        hash = (hash ^ (uint)part) * 0x9E3779B97F4A7C15;
        return hash ^ (hash >> 29);
    }
}

/// <summary>What the drivers of a job have in common on all backends.</summary>
/// <param name="profile">The profile.</param>
/// <param name="shots">The number of shots.</param>
internal sealed class SharedDrivers(CircuitProfile profile, int shots)
{
    public CircuitProfile Profile { get; } = profile;

    public WorkEstimate Work { get; } = WorkEstimate.Of(profile);

    /// <summary>The inputs of the residual models that every basis has.</summary>
    public float[] Features => field ??= ResidualFeatures.CommonOf(Work, Profile, shots);
}
